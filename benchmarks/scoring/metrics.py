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
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score, recall_score

from benchmarks.scoring.confusion import (
    Matrix,
    codes,
    cohen_kappa_of,
    macro_f1_of,
    positions,
    ratio,
    uar_of,
    wa_of,
    weighted_f1_of,
)
from features.errors import ResultsError


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
    in_paper : bool
        Whether a metric that is not `probabilistic` is a column of the table that goes into a paper.
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
    in_paper: bool = True
    stacked: Callable[[ArrayLike], Matrix] | None = None


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
    rows, columns = positions(truth, prediction, labels)
    return float(recall_score(rows, columns, labels=np.unique(rows), average="macro"))


def wa(truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str]) -> float:
    """Weighted accuracy (WA): the share of correct predictions, in [0, 1]; `sklearn.metrics.accuracy_score`.

    Parameters are those of `uar`.

    Examples
    --------
    >>> wa(["ang", "sad", "sad", "sad"], ["ang", "ang", "sad", "sad"], ["ang", "sad"])
    0.75
    """
    return float(accuracy_score(*positions(truth, prediction, labels)))


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
    rows, columns = positions(truth, prediction, labels)
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
        "confidence": ratio(np.bincount(index, weights=confidence, minlength=bins), count),
        "accuracy": ratio(np.bincount(index, weights=correct, minlength=bins), count),
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


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("uar", uar, "UAR", stacked=uar_of),
        Metric("wa", wa, "WA", stacked=wa_of),
        Metric("macro_f1", macro_f1, "Macro F1", short="F1", stacked=macro_f1_of),
        Metric("weighted_f1", weighted_f1, "Weighted F1", short="wF1", in_paper=False, stacked=weighted_f1_of),
        Metric(
            "kappa",
            cohen_kappa,
            "Cohen's kappa",
            short="kappa",
            bounds=(-1.0, 1.0),
            in_paper=False,
            stacked=cohen_kappa_of,
        ),
        Metric("ece", expected_calibration_error, "Calibration error", short="ECE", probabilistic=True),
        Metric("brier", brier, "Brier", bounds=(0.0, 2.0), probabilistic=True),
        Metric("log_loss", log_loss, "Log loss, nats", short="log loss", bounds=(0.0, math.inf), probabilistic=True),
    )
}
"""Every metric that is reported, by name and in the order of the columns; pipelines are ranked by the first, UAR."""


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
    pair = positions(truth, prediction, labels)
    return float(f1_score(*pair, labels=range(len(labels)), average=average, zero_division=0))
