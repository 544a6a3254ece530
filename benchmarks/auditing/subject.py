"""Folds under audit: who stands on which side, with what the corpus knows of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.folds.fold import ASIDE, UNUSED, Subset
from benchmarks.folds.formats.base import COLUMNS
from features.errors import FoldError
from features.matching import Matching, match_ids
from features.names import MISSING, joined, normalise

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus
    from benchmarks.folds.formats.base import FoldFormat
    from features.tables import Table

_NO_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, eq=False)
class Fold:
    """One fold under audit.

    Attributes
    ----------
    name : str
    train, valid, test, aside : pandas.DataFrame
        Rows of each side; what stands aside trains where nothing is chosen on what validates.
    """

    name: str
    train: pd.DataFrame
    valid: pd.DataFrame
    test: pd.DataFrame
    aside: pd.DataFrame

    @property
    def learns(self) -> pd.DataFrame:
        """What a model may learn from: what trains, and what validates without being tested too."""
        return pd.concat([self.train, self.aside, self.valid[~self.valid["key"].isin(self.test["key"])]])

    def shared(self, column: str) -> tuple[set[str], set[str]]:
        """Names that learn and are tested, and all that are tested; empty names are unknown."""
        tested, learnt = (set(rows[column]) - {""} for rows in (self.test, self.learns))
        return tested & learnt, tested


@dataclass(frozen=True, eq=False)
class Subject:
    """Folds under audit.

    Attributes
    ----------
    path : Path
        Where they lie.
    form : str
        Whose form they have.
    rows : pandas.DataFrame
        One an utterance and side: `fold utterance side speaker label text session path`, filled in from the corpus;
        `sentence`, the text without case and punctuation; `position` in the corpus, -1 where it has none; `key`, equal
        for one utterance; `true_label`, the corpus's, and `named_speaker`, the folds' own.
    corpus : Corpus or None
    matching : Matching
        How the corpus's ids were found.
    notes : tuple of str
    scored : bool
        Whether answers are scored that stand beside them.
    """

    path: Path
    form: str
    rows: pd.DataFrame
    corpus: Corpus | None
    matching: Matching
    notes: tuple[str, ...] = ()
    scored: bool = False

    @property
    def folds(self) -> Iterator[Fold]:
        """Every fold; where none of its utterances is called test, those that validate are tested."""
        for name, rows in self.rows.groupby("fold", sort=False):
            sides = {side: rows[rows["side"] == side] for side in (*Subset, ASIDE)}
            if sides["test"].empty:
                sides["valid"], sides["test"] = sides["test"], sides["valid"]
            yield Fold(str(name), **sides)

    @property
    def unclear_speakers(self) -> list[str]:
        """Speakers whom the folds name that stand for more than one of the corpus."""
        return _of_several(self.rows)

    def knows(self, column: str) -> bool:
        """Whether anything is known in a column."""
        return bool((self.rows[column] != "").any())


def make_subject(table: Table, form: FoldFormat, *, corpus: Corpus | None = None, join_names: bool = False) -> Subject:
    """Look the utterances of folds up in a corpus: by whole id, by stem, by path.

    Parameters
    ----------
    table : Table
        As a reader of `benchmarks.folds.formats` gives it.
    form : FoldFormat
        Its form.
    corpus : Corpus, optional
    join_names : bool, default=False
        Take ids that differ only in case, space or leading zeros for one.
    """
    sides = (*Subset, ASIDE, UNUSED)
    table.refuse("side", ~table.rows["side"].isin(sides), expected=", ".join(sides))
    if table.rows.empty:
        raise FoldError(f"{table.path} names no utterance; expected one line for each; get the folds anew")
    rows = pd.DataFrame({column: _normalised(table.rows[column], join_names) for column in COLUMNS}, dtype=object)
    for column in ("fold", "utterance"):
        table.refuse(column, rows[column].isin(MISSING), expected="a name in every row")
    if corpus is None:
        rows = rows.assign(position=-1, key=rows["utterance"], true_label="", named_speaker=rows["speaker"])
        return Subject(table.path, form.title, _with_sentences(rows), None, Matching(()), scored=form.scored)
    ids = [str(name) for name in corpus.utterances.index.get_level_values("id")]
    left_out = [clip.name for clip in corpus.left_out]
    positions, matching = _positions(rows, [*ids, *left_out], corpus.utterances["path"].tolist(), join_names)
    rows = rows.assign(position=positions)[positions < len(ids)]
    keys = [
        f"{position}" if position >= 0 else f"?{name}" for position, name in zip(rows["position"], rows["utterance"])
    ]
    rows = _filled(rows.assign(key=keys, true_label="", named_speaker=rows["speaker"]), corpus)
    notes = (*matching.notes(str(table.path)), *([] if form.scored else _notes_on_speakers(rows)))
    return Subject(table.path, form.title, _with_sentences(rows), corpus, matching, notes, form.scored)


def _normalised(names: pd.Series, join_names: bool) -> pd.Series:
    """Names in one spelling each; speakers who differ only in case, space or leading zeros are one where asked for."""
    spelt = {name: normalise(name) for name in names.unique()}
    one = joined(names.map(spelt)) if join_names and names.name == "speaker" else {}
    return names.map({name: one.get(own, own) for name, own in spelt.items()})


def _positions(
    rows: pd.DataFrame, ids: Sequence[str], paths: Sequence[str], join_names: bool
) -> tuple[np.ndarray, Matching]:
    names = list(dict.fromkeys(rows["utterance"]))
    matching = match_ids(ids, names, join_names=join_names)
    found = {names[row]: position for position, row in enumerate(matching.positions) if row >= 0}
    left = rows[~rows["utterance"].isin(found) & (rows["path"] != "")].drop_duplicates("path")
    if len(left):
        taken = set(found.values())
        once = pd.Series(paths).drop_duplicates(keep=False)
        open_ = [int(position) for position in once.index if position not in taken]
        by_path = match_ids([paths[i] for i in open_], left["path"].tolist())
        found |= {left["utterance"].iloc[row]: open_[i] for i, row in enumerate(by_path.positions) if row >= 0}
    return np.array([found.get(name, -1) for name in rows["utterance"]], dtype=int), matching


def _filled(rows: pd.DataFrame, corpus: Corpus) -> pd.DataFrame:
    """Rows with the corpus's speakers, sessions and texts, and its labels where the folds have none."""
    known = rows["position"].to_numpy() >= 0
    of_corpus = corpus.utterances.reset_index().iloc[rows.loc[known, "position"]]
    rows = rows.copy()
    for column in ("speaker", "session", "text"):
        names = of_corpus[column].to_numpy(dtype=object)
        rows.loc[known, column] = np.where(names != "", names, rows.loc[known, column])
    rows.loc[known, "label"] = np.where(rows.loc[known, "label"] == "", of_corpus["label"], rows.loc[known, "label"])
    rows.loc[known, "true_label"] = of_corpus["label"].to_numpy(dtype=object)
    return rows


def _of_several(rows: pd.DataFrame) -> list[str]:
    known = rows[(rows["position"] >= 0) & (rows["named_speaker"] != "")]
    voices = known.groupby("named_speaker", sort=False)["speaker"].nunique()
    return [str(name) for name in voices.index[voices > 1]]


def _notes_on_speakers(rows: pd.DataFrame) -> list[str]:
    several = _of_several(rows)
    if not several:
        return []
    return [
        f"{len(several)} speakers of the folds stand for more than one of the corpus, such as {several[0]}: the "
        "corpus's speakers are taken"
    ]


def _with_sentences(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(sentence=[_NO_WORD.sub(" ", text.casefold()).strip() for text in rows["text"]])
