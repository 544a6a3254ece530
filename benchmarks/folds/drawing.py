"""Folds that are drawn by a seed: utterances shuffled, and training sides drawn down to the same size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold, train_test_split

from benchmarks.folds.fold import Fold
from features.errors import FoldError


def as_many(given: Fold, clean: Fold, table: pd.DataFrame, *, random_state: int) -> tuple[Fold, Fold]:
    """Two folds whose training sides are drawn down to as many utterances of each label.

    Parameters
    ----------
    given, clean : Fold
    table : DataFrame
        The utterances that they point into, with `label`.
    random_state : int
        Seed of the draw.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> from benchmarks.folds.splitters import make_folds
    >>> table = corpora.load("synthetic").utterances
    >>> few, many = make_folds(table, "2")[0], make_folds(table, "speaker")[0]
    >>> one, other = as_many(few, many, table, random_state=0)
    >>> len(one.training) == len(other.training) == len(few.training)
    True
    """
    labels, rng = table["label"].to_numpy(), np.random.default_rng(random_state)
    sides = [fold.training for fold in (given, clean)]
    kept: list[list[np.ndarray]] = [[], []]
    for label in sorted(set(labels)):
        own = [side[labels[side] == label] for side in sides]
        count = min(map(len, own))
        for place, some in enumerate(own):
            kept[place].append(rng.choice(some, size=count, replace=False))
    return tuple(  # type: ignore[return-value]
        replace(
            fold,
            train=np.setdiff1d(np.concatenate(parts), fold.valid),
            valid=np.intersect1d(np.concatenate(parts), fold.valid),
            aside=None,
        )
        for fold, parts in zip((given, clean), kept)
    )


def shuffled_folds(table: pd.DataFrame, n_folds: int, *, random_state: int) -> tuple[Fold, ...]:
    """Utterances shuffled and cut into folds of as many of each label, whoever speaks; a fifth of the others validates.

    Parameters
    ----------
    table : DataFrame
        Utterances with `label`.
    n_folds : int
    random_state : int

    Raises
    ------
    FoldError
        If a label has fewer utterances than there are folds.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> folds = shuffled_folds(corpora.load("synthetic").utterances, 4, random_state=0)
    >>> [(len(fold.train), len(fold.valid), len(fold.test)) for fold in folds]
    [(144, 36, 60), (144, 36, 60), (144, 36, 60), (144, 36, 60)]
    """
    labels, everything = table["label"].to_numpy(), np.arange(len(table))
    rarest = table["label"].value_counts().idxmin()
    if (labels == rarest).sum() < n_folds:
        raise FoldError(
            f"{(labels == rarest).sum()} utterances are {rarest}; expected {n_folds} or more, one for each fold"
        )
    cutter = StratifiedKFold(n_folds, shuffle=True, random_state=random_state)
    folds = []
    for number, (others, test) in enumerate(cutter.split(everything, labels), start=1):
        train, valid = train_test_split(others, test_size=0.2, stratify=labels[others], random_state=random_state)
        folds.append(Fold(f"fold{number}", np.sort(train), np.sort(valid), test))
    return tuple(folds)
