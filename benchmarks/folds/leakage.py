"""The check that runs before any model sees a fold: nothing of the test side may stand on the training side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.folds.fold import Fold, speakers_of
from features.errors import FoldError


def check_folds(
    folds: Sequence[Fold], table: pd.DataFrame, audio_keys: Sequence[str], *, allow_duplicates: bool = False
) -> tuple[str, ...]:
    """Check every fold for shared speakers, utterances and sounds.

    Parameters
    ----------
    folds : sequence of Fold
    table : pandas.DataFrame
        The utterances that the folds point into.
    audio_keys : sequence of str
        What each utterance sounds like: equal texts, equal bytes.
    allow_duplicates : bool
        Accept byte-identical audio on both sides, for corpora known to repeat; it is then said in a note.

    Returns
    -------
    tuple of str
        What a user should be told: inner clips instead of speakers, duplicates that were allowed.

    Raises
    ------
    FoldError
        Naming the fold and what is shared.
    """
    if not folds:
        raise FoldError("no folds at all; expected at least one")
    notes = [note for fold in folds for note in _check_fold(fold, table, np.asarray(audio_keys), allow_duplicates)]
    _check_tests(folds, table)
    return tuple(notes)


def _check_fold(fold: Fold, table: pd.DataFrame, keys: np.ndarray, allow_duplicates: bool) -> list[str]:
    for side in ("train", "valid", "test"):
        positions = getattr(fold, side)
        if not len(positions):
            raise FoldError(f"fold {fold.name}: nobody on the side {side}; every side needs utterances")
        if positions.min() < 0 or positions.max() >= len(table):
            raise FoldError(f"fold {fold.name}: position {positions.max()} is outside of the {len(table)} utterances")
    for one, other in (("train", "test"), ("valid", "test"), ("train", "valid")):
        both = np.intersect1d(getattr(fold, one), getattr(fold, other))
        if len(both):
            name = table.index[both[0]][1]
            raise FoldError(
                f"fold {fold.name}: utterance {name!r} ({len(both)} in all) stands in {one} and in {other}; mend them"
            )
    train = fold.training_side
    shared = sorted(set(speakers_of(table, train)) & set(speakers_of(table, fold.test)))
    if shared:
        raise FoldError(
            f"fold {fold.name}: speaker {', '.join(shared)} stands on the training side and in test; a model would be "
            "tested on voices it knows, mend the folds"
        )
    return [*_inner(fold, table), *_duplicates(fold, table, keys, train, allow_duplicates)]


def _inner(fold: Fold, table: pd.DataFrame) -> list[str]:
    """Validation speakers must not train, unless only one speaker is left to train."""
    inner, valid = speakers_of(table, fold.train), speakers_of(table, fold.valid)
    shared = sorted(set(inner) & set(valid))
    if not shared:
        return []
    if inner == valid and len(inner) == 1:
        return [
            f"fold {fold.name}: one training speaker only ({inner[0]}): inner folds are stratified clips, not speakers"
        ]
    raise FoldError(f"fold {fold.name}: speaker {', '.join(shared)} both trains and validates; mend the folds")


def _duplicates(fold: Fold, table: pd.DataFrame, keys: np.ndarray, train: np.ndarray, allowed: bool) -> list[str]:
    first = {key: position for position, key in zip(train[::-1], keys[train][::-1], strict=True)}
    twins = [(first[keys[position]], position) for position in fold.test if keys[position] in first]
    if not twins:
        return []
    (one, other), names = twins[0], table.index.get_level_values("id")
    words = (
        f"fold {fold.name}: {len(twins)} test utterances are byte-identical to training ones, such as {names[other]} "
        f"and {names[one]}"
    )
    if not allowed:
        raise FoldError(
            f"{words}; remove one of them, or allow it with --allow-duplicates if the corpus is known to repeat"
        )
    return [words]


def _check_tests(folds: Sequence[Fold], table: pd.DataFrame) -> None:
    """No utterance may be tested twice: pooled scores would count it double."""
    names = [fold.name for fold in folds]
    if len(set(names)) < len(names):
        raise FoldError(f"two folds share a name: {', '.join(names)}; each needs its own")
    tested = np.concatenate([fold.test for fold in folds])
    values, times = np.unique(tested, return_counts=True)
    if (times > 1).any():
        name = table.index[values[times > 1][0]][1]
        raise FoldError(f"utterance {name!r} is tested in more than one fold; each may be tested once, mend the folds")
