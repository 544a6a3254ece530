"""The check that runs before any model sees a fold: nothing of its test subset may be in its training subsets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.folds.fold import Fold, Subset, speakers_of
from features.errors import FoldError

if TYPE_CHECKING:
    from benchmarks.folds.same_sound import SameSound


def check_folds(
    folds: Sequence[Fold],
    table: pd.DataFrame,
    audio_keys: Sequence[str],
    *,
    same_sound: Sequence[SameSound] = (),
    allow_duplicates: bool = False,
    allow_shared_speakers: bool = False,
) -> tuple[str, ...]:
    """Check every fold for shared speakers, utterances and sounds.

    Parameters
    ----------
    folds : sequence of Fold
    table : pandas.DataFrame
        The utterances that the folds point into.
    audio_keys : sequence of str
        What each utterance sounds like: equal texts, equal bytes.
    same_sound : sequence of SameSound
        Pairs of utterances that share sound though their bytes differ; see `benchmarks.folds.same_sound`.
    allow_duplicates : bool, default=False
        Accept the same sound in training and test, for corpora known to repeat; a note then says so.
    allow_shared_speakers : bool, default=False
        Accept speakers on both sides, for folds that are made so: by text, or by somebody else.

    Returns
    -------
    tuple of str
        What a user should be told: inner clips instead of speakers, duplicates that were allowed, labels of the test
        subset that no training utterance has.

    Raises
    ------
    FoldError
        Naming the fold and what is shared.

    Examples
    --------
    >>> index = pd.MultiIndex.from_tuples([("s1", "a"), ("s2", "b"), ("s3", "c")], names=["speaker", "id"])
    >>> fold = Fold("s3", np.array([0]), np.array([1]), np.array([2]))
    >>> table = pd.DataFrame({"label": "ang"}, index=index)
    >>> check_folds([fold], table, ["sound 1", "sound 2", "sound 3"])
    ()
    >>> check_folds([fold], table, ["sound 1", "sound 2", "sound 1"], allow_duplicates=True)
    ('fold s3: 1 test utterances are byte-identical to training ones, such as c and a',)
    """
    if not folds:
        raise FoldError("no folds at all; expected at least one")
    allowed = _Allowed(np.asarray(audio_keys), tuple(same_sound), allow_duplicates, allow_shared_speakers)
    notes = [note for fold in folds for note in _check_fold(fold, table, allowed)]
    _check_tested_once(folds, table)
    return tuple(notes)


@dataclass(frozen=True)
class _Allowed:
    """What is known of equal sounds: keys that are equal where bytes are, pairs that share sound; and what may be."""

    keys: np.ndarray
    same_sound: tuple[SameSound, ...]
    duplicates: bool
    shared_speakers: bool


def _check_fold(fold: Fold, table: pd.DataFrame, allowed: _Allowed) -> list[str]:
    for subset in Subset:
        positions = fold.positions(subset)
        if not len(positions):
            raise FoldError(f"fold {fold.name}: no utterance in the subset {subset}; every subset needs some")
        outside = positions[(positions < 0) | (positions >= len(table))]
        if len(outside):
            raise FoldError(f"fold {fold.name}: position {outside[0]} is outside of the {len(table)} utterances")
    for one, other in combinations(Subset, 2):
        both = np.intersect1d(fold.positions(one), fold.positions(other))
        if len(both):
            name = table.index[both[0]][1]
            raise FoldError(
                f"fold {fold.name}: utterance {name!r} ({len(both)} in all) stands in {one} and in {other}; "
                "correct them"
            )
    train = fold.training
    shared = sorted(set(speakers_of(table, train)) & set(speakers_of(table, fold.test)))
    if shared and not allowed.shared_speakers:
        raise FoldError(
            f"fold {fold.name}: speaker {', '.join(shared)} stands on the training side and in test; a model would be "
            "tested on voices it knows; correct the folds, or run them marked with --allow-shared-speakers "
            "(allow_shared_speakers=True)"
        )
    notes = [] if allowed.shared_speakers else _check_validation(fold, table)
    notes += _unlearnable_labels(fold, table, train)
    shared_sound = [*_equal_bytes(fold, table, train, allowed.keys), *_same_sound(fold, table, train, allowed)]
    if shared_sound and not allowed.duplicates:
        raise FoldError(
            f"{shared_sound[0]}; remove one of them, or allow it with --allow-duplicates if the corpus is known to "
            "repeat"
        )
    return notes + shared_sound


def _unlearnable_labels(fold: Fold, table: pd.DataFrame, train: np.ndarray) -> list[str]:
    """Name labels that are tested and that no utterance a model may learn from has."""
    labels = table["label"].to_numpy()
    notes = []
    for label in sorted(set(labels[fold.test]) - set(labels[train])):
        owners = sorted(set(table.index[labels == label].get_level_values("speaker")))
        reason = f"only {owners[0]} has it" if len(owners) == 1 else f"only {', '.join(owners)} have it"
        notes.append(
            f"fold {fold.name}: label {label} is not among its training utterances ({reason}); its recall is 0 "
            "whatever the model: drop it with --classes, or merge it with --map"
        )
    return notes


def _check_validation(fold: Fold, table: pd.DataFrame) -> list[str]:
    """Validation speakers must not train, unless only one speaker is left to train."""
    train, valid = speakers_of(table, fold.train), speakers_of(table, fold.valid)
    shared = sorted(set(train) & set(valid))
    if not shared:
        return []
    if train == valid and len(train) == 1:
        return [
            f"fold {fold.name}: one training speaker only ({train[0]}): inner folds are stratified clips, not speakers"
        ]
    raise FoldError(f"fold {fold.name}: speaker {', '.join(shared)} both trains and validates; correct the folds")


def _equal_bytes(fold: Fold, table: pd.DataFrame, train: np.ndarray, keys: np.ndarray) -> list[str]:
    first = {key: position for position, key in zip(train[::-1], keys[train][::-1], strict=True)}
    pairs = [(position, first[keys[position]]) for position in fold.test if keys[position] in first]
    if not pairs:
        return []
    names = table.index.get_level_values("id")
    return [
        f"fold {fold.name}: {len(pairs)} test utterances are byte-identical to training ones, such as "
        f"{names[pairs[0][0]]} and {names[pairs[0][1]]}"
    ]


def _same_sound(fold: Fold, table: pd.DataFrame, train: np.ndarray, allowed: _Allowed) -> list[str]:
    """Test utterances that sound as training ones do, though their files differ."""
    trained, tested, keys = set(train.tolist()), set(fold.test.tolist()), allowed.keys
    pairs = []
    for pair in allowed.same_sound:
        one, other = pair.first, pair.second
        if one in trained and other in tested:
            one, other = other, one
        if one in tested and other in trained and keys[one] != keys[other]:
            pairs.append((one, other, pair.seconds))
    if not pairs:
        return []
    names = table.index.get_level_values("id")
    one, other, seconds = pairs[0]
    return [
        f"fold {fold.name}: {len({pair[0] for pair in pairs})} test utterances hold the same sound as training ones, "
        f"such as {names[one]} and {names[other]} ({seconds:.1f} s)"
    ]


def _check_tested_once(folds: Sequence[Fold], table: pd.DataFrame) -> None:
    """No utterance may be tested twice: pooled scores would count it double."""
    names = [fold.name for fold in folds]
    if len(set(names)) < len(names):
        raise FoldError(f"two folds share a name: {', '.join(names)}; each needs its own")
    tested = np.concatenate([fold.test for fold in folds])
    values, times = np.unique(tested, return_counts=True)
    if (times > 1).any():
        name = table.index[values[times > 1][0]][1]
        raise FoldError(
            f"utterance {name!r} is tested in more than one fold; each may be tested once, correct the folds"
        )
