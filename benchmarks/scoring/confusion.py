"""Confusion matrices, and the scores that can be computed from them, stacked along any leading axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import confusion_matrix

from features.errors import ResultsError

Matrix = NDArray[np.float64]


def codes(values: ArrayLike, labels: Sequence[str]) -> NDArray[np.int64]:
    """Index of every value in the labels.

    Parameters
    ----------
    values : array-like of shape (n_utterances,)
        Labels of utterances.
    labels : sequence of str
        All labels, in the order of the columns.

    Returns
    -------
    ndarray of int64 of shape (n_utterances,)

    Raises
    ------
    ResultsError
        If a value is not among the labels, or a label is named twice.

    Examples
    --------
    >>> codes(["sad", "ang"], ["ang", "sad"]).tolist()
    [1, 0]
    """
    index = {label: position for position, label in enumerate(labels)}
    if len(index) != len(labels):
        raise ResultsError(f"labels {list(labels)} hold a label twice; name every label once")
    names = np.asarray(values).ravel().tolist()
    unknown = sorted({str(value) for value in names if value not in index})
    if unknown:
        raise ResultsError(f"labels {unknown} are not among {list(labels)}; pass all labels that occur")
    return np.fromiter((index[value] for value in names), dtype=np.int64, count=len(names))


def confusion(truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str]) -> NDArray[np.int64]:
    """Confusion matrix: how often label i (row) was predicted as label j (column).

    Parameters
    ----------
    truth, prediction : array-like of shape (n_utterances,)
        Labels of the same utterances.
    labels : sequence of str
        All labels, in the order of rows and columns.

    Returns
    -------
    ndarray of int64 of shape (n_labels, n_labels)

    Examples
    --------
    >>> confusion(["ang", "sad", "sad"], ["ang", "ang", "sad"], ["ang", "sad"]).tolist()
    [[1, 0], [1, 1]]
    """
    return confusion_matrix(*positions(truth, prediction, labels), labels=range(len(labels)))


def grouped_confusions(
    truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str], groups: ArrayLike, n_groups: int
) -> Matrix:
    """Confusion matrix of every group of utterances, such as every speaker's, counted in one pass.

    Parameters
    ----------
    truth, prediction, labels
        As `confusion` takes them.
    groups : array-like of int of shape (n_utterances,)
        Index of every utterance's group, in [0, n_groups).
    n_groups : int
        Number of groups; one without utterances has a matrix of zeros.

    Returns
    -------
    ndarray of shape (n_groups, n_labels, n_labels)

    Examples
    --------
    >>> grouped_confusions(["ang", "sad"], ["ang", "ang"], ["ang", "sad"], [1, 0], 2).tolist()
    [[[0.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]]]
    """
    shape = (n_groups, len(labels), len(labels))
    index = np.ravel_multi_index((np.asarray(groups), *positions(truth, prediction, labels)), shape)
    return np.bincount(index, minlength=math.prod(shape)).reshape(shape).astype(float)


def recalls_of(matrix: ArrayLike) -> Matrix:
    """Recalls of confusion matrices; NaN for a label without utterances.

    Parameters
    ----------
    matrix : array-like of shape (..., n_labels, n_labels)
        Counts, rows are the truth; every `*_of` function takes such matrices.

    Returns
    -------
    ndarray of shape (..., n_labels)

    Examples
    --------
    >>> recalls_of([[1, 0], [1, 3]]).tolist()
    [1.0, 0.75]
    """
    counts = np.asarray(matrix, dtype=float)
    return ratio(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1))


def uar_of(matrix: ArrayLike) -> Matrix:
    """UAR of confusion matrices, shape (..., k, k) to (...), over the labels that occur; NaN where none does.

    Examples
    --------
    >>> float(uar_of([[1, 0], [1, 3]]))
    0.875
    """
    counts = np.asarray(matrix, dtype=float)
    total = counts.sum(axis=-1)
    present = total > 0
    recalls = np.diagonal(counts, axis1=-2, axis2=-1) / np.where(present, total, 1.0)
    return ratio(recalls.sum(axis=-1), present.sum(axis=-1))


def wa_of(matrix: ArrayLike) -> Matrix:
    """WA of confusion matrices, shape (..., k, k) to (...); NaN for an empty matrix.

    Examples
    --------
    >>> float(wa_of([[1, 0], [1, 3]]))
    0.8
    """
    counts = np.asarray(matrix, dtype=float)
    return ratio(np.trace(counts, axis1=-2, axis2=-1), counts.sum(axis=(-2, -1)))


def macro_f1_of(matrix: ArrayLike) -> Matrix:
    """Macro F1 of confusion matrices, shape (..., k, k) to (...); a label neither true nor predicted counts as 0.

    Examples
    --------
    >>> round(float(macro_f1_of([[1, 0], [1, 1]])), 3)
    0.667
    """
    return _f1_of(np.asarray(matrix, dtype=float)).mean(axis=-1)


def weighted_f1_of(matrix: ArrayLike) -> Matrix:
    """Weighted F1 of confusion matrices, shape (..., k, k) to (...); NaN for an empty matrix.

    Examples
    --------
    >>> round(float(weighted_f1_of([[1, 0], [1, 2]])), 3)
    0.767
    """
    counts = np.asarray(matrix, dtype=float)
    return ratio((_f1_of(counts) * counts.sum(axis=-1)).sum(axis=-1), counts.sum(axis=(-2, -1)))


def cohen_kappa_of(matrix: ArrayLike) -> Matrix:
    """Cohen's kappa of confusion matrices, shape (..., k, k) to (...); NaN where only one label occurs.

    Examples
    --------
    >>> float(cohen_kappa_of([[1, 0], [1, 2]]))
    0.5
    """
    counts = np.asarray(matrix, dtype=float)
    n, hits = counts.sum(axis=(-2, -1)), np.trace(counts, axis1=-2, axis2=-1)
    by_chance = (counts.sum(axis=-1) * counts.sum(axis=-2)).sum(axis=-1)
    return ratio(hits * n - by_chance, n * n - by_chance)


def _f1_of(counts: Matrix) -> Matrix:
    both = counts.sum(axis=-1) + counts.sum(axis=-2)
    return 2 * np.diagonal(counts, axis1=-2, axis2=-1) / np.where(both > 0, both, 1.0)


def ratio(numerator: ArrayLike, denominator: ArrayLike) -> Matrix:
    """Divide element by element; NaN where the denominator is not above 0."""
    top, bottom = np.broadcast_arrays(np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float))
    return np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)


def positions(
    truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of truths and predictions among the labels; refuses unequal lengths and an empty pair."""
    rows, columns = codes(truth, labels), codes(prediction, labels)
    if len(rows) != len(columns):
        raise ResultsError(f"{len(rows)} true labels and {len(columns)} predictions; pass one prediction per utterance")
    if not len(rows):
        raise ResultsError("no utterances to score; at least one is needed")
    return rows, columns
