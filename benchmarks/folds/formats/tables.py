"""Folds as data sets on the Hugging Face hub keep them: a table a side, or one with a column that names the side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.folds.formats.base import (
    ONE_SPLIT,
    SIDES,
    Entry,
    FoldFormat,
    files_below,
    fold_in,
    json_in,
    json_lines_in,
    side_in,
    stems,
    table_of,
    text_of,
)
from features.column_names import LABEL, PATH, SPEAKER, TEXT
from features.errors import FoldError
from features.tables import column_names, read_table

if TYPE_CHECKING:
    from features.tables import Table

ID = ("id", "utterance", "utterance_id", "utt_id", "uttid", "segment_id", "key")
NAME = ("name",)
SIDE = ("split", "subset", "set", "partition", "usage")
FOLD = ("fold", "cv", "fold_id")
SESSION = ("session", "session_id", "dialogue", "dialog_id", "dialogue_id")


def find(path: Path) -> list[Path]:
    """Tables with a column that names the sound, and whose name or column tells the side."""
    return [file for file in files_below(path, (".csv", ".tsv", ".jsonl", ".json")) if _is_side(file)]


def _is_side(file: Path) -> bool:
    names = {name.casefold() for name in _column_names(file)}
    named = names & {*ID, *PATH, *NAME}
    return bool(named) and bool(names & set(SIDE) or side_in(file))


def _column_names(file: Path) -> Sequence[str]:
    if file.suffix.lower() in (".csv", ".tsv"):
        return column_names(file)
    if file.suffix.lower() == ".json":
        content = json_in(file)
        return list(content[0]) if isinstance(content, list) and content and isinstance(content[0], dict) else ()
    return next((list(row) for _, row in json_lines_in(file)), ())


def read(files: Sequence[Path], root: Path) -> Table:
    """Read tables such as `train.csv`, `dev.tsv`, `test.jsonl`."""
    entries = [(file, entry) for file in files for entry in _entries(file, root)]
    nameless = [(file, entry) for file, entry in entries if not entry.utterance and not entry.path]
    if nameless:
        file, entry = nameless[0]
        raise FoldError(f"{file}, line {entry.line}: no utterance is named; expected one of {', '.join((*ID, *PATH))}")
    names = stems([entry.path or entry.utterance for _, entry in entries])
    return table_of(
        [
            Entry(**{**vars(entry), "utterance": entry.utterance or name})
            for (_, entry), name in zip(entries, names, strict=True)
        ],
        root,
    )


def _entries(file: Path, root: Path) -> Iterator[Entry]:
    for line, row in _rows(file):
        cells = {str(name).casefold(): value for name, value in row.items()}
        side = _cell(cells, SIDE).casefold()
        if side and side not in SIDES:
            raise FoldError(f"{file}, line {line}: side is {side!r}; expected {', '.join(SIDES)}; correct the line")
        path = _cell(cells, PATH)
        yield Entry(
            _cell(cells, FOLD) or (ONE_SPLIT if side else fold_in(file, root)),
            _cell(cells, ID) or ("" if path else _cell(cells, NAME)),
            SIDES.get(side) or side_in(file),
            _cell(cells, SPEAKER),
            _cell(cells, LABEL),
            _cell(cells, TEXT),
            _cell(cells, SESSION),
            path,
            line,
        )


def _rows(file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if file.suffix.lower() == ".jsonl":
        yield from json_lines_in(file)
    elif file.suffix.lower() == ".json":
        for place, row in enumerate(json_in(file), start=1):
            if not isinstance(row, dict):
                raise FoldError(f"{file}, entry {place}: not a JSON object ({str(row)[:20]!r}); get the file anew")
            yield place, row
    else:
        table = read_table(file, error=FoldError, problem="cannot be read as folds")
        yield from zip(table.lines, table.rows.to_dict("records"))


def _cell(cells: Mapping[str, Any], names: Sequence[str]) -> str:
    """The first of some columns that has content; sound is told by its path."""
    for name in names:
        value = cells.get(name)
        value = value.get("path") if isinstance(value, dict) else value
        if value is not None and str(value).strip():
            return text_of(value).strip()
    return ""


FORMAT = FoldFormat(
    "Hugging Face style tables", "train.csv, validation.csv, test.csv (or TSV, JSONL)", find, read, one_side=True
)
