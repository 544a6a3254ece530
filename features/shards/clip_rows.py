"""Rows of clips by an extractor that is costly to make, such as a speech encoder: each process makes it once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from features.bad_files import BadClip
from features.errors import FeatureError
from features.shards.folder import Row
from features.shards.heard import Computed, rows_of

if TYPE_CHECKING:
    from features.clips import Clip
    from features.extractors.base import ClipExtractor


@dataclass(frozen=True)
class ClipRows:
    """Rows of clips that lie in files.

    Attributes
    ----------
    make : callable
        Makes the extractor, wherever it is called.
    identity : str
        What the extractor says of itself where the command was given; another one elsewhere is refused.
    columns : tuple of int
        Those of its columns that are wanted.
    """

    make: Callable[[], ClipExtractor] = field(compare=False)
    identity: str
    columns: tuple[int, ...]

    def __call__(self, clips: Sequence[Clip]) -> list[Row | BadClip]:
        """A row for each clip, or what is wrong with it."""
        return rows_of(clips, self._computed)

    def _computed(self, clips: Sequence[Clip]) -> Computed:
        table, bad = _made(self).extract_good(list(clips))
        wrong = {one.position: one for one in bad}
        values = np.ascontiguousarray(table.values[:, list(self.columns)])
        good = (position for position in range(len(clips)) if position not in wrong)
        return {**wrong, **{position: (row, ()) for position, row in zip(good, values, strict=True)}}


@lru_cache(maxsize=1)
def _made(rows: ClipRows) -> ClipExtractor:
    extractor = rows.make()
    if extractor.identity() != rows.identity:
        raise FeatureError(
            "a worker has another encoder at that place than the machine that gave the command; expected the same "
            "files: put them on a disk that all see"
        )
    return extractor
