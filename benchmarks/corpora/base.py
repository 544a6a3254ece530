"""What describes a corpus before it is read: its names, labels, licence and reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import CorpusError

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

ROOT_OPTION = "--root"
"""What messages call the option for a corpus's folder, as nearly every command does."""

PEOPLE = ("gender", "age", "language", "accent")
"""Columns that say who speaks, empty where a corpus does not tell; an age is in years, or a range of them."""

COLUMNS = (
    *("path", "start", "end", "gender", "session", "label", "text", "script", "valence", "arousal", "dominance"),
    *PEOPLE[1:],
)
"""Columns of every corpus's utterances table; the index is `(speaker, id)`.

`text` is what is said, in words or as the publisher's code; `script` is what the words are from, where texts alone do
not tell that they are shared: a written dialogue, a scenario, the number of a sentence.
"""


@dataclass(frozen=True)
class LabelPolicy:
    """A named choice of labels.

    Attributes
    ----------
    description : str
        What it does, in a line.
    labels : tuple of str
        Published labels that stay.
    merged : mapping
        Labels to rename, from the published one to the one that it is merged into.

    Examples
    --------
    >>> LabelPolicy("excitement merged into happiness", ("ang", "hap", "exc"), {"exc": "hap"}).merged["exc"]
    'hap'
    """

    description: str
    labels: tuple[str, ...]
    merged: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fact:
    """Something that is said of a corpus, and who says so.

    Attributes
    ----------
    says : str
        The fact, in a line.
    source : str
        An address where it stands, or a paper.

    Examples
    --------
    >>> Fact("936 utterances", "https://zenodo.org/records/1478765").says
    '936 utterances'
    """

    says: str
    source: str


@dataclass(frozen=True)
class Reading:
    """What a reader makes of a corpus's folder.

    Attributes
    ----------
    utterances : pandas.DataFrame
        As `benchmarks.corpora.utterances_table` makes it.
    notes : tuple of str
        What a user should be told of it.

    Examples
    --------
    >>> from benchmarks.corpora import Reading, utterances_table
    >>> rows = [{"speaker": "anna", "id": "anna_01", "path": "anna_01.wav", "label": "hap"}]
    >>> Reading(utterances_table(rows), notes=("made of one clip",)).notes
    ('made of one clip',)
    """

    utterances: pd.DataFrame
    notes: tuple[str, ...] = ()


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
        `(root: Path) -> Reading` of all that is published, under the published labels.
    counts : mapping
        Published number of utterances of each label; asserted unless a subset is asked for.
    more_counts : callable or None
        `(utterances)` to more that is published, as tuples: what is counted, the found and the published number.
    published_faults : mapping
        Ids of clips that are published but hold no such speech, and what is wrong with each.
    policies : mapping
        Label policies by name; the first is the default.
    improvised : str
        Pattern in the ids of improvised utterances; empty where the corpus does not tell them apart.
    dialogues : bool
        Whether utterances are turns cut from recorded dialogues, a session each: where turns overlap, both hold both
        voices, and that is no copy.
    embed_audio : bool
        Whether its licence allows sound clips inside a report that is passed on.
    synthetic : bool
        Whether its speech is made by a machine; its scores are marked.
    default_root : callable or None
        `(seed) -> Path` of a corpus that can be made where the user names no folder.
    download : Download or None
        Where its publisher offers it with a checksum.
    facts : tuple of Fact
        What the reader relies on, with the source of each.
    own : bool
        Whether it is no corpus but a form of anybody's data, so that nothing is known of what it holds.
    read_columns : callable or None
        `(root, columns)`: `read` with the columns that a user names; only where the data is a table of columns.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> source = corpora.find("emodb")
    >>> source.title, source.folds
    ('Berlin Database of Emotional Speech', 'speaker')
    >>> source.counts["ang"]
    127
    >>> source.check_counts(corpora.load("synthetic").utterances)
    Traceback (most recent call last):
    features.errors.CorpusError: emodb: label ang: expected 127 as published, found ...
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
    read: Callable[[Path], Reading]
    counts: Mapping[str, int] = field(default_factory=dict)
    more_counts: Callable[[pd.DataFrame], Iterable[tuple[str, int, int]]] | None = None
    published_faults: Mapping[str, str] = field(default_factory=dict)
    policies: Mapping[str, LabelPolicy] = field(default_factory=dict)
    improvised: str = ""
    dialogues: bool = False
    embed_audio: bool = False
    synthetic: bool = False
    default_root: Callable[[int], Path] | None = None
    download: Download | None = None
    facts: tuple[Fact, ...] = ()
    own: bool = False
    read_columns: Callable[[Path, Mapping[str, str]], Reading] | None = None

    def check_counts(self, utterances: pd.DataFrame) -> None:
        """Compare numbers of utterances with the published ones.

        Parameters
        ----------
        utterances : pandas.DataFrame

        Raises
        ------
        CorpusError
            Naming what is counted, the expected and the found number.
        """
        numbers = utterances["label"].value_counts()
        by_label = ((f"label {label}", int(numbers.get(label, 0)), count) for label, count in self.counts.items())
        more = self.more_counts(utterances) if self.more_counts else ()
        for what, found, published in (*more, *by_label):
            if found != published:
                raise CorpusError(
                    f"{self.name}: {what}: expected {published} as published, found {found}; restore the missing "
                    "files, or allow a deliberate subset with --allow-partial (allow_partial=True)"
                )
