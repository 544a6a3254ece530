"""Clips as they lie in their files, and rows of them: which sound it was, how long, and what cannot be analysed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from features.bad_files import UNREADABLE, BadClip
from features.errors import AudioError
from features.files import content_hash
from features.shards.folder import Row
from features.utterances import duration, ends_behind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from features.clips import Clip


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

    def row(self, values: NDArray[np.float32], *, seconds: float | None = None, texts: tuple[str, ...] = ()) -> Row:
        """What was computed of the clip, after it was read.

        Parameters
        ----------
        values : ndarray of shape (n_numbers,)
        seconds : float, optional
            How long its sound is; looked up in the file's header where it is not known.
        texts : tuple of str

        Raises
        ------
        AudioError
            If the file is another by now.
        """
        return Row(values, self._sound(), self._seconds() if seconds is None else seconds, texts, self.behind)

    def _seconds(self) -> float:
        end = self.clip.end
        if end is None:
            end = _duration(Path(self.clip.name) if self.clip.path is None else self.clip.path, self.content)
        return end - (self.clip.start or 0.0)

    def _sound(self) -> str:
        """Hash of the clip's sound.

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


Computed = Mapping[int, "tuple[NDArray[np.float32], tuple[str, ...]] | BadClip"]
"""Numbers and texts of clips by position, or what is wrong with them."""


def rows_of(clips: Sequence[Clip], compute: Callable[[Sequence[Clip]], Computed]) -> list[Row | BadClip]:
    """Rows of clips that are computed together, or what is wrong with them.

    Parameters
    ----------
    clips : sequence of Clip
        That lie in files.
    compute : callable
        Given those whose file can be read, each inside its file, the numbers and texts of each.
    """
    heard: dict[int, Heard] = {}
    results: dict[int, Row | BadClip] = {}
    for position, clip in enumerate(clips):
        try:
            heard[position] = Heard.of(clip)
        except UNREADABLE as error:
            results[position] = BadClip.of(position, clip, error)
    computed = compute([one.clip for one in heard.values()]) if heard else {}
    for number, (position, one) in enumerate(heard.items()):
        found = computed[number]
        try:
            if isinstance(found, BadClip):
                results[position] = replace(found, position=position)
            else:
                results[position] = one.row(found[0], texts=found[1])
        except UNREADABLE as error:
            results[position] = BadClip.of(position, one.clip, error)
    return [results[position] for position in range(len(clips))]
