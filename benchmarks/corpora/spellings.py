"""One spelling a name: speakers, sessions and labels that are written in two ways are refused, or joined when asked.

Two spellings of one speaker put the same voice into training and test, and nothing in a score gives it away.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pandas as pd

from benchmarks.corpora.corpus import Corpus, order_labels
from features.errors import CorpusError
from features.names import MISSING, joined, printable, two_spellings

NAMED = ("speaker", "session", "label")
"""What is a name of its own, by which utterances are grouped."""


def refuse_two_spellings(corpus: Corpus) -> Corpus:
    """Check that every speaker, session and label is written in one way.

    Parameters
    ----------
    corpus : Corpus
        Names normalised, as `utterances_table` makes them.

    Returns
    -------
    Corpus
        Itself.

    Raises
    ------
    CorpusError
        If two names differ only in case, width, space, leading zeros or a trailing `.0`, or a speaker or label is what
        tools write for a missing value; both spellings are named.
    """
    table = corpus.utterances.reset_index()
    for column in NAMED:
        if column != "session":
            _refuse_missing(corpus.name, table, column)
        groups = two_spellings(table[column])
        if groups:
            counts = Counter(table[column])
            written = " and ".join(f"{printable(name)!r} ({counts[name]} utterances)" for name in groups[0])
            more = f", and {len(groups) - 1} more {column}s likewise" if len(groups) > 1 else ""
            raise CorpusError(
                f"{corpus.name}: one {column} in {len(groups[0])} spellings: {written}{more}; expected one "
                "spelling for each; correct the table, or take them for one with --join-names (join_names=True)"
            )
    return corpus


def join_spellings(corpus: Corpus) -> Corpus:
    """Take names that differ only in their spelling for one, under the spelling that occurs most often.

    Parameters
    ----------
    corpus : Corpus

    Returns
    -------
    Corpus
        With a note for each kind of name that was joined.
    """
    table, notes = corpus.utterances.reset_index(), list(corpus.notes)
    for column in NAMED:
        mapping = joined(table[column])
        if mapping:
            table[column] = [mapping.get(name, name) for name in table[column]]
            words = ", ".join(f"{printable(old)} as {printable(new)}" for old, new in mapping.items())
            notes.append(f"{column}s joined: {words}")
    utterances = table.set_index(["speaker", "id"]).sort_index(kind="stable")
    return replace(corpus, utterances=utterances, labels=order_labels(utterances["label"]), notes=tuple(notes))


def _refuse_missing(name: str, table: pd.DataFrame, column: str) -> None:
    missing = table[column].isin(MISSING - {""})
    if missing.any():
        row = table[missing].iloc[0]
        raise CorpusError(
            f"{name}: {column} {row[column]!r} of utterance {printable(row['id'])!r} ({missing.sum()} utterances) is "
            f"what tools write where a value is missing; expected a {column}; fill it in, or leave the line out"
        )
