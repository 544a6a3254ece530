"""Several corpora as one: on the labels that all of them have, with names that tell whose each utterance is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from benchmarks.corpora.base import Source
from benchmarks.corpora.corpus import Corpus, order_labels
from benchmarks.corpora.correspondence import corresponding
from classical.adaptation import COLUMN
from features.errors import CorpusError

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.corpora.base import Reading


def merge(corpora: Mapping[str, Corpus]) -> Corpus:
    """One corpus of the utterances of several whose labels all of them have.

    Parameters
    ----------
    corpora : mapping of str to Corpus
        By the name that stands before the speakers and ids of each, as in `emodb/03`.

    Returns
    -------
    Corpus
        Its utterances have a column `corpus`; its notes count what is left out.

    Raises
    ------
    CorpusError
        If there are fewer than two, or they share fewer than two labels.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> some = corpora.load("synthetic")
    >>> both = merge({"one": some.restrict(["ang", "sad"]), "two": some.restrict(["ang", "sad", "neu"])})
    >>> both.labels, both.utterances["corpus"].unique().tolist(), both.speakers[0]
    (('ang', 'sad'), ['one', 'two'], 'one/Ses01F')
    """
    if len(corpora) < 2:
        raise CorpusError(f"{', '.join(corpora) or 'no corpus'}: expected two corpora or more; give each a name")
    alike = {name: _corresponding(corpus) for name, corpus in corpora.items()}
    shared = set.intersection(*(set(table["label"]) for table in alike.values()))
    if len(shared) < 2:
        listed = "; ".join(f"{name} has {', '.join(corpus.labels)}" for name, corpus in corpora.items())
        raise CorpusError(f"{len(shared)} labels in all of these corpora: {listed}; rename some with --map")
    tables = [_prefixed(table[table["label"].isin(shared)], name) for name, table in alike.items()]
    notes = [f"{name}: {note}" for name, corpus in corpora.items() for note in corpus.notes]
    notes += [note for name in corpora for note in _left_out(name, corpora[name], alike[name], shared)]
    return Corpus(
        _source(corpora),
        pd.concat(tables).sort_index(kind="stable"),
        order_labels(shared),
        "; ".join(corpus.root for corpus in corpora.values()),
        f"labels of all of {', '.join(corpora)}",
        tuple(notes),
        tuple(replace(clip, name=f"{name}/{clip.name}") for name in corpora for clip in corpora[name].left_out),
    )


def _corresponding(corpus: Corpus) -> pd.DataFrame:
    labels = {label: corresponding(label) for label in corpus.labels}
    return corpus.utterances.assign(label=corpus.utterances["label"].map(labels))


def _prefixed(table: pd.DataFrame, name: str) -> pd.DataFrame:
    speakers, ids = (table.index.get_level_values(level) for level in ("speaker", "id"))
    index = pd.MultiIndex.from_arrays(
        [[f"{name}/{speaker}" for speaker in speakers], [f"{name}/{each}" for each in ids]], names=["speaker", "id"]
    )
    sessions = [f"{name}/{session}" if session else "" for session in table["session"]]
    return table.set_axis(index).assign(session=sessions, **{COLUMN: name})


def _left_out(name: str, corpus: Corpus, table: pd.DataFrame, shared: set[str]) -> list[str]:
    renamed = {f"{label} as {corresponding(label)}" for label in corpus.labels if corresponding(label) != label}
    counts = table["label"].value_counts()
    gone = [f"{counts[label]} {label}" for label in order_labels(table["label"]) if label not in shared]
    notes = [f"{name}: {', '.join(sorted(renamed))}"] if renamed else []
    return [*notes, f"{name}: left out {', '.join(gone)}, which not all corpora have"] if gone else notes


def _source(corpora: Mapping[str, Corpus]) -> Source:
    sources = [corpus.source for corpus in corpora.values()]
    return Source(
        name="+".join(corpora),
        title=" and ".join(source.title for source in sources),
        labels=(),
        licence="; ".join(dict.fromkeys(source.licence for source in sources)),
        citation="; ".join(dict.fromkeys(source.citation for source in sources)),
        homepage="; ".join(dict.fromkeys(source.homepage for source in sources)),
        obtain="",
        layout="several corpora, read one by one",
        folds="speaker",
        read=_not_read,
        dialogues=any(source.dialogues for source in sources),
        embed_audio=all(source.embed_audio for source in sources),
        synthetic=any(source.synthetic for source in sources),
    )


def _not_read(root: Path) -> Reading:
    raise CorpusError(f"{root}: merged corpora are read one by one; load each, and merge them")
