"""The folds behind predictions: who is tested where; the others train, or those that the run's record names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.folds.formats.base import Entry, FoldFormat, files_below, json_in, table_of
from features.errors import FoldError
from features.tables import column_names, read_table

if TYPE_CHECKING:
    import pandas as pd

    from features.tables import Table

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
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"fold": ["1", "2"], "utterance": ["a", "b"], "truth": ["ang", "sad"]})
    >>> folds_behind(rows, Path("predictions.csv")).rows["side"].tolist()
    ['test', 'train', 'test', 'train']
    """
    rows = rows.reset_index(drop=True)
    asked = [*(name for name in ("pipeline", "seed") if name in rows), "fold", "utterance"]
    again = rows.groupby(asked, sort=False).cumcount()
    rows = rows[~rows.assign(again=again).duplicated(["fold", "utterance", "again"])]
    sides = sides or {}
    tested = {fold: set(some["utterance"]) for fold, some in rows.groupby("fold", sort=False)}
    everybody = rows.drop_duplicates("utterance")
    entries = [entry for fold, names in tested.items() for entry in _entries(str(fold), names, rows, everybody, sides)]
    return table_of(entries, root)


def _entries(
    fold: str,
    tested: set[str],
    rows: pd.DataFrame,
    everybody: pd.DataFrame,
    sides: Mapping[str, Mapping[str, str]],
) -> Iterator[Entry]:
    own = rows[rows["fold"] == fold]
    for line, row in zip(own.index, own.to_dict("records")):
        yield _entry(fold, "test", row, line + 2)
    of_speaker = sides.get(fold)
    for line, row in zip(everybody.index, everybody.to_dict("records")):
        if row["utterance"] in tested:
            continue
        side = "train" if of_speaker is None else of_speaker.get(row.get("speaker", ""))
        if side:
            yield _entry(fold, side, row, line + 2)


def _entry(fold: str, side: str, row: Mapping[str, Any], line: int) -> Entry:
    more = {name: row.get(name, "") for name in ("speaker", "text", "session", "path")}
    return Entry(fold, row["utterance"], side, **more, label=row["truth"], line=line)


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
