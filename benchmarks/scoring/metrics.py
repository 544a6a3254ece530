"""Metrics, and the registry that scores, tables, terminal, report and intervals iterate over.

A metric is one function of the truth, the predictions (or probabilities) and the labels, in this order, and one entry
in `METRICS`. The functions are scikit-learn's behind a check of their input. The `*_of` functions compute the same
from confusion matrices stacked along any leading axes: an interval over speakers scores once per speaker left out, and
one call of scikit-learn's functions takes 1 to 4 ms, the stacked computation of all speakers 0.02 ms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import accuracy_score, cohen_kappa_score, confusion_matrix, f1_score, recall_score

from features.errors import ResultsError

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Metric:
    """One entry of the registry.

    Attributes
    ----------
    name : str
        Column of `scores.csv`; its interval over speakers stands in `<name>_low` and `<name>_high`.
    function : callable
        From truth and prediction, arrays of str of shape (n_utterances,), and labels to a float.
    label : str
        Heading in the report and in LaTeX.
    format : str
        How a number is written there.
    short : str
        Heading on the terminal; `label` where it is empty.
    bounds : tuple of float
        Smallest and largest value; either may be infinite.
    probabilistic : bool
        Whether `function` takes probabilities, shape (n_utterances, n_labels), in place of the prediction. Such a
        metric stands in the table of calibration, and is NaN where a pipeline has no probabilities.
    stacked : callable, optional
        The same from confusion matrices, shape (..., n_labels, n_labels), to scores, shape (...). It makes an interval
        over many speakers faster, and changes no number.

    Examples
    --------
    >>> def hamming(truth, prediction, labels):
    ...     return 1 - wa(truth, prediction, labels)
    >>> metric = Metric("hamming", hamming, "Hamming loss")
    >>> metric.function(["ang", "sad"], ["ang", "ang"], ["ang", "sad"])
    0.5
    """

    name: str
    function: Callable[[Any, Any, Sequence[str]], float]
    label: str
    format: str = ".3f"
    short: str = ""
    bounds: tuple[float, float] = (0.0, 1.0)
    probabilistic: bool = False
    stacked: Callable[[ArrayLike], Matrix] | None = None


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
    return confusion_matrix(*_pair(truth, prediction, labels), labels=range(len(labels)))


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
    index = np.ravel_multi_index((np.asarray(groups), *_pair(truth, prediction, labels)), shape)
    return np.bincount(index, minlength=math.prod(shape)).reshape(shape).astype(float)


def uar(truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str]) -> float:
    """Unweighted average recall (UAR, UA, balanced accuracy), in [0, 1]; chance is one over the number of labels.

    The mean of the recalls of the labels that occur in the truth, as `sklearn.metrics.balanced_accuracy_score`, and
    as `audmetric.unweighted_average_recall` where every label occurs (B. Schuller, S. Steidl, A. Batliner, "The
    INTERSPEECH 2009 emotion challenge", 2009).

    Parameters
    ----------
    truth, prediction : array-like of shape (n_utterances,)
        Labels of the same utterances.
    labels : sequence of str
        All labels.

    Returns
    -------
    float

    Examples
    --------
    >>> uar(["ang", "sad", "sad"], ["ang", "ang", "sad"], ["ang", "sad"])
    0.75
    """
    rows, columns = _pair(truth, prediction, labels)
    return float(recall_score(rows, columns, labels=np.unique(rows), average="macro"))


def wa(truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str]) -> float:
    """Weighted accuracy (WA): the share of correct predictions, in [0, 1]; `sklearn.metrics.accuracy_score`.

    Parameters are those of `uar`.

    Examples
    --------
    >>> wa(["ang", "sad", "sad", "sad"], ["ang", "ang", "sad", "sad"], ["ang", "sad"])
    0.75
    """
    return float(accuracy_score(*_pair(truth, prediction, labels)))


def macro_f1(truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str]) -> float:
    r"""Mean over all labels of :math:`2 C_{ii} / (\sum_j C_{ij} + \sum_j C_{ji})`, in [0, 1]; 0 for an absent label.

    Parameters are those of `uar`; `sklearn.metrics.f1_score(..., average="macro", zero_division=0)`.

    Examples
    --------
    >>> round(macro_f1(["ang", "sad", "sad"], ["ang", "ang", "sad"], ["ang", "sad"]), 3)
    0.667
    """
    return _f1(truth, prediction, labels, "macro")


def weighted_f1(truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str]) -> float:
    """F1 of every label, averaged with its share of the truth as weight, in [0, 1].

    Parameters are those of `uar`; `sklearn.metrics.f1_score(..., average="weighted", zero_division=0)`.

    Examples
    --------
    >>> round(weighted_f1(["ang", "sad", "sad", "sad"], ["ang", "ang", "sad", "sad"], ["ang", "sad"]), 3)
    0.767
    """
    return _f1(truth, prediction, labels, "weighted")


def cohen_kappa(truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str]) -> float:
    r"""Cohen's kappa, :math:`(p_o - p_e) / (1 - p_e)`, in [-1, 1]; 0 is agreement by chance (J. Cohen, 1960).

    :math:`p_o` is the accuracy and :math:`p_e` what the shares of the labels alone would give. Parameters are those of
    `uar`; `sklearn.metrics.cohen_kappa_score`, NaN where truth and prediction are one and the same label throughout.

    Examples
    --------
    >>> cohen_kappa(["ang", "sad", "sad", "sad"], ["ang", "ang", "sad", "sad"], ["ang", "sad"])
    0.5
    """
    rows, columns = _pair(truth, prediction, labels)
    if (rows == rows[0]).all() and (columns == rows[0]).all():
        return math.nan
    return float(cohen_kappa_score(rows, columns))


def expected_calibration_error(
    truth: ArrayLike, probability: ArrayLike, labels: Sequence[str], *, bins: int = 15
) -> float:
    r"""Expected calibration error, :math:`\sum_b n_b / n \, |acc_b - conf_b|` over equal bins of confidence, in [0, 1].

    Confidence is the largest probability of an utterance (C. Guo et al., "On calibration of modern neural networks",
    ICML 2017, equation 5).

    Parameters
    ----------
    truth : array-like of shape (n_utterances,)
        True labels.
    probability : array-like of shape (n_utterances, n_labels)
        Rows that sum to 1.
    labels : sequence of str
        All labels, in the order of the columns.
    bins : int, default=15
        Number of bins.

    Returns
    -------
    float

    Examples
    --------
    >>> round(expected_calibration_error(["ang", "sad"], [[0.9, 0.1], [0.2, 0.8]], ["ang", "sad"]), 3)
    0.15
    """
    curve = reliability(truth, probability, labels, bins=bins)
    filled = curve["n"] > 0
    gaps = np.abs(curve["accuracy"] - curve["confidence"])[filled]
    return float(np.average(gaps, weights=curve["n"][filled]))


def reliability(
    truth: ArrayLike, probability: ArrayLike, labels: Sequence[str], *, bins: int = 15
) -> dict[str, NDArray[Any]]:
    """Mean confidence, accuracy and number of utterances in every one of `bins` equal bins of confidence.

    Parameters are those of `expected_calibration_error`.

    Returns
    -------
    dict
        `confidence` and `accuracy`, in [0, 1], NaN for an empty bin, and `n`, each of shape (bins,).

    Examples
    --------
    >>> curve = reliability(["ang", "sad"], [[0.9, 0.1], [0.2, 0.8]], ["ang", "sad"], bins=2)
    >>> [values.tolist() for values in curve.values()]
    [[nan, 0.8500000000000001], [nan, 1.0], [0, 2]]
    """
    rows, table = _scored(truth, probability, labels)
    confidence = table.max(axis=1)
    correct = (table.argmax(axis=1) == rows).astype(float)
    # Bins are open to the left, as in Guo et al.: a confidence of exactly 0.4 lies in (1/3, 0.4], not above it.
    index = np.clip(np.ceil(confidence * bins - 1e-12).astype(int) - 1, 0, bins - 1)
    count = np.bincount(index, minlength=bins)
    return {
        "confidence": _ratio(np.bincount(index, weights=confidence, minlength=bins), count),
        "accuracy": _ratio(np.bincount(index, weights=correct, minlength=bins), count),
        "n": count,
    }


def brier(truth: ArrayLike, probability: ArrayLike, labels: Sequence[str]) -> float:
    r"""Brier score, mean over utterances of :math:`\sum_j (p_j - y_j)^2`, in [0, 2]; 0 is perfect.

    As `sklearn.metrics.brier_score_loss(..., scale_by_half=False)`, which takes 13 times as long per fold of 400 clips
    (1.1 ms against 0.08 ms) and needs scikit-learn 1.7 (G. W. Brier, "Verification of forecasts expressed in terms of
    probability", 1950). Parameters are those of `expected_calibration_error`.

    Examples
    --------
    >>> round(brier(["ang", "sad"], [[0.9, 0.1], [0.2, 0.8]], ["ang", "sad"]), 3)
    0.05
    """
    rows, table = _scored(truth, probability, labels)
    return float(np.mean(np.sum((table - np.eye(len(labels))[rows]) ** 2, axis=1)))


def log_loss(truth: ArrayLike, probability: ArrayLike, labels: Sequence[str]) -> float:
    r"""Mean of :math:`-\ln p_{truth}`, in nats, at least 0; a probability of 0 counts as the smallest double's epsilon.

    As `sklearn.metrics.log_loss`, which takes 16 times as long per fold of 400 clips, and assumes columns in the
    labels' alphabetical order. Parameters are those of `expected_calibration_error`.

    Examples
    --------
    >>> round(log_loss(["ang", "sad"], [[0.9, 0.1], [0.2, 0.8]], ["ang", "sad"]), 3)
    0.164
    """
    rows, table = _scored(truth, probability, labels)
    return float(-np.mean(np.log(np.maximum(table[np.arange(len(rows)), rows], np.finfo(float).eps))))


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
    return _ratio(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1))


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
    return _ratio(recalls.sum(axis=-1), present.sum(axis=-1))


def wa_of(matrix: ArrayLike) -> Matrix:
    """WA of confusion matrices, shape (..., k, k) to (...); NaN for an empty matrix.

    Examples
    --------
    >>> float(wa_of([[1, 0], [1, 3]]))
    0.8
    """
    counts = np.asarray(matrix, dtype=float)
    return _ratio(np.trace(counts, axis1=-2, axis2=-1), counts.sum(axis=(-2, -1)))


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
    return _ratio((_f1_of(counts) * counts.sum(axis=-1)).sum(axis=-1), counts.sum(axis=(-2, -1)))


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
    return _ratio(hits * n - by_chance, n * n - by_chance)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("uar", uar, "UAR", stacked=uar_of),
        Metric("wa", wa, "WA", stacked=wa_of),
        Metric("macro_f1", macro_f1, "Macro F1", short="F1", stacked=macro_f1_of),
        Metric("weighted_f1", weighted_f1, "Weighted F1", short="wF1", stacked=weighted_f1_of),
        Metric("kappa", cohen_kappa, "Cohen's kappa", short="kappa", bounds=(-1.0, 1.0), stacked=cohen_kappa_of),
        Metric("ece", expected_calibration_error, "Calibration error", short="ECE", probabilistic=True),
        Metric("brier", brier, "Brier", bounds=(0.0, 2.0), probabilistic=True),
        Metric("log_loss", log_loss, "Log loss, nats", short="log loss", bounds=(0.0, math.inf), probabilistic=True),
    )
}
"""Every metric that is reported, by name and in the order of the columns; pipelines are ranked by the first, UAR."""


def _pair(
    truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows, columns = codes(truth, labels), codes(prediction, labels)
    if len(rows) != len(columns):
        raise ResultsError(f"{len(rows)} true labels and {len(columns)} predictions; pass one prediction per utterance")
    if not len(rows):
        raise ResultsError("no utterances to score; at least one is needed")
    return rows, columns


def _scored(truth: ArrayLike, probability: ArrayLike, labels: Sequence[str]) -> tuple[NDArray[np.int64], Matrix]:
    rows, table = codes(truth, labels), np.asarray(probability, dtype=float)
    if table.shape != (len(rows), len(labels)):
        expected = (len(rows), len(labels))
        raise ResultsError(f"probabilities have shape {table.shape}, expected {expected} (utterances, labels)")
    if not len(rows):
        raise ResultsError("no utterances to score; at least one is needed")
    sums = table.sum(axis=1)
    if not np.isfinite(table).all() or (table < 0).any() or np.abs(sums - 1).max() > 1e-3:
        raise ResultsError("probabilities must be finite, at least 0, and sum to 1 in every row")
    return rows, table


def _f1(truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str], average: str) -> float:
    pair = _pair(truth, prediction, labels)
    return float(f1_score(*pair, labels=range(len(labels)), average=average, zero_division=0))


def _f1_of(counts: Matrix) -> Matrix:
    both = counts.sum(axis=-1) + counts.sum(axis=-2)
    return 2 * np.diagonal(counts, axis1=-2, axis2=-1) / np.where(both > 0, both, 1.0)


def _ratio(numerator: ArrayLike, denominator: ArrayLike) -> Matrix:
    top, bottom = np.broadcast_arrays(np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float))
    return np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
