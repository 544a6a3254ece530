"""What describes a corpus before it is read: its names, labels, licence and reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.corpora.download import Download

LABEL_NAMES: Mapping[str, str] = {
    "ang": "anger",
    "hap": "happiness",
    "sad": "sadness",
    "neu": "neutral",
    "fea": "fear",
    "dis": "disgust",
    "sur": "surprise",
    "bor": "boredom",
    "cal": "calm",
    "fru": "frustration",
    "exc": "excitement",
}
"""The field's label codes and what they stand for, in the order in which tables show them."""

COLUMNS = ("path", "start", "end", "gender", "session", "label", "text", "valence", "arousal", "dominance")
"""Columns of every corpus's utterances table; the index is `(speaker, id)`."""


@dataclass(frozen=True)
class Options:
    """How a corpus is to be read.

    Attributes
    ----------
    policy : str
        A named label policy of the corpus, such as `"4"` for IEMOCAP; empty for none.
    improvised : bool
        Keep improvised dialogues only (IEMOCAP and its likes).
    allow_partial : bool
        Accept a deliberate subset: published counts are not asserted.
    seed : int
        Seed of the synthesiser; of no effect elsewhere.
    """

    policy: str = ""
    improvised: bool = False
    allow_partial: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Reading:
    """What a reader found: the utterances table, what a user should be told of it, and where it lay if nobody said."""

    utterances: pd.DataFrame
    notes: tuple[str, ...] = ()
    root: Path | None = None


@dataclass(frozen=True)
class Source:
    """A corpus that can be read: what its publisher says, and the function that reads its layout.

    Attributes
    ----------
    name, title : str
        The name on the command line, and the corpus's full name.
    labels : tuple of str
        Label codes it can hold.
    licence, citation, homepage, obtain : str
        What a user must know before using it, and how to get it.
    layout : str
        What `--root` has to hold, in one line.
    folds : str
        The default scheme of folds: `session`, `speaker`, `speaker-811` or a number.
    read : callable
        `(root, options) -> Reading`.
    counts : mapping
        Published number of utterances of each label; asserted unless a subset is asked for.
    policies : mapping
        Label policies by name, each a text that says what it does; the first is the default.
    improvised : bool
        Whether `--improvised` means something for it.
    embed_audio : bool
        Whether its licence allows sound clips inside a report that is passed on.
    synthetic : bool
        Whether its speech is made by a machine; its scores are marked.
    root_needed : bool
        Whether the user has to say where it lies.
    download : Download or None
        Where its publisher offers it with a checksum.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    licence: str
    citation: str
    homepage: str
    obtain: str
    layout: str
    folds: str
    read: Callable[[Path | None, Options], Reading]
    counts: Mapping[str, int] = field(default_factory=dict)
    policies: Mapping[str, str] = field(default_factory=dict)
    improvised: bool = False
    embed_audio: bool = False
    synthetic: bool = False
    root_needed: bool = True
    download: Download | None = None
