"""Features of some clips, with the hash of the sound that they are of: what is sent to whoever fills a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from features.bad_files import UNREADABLE, BadClip
from features.clips import Clip
from features.compute import features_of, level_normalised, warm_up
from features.errors import AudioError
from features.files import content_hash
from features.sampling import RATE
from features.shards.folder import Row
from features.utterances import duration, ends_behind


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
        return Row(values, heard.sound(), len(waveform) / RATE, behind=heard.behind)


@dataclass(frozen=True)
class Heard:
    """A clip inside its file, and what that file held before the clip was read.

    Attributes
    ----------
    clip : Clip
        Without an end where that is the file's.
    content : str
        The file's `content_hash`.
    behind : bool
        Whether the end that was asked for lies behind the file's.
    """

    clip: Clip
    content: str
    behind: bool

    @classmethod
    def of(cls, clip: Clip) -> Heard:
        """Look at a clip's file.

        Raises
        ------
        AudioError
            If it cannot be read.
        """
        path = Path(clip.name) if clip.path is None else clip.path
        content = content_hash(path)
        if clip.end is None:
            return cls(clip, content, behind=False)
        length = _duration(path, content)
        inside = replace(clip, end=None) if clip.end >= length else clip
        return cls(inside, content, behind=ends_behind(clip.end, length))

    def sound(self) -> str:
        """Hash of the clip's sound, after it was read.

        Raises
        ------
        AudioError
            If the file is another by now.
        """
        path = self.clip.path
        if path is not None and content_hash(path) != self.content:
            raise AudioError(f"{path}: changed while it was read; expected a file that is whole; run again")
        return self.clip.digest(self.content).hex()


@lru_cache(maxsize=1 << 12)
def _duration(path: Path, _content: str) -> float:
    return duration(path)
