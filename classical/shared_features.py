"""Features that several parts of one prediction look at, computed once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from features.cache import FeatureCache
from features.extractors.joined import single_extractors
from features.extractors.statistics import FeatureExtractor
from features.groups import PARTS, parts_of
from features.memory_cache import MemoryCache


@contextmanager
def shared_features(members: Iterable[Any]) -> Iterator[FeatureCache | None]:
    """Let fitted pipelines keep the features of all groups that they compute, and take them back, until the block ends.

    Parameters
    ----------
    members : iterable of SpeechClassifier
        Those of a fusion, or one alone.

    Yields
    ------
    FeatureCache or None
        Where they are; None where none of them computes all groups.
    """
    extractors = [
        extractor
        for extractor in single_extractors(member.features for member in members)
        if isinstance(extractor, FeatureExtractor) and parts_of(extractor.groups) == PARTS and extractor.cache is None
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
