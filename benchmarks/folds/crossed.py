"""Folds of which no sentence stands on both sides: by text, and by speaker and text at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.folds.fold import Fold
from benchmarks.folds.texts import text_groups, words_of
from features.errors import FoldError

Positions = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Sides:
    """Who may test and who may train, whatever they say.

    Attributes
    ----------
    tested, others : ndarray of int
        Positions of the utterances that test, and of those that may train.
    validating : tuple of str
        Speakers among the others that validate; empty where all of them do, on other sentences.
    """

    tested: Positions
    others: Positions
    validating: tuple[str, ...] = ()


def text_folds(table: pd.DataFrame) -> tuple[Fold, ...]:
    """Folds by text: a group of sentences tests, the next group validates; every speaker stands in all subsets.

    Parameters
    ----------
    table : pandas.DataFrame
        Utterances with `label` and `text`; index `(speaker, id)`.

    Returns
    -------
    tuple of Fold
        Each utterance tests once.

    Raises
    ------
    FoldError
        If an utterance has no text, or all have the same.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> [fold.name for fold in text_folds(corpora.load("synthetic").utterances)][:2]
    ['text1', 'text2']
    """
    everything = np.arange(len(table))
    return crossed_folds(table, {"": Sides(everything, everything)})


def crossed_folds(table: pd.DataFrame, sides: Mapping[str, Sides]) -> tuple[Fold, ...]:
    """Folds that share no sentence: each of `sides` is tested on one group of sentences at a time.

    What shares a speaker or a sentence with the test stands in no subset. The validating speakers validate on the next
    group of sentences, and nobody else trains on these; what this takes from the training stands `aside`, for pipelines
    that choose nothing on the validation. With two groups of sentences, validation shares sentences with training, but
    no speaker.

    Parameters
    ----------
    table : pandas.DataFrame
        Utterances with `label` and `text`; index `(speaker, id)`.
    sides : mapping of str to Sides
        By the name of those who test; folds are named after it and the group of sentences.

    Returns
    -------
    tuple of Fold
        Each utterance tests once.

    Raises
    ------
    FoldError
        If an utterance has no text, all have the same, or nobody else says anything else.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> table = corpora.load("synthetic").utterances
    >>> women, men = (np.flatnonzero(table["gender"] == gender) for gender in ("female", "male"))
    >>> folds = crossed_folds(table, {"women": Sides(women, men), "men": Sides(men, women)})
    >>> folds[0].name, set(table["text"].iloc[folds[0].test]) & set(table["text"].iloc[folds[0].training])
    ('women-text1', set())
    """
    said, words = text_groups(table), words_of(table)
    speakers = np.asarray(table.index.get_level_values("speaker"))
    n_groups = int(said.max()) + 1
    folds = []
    for side, own in sides.items():
        for number in range(n_groups):
            name = f"{side}-text{number + 1}" if side else f"text{number + 1}"
            test = own.tested[said[own.tested] == number]
            if not len(test):
                continue
            training = _other_sentences(own.others, test, number, said, words)
            if len(training) < 2:
                raise FoldError(
                    f"fold {name}: nobody else says anything else, {len(training)} utterances are left to train; "
                    "choose --folds speaker or a number"
                )
            validates = np.isin(speakers, own.validating)
            train, valid, aside = _divided(training, validates, (number + 1) % n_groups, said, words)
            folds.append(Fold(name, train, valid, test, aside=aside))
    return tuple(folds)


def _other_sentences(
    positions: Positions, test: Positions, number: int, said: Positions, words: NDArray[np.object_]
) -> Positions:
    """Those of some positions that are of another group of sentences, and say nothing that the test says."""
    spoken = set(words[test]) - {""}
    return positions[(said[positions] != number) & ~np.isin(words[positions], list(spoken))]


def _divided(
    training: Positions, validates: NDArray[np.bool_], following: int, said: Positions, words: NDArray[np.object_]
) -> tuple[Positions, Positions, Positions | None]:
    """What trains, what validates, and what shares speaker or sentence with the latter; None for nothing."""
    chosen = validates[training]
    by_speaker = bool(chosen.any() and not chosen.all())
    able = chosen if by_speaker else np.ones(len(training), dtype=bool)
    valid = training[able & (said[training] == following)]
    train = _other_sentences(training[~chosen] if by_speaker else training, valid, following, said, words)
    if len(train) and len(valid):
        aside = np.setdiff1d(training, np.concatenate([train, valid]))
        return train, valid, aside if len(aside) else None
    if not by_speaker:
        chosen = np.arange(len(training)) % 5 == min(4, len(training) - 1)  # one group is left: every fifth clip
    return training[~chosen], training[chosen], None
