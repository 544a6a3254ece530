"""Everybody's own data: a CSV of utterances with at least path, label and speaker."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.corpora.base import Reading, Source
from benchmarks.corpora.corpus import utterances_table
from features.errors import CorpusError
from features.utterances import read_utterances

REQUIRED = ("path", "label", "speaker")
NUMBERS = ("start", "end", "valence", "arousal", "dominance")
OPTIONAL = ("id", "gender", "session", "text", *NUMBERS)


def read(root: Path) -> Reading:
    """Read the CSV; paths in it are relative to its own folder."""
    if root.is_dir():
        raise CorpusError(
            f"manifest: {root} is a folder; expected a CSV with {', '.join(REQUIRED)}; give the file as --root"
        )
    table = read_utterances(root, required=REQUIRED, error=CorpusError)
    if "gender" in table.rows:
        table.refuse("gender", ~table.rows["gender"].isin(["female", "male", ""]), expected="female, male or nothing")
    fields = table.rows[[column for column in (*REQUIRED, *OPTIONAL) if column in table.rows]].copy()
    paths = [str(Path(path).resolve()) for path in fields["path"]]
    fields["path"] = pd.Series(paths, index=fields.index, dtype=object)
    for column in NUMBERS:
        if column in fields:
            fields[column] = table.numbers(column)
    ignored = [column for column in table.rows if column not in (*REQUIRED, *OPTIONAL)]
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
    own=True,
)
