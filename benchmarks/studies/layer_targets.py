"""What a layer is asked for: emotion, sentence or speaker, each on folds that hold out what would make it too easy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.folds.texts import MOST_GROUPS, held_together, text_groups, words_of
from features.errors import FoldError

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus
    from benchmarks.folds.fold import Fold

BLOCKS, CLIP_FOLDS = 20, 5
"""Blocks of clips that are drawn where no texts are known, and the folds that they are dealt out to."""

Split = tuple[NDArray[np.intp], NDArray[np.intp]]


class Target(StrEnum):
    """What a probe is to recognise.

    Examples
    --------
    >>> [str(target) for target in Target]
    ['emotion', 'sentence', 'speaker']
    """

    EMOTION = "emotion"
    SENTENCE = "sentence"
    SPEAKER = "speaker"


@dataclass(frozen=True, eq=False)
class Question:
    """A target on the clips that can be asked for it.

    Attributes
    ----------
    target : Target
    positions : ndarray of int of shape (n_clips,)
        Rows of the utterances table.
    truth : ndarray of str of shape (n_clips,)
        The class of each.
    units : ndarray of str of shape (n_clips,)
        What of each clip is never in training and test at once; intervals are taken over these.
    held_out : str
        What the units are: speakers, sentences, scripts, or blocks of clips.
    folds : tuple of (ndarray, ndarray)
        What trains and what tests, as indices into `positions`.

    Examples
    --------
    >>> truth, units = np.array(["ang", "sad"] * 2), np.array(["ann", "ann", "bob", "bob"])
    >>> folds = ((np.array([0, 1]), np.array([2, 3])), (np.array([2, 3]), np.array([0, 1])))
    >>> question = Question(Target.EMOTION, np.arange(4), truth, units, "speakers", folds)
    >>> question.classes, question.chance
    (('ang', 'sad'), 0.5)
    """

    target: Target
    positions: NDArray[np.intp]
    truth: NDArray[np.str_]
    units: NDArray[np.str_]
    held_out: str
    folds: tuple[Split, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """Sorted classes."""
        return tuple(sorted(set(self.truth.tolist())))

    @property
    def chance(self) -> float:
        """UAR of guessing."""
        return 1 / len(self.classes)


def questions(corpus: Corpus, folds: Sequence[Fold]) -> tuple[list[Question], list[str]]:
    """Those questions that a corpus can be asked, and why others cannot.

    Emotion and sentence are tested on speakers who do not train, the speaker on sentences that do not train: so no
    target is told by another. Where a corpus has five scripts or more, these stand for sentences; where texts are not
    known, the speaker is tested on clips that do not train.

    Parameters
    ----------
    corpus : Corpus
    folds : sequence of Fold
        That keep speakers apart.

    Returns
    -------
    asked : list of Question
    notes : list of str

    Examples
    --------
    >>> from benchmarks import corpora, make_folds
    >>> corpus = corpora.load("synthetic")
    >>> asked, notes = questions(corpus, make_folds(corpus.utterances, "session"))
    >>> [(str(question.target), len(question.classes), question.held_out) for question in asked]
    [('emotion', 4, 'speakers'), ('sentence', 6, 'speakers'), ('speaker', 10, 'sentences')]
    """
    table = corpus.utterances
    speakers, words = table.index.get_level_values("speaker").to_numpy().astype(str), words_of(table)
    apart = [(fold.training, fold.test) for fold in folds]
    units, held_out, groups, notes = _units_of_speaker(corpus)
    numbers = range(groups.max() + 1)
    by_group = [(np.flatnonzero(groups != number), np.flatnonzero(groups == number)) for number in numbers]
    wanted = (
        (Target.EMOTION, table["label"].to_numpy(), speakers, "speakers", apart),
        (Target.SENTENCE, words, speakers, "speakers", apart),
        (Target.SPEAKER, speakers, units, held_out, by_group),
    )
    asked = []
    for target, truth, own, name, splits in wanted:
        answerable = _answerable(truth, splits)
        is_emotion = target is Target.EMOTION  # asked of every clip, as in every run
        if not is_emotion and len(set(truth[answerable])) < 2:
            notes.append(f"{target} is not asked for: fewer than two classes stand in the training of every fold")
            continue
        if not is_emotion and not answerable.all():
            notes.append(
                f"{target}: {len(answerable) - answerable.sum()} of {len(answerable)} clips are left out, whose class "
                "is unknown or not in the training of every fold that tests it"
            )
        rows = np.arange(len(table)) if is_emotion else np.flatnonzero(answerable)
        found = [_within(rows, train, test) for train, test in splits]
        some = tuple(split for split in found if len(split[1]))
        asked.append(Question(target, rows, truth[rows].astype(str), own[rows].astype(str), name, some))
    return asked, notes


def _units_of_speaker(corpus: Corpus) -> tuple[NDArray, str, NDArray[np.intp], list[str]]:
    """What is held out where speakers are asked for, what that is called, the fold that tests each clip, and notes."""
    table = corpus.utterances
    try:
        if len(set(held_together(table))) >= MOST_GROUPS and "script" in table and (table["script"] != "").any():
            return held_together(table), "scripts", text_groups(table), []
        words = table.drop(columns="script", errors="ignore")  # of few scripts an interval would say nothing
        return held_together(words), "sentences", text_groups(words), []
    except FoldError:
        block = _blocks(corpus)
        note = "speaker: texts are not known of all clips, so that training may hold the test's sentences"
        names = np.array([f"block {number + 1:02d}" for number in range(BLOCKS)], dtype=object)
        return names[block], "blocks of clips", block % CLIP_FOLDS, [note]


def _blocks(corpus: Corpus) -> NDArray[np.intp]:
    """Clips dealt out to blocks, speaker by speaker, in an order drawn once; the same sound is one clip."""
    keys = pd.Series(corpus.audio_keys)
    speakers = corpus.utterances.index.get_level_values("speaker").to_numpy()
    order = np.random.default_rng(0).permutation(len(keys))
    order = order[np.argsort(speakers[order], kind="stable")]
    first = keys.iloc[order].drop_duplicates()
    return keys.map(dict(zip(first, np.arange(len(first)) % BLOCKS, strict=True))).to_numpy(dtype=np.intp)


def _answerable(truth: NDArray, splits: Sequence[Split]) -> NDArray[np.bool_]:
    """Whether the class of each clip is known, and in the training of every fold that tests it."""
    unknown = {""}
    for train, test in splits:
        unknown |= set(truth[test]) - set(truth[train])
    return ~np.isin(truth.astype(str), sorted(unknown))


def _within(rows: NDArray[np.intp], train: NDArray[np.intp], test: NDArray[np.intp]) -> Split:
    """A split of the table as indices into some of its rows."""
    return np.flatnonzero(np.isin(rows, train)), np.flatnonzero(np.isin(rows, test))
