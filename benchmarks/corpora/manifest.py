"""Everybody's own data: a CSV of utterances with at least path, label and speaker."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.corpora.base import Reading, Source
from benchmarks.corpora.corpus import utterances_table
from features.errors import CorpusError

REQUIRED = ("path", "label", "speaker")
NUMBERS = ("start", "end", "valence", "arousal", "dominance")
OPTIONAL = ("id", "gender", "session", "text", *NUMBERS)


def read_table(path: Path) -> pd.DataFrame:
    """A CSV as a table of texts: commas, semicolons or tabs, UTF-8; nothing in it is taken for a missing value.

    Raises
    ------
    CorpusError
        If it cannot be read as that.
    """
    try:
        head = path.read_text(encoding="utf-8-sig").splitlines()[:1]
        separator = max(",;\t", key=lambda mark: head[0].count(mark) if head else 0)
        table = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = " ".join(str(error).split())
        raise CorpusError(
            f"manifest: {path} cannot be read as a CSV in UTF-8 ({reason}); expected a header with "
            f"{', '.join(REQUIRED)} and one row an utterance"
        ) from error
    return table.rename(columns=str.strip).map(str.strip)


def _numbers(path: Path, table: pd.DataFrame, column: str) -> pd.Series:
    values = pd.to_numeric(table[column].replace("", "nan"), errors="coerce")
    bad = values.isna() & ~table[column].str.lower().isin(["", "nan"])
    _refuse(path, table[column], bad, expected="a number or nothing")
    return values


def _refuse(path: Path, cells: pd.Series, bad: pd.Series, *, expected: str) -> None:
    """Raise a CorpusError that names the first bad cell of a column, where there is one."""
    if bad.any():
        row = int(bad.to_numpy().argmax())
        raise CorpusError(f"manifest: {path}, line {row + 2}: {cells.name} is {cells.iloc[row]!r}; expected {expected}")


def _names(table: pd.DataFrame) -> pd.Series:
    """Ids as given; else the path, with the times where one file holds several utterances."""
    if "id" in table:
        return table["id"]
    times = table.get("start", "") + "-" + table.get("end", "") if "start" in table and "end" in table else ""
    return table["path"].where(~table["path"].duplicated(keep=False), table["path"] + "#" + times)


def read(root: Path) -> Reading:
    """Read the CSV; paths in it are relative to its own folder."""
    if root.is_dir():
        raise CorpusError(
            f"manifest: {root} is a folder; expected a CSV with {', '.join(REQUIRED)}; give the file as --root"
        )
    table = read_table(root)
    missing = [column for column in REQUIRED if column not in table]
    if missing:
        raise CorpusError(
            f"manifest: {root} has no column {' and no column '.join(missing)} (found {', '.join(table.columns)}); "
            f"expected at least {', '.join(REQUIRED)}, and where known {', '.join(OPTIONAL)}"
        )
    if "gender" in table:
        unknown = ~table["gender"].isin(["female", "male", ""])
        _refuse(root, table["gender"], unknown, expected="female, male or nothing")
    for column in REQUIRED:
        empty = (table[column] == "").to_numpy()
        if empty.any():
            raise CorpusError(
                f"manifest: {root}, line {int(empty.argmax()) + 2}: no {column}; fill it in or remove the line"
            )
    fields = table[[column for column in (*REQUIRED, *OPTIONAL) if column in table]].copy()
    fields["id"] = _names(table)
    fields["path"] = [str((root.parent / path).resolve()) for path in table["path"]]
    for column in NUMBERS:
        if column in fields:
            fields[column] = _numbers(root, table, column)
    ignored = [column for column in table if column not in (*REQUIRED, *OPTIONAL)]
    notes = (f"columns not used: {', '.join(ignored)}",) if ignored else ()
    return Reading(utterances_table(fields.to_dict("records")), notes)


SOURCE = Source(
    name="manifest",
    title="A CSV of one's own",
    labels=(),
    licence="the owner's",
    citation="the owner's",
    homepage="docs/your_own_corpus.md",
    obtain="write a CSV: path,label,speaker and where known start,end,gender,session,text,id",
    layout="a CSV file with the columns path, label, speaker",
    folds="5",
    read=read,
)
