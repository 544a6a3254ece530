"""Folders in audformat: a header `db.yaml`, tables `db.TABLE.csv` or `.parquet`, and the sounds.

The header and the tables are read here and not by the package audformat: that prefers pickled tables and loads YAML
that may name Python objects, and both can run code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.corpora.base import Reading, Source
from benchmarks.corpora.corpus import utterances_table
from benchmarks.corpora.own_tables import OPTIONAL, RATINGS, REQUIRED, genders, note_on_columns, own_columns
from benchmarks.corpora.parquet_tables import table_of
from features.errors import CorpusError
from features.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from features.tables import Table

HEADER = "db.yaml"
FIELDS = tuple(column for column in (*REQUIRED, *OPTIONAL) if column not in ("path", "start", "end", "id"))
"""What is looked for in the columns of all tables; files and times are each table's index."""


@dataclass(frozen=True)
class Header:
    """What `db.yaml` says.

    Attributes
    ----------
    root : Path
        Its folder.
    content : mapping
        As it was read.
    """

    root: Path
    content: Mapping[str, Any]

    @property
    def tables(self) -> Mapping[str, Mapping[str, Any]]:
        """Tables by name, with their kind and columns."""
        return self.content.get("tables") or {}

    @cached_property
    def places(self) -> Mapping[str, Sequence[str]]:
        """The tables that have a column, by the column's name, and by table and name where that is said."""
        found: dict[str, list[str]] = {}
        for table, about in self.tables.items():
            for column in about.get("columns") or {}:
                found.setdefault(str(column), []).append(table)
        return found

    def attributes(self, column: str) -> Mapping[str, Mapping[str, str]]:
        """What a column's scheme says of its values, such as each speaker's gender: by attribute, then by value."""
        labels = self._labels(column)
        names = dict.fromkeys(name for about in labels.values() if isinstance(about, Mapping) for name in about)
        return {
            str(name): {
                str(value): str(about[name])
                for value, about in labels.items()
                if isinstance(about, Mapping) and about.get(name) is not None
            }
            for name in names
        }

    def meanings(self, column: str) -> Mapping[str, str]:
        """What a column's codes stand for, where its scheme says that in a text for each, as of transcriptions."""
        return {str(code): about for code, about in self._labels(column).items() if isinstance(about, str)}

    def _labels(self, column: str) -> Mapping[Any, Any]:
        table = self.places[column][0]
        scheme = (self.tables[table]["columns"][column] or {}).get("scheme_id")
        labels = ((self.content.get("schemes") or {}).get(scheme) or {}).get("labels")
        if isinstance(labels, str):  # the name of a table that describes them
            rows = stored_table(self.root, labels).rows
            index = rows.columns[0]
            return {row[index]: {name: row[name] for name in rows.columns[1:]} for row in rows.to_dict("records")}
        return labels if isinstance(labels, Mapping) else {}


def read(root: Path) -> Reading:
    """Read the folder; label and speaker are found by the names of columns."""
    return read_columns(root, {})


def read_columns(root: Path, columns: Mapping[str, str]) -> Reading:
    """Read the folder with the columns that a user names, as `emotion` or, of one table, as `TABLE.emotion`."""
    header = read_header(root)
    where = {ours: _place(header, theirs) for ours, theirs in columns.items()}
    attributes = {name: column for column in header.places for name in header.attributes(column)}
    names = [*header.places, *(name for name in attributes if name not in header.places)]
    found = own_columns(
        names,
        {ours: column for ours, (_, column) in where.items()},
        where=str(header.root / HEADER),
        required=("label", "speaker"),
        known=FIELDS,
    )
    tables = {ours: table for ours, (table, _) in where.items()}
    rows, unlabelled = _labelled(header, found["label"], only=tables.get("label", ""))
    for ours, theirs in found.items():
        if ours != "label":
            column = theirs if theirs in header.places else attributes[theirs]
            rows[ours] = list(_values(header, rows, column, theirs, only=tables.get(ours, "")))
    return _reading(header, rows, found, unlabelled)


def read_header(root: Path) -> Header:
    """Read `db.yaml` of a folder, or the file itself.

    Raises
    ------
    CorpusError
        If there is none, or it is no header of audformat.
    """
    path = root / HEADER if root.is_dir() else root
    if not path.is_file():
        raise CorpusError(f"audformat: no {HEADER} in {root}; expected a folder in audformat; correct --root")
    try:
        import yaml
    except ImportError as error:
        raise CorpusError("audformat: reading db.yaml needs pyyaml; python -m pip install pyyaml") from error
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        line = " ".join(str(error).split())
        raise CorpusError(f"{path}: cannot be read as YAML ({line}); expected a header of audformat") from error
    if not isinstance(content, dict) or not isinstance(content.get("tables"), dict) or not content["tables"]:
        raise CorpusError(f"{path}: names no tables; expected a header of audformat with tables; correct --root")
    return Header(path.parent.resolve(), content)


def stored_table(root: Path, name: str) -> Table:
    """A table of the folder as text, from Parquet or CSV.

    Raises
    ------
    CorpusError
        If it is there in neither, or only pickled.
    """
    for suffix in (".parquet", ".csv"):
        path = root / f"db.{name}{suffix}"
        if path.is_file():
            return table_of(path) if suffix == ".parquet" else read_table(path, error=CorpusError)
    if (root / f"db.{name}.pkl").is_file():
        raise CorpusError(
            f"{root / f'db.{name}.pkl'}: a pickle, which can run code, is not read; expected CSV or Parquet; save the "
            "database again with db.save(root, storage_format='csv')"
        )
    raise CorpusError(f"{root / f'db.{name}.csv'} is missing, and so is the .parquet; restore it, or correct --root")


def _place(header: Header, chosen: str) -> tuple[str, str]:
    """The table and the column of a choice such as `emotion.test.emotion`; no table where it names a column alone."""
    for table, about in header.tables.items():
        column = chosen.removeprefix(f"{table}.")
        if chosen not in header.places and column != chosen and column in (about.get("columns") or {}):
            return table, column
    return "", chosen


def _tables(header: Header, column: str, only: str) -> Iterator[tuple[str, pd.DataFrame]]:
    for name in header.places[column]:
        if only in ("", name):
            table = stored_table(header.root, name)
            if {"file", column} - set(table.rows):
                raise CorpusError(f"{table.path} has no columns file and {column}, which {HEADER} names; restore it")
            rows = table.rows[["file", column]].copy()
            for time in ("start", "end"):
                rows[time] = table.seconds(time) if time in table.rows else float("nan")
            rows["start"] = rows["start"].replace(0.0, float("nan"))
            yield name, rows


def _labelled(header: Header, column: str, *, only: str) -> tuple[pd.DataFrame, str]:
    """Files and stretches that have a label, from all tables with that column, each once; and a note on the others."""
    import pandas as pd

    tables = [rows.assign(table=name) for name, rows in _tables(header, column, only)]
    rows = pd.concat(tables, ignore_index=True).rename(columns={column: "label"})
    meanings = header.meanings(column)
    if all(code.isdigit() for code in meanings):
        rows["label"] = [meanings.get(code, code) for code in rows["label"]]
    empty = int((rows["label"] == "").sum())
    rows = rows[rows["label"] != ""].drop_duplicates(["file", "start", "end", "label"])
    twice = rows[rows.duplicated(["file", "start", "end"], keep=False)]
    if len(twice):
        name = twice["file"].iloc[0]
        own = twice[twice["file"] == name]
        said = " and ".join(f"{label} (table {table})" for label, table in zip(own["label"], own["table"], strict=True))
        raise CorpusError(
            f"{header.root / HEADER}: {name} is {said}; expected one label; say whose with --columns "
            f"label={own['table'].iloc[0]}.{column} (columns=...)"
        )
    return rows.reset_index(drop=True), f"left out {empty:,} rows without a label" if empty else ""


def _values(header: Header, rows: pd.DataFrame, column: str, wanted: str, *, only: str) -> Iterator[str]:
    """Each row's value of a column, of its stretch or else of its file; or what the scheme says of that value."""
    by_stretch: dict[tuple[str, str, str], str] = {}
    by_file: dict[str, str] = {}
    for _, table in _tables(header, column, only):
        for file, value, start, end in table[["file", column, "start", "end"]].itertuples(index=False):
            by_stretch[file, str(start), str(end)] = value
            if str(start) == str(end) == "nan":
                by_file[file] = value
    said = header.attributes(column).get(wanted) if wanted != column else header.meanings(column)
    for file, start, end in rows[["file", "start", "end"]].itertuples(index=False):
        value = by_stretch.get((file, str(start), str(end)), by_file.get(file, ""))
        yield (said or {}).get(value, "" if wanted != column else value)


def _reading(header: Header, rows: pd.DataFrame, found: Mapping[str, str], unlabelled: str) -> Reading:
    notes = [note_on_columns(found), *_notes(header), unlabelled]
    nameless = rows["speaker"] == ""
    if nameless.any():
        name = rows["file"][nameless].iloc[0]
        raise CorpusError(
            f"{header.root / HEADER}: {nameless.sum()} of {len(rows)} labelled utterances have no speaker, the first "
            f"{name}; expected one for each; fill in {found['speaker']}, or say another with --columns speaker=NAME"
        )
    if "gender" in rows:
        rows["gender"], note = genders(rows["gender"])
        rows["gender"] = rows["gender"].fillna("")
        notes.append(note)
    for column in set(RATINGS) & set(rows):
        rows[column] = _numbers(header, rows[column], found[column])
    stretch = [f"#{start:g}-{end:g}" for start, end in zip(rows["start"].fillna(0.0), rows["end"], strict=True)]
    rows["id"] = rows["file"].where(~rows["file"].duplicated(keep=False), rows["file"] + stretch)
    rows["path"] = [str(header.root / file) for file in rows["file"]]
    return Reading(
        utterances_table(rows.drop(columns=["file", "table"]).to_dict("records")), tuple(filter(None, notes))
    )


def _numbers(header: Header, texts: pd.Series, column: str) -> pd.Series:
    import pandas as pd

    numbers = pd.to_numeric(texts.where(texts != ""), errors="coerce")
    wrong = texts[numbers.isna() & (texts != "")]
    if len(wrong):
        raise CorpusError(
            f"{header.root / HEADER}: {column} is {wrong.iloc[0]!r}; expected numbers; correct the table, or name "
            "another column with --columns"
        )
    return numbers


def _notes(header: Header) -> Iterator[str]:
    """Whose the database is, as far as the header says, and that its splits are not the folds."""
    about = header.content
    said = [f"{name} {about[key]}" for key, name in _ABOUT.items() if about.get(key)]
    yield f"{about.get('name') or 'database'}: {', '.join(said)}" if said else ""
    splits = [str(name) for name in about.get("splits") or ()]
    yield f"its splits ({', '.join(splits)}) are not used: folds are by speaker" if splits else ""


_ABOUT = {"license": "licence", "author": "by", "organization": "of", "source": "from", "usage": "usage"}


SOURCE = Source(
    name="audformat",
    title="A folder in audformat",
    labels=(),
    licence="its header's, shown as a note",
    citation="its header's, shown as a note",
    homepage="https://audeering.github.io/audformat/",
    obtain="any database in audformat, with its tables as CSV or Parquet",
    layout="a folder with db.yaml, db.TABLE.csv or .parquet, and the sounds",
    folds="5",
    read=read,
    own=True,
    read_columns=read_columns,
)
