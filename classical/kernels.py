"""Gram matrices, and a one-against-one support vector machine as a few plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC

CACHE_MEGABYTES = 200
STEEPNESS = 4.0


@dataclass(frozen=True)
class Kernel:
    """A kernel on features.

    Attributes
    ----------
    name
        ``'rbf'``: ``exp(-gamma * |a - b|**2)``; ``'linear'``: ``gamma * a . b``.
    gamma
        Above 0.
    """

    name: str
    gamma: float

    def from_products(self, products: NDArray, rows: NDArray, columns: NDArray) -> NDArray[np.float64]:
        """Kernel matrix from inner products and the squared lengths of both sides.

        Parameters
        ----------
        products : (n, m)
            ``A @ B.T``; left as it is.
        rows, columns : (n,) and (m,)
            Squared lengths of the rows of A and of B.
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
class Machine:
    """A fitted one-against-one machine over precomputed kernels.

    Attributes
    ----------
    support : (n_support,)
        Positions of the support vectors among the clips fitted on.
    weights : (n_support, n_pairs)
    intercepts : (n_pairs,)
        ``kernel(x, support) @ weights + intercepts`` decides each pair of classes: above 0 for the first of them.
    """

    support: NDArray[np.intp]
    weights: NDArray[np.float64]
    intercepts: NDArray[np.float64]


def fit_machine(gram: NDArray, codes: NDArray, *, n_classes: int, cost: float) -> Machine:
    """Fit a machine with balanced class weights.

    Classes without a clip lose every pair they are in, and two absent classes tie.

    Parameters
    ----------
    gram : (n_utterances, n_utterances)
        Kernel matrix of the clips to fit on.
    codes : (n_utterances,)
        Classes, 0 to n_classes - 1, at least two of them present.
    n_classes
        Number of classes, present or not.
    cost
        C of the machine, above 0.
    """
    machine = SVC(C=cost, kernel="precomputed", class_weight="balanced", cache_size=CACHE_MEGABYTES)
    machine.fit(gram, codes)
    present = machine.classes_
    sign = -1.0 if len(present) == 2 else 1.0  # scikit-learn turns the sign of a single pair round
    start = np.concatenate([[0], np.cumsum(machine.n_support_)])
    pairs = list(combinations(range(n_classes), 2))
    weights = np.zeros((len(machine.support_), len(pairs)))
    intercepts = np.zeros(len(pairs))
    fitted = {pair: position for position, pair in enumerate(combinations(range(len(present)), 2))}
    position_of = {code: position for position, code in enumerate(present)}
    for column, (first, second) in enumerate(pairs):
        if first not in position_of or second not in position_of:
            intercepts[column] = float(first in position_of) - float(second in position_of)
            continue
        i, j = position_of[first], position_of[second]
        weights[start[i] : start[i + 1], column] = sign * machine.dual_coef_[j - 1, start[i] : start[i + 1]]
        weights[start[j] : start[j + 1], column] = sign * machine.dual_coef_[i, start[j] : start[j + 1]]
        intercepts[column] = sign * machine.intercept_[fitted[i, j]]
    return Machine(machine.support_.astype(np.intp), weights, intercepts)


def class_scores(decisions: NDArray, n_classes: int) -> NDArray[np.float64]:
    """Scores of classes from the decisions of pairs.

    Each pair votes with the logarithm of ``1 / (1 + exp(-4 * decision))``. A steepness of 4 lies between counting
    votes, which says nothing of how sure they are, and adding decisions, which lets one lopsided pair outvote the rest.

    Parameters
    ----------
    decisions : (n_utterances, n_pairs)
        Above 0 for the first class of a pair; pairs in the order of `itertools.combinations`.
    n_classes
        Number of classes.

    Returns
    -------
    scores : (n_utterances, n_classes)
        At most 0; highest for the class that wins.
    """
    scores = np.zeros((len(decisions), n_classes))
    for column, (first, second) in enumerate(combinations(range(n_classes), 2)):
        decided = STEEPNESS * decisions[:, column]
        scores[:, first] -= np.logaddexp(0.0, -decided)
        scores[:, second] -= np.logaddexp(0.0, decided)
    return scores
