"""Multinomial logistic regression, its penalty chosen on inner speakers."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

from classical.calibration import CalibratedMixin, learn_sharpness, probabilities
from classical.tuning import encode, inner_folds, uar

TOLERANCE, MOST_STEPS = 1e-3, 500


class LogisticClassifier(CalibratedMixin, BaseEstimator):
    """Logistic regression with balanced class weights, as a point of reference for the other models.

    Parameters
    ----------
    costs
        Inverse strengths of the squared penalty to try, the strongest penalty first.
    n_inner
        Number of inner folds.
    random_state, n_jobs
        Not used: the search is deterministic and runs in one thread.

    Attributes
    ----------
    classes_ : ndarray of str
    coefficients_, intercepts_ : ndarrays of shape (n_features, n_classes) and (n_classes,)
    sharpness_ : float
        See `classical.calibration.learn_sharpness`.
    chosen_, n_settings_, tuning_cpu_seconds_, notes_, inner_probability_
        As of `classical.svm.SvmClassifier`.
    """

    def __init__(
        self,
        *,
        costs: tuple[float, ...] = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.1),
        n_inner: int = 4,
        random_state: int = 0,
        n_jobs: int = 1,
    ) -> None:
        self.costs = costs
        self.n_inner = n_inner
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: NDArray, y: NDArray, *, groups: NDArray | None = None) -> LogisticClassifier:
        """Choose a penalty on inner folds and fit all clips with it.

        Parameters
        ----------
        X : (n_utterances, n_features)
            Standardised features without gaps.
        y : (n_utterances,)
            Labels.
        groups : (n_utterances,)
            Speakers, which inner folds keep together.

        Raises
        ------
        PipelineError
            If there are fewer than two labels.
        """
        X = np.asarray(X, dtype=np.float64)
        self.classes_, codes = encode(y)
        started = time.process_time()
        inner = inner_folds(codes, groups, n_folds=self.n_inner)
        scores = np.full((len(self.costs), len(codes), len(self.classes_)), np.nan)
        for fit_on, held_out in inner.folds:
            path = self._path(X[fit_on], codes[fit_on], self.costs)
            for k, (coefficients, intercepts) in enumerate(path):
                scores[k, held_out] = X[held_out] @ coefficients + intercepts
        reached = [uar(codes, own) if inner.folds else 0.0 for own in scores]
        chosen = int(np.argmax(reached))
        self.tuning_cpu_seconds_ = time.process_time() - started
        self.n_settings_ = len(self.costs)
        self.chosen_ = {"cost": self.costs[chosen]}
        self.notes_ = list(inner.notes)
        self.sharpness_ = learn_sharpness(scores[chosen], codes)
        self.inner_probability_ = probabilities(scores[chosen], self.sharpness_)
        self.coefficients_, self.intercepts_ = self._path(X, codes, self.costs[: chosen + 1])[-1]
        return self

    def decision_function(self, X: NDArray) -> NDArray[np.float64]:
        """Score of every class before calibration, shape (n_utterances, n_classes)."""
        check_is_fitted(self, "coefficients_")
        return np.asarray(X, dtype=np.float64) @ self.coefficients_ + self.intercepts_

    def _path(self, X: NDArray, codes: NDArray, costs: tuple[float, ...]) -> list[tuple[NDArray, NDArray]]:
        """Coefficients and intercepts for each cost, each fit starting where the one before ended."""
        machine = LogisticRegression(
            class_weight="balanced", tol=TOLERANCE, max_iter=MOST_STEPS, warm_start=True, random_state=0
        )
        return [self._spread(machine.set_params(C=cost).fit(X, codes)) for cost in costs]

    def _spread(self, machine: LogisticRegression) -> tuple[NDArray, NDArray]:
        """Coefficients with a column for every class, also for those that were not among the clips fitted on."""
        n_classes, present = len(self.classes_), machine.classes_
        coefficients = np.zeros((machine.coef_.shape[1], n_classes))
        intercepts = np.full(n_classes, machine.intercept_.min() - 10.0)
        if len(present) == 2:  # scikit-learn keeps one column for two classes
            coefficients[:, present[1]], intercepts[present] = machine.coef_[0], (0.0, machine.intercept_[0])
        else:
            coefficients[:, present], intercepts[present] = machine.coef_.T, machine.intercept_
        return coefficients, intercepts
