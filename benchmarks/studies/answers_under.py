"""Answers under conditions: pipelines that trained on clips as they are, tested on them and on disturbed ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.conditions.condition import CLEAN, Condition
from benchmarks.scoring.intervals import difference_interval, speaker_confusions, speaker_interval
from benchmarks.studies.under_conditions import AUGMENTED, PLAIN, remove_sounds, tested, under_conditions

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from benchmarks.evaluation.execute import Outcome
    from benchmarks.evaluation.plan import Plan
    from benchmarks.evaluation.run_options import RunOptions
    from benchmarks.evaluation.store import ResultsStore


def answers_under(
    plan: Plan, tried: Sequence[Condition], store: ResultsStore, how: RunOptions, *, augment: bool
) -> Outcome:
    """Train the pipelines of a plan on clips as they are, and test them on clips as they are and under each condition.

    Parameters
    ----------
    plan : Plan
    tried : sequence of Condition
    store : ResultsStore
        Held by the caller; sound lies in its folder for as long as this takes.
    how : RunOptions
    augment : bool
        Train every pipeline a second time, with a copy of each training clip under a drawn condition beside it.

    Returns
    -------
    Outcome
        Speakers are named after their condition, folds after what trained.
    """
    sounds = store.folder / "sounds"
    heard = under_conditions(
        plan.corpus, tried, sounds, augment=augment, seed=plan.seeds[0], jobs=how.jobs, progress=how.progress
    )
    trainings = (PLAIN, AUGMENTED) if augment else (PLAIN,)
    trials = [(seed, tested(fold, heard, training)) for seed, fold in plan.trials for training in trainings]
    try:
        return how.carry_out(plan, trials, store, heard=heard)
    finally:
        remove_sounds(sounds)


def by_condition(
    predictions: pd.DataFrame, labels: Sequence[str]
) -> Iterator[tuple[str, str, dict[str, NDArray[np.float64]]]]:
    """Confusion matrices of every pipeline and training by condition, from the predictions of `answers_under`.

    Yields
    ------
    pipeline, training : str
    confusions : dict of str to ndarray of shape (n_speakers, n_labels, n_labels)
        All speakers in each, sorted.
    """
    parts = predictions["speaker"].str.rpartition("@")
    named = predictions.assign(
        speaker=parts[0], condition=parts[2], training=predictions["fold"].str.rpartition(", ")[2]
    )
    speakers = sorted(named["speaker"].unique())
    for (pipeline, training), group in named.groupby(["pipeline", "training"], sort=False):
        found = group.groupby("condition", sort=False)
        yield (
            str(pipeline),
            str(training),
            {str(condition): speaker_confusions(some, labels, speakers=speakers)[1] for condition, some in found},
        )


def condition_rows(
    confusions: Mapping[str, NDArray[np.float64]], tried: Sequence[Condition]
) -> Iterator[dict[str, Any]]:
    """Score one pipeline as recorded and under each condition.

    Yields
    ------
    dict
        `kind, condition, level, uar, uar_low, uar_high, drop, drop_low, drop_high`; `drop` is clean minus this, paired.
    """
    clean = confusions[str(CLEAN)]
    for condition in (CLEAN, *tried):
        own = confusions[str(condition)]
        yield {
            "kind": condition.kind,
            "condition": str(condition),
            "level": condition.level,
            **speaker_interval(own).columns("uar"),
            **difference_interval(clean, own).columns("drop"),
        }
