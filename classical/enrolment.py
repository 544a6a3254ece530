"""Enrolment: a few unlabelled clips of a speaker, known before the first answer, to standardise the speaker by."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import polygamma

EnrolScope = Literal["enrol-1", "enrol-3", "enrol-5", "enrol-10"]
ENROL_SCOPES: tuple[EnrolScope, ...] = get_args(EnrolScope)
COLUMN = "enrol"
"""Column of an utterances table: rank of a clip among those that enrol its speaker, from 1; 0 for all others."""

MOST = 10
"""So many clips of a speaker are drawn to enrol, whatever K is asked for: every K is tried on the same other clips."""

_LARGEST_PRIOR = 1e6


def enrolling_clips(scope: str) -> int:
    """K of a scope ``enrol-K``; 0 for every other scope.

    Examples
    --------
    >>> enrolling_clips("enrol-3"), enrolling_clips("speaker")
    (3, 0)
    """
    return int(scope.removeprefix("enrol-")) if scope in ENROL_SCOPES else 0


def draw_enrolment(speakers: Any, ids: Any, *, random_state: int = 0) -> NDArray[np.intp]:
    """Draw the clips that enrol each speaker: ten, or half of the clips of a speaker who has fewer than twenty.

    A speaker's draw depends on the seed and on that speaker's name and clips alone, in whatever order they come.

    Parameters
    ----------
    speakers : array-like of shape (n_utterances,)
    ids : array-like of shape (n_utterances,)
        What each utterance is called.
    random_state : int
        Seed.

    Returns
    -------
    ndarray of shape (n_utterances,)
        Rank of each drawn clip, from 1: the first K enrol where K are asked for, so that those of a smaller K are among
        those of a larger one. 0 for clips that are not drawn.

    Examples
    --------
    >>> ranks = draw_enrolment(["ann"] * 6, [f"clip{n}" for n in range(6)])
    >>> sorted(ranks.tolist())
    [0, 0, 0, 1, 2, 3]
    """
    names, keys = np.asarray(speakers).astype(str), np.asarray(ids).astype(str)
    ranks = np.zeros(len(names), dtype=np.intp)
    for speaker in np.unique(names):
        rows = np.flatnonzero(names == speaker)
        rows = rows[np.argsort(keys[rows], kind="stable")]
        rng = np.random.default_rng([random_state, zlib.crc32(speaker.encode(errors="backslashreplace"))])
        drawn = rng.permutation(rows)[: min(MOST, len(rows) // 2)]
        ranks[drawn] = np.arange(1, len(drawn) + 1)
    return ranks


def ranks_of(X: Any) -> NDArray[np.intp] | None:
    """The column `enrol` of an utterances table.

    Returns
    -------
    ndarray of shape (n_utterances,), or None
        None for what has no such column.

    Examples
    --------
    >>> ranks_of(["a.wav"]) is None
    True
    >>> ranks_of(pd.DataFrame({"path": ["a.wav", "b.wav"], "enrol": [1, 0]})).tolist()
    [1, 0]
    """
    if isinstance(X, pd.DataFrame) and COLUMN in X.columns:
        return X[COLUMN].to_numpy().astype(np.intp)
    return None


def short_of_clips(speakers: Any, ranks: NDArray[np.intp], n_clips: int) -> dict[str, int]:
    """Speakers with fewer clips to enrol by than `n_clips`, and how many they have.

    Examples
    --------
    >>> short_of_clips(["ann", "ann", "bob"], np.array([1, 0, 0]), 1)
    {'bob': 0}
    """
    names = np.asarray(speakers).astype(str)
    counts = {str(name): int((ranks[names == name] > 0).sum()) for name in np.unique(names)}
    return {name: count for name, count in counts.items() if count < n_clips}


@dataclass(frozen=True)
class SpeakerSpread:
    """How speakers of the training side differ, which says how far a few clips of a new speaker are to be trusted.

    Everything is in training deviations: a column's mean over the training clips is 0, its deviation 1.

    Attributes
    ----------
    within, between : ndarray of shape (n_features,)
        Variance of a speaker's clips about that speaker's mean, pooled over speakers, and variance of speakers' means.
    prior_clips : float
        How many clips the pooled variance of a column is worth beside a speaker's own. It is learnt from how far the
        variances of training speakers differ, over all columns (G. Smyth, "Linear models and empirical Bayes methods
        for assessing differential expression", 2004, equation for d0).

    Examples
    --------
    >>> values = np.array([[-1.2], [-0.8], [0.8], [1.2]])
    >>> spread = SpeakerSpread.of(values, np.array(["ann", "ann", "bob", "bob"]))
    >>> spread.within.round(2), spread.between.round(2)
    (array([0.08]), array([1.96]))
    """

    within: NDArray[np.float64]
    between: NDArray[np.float64]
    prior_clips: float

    @classmethod
    def of(cls, values: NDArray[np.float64], speakers: NDArray) -> Self:
        """Learn it from the training clips, by the method of moments.

        A single training speaker does not tell how speakers differ: a mean is then trusted as if they differed as much
        as one speaker's clips do, and a deviation not at all.

        Parameters
        ----------
        values : ndarray of shape (n_utterances, n_features)
            Standardised by the training clips; NaN where missing.
        speakers : ndarray of shape (n_utterances,)
        """
        moments = [_moments(values[speakers == speaker]) for speaker in np.unique(speakers)]
        counts, means, variances = (np.stack([moment[part] for moment in moments]) for part in range(3))
        freedom = np.maximum(counts - 1, 0)
        within = (freedom * variances).sum(axis=0) / np.maximum(freedom.sum(axis=0), 1)
        heard = counts > 0
        if heard.sum(axis=0).max() < 2:
            return cls(within, within, _LARGEST_PRIOR)
        n_speakers = np.maximum(heard.sum(axis=0), 1)
        centre = np.where(heard, means, 0).sum(axis=0) / n_speakers
        of_means = (np.where(heard, means - centre, 0) ** 2).sum(axis=0) / np.maximum(n_speakers - 1, 1)
        by_chance = within * (np.where(heard, 1 / np.maximum(counts, 1), 0).sum(axis=0) / n_speakers)
        between = np.maximum(of_means - by_chance, 0)
        return cls(within, between, _prior_clips(variances, freedom))

    def standardise(
        self, values: NDArray[np.float64], speakers: NDArray, ranks: NDArray[np.intp], n_clips: int
    ) -> NDArray[np.float64]:
        """Set every clip against the mean and deviation that `n_clips` clips of its speaker suggest.

        The mean is drawn towards the training mean, the deviation towards the training speakers' own, each the more the
        less the clips can tell; without any clip the training side's are used. A clip that enrols is itself set against
        the other ones that do, as if it were new.

        Parameters
        ----------
        values : ndarray of shape (n_utterances, n_features)
            Standardised by the training clips; NaN where missing.
        speakers, ranks : ndarray of shape (n_utterances,)
            Ranks as `draw_enrolment` gives them.
        n_clips : int
            How many clips enrol, those of the lowest ranks.
        """
        result = np.empty_like(values)
        for rows, enrolling in _enrolling_rows(speakers, ranks, n_clips):
            mean, deviation = self._estimate(values[enrolling])
            # A column that speakers never vary in is at the speaker's mean, not infinitely far from it.
            result[rows] = (values[rows] - mean) / np.where(deviation > 1e-6, deviation, np.inf)
        return result

    def _estimate(self, clips: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and deviation of a speaker by some clips, between theirs and the training side's."""
        count, mean, variance = _moments(clips)
        trust = count * self.between / np.maximum(count * self.between + self.within, 1e-30)
        freedom = np.maximum(count - 1, 0)
        pooled = (self.prior_clips * self.within + freedom * variance) / (self.prior_clips + freedom)
        return trust * mean, np.sqrt(pooled)


def _enrolling_rows(
    speakers: NDArray, ranks: NDArray[np.intp], n_clips: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Rows that are set against the same clips, and the rows of these clips."""
    for speaker in np.unique(speakers):
        rows = np.flatnonzero(speakers == speaker)
        marked = rows[ranks[rows] > 0]
        marked = marked[np.argsort(ranks[marked], kind="stable")]
        first = marked[:n_clips]
        yield rows[~np.isin(rows, first)], first
        for row in first:
            yield np.array([row]), marked[marked != row][:n_clips]


def _moments(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Number, mean and unbiased variance of the finite values of each column; mean and variance 0 where unknown."""
    present = ~np.isnan(values)
    count = present.sum(axis=0).astype(float)
    mean = np.where(present, values, 0).sum(axis=0) / np.maximum(count, 1)
    squares = (np.where(present, values - mean, 0) ** 2).sum(axis=0)
    return count, mean, squares / np.maximum(count - 1, 1)


def _prior_clips(variances: NDArray[np.float64], freedom: NDArray[np.float64]) -> float:
    """Degrees of freedom of the prior of variances: the spread of their logarithms beyond that of chance."""
    usable = (freedom > 0) & (variances > 1e-12)
    columns = usable.sum(axis=0) > 1
    if not columns.any():
        return _LARGEST_PRIOR
    logarithms = np.where(usable, np.log(np.maximum(variances, 1e-12)), np.nan)[:, columns]
    spread = np.nanvar(logarithms, axis=0, ddof=1)
    by_chance = np.nanmean(np.where(usable, polygamma(1, np.maximum(freedom, 1) / 2), np.nan)[:, columns], axis=0)
    excess = float((spread - by_chance).mean())
    smallest, largest = polygamma(1, _LARGEST_PRIOR / 2), polygamma(1, 0.5)
    if excess <= smallest:
        return _LARGEST_PRIOR
    if excess >= largest:
        return 1.0
    return 2 * float(brentq(lambda half: polygamma(1, half) - excess, 0.5, _LARGEST_PRIOR / 2))
