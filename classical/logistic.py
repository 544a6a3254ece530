"""Multinomial logistic regression, its penalty chosen on inner speakers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from classical.inner_folds import InnerFolds
from classical.tuning import Candidate, TunedClassifier
from features.deprecation import renamed

TOLERANCE, MAX_ITERATIONS = 1e-3, 500


class LogisticClassifier(TunedClassifier):
    """Logistic regression with balanced class weights, as a point of reference for the other models.

    Parameters
    ----------
    Cs : tuple of float
        Inverse strengths of the squared penalty to try, the strongest penalty first.
    n_inner : int
        Number of inner folds.
    random_state, n_jobs : int
        Not used: the search is deterministic and runs in one thread.

    Attributes
    ----------
    coef_ : ndarray of shape (n_classes, n_features)
    intercept_ : ndarray of shape (n_classes,)
    classes_, n_features_in_, feature_names_in_, best_params_, n_candidates_, search_time_, notes_, oof_proba_, \
inverse_temperature_
        As of `classical.tuning.TunedClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.repeat([[-1.0, 0.0], [1.0, 0.0]], 4, axis=0), np.repeat(["sad", "hap"], 4)
    >>> str(LogisticClassifier().fit(X, y, groups=np.tile(["ann", "bob"], 4)).predict([[0.7, 0.1]])[0])
    'hap'
    """

    costs = renamed("costs", "Cs")

    def __init__(
        self,
        *,
        Cs: tuple[float, ...] = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.1),
        n_inner: int = 4,
        random_state: int = 0,
        n_jobs: int = 1,
    ) -> None:
        self.Cs = Cs
        self.n_inner = n_inner
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _search(self, X: NDArray, codes: NDArray, inner: InnerFolds) -> Iterator[Candidate]:
        scores = np.full((len(self.Cs), len(codes), len(self.classes_)), np.nan)
        for fit_on, held_out in inner.folds:
            for k, (coefficients, intercept) in enumerate(self._path(X[fit_on], codes[fit_on], self.Cs)):
                scores[k, held_out] = X[held_out] @ coefficients + intercept
        yield from (Candidate({"C": C}, oof_scores) for C, oof_scores in zip(self.Cs, scores))

    def _refit(self, X: NDArray, codes: NDArray) -> None:
        stop = list(self.Cs).index(self.best_params_["C"]) + 1
        coefficients, self.intercept_ = self._path(X, codes, self.Cs[:stop])[-1]
        self.coef_ = coefficients.T

    def _scores(self, X: NDArray) -> NDArray[np.float64]:
        return X @ self.coef_.T + self.intercept_

    def _path(self, X: NDArray, codes: NDArray, Cs: tuple[float, ...]) -> list[tuple[NDArray, NDArray]]:
        """Coefficients and intercepts for each C, each fit starting where the one before ended."""
        regression = LogisticRegression(
            class_weight="balanced", tol=TOLERANCE, max_iter=MAX_ITERATIONS, warm_start=True, random_state=0
        )
        if X.shape[1] <= X.shape[0]:
            return [self._all_classes(regression.set_params(C=C).fit(X, codes)) for C in Cs]
        # the solution lies in the span of the rows: the same, found among as many unknowns as there are utterances
        left, lengths, rows = np.linalg.svd(X, full_matrices=False)
        path = [self._all_classes(regression.set_params(C=C).fit(left * lengths, codes)) for C in Cs]
        return [(rows.T @ coefficients, intercept) for coefficients, intercept in path]

    def _all_classes(self, regression: LogisticRegression) -> tuple[NDArray, NDArray]:
        """Coefficients with a column for every class, also for those absent from the utterances fitted on."""
        n_classes, present = len(self.classes_), regression.classes_
        coefficients = np.zeros((regression.coef_.shape[1], n_classes))
        intercept = np.full(n_classes, regression.intercept_.min() - 10.0)
        if len(present) == 2:  # scikit-learn keeps one column for two classes
            coefficients[:, present[1]] = regression.coef_[0]
            intercept[present] = (0.0, regression.intercept_[0])
        else:
            coefficients[:, present], intercept[present] = regression.coef_.T, regression.intercept_
        return coefficients, intercept
