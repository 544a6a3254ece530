"""Clips of a run that enrol their speakers: in no fold are they scored, whatever the pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.pipelines.flags import Flag
from classical.enrolment import MOST, draw_enrolment, short_of_clips

if TYPE_CHECKING:
    from benchmarks.folds.fold import Fold
    from benchmarks.pipelines import Pipeline

_NAMED = 5


def has_enrolment(pipelines: Iterable[Pipeline]) -> bool:
    """Whether a pipeline among these standardises speakers by clips that enrol them."""
    return any(Flag.ENROLLED in pipeline.flags for pipeline in pipelines)


def ranks_for(table: pd.DataFrame, seed: int) -> NDArray[np.intp]:
    """Rank of every utterance of a corpus among those that enrol its speaker with a seed; 0 for the others."""
    speakers, ids = (table.index.get_level_values(level) for level in ("speaker", "id"))
    return draw_enrolment(speakers, ids, random_state=seed)


def enrol(
    folds: Sequence[Fold], seeds: Sequence[int], table: pd.DataFrame
) -> tuple[tuple[tuple[int, Fold], ...], tuple[str, ...]]:
    """The trials of a run in which speakers enrol: each seed draws its own clips, which leave the test subsets.

    Parameters
    ----------
    folds : sequence of Fold
    seeds : sequence of int
    table : pandas.DataFrame
        The utterances that the folds point into.

    Returns
    -------
    trials : tuple of (int, Fold)
        Seed and fold of each training.
    notes : tuple of str
        How many clips are not scored, and which speakers have fewer than ten that enrol.
    """
    drawn = {seed: ranks_for(table, seed) for seed in seeds}
    trials = tuple((seed, fold.without(drawn[seed] > 0)) for seed in seeds for fold in folds)
    first = drawn[seeds[0]]
    total = sum(len(fold.test) for fold in folds)
    n_clips = total - sum(len(fold.test) for seed, fold in trials if seed == seeds[0])
    each = "each seed draws its own; " if len(seeds) > 1 else ""
    notes = [
        f"{MOST} clips of each speaker, drawn at random, enrol and are scored for no pipeline of this run ({n_clips} "
        f"of {total}; {each}listed in run.json): compare its scores with each other, not with those of other runs"
    ]
    speakers = table.index.get_level_values("speaker")
    short = [f"{name} ({count})" for name, count in short_of_clips(speakers, first, MOST).items()]
    if short:
        more = f" and {len(short) - _NAMED} more" if len(short) > _NAMED else ""
        notes.append(
            f"speakers with fewer than {2 * MOST} clips enrol with half of theirs: {', '.join(short[:_NAMED])}{more}"
        )
    return trials, tuple(notes)


def describe_enrolment(trials: Sequence[tuple[int, Fold]], table: pd.DataFrame) -> Mapping[str, object] | None:
    """What `run.json` says: for every seed the clips of each test speaker that enrol, in their order; None for none."""
    enrolled: dict[str, dict[str, list[str]]] = {}
    for seed, fold in trials:
        if fold.enrolled is None:
            continue
        ranks = ranks_for(table, seed)
        for position in sorted(fold.enrolled, key=ranks.__getitem__):
            speaker, name = table.index[position]
            enrolled.setdefault(str(seed), {}).setdefault(str(speaker), []).append(str(name))
    return {"clips": MOST, "seeds": enrolled} if enrolled else None
