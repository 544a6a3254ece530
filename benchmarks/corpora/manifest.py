"""Everybody's own data: a CSV of utterances with at least path, label and speaker, under these or like names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from benchmarks.corpora.base import Reading, Source
from benchmarks.corpora.corpus import utterances_table
from benchmarks.corpora.own_tables import OPTIONAL, RATINGS, REQUIRED, TIMES, genders, note_on_columns, own_columns
from features.errors import CorpusError
from features.remote import url_of
from features.tables import column_names, read_table
from features.utterances import read_utterances

if TYPE_CHECKING:
    from features.tables import Table


def read(root: Path) -> Reading:
    """Read the CSV; paths in it are relative to its own folder."""
    return read_columns(root, {})


def read_columns(root: Path, columns: Mapping[str, str]) -> Reading:
    """Read the CSV with the columns that a user names, by this toolkit's names; others are found."""
    if root.is_dir():
        raise CorpusError(
            f"manifest: {root} is a folder; expected a CSV with {', '.join(REQUIRED)}; give the file as --root"
        )
    names = column_names(root)
    found = own_columns(names, columns, where=str(root), required=())
    if set(REQUIRED) - set(found):
        read_table(root, error=CorpusError)  # what is no CSV at all is refused as such
        own_columns(names, columns, where=str(root))
    table = read_utterances(root, required=REQUIRED, columns=found, error=CorpusError)
    fields = table.rows[[column for column in (*REQUIRED, *OPTIONAL) if column in table.rows]].copy()
    paths = [url_of(path) or str(Path(path).resolve()) for path in fields["path"]]
    fields["path"] = pd.Series(paths, index=fields.index, dtype=object)
    notes = [note_on_columns(found)]
    if "gender" in fields:
        fields["gender"], note = _genders(table)
        notes.append(note)
    for column in RATINGS:
        if column in fields:
            fields[column] = table.numbers(column)
    for column in TIMES:
        fields[column] = table.seconds(column)
    ignored = [column for column in table.rows if column not in (*REQUIRED, *OPTIONAL)]
    notes.append(f"columns not used: {', '.join(ignored)}" if ignored else "")
    return Reading(utterances_table(fields.to_dict("records")), tuple(filter(None, notes)))


def _genders(table: Table) -> tuple[pd.Series, str]:
    found, note = genders(table.rows["gender"])
    table.refuse("gender", found.isna(), expected="female, male or nothing")
    return found, note


SOURCE = Source(
    name="manifest",
    title="A CSV of one's own",
    labels=(),
    licence="the owner's",
    citation="the owner's",
    homepage="docs/your_own_corpus.md",
    obtain="write a CSV: path,label,speaker and where known start,end,gender,age,language,accent,session,text,id",
    layout="a CSV file with the columns path, label, speaker, or names that stand for them",
    folds="5",
    read=read,
    own=True,
    read_columns=read_columns,
)
