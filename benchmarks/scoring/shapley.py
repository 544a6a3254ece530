"""Shapley values of groups of features: what each adds to a score, fairly shared among all orders of adding them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from benchmarks.scoring.confusion import codes
from benchmarks.scoring.intervals import jackknife_half_width
from benchmarks.scoring.sign_flips import sign_flip_test
from features.errors import ResultsError

Counts = NDArray[np.float64]


CONTRAST = "spectral - prosodic"
"""Group of the rows in which the share of the prosodic block is subtracted from that of the spectral block."""


class TargetKind(StrEnum):
    """What a score is about.

    Examples
    --------
    >>> TargetKind("pair") is TargetKind.PAIR
    True
    """

    UAR = "uar"
    """UAR over all labels."""
    RECALL = "recall"
    """Recall of one label."""
    PAIR = "pair"
    """The decision between two labels, on clips of these two only."""


@dataclass(frozen=True)
class Target:
    """A score to be explained, as counts by subset and speaker.

    Attributes
    ----------
    kind : TargetKind
        What it is about.
    label, other : str
        The label of a recall, the two labels of a pair, empty otherwise.
    hits : ndarray of shape (n_subsets, n_speakers, n_classes)
        Clips decided correctly; the empty subset guesses.
    totals : ndarray of shape (n_speakers, n_classes)
        Clips.

    Examples
    --------
    >>> hits, totals = np.array([[[1.0, 1.0]], [[2.0, 1.0]]]), np.array([[2.0, 2.0]])
    >>> target = Target(TargetKind.UAR, "", "", hits, totals)
    >>> target.scores().tolist()
    [0.5, 0.75]
    """

    kind: TargetKind
    label: str
    other: str
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
    """What some players add to a score, with its jackknife-t interval over speakers.

    Attributes
    ----------
    value : float
        What they add.
    low, high : float
        Ends of the interval; NaN where there are fewer than two speakers.

    Examples
    --------
    >>> Share(value=0.2, low=0.1, high=0.3).value
    0.2
    """

    value: float
    low: float
    high: float


def subsets(players: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """All 2^n subsets, the empty one first, by size and then in the players' order.

    Parameters
    ----------
    players : sequence of str
        Names of the groups of features.

    Returns
    -------
    tuple of tuple of str

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

    Parameters
    ----------
    players : sequence of str
        Names of the groups of features.

    Returns
    -------
    ndarray of shape (n_players, 2 ** n_players)
        Columns in the order of `subsets`; the values of all players sum to the score of all minus that of none.

    Examples
    --------
    >>> weights(["a", "b"]).tolist()
    [[-0.5, 0.5, -0.5, 0.5], [-0.5, -0.5, 0.5, 0.5]]
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


def block_weights(players: Sequence[str], blocks: Mapping[str, Sequence[str]]) -> dict[str, Counts]:
    """Weights for the Shapley values of blocks of groups, each of which joins or stays away as one player.

    What a block is worth then does not depend on the number of groups it was divided into; the sum of its groups' own
    values does, wherever groups say the same.

    Parameters
    ----------
    players : sequence of str
        All groups.
    blocks : mapping of str to sequence of str
        Name of each block to its groups; together they are all groups, each once.

    Returns
    -------
    dict of str to ndarray of shape (2 ** n_players,)
        By block a combination of the scores of all `subsets(players)`.

    Examples
    --------
    >>> block_weights(["a", "b"], {"both": ["a", "b"]})["both"].tolist()
    [-1.0, 0.0, 0.0, 1.0]
    """
    index = {subset: position for position, subset in enumerate(subsets(players))}
    names = list(blocks)
    table = weights(names)
    combinations_of = {name: np.zeros(len(index)) for name in names}
    for column, joined in enumerate(subsets(names)):
        inside = {group for block in joined for group in blocks[block]}
        subset = tuple(group for group in players if group in inside)
        for row, name in enumerate(names):
            combinations_of[name][index[subset]] = table[row, column]
    return combinations_of


def share(target: Target, combination: Counts, *, level: float = 0.95) -> Share:
    """A linear combination of the scores of all subsets, with its interval over speakers.

    Parameters
    ----------
    target : Target
        Scores to combine.
    combination : ndarray of shape (n_subsets,)
        One row of `weights`, or a sum or difference of rows.
    level : float, default=0.95
        Nominal coverage.

    Returns
    -------
    Share

    Examples
    --------
    >>> hits, totals = np.array([[[1.0, 1.0]], [[2.0, 1.0]]]), np.array([[2.0, 2.0]])
    >>> target = Target(TargetKind.UAR, "", "", hits, totals)
    >>> share(target, weights(["all"])[0]).value
    0.25
    """
    value, n = float(combination @ target.scores()), target.totals.shape[0]
    if n < 2:
        return Share(value, math.nan, math.nan)
    clips = target.totals.sum(axis=0)
    weights = (target.totals[:, clips > 0] / clips[clips > 0]).mean(axis=1)
    half_width = jackknife_half_width(combination @ target.scores_without_speakers(), level, weights=weights)
    return Share(value, value - half_width, value + half_width)


def contrast_p(target: Target, combination: Counts, *, random_state: int = 0) -> float:
    """The p value of a contrast of two blocks by the test that pipelines are compared with, `sign_flip_test`.

    A contrast is a sum over speakers of what each adds to it; where two blocks carry the same, either could have been
    called by the other's name for any speaker, which changes the sign of that speaker's term.

    Parameters
    ----------
    target : Target
        Scores to combine.
    combination : ndarray of shape (n_subsets,)
        The difference of two rows of `weights` or `block_weights`.
    random_state : int, default=0
        Seed of drawn signs, beyond 16 speakers.

    Returns
    -------
    float

    Examples
    --------
    >>> hits, totals = np.array([[[1.0, 1.0]], [[2.0, 1.0]]]), np.array([[2.0, 2.0]])
    >>> contrast_p(Target(TargetKind.UAR, "", "", hits, totals), weights(["all"])[0])
    1.0
    """
    clips = target.totals.sum(axis=0)
    present = clips > 0
    terms = (target.hits[:, :, present] / clips[present]).sum(axis=-1) / present.sum()
    return sign_flip_test(combination @ terms, random_state=random_state)[0]


def targets(
    truth: Sequence[str],
    speakers: Sequence[str],
    probabilities: NDArray[np.float64],
    labels: Sequence[str],
) -> tuple[Target, ...]:
    """UAR, the recall of every label, and the decision between every two labels.

    Parameters
    ----------
    truth, speakers : sequence of str of length n_utterances
        Label and speaker of every clip.
    probabilities : ndarray of shape (n_subsets - 1, n_utterances, n_labels)
        Of every subset but the empty one. The decision between two labels looks at clips of these two only, and takes
        the one with the higher probability.
    labels : sequence of str
        All labels.

    Returns
    -------
    tuple of Target
        Those that have clips.

    Raises
    ------
    ResultsError
        If the shapes do not fit.

    Examples
    --------
    >>> found = targets(["ang", "sad"], ["03", "03"], np.array([[[0.8, 0.2], [0.4, 0.6]]]), ["ang", "sad"])
    >>> [(str(target.kind), target.label, target.other) for target in found]
    [('uar', '', ''), ('recall', 'ang', ''), ('recall', 'sad', ''), ('pair', 'ang', 'sad')]
    """
    rows, names = codes(truth, labels), sorted(set(speakers))
    n_labels = len(labels)
    if probabilities.shape[1:] != (len(rows), n_labels):
        shape = f"(subsets, {len(rows)}, {n_labels})"
        raise ResultsError(f"probabilities have shape {probabilities.shape}, expected {shape}")
    index, size = codes(speakers, names) * n_labels + rows, len(names) * n_labels
    totals = np.bincount(index, minlength=size).reshape(len(names), n_labels).astype(float)

    def counted(correct: NDArray[np.float64]) -> Counts:
        counts = [np.bincount(index, weights=row, minlength=size).astype(float) for row in correct]
        return np.stack(counts).reshape(-1, len(names), n_labels)

    correct = counted((probabilities.argmax(axis=2) == rows).astype(float))
    result = [Target(TargetKind.UAR, "", "", _with_guess(correct, totals, 1 / n_labels), totals)]
    for c, label in enumerate(labels):
        hits = _with_guess(correct[..., [c]], totals[:, [c]], 1 / n_labels)
        result.append(Target(TargetKind.RECALL, label, "", hits, totals[:, [c]]))
    for a, b in combinations(range(n_labels), 2):
        margin = probabilities[..., a] - probabilities[..., b]
        sign = np.where(rows == a, 1.0, np.where(rows == b, -1.0, 0.0))
        won = counted((np.sign(margin * sign) + 1) / 2 * (sign != 0))[..., [a, b]]
        clips = totals[:, [a, b]]
        result.append(Target(TargetKind.PAIR, labels[a], labels[b], _with_guess(won, clips, 0.5), clips))
    return tuple(target for target in result if target.totals.any())


def _with_guess(hits: Counts, totals: Counts, chance: float) -> Counts:
    return np.concatenate([chance * totals[None], hits])


def _mean_recall(hits: Counts, totals: Counts) -> Counts:
    present = totals > 0
    recalls = np.where(present, hits / np.where(present, totals, 1.0), 0.0)
    return recalls.sum(axis=-1) / present.sum(axis=-1)
