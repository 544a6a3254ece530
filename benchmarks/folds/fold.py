"""A fold: who trains, who validates, who tests."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.folds.formats.registry import read_form
from features.deprecation import renamed
from features.errors import FoldError
from features.files import replacing
from features.matching import Matching, match_ids
from features.names import MISSING, joined, normalise, spelling_problem, spreadsheet_safe, storable

if TYPE_CHECKING:
    from features.tables import Table


class Subset(StrEnum):
    """The three subsets of a fold; the values stand in files of folds.

    Examples
    --------
    >>> [subset.value for subset in Subset]
    ['train', 'valid', 'test']
    """

    TRAIN = "train"
    VALID = "valid"
    TEST = "test"


ASIDE, UNUSED = "aside", "unused"
"""Sides of a file of folds beside the subsets: `Fold.aside`, and what stands in no subset of the fold."""


@dataclass(frozen=True, eq=False)
class Fold:
    """Positions into an utterances table.

    Attributes
    ----------
    name : str
        Such as the session or the speaker that tests.
    train, valid, test : ndarray of int
        Positions, sorted. A model learns from `train` and `valid`; deep models choose their epoch on `valid`.
    enrolled : ndarray of int
        Positions of clips of the test speakers that a pipeline may see beside those it is tested on, without labels,
        and that are never scored; None where no pipeline of a run enrols speakers.
    aside : ndarray of int
        Positions that share a speaker or a sentence with `valid`: a model that chooses nothing on `valid` learns from
        them too, others do not. None where nothing does.

    Examples
    --------
    >>> fold = Fold("s3", np.array([0, 1, 4]), np.array([2, 3]), np.array([5, 6]))
    >>> fold.training
    array([0, 1, 2, 3, 4])
    """

    name: str
    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    enrolled: np.ndarray | None = None
    aside: np.ndarray | None = None

    @property
    def training(self) -> np.ndarray:
        """Positions of all utterances that a model may learn from, sorted."""
        aside = () if self.aside is None else (self.aside,)
        return np.sort(np.concatenate([self.train, self.valid, *aside]))

    @property
    def validated(self) -> np.ndarray:
        """Positions of all utterances that a model may learn from which chooses on `valid`, sorted."""
        return np.sort(np.concatenate([self.train, self.valid]))

    @property
    def answered(self) -> np.ndarray:
        """Positions of all utterances that a pipeline is asked about, sorted: of the test, and those that enrol."""
        return self.test if self.enrolled is None else np.sort(np.concatenate([self.test, self.enrolled]))

    def without(self, drawn: np.ndarray) -> Fold:
        """The same fold with the drawn ones of its test utterances enrolling their speakers instead.

        Parameters
        ----------
        drawn : ndarray of bool of shape (n_utterances of the table,)

        Raises
        ------
        FoldError
            If no test utterance would be left.
        """
        leaves = drawn[self.test]
        if leaves.all():
            raise FoldError(
                f"fold {self.name}: all {len(leaves)} test utterances enrol their speakers; expected some left to "
                "test; give folds that test whole speakers"
            )
        return replace(self, test=self.test[~leaves], enrolled=self.test[leaves])

    training_side = renamed("training_side", "training")

    def positions(self, subset: Subset) -> np.ndarray:
        """Positions of one subset."""
        return {Subset.TRAIN: self.train, Subset.VALID: self.valid, Subset.TEST: self.test}[subset]


def speakers_of(table: pd.DataFrame, positions: np.ndarray) -> list[str]:
    """The speakers of some rows, sorted.

    Parameters
    ----------
    table : pandas.DataFrame
        Utterances; index `(speaker, id)`.
    positions : ndarray of int

    Returns
    -------
    list of str

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([["s1", "s2"], ["a", "b"]], names=["speaker", "id"])
    >>> speakers_of(pd.DataFrame(index=index), np.array([0, 1, 2]))
    ['s1', 's2']
    """
    return sorted(set(table.index.get_level_values("speaker")[positions]))


def write_folds(path: Path, folds: Sequence[Fold], table: pd.DataFrame) -> None:
    """Write folds as a CSV `fold,utterance,speaker,side`, one line per utterance and fold.

    Parameters
    ----------
    path : Path
    folds : sequence of Fold
    table : pandas.DataFrame
        The utterances that the folds point into.

    Examples
    --------
    >>> import tempfile
    >>> index = pd.MultiIndex.from_tuples([("s1", "a"), ("s2", "b"), ("s3", "c")], names=["speaker", "id"])
    >>> fold = Fold("s3", np.array([0]), np.array([1]), np.array([2]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_folds(Path(folder) / "folds.csv", [fold], pd.DataFrame(index=index))
    ...     print((Path(folder) / "folds.csv").read_text().splitlines()[1])
    s3,a,s1,train
    """
    with (
        replacing(path) as part,
        part.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["fold", "utterance", "speaker", "side"])
        for fold in folds:
            sides: dict[int, str] = {position: subset for subset in Subset for position in fold.positions(subset)}
            sides |= {} if fold.aside is None else dict.fromkeys(fold.aside.tolist(), ASIDE)
            for position, (speaker, utterance) in enumerate(table.index):
                names = [spreadsheet_safe(storable(name)) for name in (fold.name, utterance, speaker)]
                writer.writerow([*names, sides.get(position, UNUSED)])


def read_folds(
    path: Path, table: pd.DataFrame, *, left_out: Collection[str] = (), join_names: bool = False
) -> tuple[Fold, ...]:
    """Read folds that were written by `write_folds`, or by somebody else in the same form.

    Parameters
    ----------
    path : Path
        CSV with `fold`, `utterance` and `side` (train, valid, test; aside and unused, see `Fold`), or any other form of
        `benchmarks.folds.formats`, such as a folder of EmoBox's or s3prl's; every fold has to name every utterance
        once. Where a fold has no subset `valid`, speakers of its subset `train` validate.
    table : pandas.DataFrame
        The utterances that the folds point into.
    left_out : collection of str
        Ids that may stand in the file and are passed over: the corpus goes on without them.
    join_names : bool, default=False
        Take utterances and folds whose names differ only in case, space or leading zeros for the same.

    Returns
    -------
    tuple of Fold
        `read_folds_with_notes` says beside them how utterances were matched.

    Raises
    ------
    FoldError
        If the file cannot be read, or does not fit the table.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> table = corpora.load("synthetic").utterances
    >>> folds = read_folds(Path("folds.csv"), table)  # doctest: +SKIP
    """
    return read_folds_with_notes(path, table, left_out=left_out, join_names=join_names)[0]


def read_folds_with_notes(
    path: Path, table: pd.DataFrame, *, left_out: Collection[str] = (), join_names: bool = False
) -> tuple[tuple[Fold, ...], tuple[str, ...]]:
    """Read folds as `read_folds` does, with what a user should know of how utterances were matched."""
    lines, _ = read_form(Path(path))
    sides = (*Subset, ASIDE, UNUSED)
    lines.refuse("side", ~lines.rows["side"].isin(sides), expected=", ".join(sides))
    rows = lines.rows.assign(fold=lines.rows["fold"].map(normalise), utterance=lines.rows["utterance"].map(normalise))
    for column in ("fold", "utterance"):
        lines.refuse(column, rows[column].isin(MISSING), expected="a name in every row")
    problem = "" if join_names else spelling_problem("fold", rows["fold"], what="rows")
    if problem:
        raise FoldError(f"{path}: {problem}")
    rows["fold"] = rows["fold"].replace(dict(joined(rows["fold"])))
    ids, found = [str(name) for name in table.index.get_level_values("id")], list(dict.fromkeys(rows["utterance"]))
    matching = match_ids([*ids, *left_out], found, join_names=join_names)
    known = {found[row]: position for position, row in enumerate(matching.positions) if row >= 0}
    rows = rows[[known.get(name, 0) < len(ids) for name in rows["utterance"]]]
    folds = tuple(
        _fold(str(name), some, known, ids, lines, matching) for name, some in rows.groupby("fold", sort=False)
    )
    folds, without = _with_validation(folds, table)
    return folds, (*matching.notes(str(path)), *([f"{path}: {without}"] if without else []))


def _with_validation(folds: tuple[Fold, ...], table: pd.DataFrame) -> tuple[tuple[Fold, ...], str]:
    """Folds that all have speakers to validate on, by the rule of our own folds, and a note where some had none."""
    completed = tuple(
        fold if len(fold.valid) else _validated(fold, folds[(number + 1) % len(folds)], table)
        for number, fold in enumerate(folds)
    )
    taken = [(fold, new) for fold, new in zip(folds, completed) if new is not fold]
    if not taken:
        return folds, ""
    clips = sum(_shares_speakers(fold, table) for fold, _ in taken)
    if clips:
        who = f"in {clips} of them, whose speakers test too, every fifth training utterance of each label validates"
    else:
        who = "of their training speakers, those that the next fold tests validate"
    return completed, (
        f"{len(taken)} of {len(folds)} folds have no subset valid: {who}; all of them train where nothing is chosen on "
        "them"
    )


def _shares_speakers(fold: Fold, table: pd.DataFrame) -> bool:
    return bool(set(speakers_of(table, fold.training)) & set(speakers_of(table, fold.test)))


def share_speakers(folds: Sequence[Fold], table: pd.DataFrame) -> bool:
    """Whether somebody trains and tests in one of some folds.

    Examples
    --------
    >>> index = pd.MultiIndex.from_tuples([("s1", "a"), ("s1", "b"), ("s2", "c")], names=["speaker", "id"])
    >>> share_speakers([Fold("1", np.array([0]), np.array([2]), np.array([1]))], pd.DataFrame(index=index))
    True
    """
    return any(_shares_speakers(fold, table) for fold in folds)


def _validated(fold: Fold, following: Fold, table: pd.DataFrame) -> Fold:
    training = speakers_of(table, fold.train)
    if _shares_speakers(fold, table):
        labels = table["label"].iloc[fold.train]
        validates = (labels.groupby(labels.to_numpy()).cumcount() % 5 == 4).to_numpy()
        return replace(fold, train=fold.train[~validates], valid=fold.train[validates])
    valid = sorted(set(speakers_of(table, following.test)) & set(training))
    if not valid or len(valid) == len(training):
        valid = training[: max(1, len(training) // 5)]
    if len(training) < 2:
        return fold
    validates = np.isin(np.asarray(table.index.get_level_values("speaker"))[fold.train], valid)
    return Fold(fold.name, fold.train[~validates], fold.train[validates], fold.test)


def _fold(
    name: str, rows: pd.DataFrame, positions: dict[str, int], ids: list[str], lines: Table, matching: Matching
) -> Fold:
    where, utterances = f"{lines.path}, fold {name}", rows["utterance"]
    repeated = utterances[utterances.duplicated()]
    if len(repeated):
        raise FoldError(f"{where}: utterance {repeated.iloc[0]!r} stands twice; each may stand once in a fold")
    unknown = [utterance for utterance in utterances if utterance not in positions]
    if unknown:
        raise FoldError(
            f"{where}: utterance {unknown[0]!r} (and {len(unknown) - 1} more) is not in the corpus; read it with "
            f"the same --classes and --map as the folds were written with{matching.why_missing()}"
        )
    here = {positions[utterance] for utterance in utterances}
    absent = [utterance for position, utterance in enumerate(ids) if position not in here]
    if absent:
        raise FoldError(
            f"{where}: {len(absent)} utterances of the corpus are missing, the first {absent[0]!r}; add them"
        )
    train, valid, test, aside = (
        np.sort(np.array([positions[utterance] for utterance in utterances[rows["side"] == side]], dtype=int))
        for side in (*Subset, ASIDE)
    )
    return Fold(name, train, valid, test, aside=aside if len(aside) else None)
