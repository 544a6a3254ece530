"""The folds behind predictions: who is tested where; the others train, or those that the run's record names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from benchmarks.folds.formats.base import COLUMNS, FoldFormat, files_below, json_in
from features.errors import FoldError
from features.names import storable
from features.tables import Table, column_names, read_table

REQUIRED = ("fold", "utterance", "truth", "prediction")
RECORD = "run.json"


def find(path: Path) -> list[Path]:
    """A file with these columns, or the `predictions.csv` of a run's folder."""
    file = path / "predictions.csv" if path.is_dir() else path
    return [found for found in files_below(file, (".csv", ".tsv", ".txt")) if set(REQUIRED) <= set(column_names(found))]


def read(files: Sequence[Path], root: Path) -> Table:
    """Read who is tested where; without the run's record all utterances that a fold does not test train."""
    table = read_table(files[0], required=REQUIRED, error=FoldError, problem="cannot be read as predictions")
    return folds_behind(table.rows, root, _sides_by_speaker(files[0].parent / RECORD))


def folds_behind(rows: pd.DataFrame, root: Path, sides: Mapping[str, Mapping[str, str]] | None = None) -> Table:
    """The folds behind a table of predictions; what several pipelines or seeds answer stands once.

    Parameters
    ----------
    rows : DataFrame
        `fold, utterance, truth`, and where known `pipeline, seed, speaker, text, session, path`.
    root : Path
        Where they come from, for messages.
    sides : mapping, optional
        Fold to speaker to side; by default all utterances that a fold does not test train.

    Examples
    --------
    >>> rows = pd.DataFrame({"fold": ["1", "2"], "utterance": ["a", "b"], "truth": ["ang", "sad"]})
    >>> folds_behind(rows, Path("predictions.csv")).rows["side"].tolist()
    ['test', 'train', 'test', 'train']
    """
    rows = rows.reset_index(drop=True)
    asked = [*(name for name in ("pipeline", "seed") if name in rows), "fold", "utterance"]
    again = rows.groupby(asked, sort=False).cumcount()
    rows = rows[~rows.assign(again=again).duplicated(["fold", "utterance", "again"])]
    sides = sides or {}
    known = {name: rows[name].map(storable) for name in COLUMNS if name in rows}
    table = pd.DataFrame({**known, "label": rows["truth"].map(storable)}, index=rows.index)
    table = table.reindex(columns=list(COLUMNS), fill_value="").astype(object)
    parts = [_fold(str(fold), own, table, sides.get(str(fold))) for fold, own in table.groupby("fold", sort=False)]
    if not parts:
        raise FoldError(f"{root} names no utterance; expected one line for each; get the folds anew")
    lines = tuple(line + 2 for part in parts for line in part.index)
    return Table(root, pd.concat(parts, ignore_index=True), lines, "", FoldError)


def _fold(fold: str, own: pd.DataFrame, table: pd.DataFrame, sides: Mapping[str, str] | None) -> pd.DataFrame:
    """A fold's rows: what it tests, then the others on the side of their speaker, or all in training."""
    others = table.drop_duplicates("utterance")
    others = others[~others["utterance"].isin(own["utterance"])]
    side = others["speaker"].map(dict(sides)) if sides is not None else "train"
    others = others.assign(fold=fold, side=side)
    return pd.concat([own.assign(side="test"), others[others["side"].notna()]])


def _sides_by_speaker(record: Path) -> dict[str, dict[str, str]]:
    """Fold to speaker to side, as a run's record has them; empty where there is none."""
    if not record.is_file():
        return {}
    content = json_in(record)
    try:
        folds = content["folds"]["folds"]
        return {
            str(fold["name"]): {speaker: side for side in ("valid", "train") for speaker in fold[side]}
            for fold in folds
        }
    except (KeyError, TypeError) as error:
        raise FoldError(
            f"{record}: not the record of a run ({type(error).__name__}: {error}); expected folds with their speakers; "
            "move the predictions elsewhere to read them without it"
        ) from error


FORMAT = FoldFormat("predictions", "predictions.csv", find, read, scored=True)
