"""Support vector machine, RBF and linear, tuned on one matrix of inner products for each block of features."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from classical.blocks import Products, blocks_of, scale_of, scaled
from classical.inner_folds import InnerFolds
from classical.kernel_search import described, search
from classical.kernels import Kernel, class_scores, fit_ovo, squared_lengths
from classical.tuning import Candidate, TunedClassifier
from features.deprecation import renamed

MANY = 10_000
"""Utterances from which Nystroem features are offered: a matrix of 0.75 GiB for each block, and two more."""


def note_on_size(n_utterances: int) -> str:
    """What to know before an SVM is fitted to so many utterances; empty for fewer than `MANY`.

    Examples
    --------
    >>> note_on_size(1440)
    ''
    >>> note_on_size(50_000).partition(";")[0]
    'svm holds 50,000 by 50,000 inner products, 18.6 GiB, for each block of features and twice more'
    """
    if n_utterances < MANY:
        return ""
    size = 8 * n_utterances**2 / 2**30
    return (
        f"svm holds {n_utterances:,} by {n_utterances:,} inner products, {size:.1f} GiB, for each block of features "
        "and twice more; svm~nystroem needs memory by the number of utterances and not by its square"
    )


class SvmClassifier(TunedClassifier):
    """One-against-one SVM with balanced class weights; kernel, width, C and weights of blocks chosen on inner speakers.

    The inner products of the training utterances are computed once for each block of features. Their weighted sum is
    turned into one Gram matrix by each kernel, which serves every C and every inner fold: multiple kernel learning in
    its simplest form (Gonen & Alpaydin 2011). Kernel, width and C are chosen by UAR with all blocks weighing the same,
    then the weights are, with the rest as it is; a block may weigh nothing. No single features are selected: keeping a
    quarter, a half or three quarters of them by F ratio, inside the folds, lost 0.01 to 0.06 of UAR on EmoDB.

    Parameters
    ----------
    blocks : ndarray of str of shape (n_features,), optional
        The block that each feature belongs to; all are one block unless given. A block weighs the same however many
        features it has.
    gammas : tuple of float
        Widths of the RBF kernel to try, to be divided by the number of features.
    Cs : tuple of float
        Values of C to try with every width, the smallest first.
    linear_Cs : tuple of float
        Values of C to try with the linear kernel.
    n_inner : int
        Number of inner folds.
    random_state, n_jobs : int
        Not used: the search is deterministic and runs in one thread.

    Attributes
    ----------
    support_vectors_ : ndarray of shape (n_support, n_features used)
        Scaled by `scale_`, those that it makes 0 left out.
    scale_ : ndarray of shape (n_features,)
        What each feature is multiplied by, so that blocks weigh what they should.
    dual_coef_ : ndarray of shape (n_support, n_pairs)
    intercept_ : ndarray of shape (n_pairs,)
        See `classical.kernels.OvoCoefficients`.
    classes_, n_features_in_, feature_names_in_, best_params_, n_candidates_, search_time_, notes_, oof_proba_, \
inverse_temperature_
        As of `classical.tuning.TunedClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.repeat([[-1.0, 0.0], [1.0, 0.0]], 4, axis=0), np.repeat([0, 1], 4)
    >>> SvmClassifier().fit(X, y, groups=np.tile(["ann", "bob"], 4)).predict([[0.7, 0.1]])
    array([1])
    """

    costs = renamed("costs", "Cs")
    linear_costs = renamed("linear_costs", "linear_Cs")

    def __init__(
        self,
        *,
        blocks: NDArray[np.str_] | None = None,
        gammas: tuple[float, ...] = (0.1, 0.3, 1.0),
        Cs: tuple[float, ...] = (0.1, 1.0, 10.0, 100.0),
        linear_Cs: tuple[float, ...] = (0.01, 0.1, 1.0),
        n_inner: int = 4,
        random_state: int = 0,
        n_jobs: int = 1,
    ) -> None:
        self.blocks = blocks
        self.gammas = gammas
        self.Cs = Cs
        self.linear_Cs = linear_Cs
        self.n_inner = n_inner
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _search(self, X: NDArray, codes: NDArray, inner: InnerFolds) -> Iterator[Candidate]:
        products = Products.of(X, blocks_of(self.blocks, X.shape[1]))
        kernels = [("rbf", gamma, self.Cs) for gamma in self.gammas] + [("linear", 1.0, self.linear_Cs)]
        candidates = partial(self._candidates, products, codes, inner)
        return search(candidates, kernels, products.blocks.names, codes, inner)

    def _candidates(
        self,
        products: Products,
        codes: NDArray,
        inner: InnerFolds,
        weights: dict[str, float],
        *,
        name: str,
        gamma: float,
        Cs: tuple[float, ...],
    ) -> Iterator[Candidate]:
        gram = products.gram(Kernel(name, gamma / products.n_features), weights)
        for C, scores in zip(Cs, self._oof_scores(gram, codes, Cs, inner)):
            yield Candidate(described(name, gamma, C, weights), scores)

    def _oof_scores(
        self, gram: NDArray, codes: NDArray, Cs: tuple[float, ...], inner: InnerFolds
    ) -> NDArray[np.float64]:
        """Scores of every utterance from a fit without its speaker, shape (n_Cs, n_utterances, n_classes)."""
        n_classes = len(self.classes_)
        scores = np.full((len(Cs), len(codes), n_classes), np.nan)
        for fit_on, held_out in inner.folds:
            square = gram[np.ix_(fit_on, fit_on)]
            for k, C in enumerate(Cs):
                fitted = fit_ovo(square, codes[fit_on], n_classes=n_classes, C=C)
                decisions = gram[np.ix_(held_out, fit_on[fitted.support])] @ fitted.dual_coef + fitted.intercept
                scores[k, held_out] = class_scores(decisions, n_classes)
        return scores

    def _refit(self, X: NDArray, codes: NDArray) -> None:
        self.scale_ = scale_of(blocks_of(self.blocks, X.shape[1]), self.best_params_.get("weights"))
        X = scaled(X, self.scale_)
        fitted = fit_ovo(self._kernel()(X, X), codes, n_classes=len(self.classes_), C=self.best_params_["C"])
        self.support_vectors_ = X[fitted.support]
        self.dual_coef_, self.intercept_ = fitted.dual_coef, fitted.intercept

    def _scores(self, X: NDArray) -> NDArray[np.float64]:
        decisions = self._kernel()(scaled(X, self.scale_), self.support_vectors_) @ self.dual_coef_ + self.intercept_
        return class_scores(decisions, len(self.classes_))

    def scores_without(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score of every class with each feature in turn at 0, the training mean of what is standardised.

        Parameters
        ----------
        row : ndarray of shape (n_features,)
            One utterance.

        Returns
        -------
        ndarray of shape (n_features, n_classes)

        Examples
        --------
        >>> X, y = np.repeat([[-1.0, 0.0], [1.0, 0.0]], 4, axis=0), np.repeat([0, 1], 4)
        >>> model = SvmClassifier().fit(X, y, groups=np.tile(["ann", "bob"], 4))
        >>> bool(np.allclose(model.scores_without(np.array([0.7, 0.1]))[0], model.class_scores([[0.0, 0.1]])[0]))
        True
        """
        check_is_fitted(self)
        values, support = scaled(row[None], self.scale_)[0], self.support_vectors_
        products = (support @ values)[:, None] - support * values
        gram = self._kernel().from_products(products.T, values @ values - values**2, squared_lengths(support))
        result = np.tile(self._scores(row[None]), (len(row), 1))
        result[self.scale_ != 0] = class_scores(gram @ self.dual_coef_ + self.intercept_, len(self.classes_))
        return result

    def _kernel(self) -> Kernel:
        return Kernel(self.best_params_["kernel"], self.best_params_["gamma_per_feature"] / self.n_features_in_)
