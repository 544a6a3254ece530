"""Screening: which features differ most between classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_COLUMNS_AT_A_TIME = 128
"""So that memory holds no copies of a whole table in 64 bits."""


def screened(X: NDArray, codes: NDArray, *, most: int | None) -> NDArray[np.intp]:
    """Indices of the features with the highest F ratio, ascending.

    Parameters
    ----------
    X : ndarray of shape (n_utterances, n_features)
        NaN where a value is missing.
    codes : ndarray of shape (n_utterances,)
        Classes.
    most : int or None
        How many; all where there are no more, or for None.

    Returns
    -------
    ndarray of shape (n_screened,)

    Examples
    --------
    >>> X = np.array([[0.0, 1.0, 5.0], [0.1, 2.0, 5.0], [1.0, 1.0, 5.0], [1.1, 2.0, 5.0]])
    >>> screened(X, np.array([0, 0, 1, 1]), most=1)
    array([0])
    """
    if most is None or X.shape[1] <= most:
        return np.arange(X.shape[1])
    best = np.argsort(-f_ratio(X, codes), kind="stable")[:most]
    return np.sort(best)


def f_ratio(X: NDArray, codes: NDArray) -> NDArray[np.float64]:
    """Variance between classes over variance inside them, as in a one-way analysis of variance (Fisher 1925).

    Parameters
    ----------
    X : ndarray of shape (n_utterances, n_features)
        NaN where a value is missing.
    codes : ndarray of shape (n_utterances,)

    Returns
    -------
    ndarray of shape (n_features,)
        0 where nothing varies.

    Examples
    --------
    >>> f_ratio(np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1]))
    array([8.])
    """
    blocks = range(0, X.shape[1], _COLUMNS_AT_A_TIME)
    return np.concatenate([_f_ratio(X[:, first : first + _COLUMNS_AT_A_TIME], codes) for first in blocks])


def _f_ratio(X: NDArray, codes: NDArray) -> NDArray[np.float64]:
    known = np.isfinite(X)
    values = np.where(known, X, 0.0).astype(np.float64)
    classes = np.unique(codes)
    counts = np.stack([known[codes == code].sum(axis=0) for code in classes]).astype(np.float64)
    sums = np.stack([values[codes == code].sum(axis=0) for code in classes])
    total, n_known = sums.sum(axis=0), np.maximum(counts.sum(axis=0), 1)
    between = (sums**2 / np.maximum(counts, 1)).sum(axis=0) - total**2 / n_known
    inside = (values**2).sum(axis=0) - (sums**2 / np.maximum(counts, 1)).sum(axis=0)
    freedom = np.maximum(n_known - len(classes), 1) / max(len(classes) - 1, 1)
    moves = inside > 1e-12 * np.maximum((values**2).sum(axis=0), 1e-300)
    return np.where(moves, between / np.where(moves, inside, 1.0) * freedom, np.where(between > 1e-12, np.inf, 0.0))
