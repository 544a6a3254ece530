"""Scores of predictions: recalls, UAR, WA, F1, kappa, confusion, and how well probabilities are calibrated.

A metric is one function and one entry in `METRICS`; it then stands in `scores.csv`, in the terminal, in the report and
its tables, with its interval over speakers. The `*_of` functions compute from confusion matrices stacked along any
leading axes, which is what the resampling of `benchmarks.scoring.significance` needs; the others take the truth, the
prediction (or the probabilities) and the labels, in this order, and check that they fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from features.errors import ResultsError

Matrix = NDArray[np.float64]


def codes(values: ArrayLike, labels: Sequence[str]) -> NDArray[np.int64]:
    """Position of every value in the labels.

    Parameters
    ----------
    values
        Labels of n utterances.
    labels
        All k labels, in the order of the columns.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)

    Raises
    ------
    ResultsError
        If a value is not among the labels.
    """
    place = {label: position for position, label in enumerate(labels)}
    if len(place) != len(labels):
        raise ResultsError(f"labels {list(labels)} hold a label twice; name every label once")
    found = np.asarray(values).ravel().tolist()
    unknown = sorted({str(value) for value in found if value not in place})
    if unknown:
        raise ResultsError(f"labels {unknown} are not among {list(labels)}; pass all labels that occur")
    return np.fromiter((place[value] for value in found), dtype=np.int64, count=len(found))


def confusion(truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str]) -> NDArray[np.int64]:
    """Confusion matrix: how often label i (row) was predicted as label j (column).

    Returns
    -------
    numpy.ndarray of int64, shape (k, k)
        As `sklearn.metrics.confusion_matrix(truth, prediction, labels=labels)`.

    Examples
    --------
    >>> confusion(["ang", "sad", "sad"], ["ang", "ang", "sad"], ["ang", "sad"]).tolist()
    [[1, 0], [1, 1]]
    """
    rows, columns = _pair(truth, prediction, labels)
    size = len(labels)
    return np.bincount(rows * size + columns, minlength=size * size).reshape(size, size)


def uar(truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str]) -> float:
    """Unweighted average recall (UAR, UA, balanced accuracy), in [0, 1]; chance is one over the number of classes.

    The mean of the recalls of the classes that occur in the truth, as `sklearn.metrics.balanced_accuracy_score`, and
    as `audmetric.unweighted_average_recall` where every label occurs (B. Schuller, S. Steidl, A. Batliner, "The
    INTERSPEECH 2009 emotion challenge", 2009).

    Examples
    --------
    >>> uar(["ang", "sad", "sad"], ["ang", "ang", "sad"], ["ang", "sad"])
    0.75
    """
    return float(uar_of(confusion(truth, prediction, labels)))


def wa(truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str]) -> float:
    """Weighted accuracy (WA), the share of utterances predicted rightly, in [0, 1]; scikit-learn's `accuracy_score`."""
    return float(wa_of(confusion(truth, prediction, labels)))


def macro_f1(truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str]) -> float:
    r"""Mean over all labels of :math:`2 C_{ii} / (\sum_j C_{ij} + \sum_j C_{ji})`, in [0, 1]; 0 for a label never seen.

    As `sklearn.metrics.f1_score(..., labels=labels, average="macro", zero_division=0)`.
    """
    return float(macro_f1_of(confusion(truth, prediction, labels)))


def expected_calibration_error(
    truth: ArrayLike, probability: ArrayLike, labels: Sequence[str], *, bins: int = 15
) -> float:
    r"""Expected calibration error, :math:`\sum_b n_b / n \, |acc_b - conf_b|` over equal bins of confidence, in [0, 1].

    Confidence is the largest probability of an utterance (C. Guo et al., "On calibration of modern neural networks",
    ICML 2017, equation 5).
    """
    curve = reliability(truth, probability, labels, bins=bins)
    share = curve["n"] / curve["n"].sum()
    filled = curve["n"] > 0
    return float(np.sum(share[filled] * np.abs(curve["accuracy"] - curve["confidence"])[filled]))


def reliability(
    truth: ArrayLike, probability: ArrayLike, labels: Sequence[str], *, bins: int = 15
) -> dict[str, NDArray[Any]]:
    """Mean confidence, accuracy and number of utterances in every one of `bins` equal bins of confidence.

    Returns
    -------
    dict
        `confidence` and `accuracy`, in [0, 1], NaN for an empty bin, and `n`, each of shape (bins,).
    """
    rows, table = _scored(truth, probability, labels)
    confidence = table.max(axis=1)
    right = (table.argmax(axis=1) == rows).astype(float)
    # Bins are open to the left, as in Guo et al.: a confidence of exactly 0.4 lies in (1/3, 0.4], not above it.
    place = np.clip(np.ceil(confidence * bins - 1e-12).astype(int) - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    return {
        "confidence": _ratio(np.bincount(place, weights=confidence, minlength=bins), count),
        "accuracy": _ratio(np.bincount(place, weights=right, minlength=bins), count),
        "n": count,
    }


def brier(truth: ArrayLike, probability: ArrayLike, labels: Sequence[str]) -> float:
    r"""Brier score, mean over utterances of :math:`\sum_j (p_j - y_j)^2`, in [0, 2]; 0 is perfect.

    As `sklearn.metrics.brier_score_loss(..., scale_by_half=False)` (G. W. Brier, "Verification of forecasts expressed
    in terms of probability", 1950).
    """
    rows, table = _scored(truth, probability, labels)
    return float(np.mean(np.sum((table - np.eye(len(labels))[rows]) ** 2, axis=1)))


def log_loss(truth: ArrayLike, probability: ArrayLike, labels: Sequence[str]) -> float:
    r"""Mean of :math:`-\ln p_{truth}`, in nats, at least 0; a probability of 0 counts as the smallest double's epsilon.

    As `sklearn.metrics.log_loss(truth, probability, labels=labels)` for labels in sorted order.
    """
    rows, table = _scored(truth, probability, labels)
    chosen = table[np.arange(len(rows)), rows]
    return float(-np.mean(np.log(np.maximum(chosen, np.finfo(float).eps))))


def recalls_of(matrix: ArrayLike) -> Matrix:
    """Recalls of confusion matrices, shape (..., k, k) to (..., k); NaN for a class without utterances."""
    counts = np.asarray(matrix, dtype=float)
    return _ratio(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1))


def uar_of(matrix: ArrayLike) -> Matrix:
    """UAR of confusion matrices, shape (..., k, k) to (...), over the classes that occur; NaN where none does."""
    counts = np.asarray(matrix, dtype=float)
    total = counts.sum(axis=-1)
    present = total > 0
    recalls = np.diagonal(counts, axis1=-2, axis2=-1) / np.where(present, total, 1.0)
    return _ratio(recalls.sum(axis=-1), present.sum(axis=-1))


def wa_of(matrix: ArrayLike) -> Matrix:
    """WA of confusion matrices, shape (..., k, k) to (...); NaN for an empty matrix."""
    counts = np.asarray(matrix, dtype=float)
    return _ratio(np.trace(counts, axis1=-2, axis2=-1), counts.sum(axis=(-2, -1)))


def macro_f1_of(matrix: ArrayLike) -> Matrix:
    """Macro F1 of confusion matrices, shape (..., k, k) to (...); a class neither true nor predicted counts as 0."""
    counts = np.asarray(matrix, dtype=float)
    both = counts.sum(axis=-1) + counts.sum(axis=-2)
    f1 = 2 * np.diagonal(counts, axis1=-2, axis2=-1) / np.where(both > 0, both, 1.0)
    return f1.mean(axis=-1)


def weighted_f1_of(matrix: ArrayLike) -> Matrix:
    r"""Weighted F1 of confusion matrices: the mean of the labels' F1, weighted by how often each is the truth.

    As `sklearn.metrics.f1_score(..., average="weighted", zero_division=0)`.

    Parameters
    ----------
    matrix : array_like of shape (..., k, k)
        Rows are the truth.

    Returns
    -------
    ndarray of float64, shape (...)
        In [0, 1]; NaN for an empty matrix.

    Examples
    --------
    >>> float(weighted_f1_of([[1, 0], [1, 1]]))
    0.6666666666666666
    """
    counts = np.asarray(matrix, dtype=float)
    truths = counts.sum(axis=-1)
    both = truths + counts.sum(axis=-2)
    f1 = 2 * np.diagonal(counts, axis1=-2, axis2=-1) / np.where(both > 0, both, 1.0)
    return _ratio((f1 * truths).sum(axis=-1), truths.sum(axis=-1))


def kappa_of(matrix: ArrayLike) -> Matrix:
    r"""Cohen's kappa of confusion matrices: agreement beyond chance, :math:`(p_o - p_e) / (1 - p_e)`.

    As `sklearn.metrics.cohen_kappa_score` (J. Cohen, "A coefficient of agreement for nominal scales", 1960).

    Parameters
    ----------
    matrix : array_like of shape (..., k, k)
        Rows are the truth.

    Returns
    -------
    ndarray of float64, shape (...)
        In [-1, 1], 0 for guessing; NaN where truth and prediction are one and the same label throughout.

    Examples
    --------
    >>> float(kappa_of([[1, 0], [1, 1]]))
    0.4
    """
    counts = np.asarray(matrix, dtype=float)
    total = counts.sum(axis=(-2, -1))
    by_chance = (counts.sum(axis=-1) * counts.sum(axis=-2)).sum(axis=-1)
    agreeing = np.trace(counts, axis1=-2, axis2=-1) * total
    return _ratio(agreeing - by_chance, total**2 - by_chance)


@dataclass(frozen=True)
class Metric:
    """A score of predictions, one entry of `METRICS`.

    Attributes
    ----------
    name : str
        Column in `scores.csv`; the ends of its interval are `NAME_low` and `NAME_high`.
    function : callable
        From confusion matrices, shape (..., k, k), rows the truth, to scores, shape (...). A higher score is better.
    title : str
        Heading in the report.
    short : str
        Heading in the terminal, five characters at most.
    lowest : float
        The least value it can have; the highest is 1.
    percent : bool
        Whether the terminal shows it in percent.

    Examples
    --------
    >>> METRICS["wa"].title
    'WA'
    """

    name: str
    function: Callable[[Any], Matrix]
    title: str
    short: str
    lowest: float = 0.0
    percent: bool = True


@dataclass(frozen=True)
class ProbabilityMetric:
    """A score of probabilities, one entry of `PROBABILITY_METRICS`; lower is better, 0 is perfect.

    Attributes
    ----------
    name : str
        Column in `scores.csv`.
    function : callable
        From truth, probabilities of shape (n, k) and labels to a number.
    title : str
        Heading in the report.
    """

    name: str
    function: Callable[[Any, Any, Sequence[str]], float]
    title: str


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("uar", uar_of, "UAR", "UAR"),
        Metric("wa", wa_of, "WA", "WA"),
        Metric("macro_f1", macro_f1_of, "Macro F1", "F1"),
        Metric("weighted_f1", weighted_f1_of, "Weighted F1", "wF1"),
        Metric("kappa", kappa_of, "Kappa", "kappa", lowest=-1.0, percent=False),
    )
}
"""Scores of predictions, in the order of their columns. UAR is what pipelines are ranked and tested by."""

PROBABILITY_METRICS: dict[str, ProbabilityMetric] = {
    metric.name: metric
    for metric in (
        ProbabilityMetric("ece", expected_calibration_error, "Calibration error"),
        ProbabilityMetric("brier", brier, "Brier"),
        ProbabilityMetric("log_loss", log_loss, "Log loss, nats"),
    )
}
"""Scores of probabilities."""


def _pair(
    truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows, columns = codes(truth, labels), codes(prediction, labels)
    if len(rows) != len(columns):
        raise ResultsError(f"{len(rows)} true labels and {len(columns)} predictions; pass one prediction an utterance")
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


def _ratio(numerator: ArrayLike, denominator: ArrayLike) -> Matrix:
    top, bottom = np.broadcast_arrays(np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float))
    return np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
