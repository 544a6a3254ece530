"""Features that several parts of one prediction look at, computed once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from features.cache import FeatureCache
from features.extractors.statistics import FeatureExtractor
from features.groups import GROUPS, groups_of
from features.memory_cache import MemoryCache


@contextmanager
def shared_features(pipeline: Any) -> Iterator[FeatureCache | None]:
    """Let a fitted pipeline keep the features of all groups that it computes, and take them back, until the block ends.

    Parameters
    ----------
    pipeline : estimator
        A pipeline, or a fusion of some.

    Yields
    ------
    FeatureCache or None
        Where they are; None where the pipeline computes other features, or some groups alone.
    """
    members = [member for _, member in getattr(pipeline, "members_", ())] or [pipeline]
    extractors = [
        member.features
        for member in members
        if isinstance(member.features, FeatureExtractor)
        and groups_of(member.features.groups) == GROUPS
        and member.features.cache is None
    ]
    if not extractors:
        yield None
        return
    memory = MemoryCache()
    for extractor in extractors:
        extractor.set_params(cache=memory)
    try:
        yield memory
    finally:
        for extractor in extractors:
            extractor.set_params(cache=None)
