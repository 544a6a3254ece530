"""Utterances of a run that hold no speech: what pipelines that listen say of them means nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.pipelines.feature_sets import is_stored
from features.speech_check import COLUMNS, speech_in, speech_of

if TYPE_CHECKING:
    from benchmarks.pipelines.pipeline import Pipeline
    from features.cache import FeatureCache
    from features.extractors.table import FeatureTable

_NAMED = 5


def without_speech(
    utterances: pd.DataFrame,
    pipelines: Iterable[Pipeline],
    tables: Iterable[FeatureTable],
    *,
    cache: FeatureCache | None,
    n_jobs: int,
) -> tuple[str, ...]:
    """Find the utterances without speech.

    Parameters
    ----------
    utterances : DataFrame
        Utterances of the corpus.
    pipelines : iterable of Pipeline
        Those that are trained.
    tables : iterable of FeatureTable
        Features that were extracted for them; those that tell are not computed again.
    cache : FeatureCache or None
    n_jobs : int
        Processes.

    Returns
    -------
    tuple of str
        Their ids, in the order of the corpus; none where no pipeline listens to the sound.
    """
    told = next((table for table in tables if set(COLUMNS) <= set(table.names)), None)
    if told is not None:
        speech = speech_of(told)
    elif any(
        pipeline.package == "deep" or (pipeline.features and not is_stored(pipeline.features)) for pipeline in pipelines
    ):
        speech = speech_in(utterances, cache=cache, n_jobs=n_jobs)
    else:
        return ()
    ids = utterances.index.get_level_values("id")
    return tuple(str(ids[position]) for position in np.flatnonzero(~speech))


def note_on(ids: tuple[str, ...], total: int) -> str:
    """What a reader should know of them; empty where there are none.

    Examples
    --------
    >>> note_on(("a", "b"), 24)
    '2 of 24 utterances hold no speech: a, b; what a pipeline says of them means nothing'
    """
    if not ids:
        return ""
    more = f" and {len(ids) - _NAMED} more, all in run.json" if len(ids) > _NAMED else ""
    named = ", ".join(ids[:_NAMED])
    return f"{len(ids)} of {total} utterances hold no speech: {named}{more}; what a pipeline says of them means nothing"
