"""One spelling a name: speakers, sessions and labels that are written in two ways are refused, or joined when asked.

Two spellings of one speaker put the same voice into training and test, and nothing in a score gives it away.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from benchmarks.corpora.corpus import Corpus, order_labels
from features.errors import CorpusError
from features.names import MISSING, joined, printable, spelling_problem

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
        If two names, ids among them, differ only in case, width, space, leading zeros or a trailing `.0`, or a speaker,
        label or id is what tools write for a missing value; both spellings are named.
    """
    refuse_missing_names(corpus)
    table = corpus.utterances.reset_index()
    for column in (*NAMED, "id"):
        remedy = "keep them apart" if column == "id" else "take them for one"
        problem = spelling_problem(column, table[column], what="utterances", remedy=remedy)
        if problem:
            raise CorpusError(f"{corpus.name}: {problem}")
    return corpus


def refuse_missing_names(corpus: Corpus) -> Corpus:
    """Check that no speaker, label or id is what tools write for a missing value.

    Raises
    ------
    CorpusError
        If one is.
    """
    table = corpus.utterances.reset_index()
    for column in ("speaker", "label", "id"):
        _refuse_missing(corpus.name, table, column)
    return corpus


def join_spellings(corpus: Corpus) -> Corpus:
    """Take names that differ only in their spelling for one, under the spelling that occurs most often.

    Ids are left as they are: each is an utterance of its own.

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
