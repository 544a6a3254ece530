"""Gram matrices, and a one-against-one support vector machine as a few plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.svm import SVC

CACHE_MEGABYTES = 200
STEEPNESS = 4.0


@dataclass(frozen=True)
class Kernel:
    """A kernel on features.

    Attributes
    ----------
    name : {'rbf', 'linear'}
        ``'rbf'``: ``exp(-gamma * |a - b|**2)``; ``'linear'``: ``gamma * a . b``.
    gamma : float
        Above 0.

    Examples
    --------
    >>> import numpy as np
    >>> Kernel("linear", 0.5)(np.array([[2.0, 1.0]]), np.array([[4.0, 0.0]]))
    array([[4.]])
    """

    name: str
    gamma: float

    def from_products(self, products: NDArray, rows: NDArray, columns: NDArray) -> NDArray[np.float64]:
        """Kernel matrix from inner products and squared lengths.

        Parameters
        ----------
        products : ndarray of shape (n, m)
            ``A @ B.T``; not changed.
        rows, columns : ndarray of shape (n,) and (m,)
            Squared lengths of the rows of A and of B.

        Returns
        -------
        ndarray of shape (n, m)
        """
        if self.name == "linear":
            return self.gamma * products
        distances = -2.0 * products
        distances += rows[:, None]
        distances += columns
        np.maximum(distances, 0.0, out=distances)
        distances *= -self.gamma
        return np.exp(distances, out=distances)

    def __call__(self, A: NDArray, B: NDArray) -> NDArray[np.float64]:
        """Kernel matrix of shape (rows of A, rows of B)."""
        return self.from_products(A @ B.T, squared_lengths(A), squared_lengths(B))


def squared_lengths(A: NDArray) -> NDArray[np.float64]:
    """Squared Euclidean length of each row."""
    return np.einsum("ij,ij->i", A, A)


@dataclass(frozen=True)
class OvoCoefficients:
    """Coefficients of a one-against-one SVM over precomputed kernels.

    Attributes
    ----------
    support : ndarray of shape (n_support,)
        Indices of the support vectors among the utterances fitted on.
    dual_coef : ndarray of shape (n_support, n_pairs)
    intercept : ndarray of shape (n_pairs,)
        ``kernel(x, support) @ dual_coef + intercept`` decides each pair of classes: above 0 for the first of them.
    """

    support: NDArray[np.intp]
    dual_coef: NDArray[np.float64]
    intercept: NDArray[np.float64]


def balanced_weights(codes: NDArray) -> dict[int, float]:
    """Weights by which every class that is present counts the same, as scikit-learn's `balanced`, to the last digit.

    Given as numbers, since working out the word takes longer than a small fit.

    Parameters
    ----------
    codes : ndarray of shape (n_utterances,)
        Classes, integers from 0.

    Examples
    --------
    >>> import numpy as np
    >>> balanced_weights(np.array([0, 0, 0, 2]))
    {0: 0.6666666666666666, 2: 2.0}
    """
    counts = np.bincount(codes)
    present = np.flatnonzero(counts)
    return {int(code): len(codes) / (len(present) * int(counts[code])) for code in present}


def fit_ovo(gram: NDArray, codes: NDArray, *, n_classes: int, C: float) -> OvoCoefficients:
    """Fit a one-against-one SVM with balanced class weights.

    Classes without an utterance lose every pair they are in, and two absent classes tie.

    Parameters
    ----------
    gram : ndarray of shape (n_utterances, n_utterances)
        Kernel matrix of the utterances to fit on.
    codes : ndarray of shape (n_utterances,)
        Classes, 0 to n_classes - 1, at least two of them present.
    n_classes : int
        Number of classes, present or not.
    C : float
        Above 0.

    Returns
    -------
    OvoCoefficients

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[-1.0], [-2.0], [1.0], [2.0]])
    >>> svm = fit_ovo(X @ X.T, np.array([0, 0, 1, 1]), n_classes=2, C=1.0)
    >>> (np.array([[3.0]]) @ X[svm.support].T @ svm.dual_coef + svm.intercept).round(2)
    array([[-3.]])
    """
    svc = SVC(C=C, kernel="precomputed", class_weight=balanced_weights(codes), cache_size=CACHE_MEGABYTES)
    # what the search hands over was checked once; checking it again at every fit takes as long as small fits do
    with config_context(assume_finite=True, skip_parameter_validation=True):
        svc.fit(gram, codes)
    present = {code: index for index, code in enumerate(svc.classes_)}
    sign = -1.0 if len(present) == 2 else 1.0  # scikit-learn turns the sign of a single pair round
    start = np.concatenate([[0], np.cumsum(svc.n_support_)])
    pairs = list(combinations(range(n_classes), 2))
    column_in_svc = {pair: column for column, pair in enumerate(combinations(range(len(present)), 2))}
    dual_coef = np.zeros((len(svc.support_), len(pairs)))
    intercept = np.zeros(len(pairs))
    for column, (first, second) in enumerate(pairs):
        if first not in present or second not in present:
            intercept[column] = float(first in present) - float(second in present)
            continue
        i, j = present[first], present[second]
        dual_coef[start[i] : start[i + 1], column] = sign * svc.dual_coef_[j - 1, start[i] : start[i + 1]]
        dual_coef[start[j] : start[j + 1], column] = sign * svc.dual_coef_[i, start[j] : start[j + 1]]
        intercept[column] = sign * svc.intercept_[column_in_svc[i, j]]
    return OvoCoefficients(svc.support_.astype(np.intp), dual_coef, intercept)


def class_scores(decisions: NDArray, n_classes: int) -> NDArray[np.float64]:
    """Scores of classes from the decisions of pairs.

    Each pair votes with the logarithm of ``1 / (1 + exp(-4 * decision))``. A steepness of 4 lies between counting
    votes, which says nothing of how sure they are, and adding decisions, which lets one lopsided pair outvote the rest.

    Parameters
    ----------
    decisions : ndarray of shape (n_utterances, n_pairs)
        Above 0 for the first class of a pair; pairs in the order of `itertools.combinations`.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of shape (n_utterances, n_classes)
        At most 0; highest for the class that wins.

    Examples
    --------
    >>> import numpy as np
    >>> class_scores(np.array([[2.0, 2.0, -2.0]]), 3).argmax(axis=1)  # 0 beats 1, 0 beats 2, 2 beats 1
    array([0])
    """
    scores = np.zeros((len(decisions), n_classes))
    for column, (first, second) in enumerate(combinations(range(n_classes), 2)):
        margins = STEEPNESS * decisions[:, column]
        scores[:, first] -= np.logaddexp(0.0, -margins)
        scores[:, second] -= np.logaddexp(0.0, margins)
    return scores
