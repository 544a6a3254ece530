"""Speaker-independent folds: by session, by speaker, or k groups of speakers.

Splitters are shaped like scikit-learn's: `split(table, y)` yields the positions that train and that test. `make_folds`
cuts validation speakers from the training side of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from sklearn.model_selection import LeaveOneGroupOut, StratifiedShuffleSplit

from benchmarks.folds.fold import Fold, speakers_of
from features.errors import FoldError

SCHEMES = {
    "session": "one session tests, the next one in order validates",
    "speaker": "one speaker tests, the next one in order validates",
    "speaker-811": "one speaker tests, the session's other speaker validates (Antoniou et al. 2023)",
    "<k>": "k groups of speakers, balanced in gender and label; one tests, the next one validates",
}


class Splitter(Protocol):
    """What a scheme of folds has to offer."""

    def split(self, table: pd.DataFrame, y: Sequence[str] | None = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield positions of the training and of the test side, one pair a fold."""

    def get_n_splits(self, table: pd.DataFrame, y: Sequence[str] | None = None) -> int:
        """How many folds `split` yields."""


class LeaveOneOut:
    """Each session, or each speaker, tests once.

    Parameters
    ----------
    by : str
        `session` or `speaker`.
    """

    def __init__(self, by: str) -> None:
        self.by = by

    def groups(self, table: pd.DataFrame) -> np.ndarray:
        """The session or the speaker of each row."""
        if self.by == "speaker":
            return np.asarray(table.index.get_level_values("speaker"))
        return table["session"].to_numpy()

    def split(self, table: pd.DataFrame, y: Sequence[str] | None = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield positions of the training and of the test side, groups in sorted order."""
        groups = self.groups(table)
        if self.by == "session" and (groups == "").any():
            raise FoldError("folds by session: this corpus has no sessions; choose --folds speaker or a number")
        if len(set(groups)) < 2:
            raise FoldError(f"folds by {self.by}: the corpus has only {groups[0]!r}; at least 2 are needed")
        yield from LeaveOneGroupOut().split(table, groups=groups)

    def get_n_splits(self, table: pd.DataFrame, y: Sequence[str] | None = None) -> int:
        """How many sessions or speakers there are."""
        return len(set(self.groups(table)))


class BalancedSpeakerKFold:
    """k groups of whole speakers, alike in gender and in labels.

    Speakers of each gender are dealt out in turn, so that groups differ by one speaker at most, in number and in each
    gender; then two speakers of one gender change places for as long as that brings the groups' labels nearer to equal
    shares. The result does not depend on a seed.

    Parameters
    ----------
    n_splits : int
        Number of folds, at least 2.
    """

    def __init__(self, n_splits: int) -> None:
        self.n_splits = n_splits

    def assign(self, table: pd.DataFrame, y: Sequence[str]) -> dict[str, int]:
        """The group of each speaker, 0 to `n_splits - 1`.

        Raises
        ------
        FoldError
            If there are fewer speakers than groups.
        """
        speakers = np.asarray(table.index.get_level_values("speaker"))
        counts = pd.crosstab(speakers, np.asarray(y))
        if not 2 <= self.n_splits <= len(counts):
            raise FoldError(
                f"--folds {self.n_splits}: the corpus has {len(counts)} speakers; expected 2 to {len(counts)} folds"
            )
        gender = dict(zip(speakers, table["gender"], strict=True))
        order = sorted(counts.index, key=lambda speaker: (gender[speaker], speaker))
        member = np.arange(len(order)) % self.n_splits
        names = np.array([gender[speaker] for speaker in order])
        self._exchange(member, counts.loc[order].to_numpy(dtype=float), names)
        return {speaker: int(group) for speaker, group in zip(order, member, strict=True)}

    def _exchange(self, member: np.ndarray, counts: np.ndarray, genders: np.ndarray) -> None:
        """Let pairs of speakers change places, the best pair first, until no pair is left that helps; in place."""
        weights = 1.0 / np.maximum(counts.sum(axis=0), 1.0)
        counts = counts * weights
        first, second = np.triu_indices(len(member), k=1)
        alike = genders[first] == genders[second]
        first, second = first[alike], second[alike]
        move = counts[second] - counts[first]
        while len(first):
            filled = np.zeros((self.n_splits, counts.shape[1]))
            np.add.at(filled, member, counts)
            ahead = filled[member[first]] - filled[member[second]]
            gain = np.where(member[first] != member[second], 2.0 * (move * (ahead + move)).sum(axis=1), 0.0)
            best = int(gain.argmin())
            if gain[best] > -1e-12:
                return
            one, other = first[best], second[best]
            member[one], member[other] = member[other], member[one]

    def split(self, table: pd.DataFrame, y: Sequence[str] | None = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield positions of the training and of the test side, one pair a group."""
        labels = table["label"].tolist() if y is None else y
        groups = self.assign(table, labels)
        member = np.array([groups[s] for s in table.index.get_level_values("speaker")])
        for number in range(self.n_splits):
            yield np.flatnonzero(member != number), np.flatnonzero(member == number)

    def get_n_splits(self, table: pd.DataFrame, y: Sequence[str] | None = None) -> int:
        """The number of folds."""
        return self.n_splits


def find_splitter(scheme: str) -> Splitter:
    """The splitter of a scheme's name.

    Raises
    ------
    FoldError
        If the name is unknown.
    """
    if scheme in ("session", "speaker"):
        return LeaveOneOut(scheme)
    if scheme == "speaker-811":
        return LeaveOneOut("speaker")
    if scheme.isdecimal() and int(scheme) >= 2:
        return BalancedSpeakerKFold(int(scheme))
    raise FoldError(f"unknown folds {scheme!r}; expected session, speaker, speaker-811 or a number of 2 or more")


def make_folds(table: pd.DataFrame, scheme: str) -> tuple[Fold, ...]:
    """Folds of a corpus under a scheme; validation speakers always come from the training side.

    Parameters
    ----------
    table : pandas.DataFrame
        Utterances with `label`, `gender`, `session`; index `(speaker, id)`.
    scheme : str
        One of `SCHEMES`.

    Returns
    -------
    tuple of Fold
        Each utterance tests once.

    Raises
    ------
    FoldError
        If the corpus cannot be split so.
    """
    pairs = list(find_splitter(scheme).split(table, table["label"].tolist()))
    speakers = np.asarray(table.index.get_level_values("speaker"))
    folds = []
    for number, (train, test) in enumerate(pairs):
        if scheme == "speaker-811":
            chosen = _session_mates(table, speakers[test[0]])
        else:
            chosen = set(speakers[pairs[(number + 1) % len(pairs)][1]])
        name = f"fold{number + 1}" if scheme.isdecimal() else _name(table, test, scheme)
        folds.append(_with_validation(name, table, train, test, chosen))
    return tuple(folds)


def _name(table: pd.DataFrame, test: np.ndarray, scheme: str) -> str:
    if scheme == "session":
        return str(table["session"].iloc[test[0]])
    return str(table.index.get_level_values("speaker")[test[0]])


def _session_mates(table: pd.DataFrame, speaker: str) -> set[str]:
    """The other speaker of a speaker's session; without sessions, the next speaker in order."""
    speakers = np.asarray(table.index.get_level_values("speaker"))
    session = table["session"].to_numpy()[speakers == speaker][0]
    mates = sorted(set(speakers[table["session"].to_numpy() == session])) if session else []
    ring = mates if len(mates) > 1 else sorted(set(speakers))
    return {ring[(ring.index(speaker) + 1) % len(ring)]}


def _with_validation(name: str, table: pd.DataFrame, train: np.ndarray, test: np.ndarray, chosen: set[str]) -> Fold:
    """Cut the validation rows from the training side: `chosen` speakers, unless they are all that trains."""
    speakers = np.asarray(table.index.get_level_values("speaker"))
    present = speakers_of(table, train)
    if set(present) <= chosen:
        chosen = set(present[: max(1, len(present) // 5)])
    if len(present) == 1:
        labels = table["label"].to_numpy()[train]
        return _clips_apart(name, train, test, labels)
    mask = np.isin(speakers[train], sorted(chosen))
    return Fold(name, train[~mask], train[mask], test)


def _clips_apart(name: str, train: np.ndarray, test: np.ndarray, labels: np.ndarray) -> Fold:
    """One training speaker only: every fifth clip of it validates, stratified by label."""
    rare = pd.Series(labels).value_counts().min() < 2
    if rare or len(labels) < 5 * len(set(labels)):
        raise FoldError(
            f"fold {name}: one training speaker with {len(labels)} clips cannot be cut for validation; add speakers"
        )
    inner, held = next(StratifiedShuffleSplit(n_splits=1, test_size=0.2, random_state=0).split(train, labels))
    return Fold(name, train[np.sort(inner)], train[np.sort(held)], test)
