"""Shapley values of groups of features: what each adds to a score, fairly shared among all orders of adding them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from benchmarks.scoring.confusion import codes
from benchmarks.scoring.significance import jackknife_half_width
from features.errors import ResultsError

Counts = NDArray[np.float64]


@dataclass(frozen=True)
class Target:
    """A score to be explained, as counts by subset and speaker.

    Attributes
    ----------
    name
        'uar', 'recall of <label>', or '<label> or <label>'.
    hits
        Clips decided rightly, shape (n_subsets, n_speakers, n_classes); the empty subset guesses.
    totals
        Clips, shape (n_speakers, n_classes).
    """

    name: str
    hits: Counts
    totals: Counts

    def scores(self) -> Counts:
        """Mean recall of every subset over the classes, shape (n_subsets,)."""
        return _mean_recall(self.hits.sum(axis=1), self.totals.sum(axis=0))

    def scores_without_speakers(self) -> Counts:
        """The same without one speaker at a time, shape (n_subsets, n_speakers)."""
        hits = self.hits.sum(axis=1, keepdims=True) - self.hits
        return _mean_recall(hits, self.totals.sum(axis=0) - self.totals)


@dataclass(frozen=True)
class Share:
    """What some players add to a score, with its jackknife-t interval over speakers."""

    value: float
    low: float
    high: float


def subsets(players: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """All 2^n subsets, the empty one first, by size and then in the players' order.

    Examples
    --------
    >>> subsets(["a", "b"])
    ((), ('a',), ('b',), ('a', 'b'))
    """
    return tuple(subset for size in range(len(players) + 1) for subset in combinations(players, size))


def weights(players: Sequence[str]) -> Counts:
    r"""Weights that turn the scores of all subsets into the players' Shapley values.

    :math:`\phi_i = \sum_{S \not\ni i} \frac{|S|! \, (n - |S| - 1)!}{n!} (v(S \cup i) - v(S))` (L. S. Shapley, "A value
    for n-person games", 1953).

    Returns
    -------
    numpy.ndarray of float64, shape (n, 2^n)
        Columns in the order of `subsets`; the values of all players sum to the score of all minus that of none.
    """
    n, rows = len(players), subsets(players)
    table = np.zeros((n, len(rows)))
    for column, subset in enumerate(rows):
        size = len(subset)
        for row, player in enumerate(players):
            if player in subset:
                table[row, column] = math.factorial(size - 1) * math.factorial(n - size) / math.factorial(n)
            else:
                table[row, column] = -math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
    return table


def side_weights(players: Sequence[str], sides: Mapping[str, Sequence[str]]) -> dict[str, Counts]:
    """Weights for the Shapley values of whole sides, each of which joins or stays away as one player.

    What a side is worth then does not depend on into how many groups it was divided; the sum of its groups' own values
    does, wherever groups say the same.

    Parameters
    ----------
    players
        All groups.
    sides
        Name of each side to its groups; together they are all groups, each once.

    Returns
    -------
    dict
        Side to a combination of the scores of all `subsets(players)`, shape (2^n,).
    """
    places = {subset: place for place, subset in enumerate(subsets(players))}
    names = list(sides)
    table = weights(names)
    found = {name: np.zeros(len(places)) for name in names}
    for column, joined in enumerate(subsets(names)):
        inside = {group for side in joined for group in sides[side]}
        place = places[tuple(group for group in players if group in inside)]
        for row, name in enumerate(names):
            found[name][place] = table[row, column]
    return found


def share(target: Target, combination: Counts, *, level: float = 0.95) -> Share:
    r"""A linear combination of the scores of all subsets, with its interval over speakers.

    Parameters
    ----------
    target
        Scores to combine.
    combination
        One row of `weights`, or a sum or difference of rows, shape (n_subsets,).
    level
        Nominal coverage.
    """
    value, n = float(combination @ target.scores()), target.totals.shape[0]
    if n < 2:
        return Share(value, math.nan, math.nan)
    reach = jackknife_half_width(combination @ target.scores_without_speakers(), level)
    return Share(value, value - reach, value + reach)


def targets(
    truth: Sequence[str],
    speakers: Sequence[str],
    probabilities: NDArray[np.float64],
    labels: Sequence[str],
) -> tuple[Target, ...]:
    """UAR, the recall of every emotion, and the decision between every two emotions.

    Parameters
    ----------
    truth, speakers
        Of n clips.
    probabilities
        Of every subset but the empty one, shape (n_subsets - 1, n, k). The decision between two emotions looks at
        clips of these two only, and takes the one with the higher probability.
    labels
        All k labels.

    Raises
    ------
    ResultsError
        If the shapes do not fit.
    """
    rows, names = codes(truth, labels), sorted(set(speakers))
    places, k = codes(speakers, names), len(labels)
    if probabilities.shape[1:] != (len(rows), k):
        raise ResultsError(f"probabilities have shape {probabilities.shape}, expected (subsets, {len(rows)}, {k})")
    cell, size = places * k + rows, len(names) * k
    totals = np.bincount(cell, minlength=size).reshape(len(names), k).astype(float)

    def counted(right: NDArray[np.float64]) -> Counts:
        return np.stack([np.bincount(cell, weights=row, minlength=size).reshape(len(names), k) for row in right])

    right = counted((probabilities.argmax(axis=2) == rows).astype(float))
    found = [Target("uar", _with_guess(right, totals, 1 / k), totals)]
    for c, label in enumerate(labels):
        found.append(Target(f"recall of {label}", _with_guess(right[..., [c]], totals[:, [c]], 1 / k), totals[:, [c]]))
    for a, b in combinations(range(k), 2):
        margin = probabilities[..., a] - probabilities[..., b]
        sign = np.where(rows == a, 1.0, np.where(rows == b, -1.0, 0.0))
        won = counted((np.sign(margin * sign) + 1) / 2 * (sign != 0))[..., [a, b]]
        own = totals[:, [a, b]]
        found.append(Target(f"{labels[a]} or {labels[b]}", _with_guess(won, own, 0.5), own))
    return tuple(target for target in found if target.totals.any())


def _with_guess(hits: Counts, totals: Counts, chance: float) -> Counts:
    return np.concatenate([chance * totals[None], hits])


def _mean_recall(hits: Counts, totals: Counts) -> Counts:
    present = totals > 0
    recalls = np.where(present, hits / np.where(present, totals, 1.0), 0.0)
    return recalls.sum(axis=-1) / present.sum(axis=-1)
