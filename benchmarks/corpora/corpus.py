"""A corpus that has been read: its utterances table, and what can be asked of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.corpora.base import COLUMNS, LABEL_NAMES, PEOPLE, Source
from features.bad_files import BadClip
from features.clips import clips_from
from features.errors import CorpusError
from features.names import alike, normalise, printable, storable
from features.remote import url_of
from features.sound_survey import find_bad

RESTORE = "restore the file, remove the utterance, or go on without it with --on-error skip"


def utterances_table(rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Rows with at least `speaker`, `id`, `path` and `label`, as an utterances table sorted by speaker and id.

    Parameters
    ----------
    rows : iterable of mappings
        One an utterance. `start` and `end` (seconds) default to NaN, the whole file; `gender`, `session`, `text`,
        `script`, `age`, `language` and `accent` to the empty text; the ratings to NaN.

    Returns
    -------
    pandas.DataFrame
        Index `(speaker, id)`, columns `COLUMNS`.

    Examples
    --------
    >>> from benchmarks.corpora import utterances_table
    >>> rows = [{"speaker": "anna", "id": "anna_01", "path": "anna_01.wav", "label": "hap"}]
    >>> utterances_table(rows)[["path", "start", "label"]]
                             path  start label
    speaker id
    anna    anna_01  anna_01.wav    NaN   hap
    """
    given = [dict(row) for row in rows]
    paths = pd.Series([str(row.pop("path", "")) for row in given], dtype=object)  # pandas' own text holds UTF-8 alone
    table = pd.DataFrame(
        [{key: storable(cell) if isinstance(cell, str) else cell for key, cell in row.items()} for row in given],
        columns=["speaker", "id", *COLUMNS],
    )
    for column in ("speaker", "id", "gender", "session", "label", "text", "script", *PEOPLE[1:]):
        table[column] = table[column].astype(object).where(table[column].notna(), "").map(str)
    table["path"] = paths
    for column in ("speaker", "id", "session", "label"):
        table[column] = table[column].map(normalise)
    for column in ("start", "end", "valence", "arousal", "dominance"):
        table[column] = table[column].astype(float)
    return table.set_index(["speaker", "id"]).sort_index(kind="stable")


def order_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels in the field's usual order, others after them by alphabet.

    Examples
    --------
    >>> from benchmarks.corpora import order_labels
    >>> order_labels(["sad", "calling", "ang"])
    ('ang', 'sad', 'calling')
    """
    order = {label: number for number, label in enumerate(LABEL_NAMES)}
    return tuple(sorted(set(labels), key=lambda label: (order.get(label, len(order)), label)))


@dataclass(frozen=True)
class Corpus:
    """Utterances of one corpus under one label policy.

    Attributes
    ----------
    source : Source
        What the publisher says of it.
    utterances : pandas.DataFrame
        One row an utterance; index `(speaker, id)`, columns `path`, `start`, `end`, `gender`, `session`, `label`,
        `text`, `script`, `valence`, `arousal`, `dominance`. `start` and `end` are seconds, NaN for the whole file.
    labels : tuple of str
        The labels in use, in the field's order.
    root : str
        Where it was read from.
    policy : str
        How labels were chosen, in words.
    notes : tuple of str
        What a user should know of this reading.
    left_out : tuple of BadClip
        Utterances that were left out because their sound cannot be analysed, by their ids.
    control : str
        What was done to the labels on purpose, such as `permuted`; empty for true ones.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> corpus = corpora.load("synthetic")
    >>> corpus.name, corpus.synthetic, corpus.licence, corpus.citation, corpus.homepage
    ('synthetic', True, 'MIT, as this toolkit', 'this toolkit', 'docs/protocol.md')
    >>> corpus.default_scheme, corpus.counts().sum() == len(corpus.utterances), len(corpus.speakers) > 2
    ('session', np.True_, True)
    >>> corpus.restrict(["ang", "sad"]).rename({"sad": "low"}).labels
    ('ang', 'low')
    >>> corpus.validate() is corpus
    True
    >>> corpus.without_missing_audio().fingerprint == corpus.fingerprint
    True
    >>> len(corpus.audio_keys) == len(corpus.utterances)
    True
    >>> corpus.apply_policy("", improvised=False).policy
    ''
    >>> print(str(corpus).splitlines()[1].strip())
    labels    ang 60, hap 60, sad 60, neu 60 (four classes, excitement merged into happiness)
    """

    source: Source
    utterances: pd.DataFrame
    labels: tuple[str, ...]
    root: str
    policy: str = ""
    notes: tuple[str, ...] = ()
    left_out: tuple[BadClip, ...] = ()
    control: str = ""

    @property
    def name(self) -> str:
        """The corpus's name on the command line."""
        return self.source.name

    @property
    def licence(self) -> str:
        """The publisher's licence."""
        return self.source.licence

    @property
    def citation(self) -> str:
        """What to cite."""
        return self.source.citation

    @property
    def homepage(self) -> str:
        """The publisher's page."""
        return self.source.homepage

    @property
    def synthetic(self) -> bool:
        """Whether no person speaks in it."""
        return self.source.synthetic

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speakers, sorted."""
        return tuple(sorted(set(self.utterances.index.get_level_values("speaker"))))

    @property
    def default_scheme(self) -> str:
        """The corpus's own folds, or folds by speaker where it has fewer speakers than those need."""
        scheme = self.source.folds
        return "speaker" if scheme.isdigit() and 2 <= len(self.speakers) < int(scheme) else scheme

    @cached_property
    def audio_keys(self) -> np.ndarray:
        """What each utterance sounds like, as text: the hash of its file's bytes with start and end; shape (n,).

        Reads every file once, in threads.

        Raises
        ------
        AudioError
            If a file cannot be read.
        """
        from features.files import content_hash

        paths = self.utterances["path"].unique().tolist()
        with ThreadPoolExecutor() as pool:
            hashes = dict(zip(paths, pool.map(content_hash, paths), strict=True))
        times = self.utterances[["start", "end"]].replace({"start": {0.0: np.nan}})
        columns = (self.utterances["path"], times["start"], times["end"])
        return np.array([f"{hashes[path]}:{start}:{end}" for path, start, end in zip(*columns, strict=True)])

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all that a result depends on: ids, speakers, labels, sessions and every file's bytes; no path."""
        digest = hashlib.blake2b(digest_size=16)
        columns = (self.utterances[name] for name in ("label", "session", "gender"))
        for (speaker, name), audio, *rest in zip(self.utterances.index, self.audio_keys, *columns, strict=True):
            digest.update("\x1f".join([speaker, name, audio, *rest, "\n"]).encode())
        return digest.hexdigest()

    def __str__(self) -> str:
        """What it is in a few lines, one for each note."""
        counts = ", ".join(f"{label} {number:,}" for label, number in self.counts().items())
        genders = self.utterances["gender"].groupby(level="speaker").first().replace("", "of unknown gender")
        people = ", ".join(f"{number} {gender}" for gender, number in genders.value_counts().items())
        texts = self.utterances.loc[self.utterances["text"] != "", "text"].nunique()
        facts = {
            "labels": f"{counts} ({self.policy})" if self.policy else counts,
            "people": f"{people}; {texts or 'no'} texts",
            "folds": f"{self.default_scheme}, by default",
            "licence": self.licence,
            "cite": self.citation,
            "homepage": self.homepage,
            "control": self.control,
        }
        head = (
            f"{self.name}{' (synthetic voices)' if self.synthetic else ''}: {len(self.utterances):,} utterances of "
            f"{len(self.speakers)} speakers, in {printable(self.root)}"
        )
        left_out = f"{len(self.left_out):,} utterances left out, as their sound cannot be analysed"
        notes = [*self.notes, *([left_out] if self.left_out else [])]
        lines = [f"  {name:<9} {text}" for name, text in [*facts.items(), *(("note", note) for note in notes)] if text]
        return "\n".join([head, *lines])

    def counts(self) -> pd.Series:
        """Number of utterances of each label, in the labels' order."""
        return self.utterances["label"].value_counts().reindex(list(self.labels), fill_value=0)

    def validate(self) -> Corpus:
        """Check that the table is whole: unique ids, known labels, no empty field, every file there.

        Returns
        -------
        Corpus
            Itself.

        Raises
        ------
        CorpusError
            Naming what is wrong, where, and the remedy.
        """
        table = self.utterances
        if table.empty:
            raise CorpusError(
                f"{self.name}: no utterances left in {self.root}; check --root ({self.source.layout}) and --classes"
            )
        names = table.index.get_level_values("id")
        if names.has_duplicates:
            twice = names[names.duplicated()][0]
            raise CorpusError(
                f"{self.name}: utterance id {twice!r} stands twice; expected one line for each; remove one, or give "
                "each an id of its own"
            )
        for column in ("label", "path"):
            empty = table.index[table[column] == ""]
            if len(empty):
                raise CorpusError(f"{self.name}: utterance {empty[0][1]!r} has no {column}; fill it in or remove it")
        if (table.index.get_level_values("speaker") == "").any():
            raise CorpusError(f"{self.name}: an utterance has no speaker; folds need one for each, fill it in")
        bad = table.index[(table["start"] < 0) | (table["end"] <= table["start"].fillna(0.0))]
        if len(bad):
            row = table.loc[bad[0]]
            raise CorpusError(
                f"{self.name}: utterance {bad[0][1]!r} lasts from {row['start']} to {row['end']} s; "
                "expected 0 <= start < end, correct the times"
            )
        self._check_files()
        return self

    def _check_files(self) -> None:
        missing = self._missing_audio()
        if not missing.any():
            return
        absent = self._absent(missing)
        first = f"{self.name}: {absent[0].reason}; {RESTORE}"
        if missing.all() and len(missing) > 1:
            raise CorpusError(f"{first} (none of {len(missing):,} is there; check --root)")
        # Somebody who has to mend the corpus wants to hear once of all that is wrong with it.
        bad = [*absent, *find_bad(clips_from(self.utterances[~missing]))]
        if len(bad) == 1:
            raise CorpusError(first)
        count = f"{len(bad):,} of {len(missing):,} utterances have no sound that can be analysed"
        raise CorpusError("\n  ".join([f"{self.name}: {count}; {RESTORE}:", *(printable(one.reason) for one in bad)]))

    def _absent(self, missing: np.ndarray) -> tuple[BadClip, ...]:
        """What to say of each utterance whose file is missing, with a name like it that its folder has."""
        like: dict[Path, dict[str, str]] = {}
        found = []
        for row in map(int, np.flatnonzero(missing)):
            name, path = self.utterances.index[row][1], Path(self.utterances["path"].iloc[row])
            if path.parent not in like:
                entries = path.parent.iterdir() if path.parent.is_dir() else ()
                like[path.parent] = {alike(entry.name): entry.name for entry in entries}
            other = like[path.parent].get(alike(path.name), "")
            hint = f" (the folder has {printable(other)!r}, which looks like another spelling)" if other else ""
            found.append(BadClip(row, str(name), f"audio of utterance {name!r} is missing: expected {path}{hint}"))
        return tuple(found)

    def _missing_audio(self) -> np.ndarray:
        """Which utterances have no file; each folder is listed once."""
        paths = [None if url_of(path) else Path(path) for path in self.utterances["path"]]  # what is elsewhere is asked
        files = {
            folder: {path.name for path in folder.iterdir()} if folder.is_dir() else set()
            for folder in {path.parent for path in paths if path}
        }
        return np.array([path is not None and path.name not in files[path.parent] for path in paths], dtype=bool)

    def without_missing_audio(self) -> Corpus:
        """Leave out the utterances whose file is missing, with a note that says so."""
        missing = self._missing_audio()
        notes = self.notes
        if self.source.counts or self.source.more_counts:
            notes += (f"partial: {len(missing) - missing.sum()} utterances; published counts are not asserted",)
        if missing.any():
            first = self.utterances.index[int(missing.argmax())][1]
            notes += (f"partial: left out {missing.sum()} labelled utterances without audio, the first {first}",)
        table = self.utterances[~missing]
        labels = tuple(label for label in self.labels if (table["label"] == label).any())
        left_out = self.left_out + self._absent(missing)
        return replace(self, utterances=table, labels=labels, notes=notes, left_out=left_out)

    def inside_files(self) -> Corpus:
        """Hold the ends of utterances against their files, once for all that follows; a note says what lay behind.

        Examples
        --------
        >>> from benchmarks import corpora
        >>> corpus = corpora.load("synthetic")
        >>> corpus.inside_files().notes == corpus.notes
        True
        """
        from features.utterances import inside_files

        table, note = inside_files(self.utterances)
        return replace(self, utterances=table, notes=(*self.notes, note) if note else self.notes)

    def apply_policy(self, name: str, *, improvised: bool = False) -> Corpus:
        """Apply a label policy of the corpus, and leave out what is not improvised if asked for.

        Parameters
        ----------
        name : str
            One of the source's policies; empty for none.
        improvised : bool, default=False
            Improvised utterances only.

        Returns
        -------
        Corpus
        """
        table, words = self.utterances, []
        if name:
            policy = self.source.policies[name]
            table = table[table["label"].isin(policy.labels)]
            table = table.assign(label=table["label"].map(lambda label: policy.merged.get(label, label)))
            words.append(policy.description)
        if improvised:
            table = table[table.index.get_level_values("id").str.contains(self.source.improvised)]
            words.append("improvised only")
        return replace(self, utterances=table, labels=order_labels(table["label"]), policy="; ".join(words))

    def restrict(self, classes: Iterable[str]) -> Corpus:
        """Only the utterances of some labels.

        Raises
        ------
        CorpusError
            If a label is not in the corpus.
        """
        labels = order_labels(classes)
        for label in labels:
            if label not in self.labels:
                raise CorpusError(f"{self.name}: unknown label {label!r}; expected some of {', '.join(self.labels)}")
        policy = f"{self.policy}; only {', '.join(labels)}".strip("; ")
        return replace(
            self, utterances=self.utterances[self.utterances["label"].isin(labels)], labels=labels, policy=policy
        )

    def rename(self, mapping: Mapping[str, str]) -> Corpus:
        """Some labels under other names, e.g. `{"exc": "hap"}` to merge excitement into happiness.

        Raises
        ------
        CorpusError
            If a label to rename is not in the corpus.
        """
        for label in mapping:
            if label not in self.labels:
                raise CorpusError(
                    f"{self.name}: unknown label {label!r} in --map; expected one of {', '.join(self.labels)}"
                )
        table = self.utterances.assign(label=self.utterances["label"].map(lambda label: mapping.get(label, label)))
        words = ", ".join(f"{old} as {new}" for old, new in mapping.items())
        return replace(
            self, utterances=table, labels=order_labels(table["label"]), policy=f"{self.policy}; {words}".strip("; ")
        )
