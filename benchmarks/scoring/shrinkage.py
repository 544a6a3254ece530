"""What the score of single speakers tells: few clips make some look worse than they are, the worst most of all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import stdtrit

from benchmarks.scoring.confusion import recalls_of, uar_of

FEWEST = 5
"""Speakers that are needed to tell how much speakers differ."""


@dataclass(frozen=True, eq=False)
class SpeakerScores:
    """UAR of every speaker, as counted and as it is to be expected of further clips.

    Attributes
    ----------
    counted : ndarray of shape (n_speakers,)
        UAR over the labels that the speaker has.
    expected, low, high : ndarray of shape (n_speakers,)
        Drawn towards the mean of all speakers by as much as the speaker's few clips leave open, with an interval for
        the one speaker; NaN with fewer than `FEWEST` speakers.
    spread : float
        Standard deviation of true scores between speakers, without the luck of the clips; NaN where it is not known.

    Examples
    --------
    >>> SpeakerScores(*np.array([[0.5], [0.6], [0.4], [0.8]]), spread=0.1).expected
    array([0.6])
    """

    counted: NDArray[np.float64]
    expected: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    spread: float


def speaker_scores(confusions: ArrayLike, *, level: float = 0.95) -> SpeakerScores:
    r"""Score every speaker, and say what of it would come again with other clips of the same speaker.

    With :math:`y_s` the UAR of a speaker and :math:`v_s` its variance from the number of clips, true scores are taken
    to vary between speakers by :math:`\tau^2` (R. C. Paule and J. Mandel, 1982). The expected score is
    :math:`m + (1 - B_s)(y_s - m)` with :math:`B_s = \frac{n-3}{n-1} \frac{v_s}{v_s + \tau^2}`, and the interval that
    of C. N. Morris, "Parametric empirical Bayes inference", JASA 78, 1983, which also counts that m and
    :math:`\tau^2` are estimated. Such an interval holds for the speaker who looks worst as for any other, since it
    does not depend on who was looked at.

    Parameters
    ----------
    confusions : array-like of shape (n_speakers, n_labels, n_labels)
        As `speaker_confusions` counts them.
    level : float, default=0.95
        Nominal coverage.

    Returns
    -------
    SpeakerScores

    Examples
    --------
    >>> some = np.array([[[9, 1], [2, 8]], [[7, 3], [3, 7]], [[8, 2], [2, 8]], [[5, 5], [5, 5]], [[8, 2], [1, 9]]])
    >>> found = speaker_scores(some)
    >>> found.counted.round(2).tolist(), bool(found.expected[3] > 0.5)
    ([0.85, 0.7, 0.8, 0.5, 0.85], True)
    """
    matrices = np.asarray(confusions, dtype=float)
    counted, n = np.asarray(uar_of(matrices), dtype=float), len(matrices)
    unknown = np.full(n, math.nan)
    if n < FEWEST:
        return SpeakerScores(counted, unknown, unknown, unknown, math.nan)
    variances = _variances(matrices)
    between = _between(counted, variances)
    weights = 1 / (variances + between)
    mean = float((weights * counted).sum() / weights.sum())
    drawn = (n - 3) / (n - 1) * variances * weights
    expected = mean + (1 - drawn) * (counted - mean)
    squares = variances * (1 - (n - 1) / n * drawn) + 2 / (n - 3) * drawn**2 * (counted - mean) ** 2
    half_width = stdtrit(n - 1, (1 + level) / 2) * np.sqrt(squares)
    low, high = np.clip(expected - half_width, 0, 1), np.clip(expected + half_width, 0, 1)
    return SpeakerScores(counted, expected, low, high, math.sqrt(between))


def _variances(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variance of each speaker's UAR from the number of clips; recalls are drawn a little to those of all speakers."""
    clips, hits = matrices.sum(axis=2), np.diagonal(matrices, axis1=1, axis2=2)
    recalls = (hits + 2 * np.nan_to_num(recalls_of(matrices.sum(axis=0)))) / (clips + 2)
    parts = np.divide(recalls * (1 - recalls), clips, out=np.zeros_like(clips), where=clips > 0)
    smallest = 0.25 / np.maximum(clips.sum(axis=1), 1) ** 2
    return np.maximum(parts.sum(axis=1) / np.maximum((clips > 0).sum(axis=1), 1) ** 2, smallest)


def _between(counted: NDArray[np.float64], variances: NDArray[np.float64]) -> float:
    """Variance between speakers that makes their weighted spread what chance would make it; 0 where it is less."""

    def excess(between: float) -> float:
        weights = 1 / (variances + between)
        mean = (weights * counted).sum() / weights.sum()
        return float((weights * (counted - mean) ** 2).sum()) - (len(counted) - 1)

    return float(brentq(excess, 0.0, 10.0)) if excess(0.0) > 0 else 0.0
