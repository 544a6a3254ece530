"""Linear machine on Nystroem features of an RBF kernel: for more utterances than the Gram matrix of an SVM takes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import RidgeClassifier

from classical.blocks import blocks_of, scale_of, scaled
from classical.inner_folds import InnerFolds
from classical.kernel_search import described, search
from classical.kernels import Kernel
from classical.tuning import Candidate, TunedClassifier


class NystroemClassifier(TunedClassifier):
    """Least-squares SVM on Nystroem features, classes balanced; width, C and weights of blocks chosen as the SVM's.

    The RBF kernel with `n_components` training utterances, drawn at random, stands for the kernel with all of them
    (Williams & Seeger 2001): memory and time grow with the number of utterances and not with its square. In an inner
    fold they are drawn among those that are fitted on. The linear machine is the SVM by least squares (Suykens &
    Vandewalle 1999), each class against the rest.

    Parameters
    ----------
    blocks : ndarray of str of shape (n_features,), optional
        See `classical.svm.SvmClassifier`.
    gammas, Cs : tuple of float
        Widths to be divided by the number of features, and values of C, to try.
    n_components : int
        Utterances that the kernel is computed with; all where there are fewer.
    n_inner : int
        Number of inner folds.
    random_state : int
        Seed of the draw.
    n_jobs : int
        Not used: the search runs in one thread.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features used)
        Utterances that were drawn, scaled by `scale_`, those features left out that it makes 0.
    scale_ : ndarray of shape (n_features,)
        See `classical.svm.SvmClassifier`.
    dual_coef_ : ndarray of shape (n_components, n_classes)
        ``kernel(x, components_) @ dual_coef_ + intercept_`` scores each class.
    intercept_ : ndarray of shape (n_classes,)
    classes_, n_features_in_, feature_names_in_, best_params_, n_candidates_, search_time_, notes_, oof_proba_, \
inverse_temperature_
        As of `classical.tuning.TunedClassifier`.

    Examples
    --------
    >>> X, y = np.repeat([[-1.0, 0.0], [1.0, 0.0]], 4, axis=0), np.repeat([0, 1], 4)
    >>> NystroemClassifier().fit(X, y, groups=np.tile(["ann", "bob"], 4)).predict([[0.7, 0.1]])
    array([1])
    """

    def __init__(
        self,
        *,
        blocks: NDArray[np.str_] | None = None,
        gammas: tuple[float, ...] = (0.1, 0.3, 1.0),
        Cs: tuple[float, ...] = (0.1, 1.0, 10.0, 100.0),
        n_components: int = 1000,
        n_inner: int = 4,
        random_state: int = 0,
        n_jobs: int = 1,
    ) -> None:
        self.blocks = blocks
        self.gammas = gammas
        self.Cs = Cs
        self.n_components = n_components
        self.n_inner = n_inner
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _search(self, X: NDArray, codes: NDArray, inner: InnerFolds) -> Iterator[Candidate]:
        kernels = [("rbf", gamma, self.Cs) for gamma in self.gammas]
        blocks = blocks_of(self.blocks, X.shape[1]).names
        return search(partial(self._candidates, X, codes, inner), kernels, blocks, codes, inner)

    def _candidates(
        self,
        X: NDArray,
        codes: NDArray,
        inner: InnerFolds,
        weights: dict[str, float],
        *,
        name: str,
        gamma: float,
        Cs: tuple[float, ...],
    ) -> Iterator[Candidate]:
        scale = scale_of(blocks_of(self.blocks, X.shape[1]), weights)
        X = scaled(X, scale)
        scores = np.full((len(Cs), len(codes), len(self.classes_)), np.nan)
        for fit_on, held_out in inner.folds:
            features = self._map(gamma, len(scale), len(fit_on)).fit(X[fit_on])
            fitted_on, judged = features.transform(X[fit_on]), features.transform(X[held_out])
            for k, C in enumerate(Cs):
                coefficients, intercept = self._fit(fitted_on, codes[fit_on], C)
                scores[k, held_out] = judged @ coefficients.T + intercept
        for C, of_folds in zip(Cs, scores):
            yield Candidate(described(name, gamma, C, weights), of_folds)

    def _refit(self, X: NDArray, codes: NDArray) -> None:
        self.scale_ = scale_of(blocks_of(self.blocks, X.shape[1]), self.best_params_.get("weights"))
        X = scaled(X, self.scale_)
        features = self._map(self.best_params_["gamma_per_feature"], len(self.scale_), len(X)).fit(X)
        coefficients, self.intercept_ = self._fit(features.transform(X), codes, self.best_params_["C"])
        self.components_, self.dual_coef_ = features.components_, features.normalization_.T @ coefficients.T

    def _scores(self, X: NDArray) -> NDArray[np.float64]:
        kernel = Kernel("rbf", self.best_params_["gamma_per_feature"] / self.n_features_in_)
        return kernel(scaled(X, self.scale_), self.components_) @ self.dual_coef_ + self.intercept_

    def _map(self, gamma: float, n_features: int, n_utterances: int) -> Nystroem:
        return Nystroem(
            gamma=gamma / n_features,
            n_components=min(self.n_components, n_utterances),
            random_state=self.random_state,
        )

    def _fit(self, X: NDArray, codes: NDArray, C: float) -> tuple[NDArray, NDArray]:
        """Coefficients and intercepts with a row for every class, also for those absent from the utterances."""
        machine = RidgeClassifier(alpha=0.5 / C, class_weight="balanced", solver="cholesky").fit(X, codes)
        coefficients, intercept = machine.coef_, machine.intercept_
        if len(machine.classes_) == 2:  # scikit-learn keeps one row for two classes
            coefficients, intercept = np.vstack([-coefficients, coefficients]), np.concatenate([-intercept, intercept])
        all_coefficients = np.zeros((len(self.classes_), X.shape[1]))
        all_intercepts = np.full(len(self.classes_), intercept.min() - 10.0)
        all_coefficients[machine.classes_], all_intercepts[machine.classes_] = coefficients, intercept
        return all_coefficients, all_intercepts
