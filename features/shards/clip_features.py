"""Features of some clips, with the hash of the sound that they are of: what is sent to whoever fills a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from features.bad_files import UNREADABLE, BadClip
from features.clips import Clip
from features.compute import features_of, level_normalised, warm_up
from features.sampling import RATE
from features.shards.folder import Row
from features.shards.heard import Heard


@dataclass(frozen=True)
class ClipFeatures:
    """Features of clips that lie in files.

    Attributes
    ----------
    parts : tuple of str
        See `features.groups.parts_of`.
    normalise_level : bool
    """

    parts: tuple[str, ...]
    normalise_level: bool = False

    def __call__(self, clips: Sequence[Clip]) -> list[Row | BadClip]:
        """A row for each clip, or what is wrong with it."""
        warm_up()
        return [self._row_or_bad(position, clip) for position, clip in enumerate(clips)]

    def _row_or_bad(self, position: int, clip: Clip) -> Row | BadClip:
        try:
            return self._row(clip)
        except UNREADABLE as error:
            return BadClip.of(position, clip, error)

    def _row(self, clip: Clip) -> Row:
        heard = Heard.of(clip)
        waveform = heard.clip.samples()
        values = features_of(level_normalised(waveform) if self.normalise_level else waveform, self.parts)
        return heard.row(values, seconds=len(waveform) / RATE)
