"""What an extractor is given, paths, waveforms or a table of utterances, as a list of clips."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features.audio import RATE, from_array, load, recorded, recorded_array
from features.errors import FeatureError


@dataclass(frozen=True)
class Clip:
    """One utterance's sound: a file or a stretch of one, or a waveform held in memory.

    Attributes
    ----------
    name : str
        What errors call it.
    path : Path, optional
        The sound file; None for a waveform.
    start, end : float, optional
        Stretch of the file in seconds; None is its beginning or end.
    waveform : ndarray of shape (n_samples,) or (n_channels, n_samples), optional
    rate : int
        The waveform's rate in Hz.
    """

    name: str
    path: Path | None = None
    start: float | None = None
    end: float | None = None
    waveform: np.ndarray | None = None
    rate: int = RATE

    def samples(self, rate: int = RATE) -> np.ndarray:
        """Waveform without its mean, of shape (n_samples,) float32 at `rate`; raises AudioError."""
        if self.path is not None:
            return load(self.path, start=self.start, end=self.end, rate=rate)
        return from_array(self._held(), rate=self.rate, name=self.name, to=rate)

    def recorded(self, rate: int = RATE) -> np.ndarray:
        """Waveform with its mean, of shape (n_samples,) float32 at `rate`; raises AudioError."""
        if self.path is not None:
            return recorded(self.path, start=self.start, end=self.end, rate=rate)
        return recorded_array(self._held(), rate=self.rate, name=self.name, to=rate)

    def _held(self) -> np.ndarray:
        if self.waveform is None:
            raise FeatureError(f"{self.name}: neither a path nor a waveform; expected one of them")
        return self.waveform

    def digest(self, content: str | None = None) -> bytes:
        """16 bytes that change whenever the sound does; `content` is the file's `content_hash`."""
        state = hashlib.blake2b(digest_size=16)
        if content is not None:
            state.update(content.encode())
            state.update(struct.pack("<dd", *(float("nan") if t is None else t for t in (self.start, self.end))))
        else:
            array = np.ascontiguousarray(self.waveform)
            state.update(f"{array.dtype.str}{array.shape}{self.rate}".encode())
            state.update(array.data)
        return state.digest()


def clips_from(X: Any) -> list[Clip]:
    """Clips of whatever an extractor accepts.

    Parameters
    ----------
    X : iterable of str or Path, iterable of (waveform, rate), iterable of Clip, or pandas.DataFrame
        A table needs the column `path`; `start` and `end` in seconds are used where present.

    Raises
    ------
    FeatureError
        If X is something else.

    Examples
    --------
    >>> clips_from(["a.wav"])[0].name
    'a.wav'
    """
    if hasattr(X, "columns") and hasattr(X, "index"):
        return _clips_of_table(X)
    if isinstance(X, (str, Path)):
        raise FeatureError(f"got the single path {str(X)!r}; expected a list of paths; wrap it: [path]")
    if not isinstance(X, Iterable):
        raise FeatureError(f"got {type(X).__name__}; expected paths, (waveform, rate) pairs or a table with `path`")
    return [_clip(item, position) for position, item in enumerate(X)]


def _clip(item: Any, position: int) -> Clip:
    if isinstance(item, Clip):
        return item
    if isinstance(item, (str, Path)):
        return Clip(name=str(item), path=Path(item))
    if isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], (int, float, np.integer, np.floating)):
        return Clip(name=f"waveform {position}", waveform=np.asarray(item[0]), rate=int(item[1]))
    raise FeatureError(f"item {position} is {type(item).__name__}; expected a path or a (waveform, rate) pair")


def _clips_of_table(table: Any) -> list[Clip]:
    if "path" not in table.columns:
        raise FeatureError(f"columns {list(table.columns)}; expected a column `path`; add the sound files' paths")
    blank = np.full(len(table), np.nan)
    bounds = [table[key].to_numpy(dtype=float) if key in table.columns else blank for key in ("start", "end")]
    return [
        Clip(name=str(path), path=Path(path), start=_given(start), end=_given(end))
        for path, start, end in zip(table["path"], *bounds)
    ]


def _given(seconds: float) -> float | None:
    return None if np.isnan(seconds) else float(seconds)
