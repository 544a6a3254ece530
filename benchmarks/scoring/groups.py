"""Groups of speakers: whether a pipeline scores higher for one group of people than for another."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from benchmarks.scoring.confusion import uar_of
from benchmarks.scoring.intervals import (
    Interval,
    Matrix,
    degrees_of_freedom,
    jackknife_error,
    speaker_interval,
    speaker_weights,
)
from features.errors import ResultsError

FEWEST = 5
"""Speakers in a group from which on its spread is known well enough for Welch's degrees of freedom."""


@dataclass(frozen=True)
class GroupDifference:
    """UAR of one group of speakers minus that of another.

    Attributes
    ----------
    interval : Interval
        The difference, and its interval over speakers; NaN ends where a group has one speaker.
    p : float
        Two-sided; below 1 - level exactly where the interval leaves out 0.

    Examples
    --------
    >>> GroupDifference(Interval(0.1, 0.02, 0.18, 0.95, 10), 0.02).p
    0.02
    """

    interval: Interval
    p: float


def group_difference(first: ArrayLike, second: ArrayLike, *, level: float = 0.95) -> GroupDifference:
    r"""Compare the pooled UAR of two groups that have no speaker in common.

    The standard error of each group's UAR is that of the jackknife over its speakers, as in `speaker_interval`; the
    two are independent, so the difference has :math:`\sqrt{s_1^2 + s_2^2}`, and Welch's degrees of freedom (B. L.
    Welch, "The generalization of Student's problem when several different population variances are involved", 1947)
    from those of `degrees_of_freedom`; those of the group that has fewer where one has less than `FEWEST` speakers,
    whose spread is hardly known: with Welch's, 3 against 9 speakers differed at 0.05 in 8 of 100 simulations without a
    difference. Groups are compared on the labels that both have.

    Parameters
    ----------
    first, second : array-like of shape (n_speakers, n_labels, n_labels)
        Confusion matrices of the speakers of each group, as `speaker_confusions` counts them.
    level : float, default=0.95
        Nominal coverage.

    Returns
    -------
    GroupDifference

    Raises
    ------
    ResultsError
        If a group has no speakers, or the two have no label in common.

    Examples
    --------
    >>> women = [[[5, 0], [0, 5]], [[5, 0], [1, 4]], [[4, 1], [1, 4]]]
    >>> men = [[[3, 2], [2, 3]], [[4, 1], [3, 2]], [[3, 2], [1, 4]]]
    >>> found = group_difference(women, men)
    >>> round(found.interval.estimate, 2), round(found.interval.low, 2), found.p < 0.05
    (0.27, -0.02, False)
    """
    one, other = on_common_labels(first, second)
    n = len(one) + len(other)
    estimate = float(uar_of(one.sum(axis=0)) - uar_of(other.sum(axis=0)))
    if min(len(one), len(other)) < 2:
        return GroupDifference(Interval(estimate, math.nan, math.nan, level, n), math.nan)
    variances = [_error(group, level) ** 2 for group in (one, other)]
    total = sum(variances)
    if not total > 0:  # every speaker of both groups scores the same: nothing says how much others would differ
        return GroupDifference(Interval(estimate, math.nan, math.nan, level, n), math.nan)
    own = [degrees_of_freedom(speaker_weights(group)) for group in (one, other)]
    welch = total**2 / sum(variance**2 / freedom for variance, freedom in zip(variances, own))
    freedom, error = welch if min(len(one), len(other)) >= FEWEST else min(own), math.sqrt(total)
    half_width = float(stdtrit(freedom, (1 + level) / 2)) * error
    p = 2 * float(stdtr(freedom, -abs(estimate) / error))
    return GroupDifference(
        Interval(estimate, max(estimate - half_width, -1.0), min(estimate + half_width, 1.0), level, n), p
    )


def on_common_labels(first: ArrayLike, second: ArrayLike) -> tuple[Matrix, Matrix]:
    """Two stacks of confusion matrices without the clips of labels that only one of them has.

    Raises
    ------
    ResultsError
        If a group has no speakers, or the two have no label in common.

    Examples
    --------
    >>> one, other = on_common_labels([[[1, 0], [0, 2]]], [[[3, 0], [0, 0]]])
    >>> one.tolist(), other.tolist()
    ([[[1.0, 0.0], [0.0, 0.0]]], [[[3.0, 0.0], [0.0, 0.0]]])
    """
    stacks = [np.asarray(group, dtype=float) for group in (first, second)]
    if not all(len(stack) for stack in stacks):
        raise ResultsError("a group without speakers; expected at least one in each of the groups that are compared")
    common = np.logical_and(*(stack.sum(axis=(0, 2)) > 0 for stack in stacks))
    if not common.any():
        raise ResultsError("two groups of speakers without a label in common; expected groups with the same labels")
    one, other = (stack * common[:, None] for stack in stacks)
    return one, other


def _error(group: Matrix, level: float) -> float:
    """Standard error of a group's UAR; at 0 or 1, where no speaker differs, what its interval's open end stands for."""
    total = group.sum(axis=0)
    error = jackknife_error(uar_of(total - group))
    if error > 0:
        return error
    interval = speaker_interval(group, level=level)
    return (interval.high - interval.low) / float(stdtrit(len(group) - 1, (1 + level) / 2))
