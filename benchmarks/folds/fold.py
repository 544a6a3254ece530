"""A fold: who trains, who validates, who tests."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import FoldError
from features.tables import read_table

SIDES = ("train", "valid", "test")


@dataclass(frozen=True, eq=False)
class Fold:
    """Positions into an utterances table.

    Attributes
    ----------
    name : str
        Such as the session or the speaker that tests.
    train, valid, test : numpy.ndarray
        Positions, sorted. `train` and `valid` are the training side; deep models choose their epoch on `valid`.
    """

    name: str
    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray

    @property
    def training_side(self) -> np.ndarray:
        """Positions of all utterances that a model may learn from, sorted."""
        return np.sort(np.concatenate([self.train, self.valid]))


def speakers_of(table: pd.DataFrame, positions: np.ndarray) -> list[str]:
    """The speakers of some rows, sorted."""
    return sorted(set(table.index.get_level_values("speaker")[positions]))


def write_folds(path: Path, folds: Sequence[Fold], table: pd.DataFrame) -> None:
    """Write folds as a CSV `fold,utterance,speaker,side`, one line an utterance and fold."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["fold", "utterance", "speaker", "side"])
        for fold in folds:
            sides = {position: side for side in SIDES for position in getattr(fold, side)}
            for position in sorted(sides):
                speaker, utterance = table.index[position]
                writer.writerow([fold.name, utterance, speaker, sides[position]])


def read_folds(path: Path, table: pd.DataFrame) -> tuple[Fold, ...]:
    """Read folds that were written by `write_folds`, or by somebody else in the same form.

    Every fold has to name every utterance of the table once.

    Raises
    ------
    FoldError
        If the file cannot be read, or does not fit the table.
    """
    required = ("fold", "utterance", "side")
    lines = read_table(path, required=required, error=FoldError, problem="cannot be read as folds").rows
    positions = {name: place for place, name in enumerate(table.index.get_level_values("id"))}
    return tuple(_fold(str(name), part, positions, path) for name, part in lines.groupby("fold", sort=False))


def _fold(name: str, lines: pd.DataFrame, positions: dict[str, int], path: Path) -> Fold:
    where = f"{path}, fold {name}"
    for side in lines["side"]:
        if side not in SIDES:
            raise FoldError(f"{where}: unknown side {side!r}; expected {', '.join(SIDES)}")
    twice = lines["utterance"][lines["utterance"].duplicated()]
    if len(twice):
        raise FoldError(f"{where}: utterance {twice.iloc[0]!r} stands twice; each may stand once in a fold")
    unknown = [utterance for utterance in lines["utterance"] if utterance not in positions]
    if unknown:
        raise FoldError(
            f"{where}: utterance {unknown[0]!r} (and {len(unknown) - 1} more) is not in the corpus; read it with "
            "the same --classes and --map as the folds were written with"
        )
    absent = sorted(set(positions) - set(lines["utterance"]))
    if absent:
        raise FoldError(
            f"{where}: {len(absent)} utterances of the corpus are missing, the first {absent[0]!r}; add them"
        )
    by_side = {
        side: np.sort(np.array([positions[u] for u in lines["utterance"][lines["side"] == side]], dtype=int))
        for side in SIDES
    }
    return Fold(name, by_side["train"], by_side["valid"], by_side["test"])
