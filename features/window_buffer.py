"""Sound that arrives in chunks, as the windows that `features.utterances.cut` cuts of the same sound in a file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.audio import LOUDEST, SHORTEST
from features.errors import AudioError, InputError
from features.sampling import RATE
from features.utterances import n_whole, spans


@dataclass(frozen=True)
class Window:
    """A window of a stream.

    Attributes
    ----------
    start, end : float
        In seconds from the stream's beginning.
    waveform : ndarray of shape (n_samples,) or (n_channels, n_samples)
        As it came: at the stream's rate, with its mean and all its channels.
    """

    start: float
    end: float
    waveform: np.ndarray


class WindowBuffer:
    """Keeps the last seconds of a stream, and hands out each window as soon as it is complete.

    No more than a window, a hop and the chunk that was just added is ever held, however long the stream lasts.

    Parameters
    ----------
    window, hop : float
        Length of a window, and from the start of one to the start of the next, in seconds.
    rate : int
        Samples a second.

    Raises
    ------
    InputError
        If the window is shorter than 20 ms, or the hop is not above 0.

    Examples
    --------
    >>> buffer = WindowBuffer(window=1.0, hop=0.5, rate=16000)
    >>> chunks = np.zeros((17, 1600), dtype=np.float32)
    >>> [(window.start, window.end) for chunk in chunks for window in buffer.add(chunk)]
    [(0.0, 1.0), (0.5, 1.5)]
    >>> [(round(window.start, 3), window.end) for window in buffer.end()]
    [(0.7, 1.7)]
    """

    def __init__(self, *, window: float, hop: float, rate: int = RATE) -> None:
        if not (SHORTEST <= window < float("inf") and 0 < hop < float("inf")):
            raise InputError(
                f"window {window:g} s and hop {hop:g} s; expected a window of at least {SHORTEST:g} s and a hop above 0"
            )
        self.window, self.hop, self.rate = window, hop, rate
        self._held: np.ndarray | None = None
        self._dropped = 0
        self._handed_out = 0

    @property
    def n_samples(self) -> int:
        """Samples of each channel that have come so far."""
        return self._dropped + (0 if self._held is None else self._held.shape[-1])

    def add(self, chunk: np.ndarray) -> list[Window]:
        """Take the next samples.

        Parameters
        ----------
        chunk : ndarray of shape (n_samples,) or (n_channels, n_samples)
            Floats at full scale 1, int16 or uint8, the same type and channels as before; it may be empty.

        Returns
        -------
        list of Window
            Those that are complete now, and were not before.

        Raises
        ------
        AudioError
            If the chunk is not of this form, or holds values that are not finite or far out of range; nothing of it is
            taken, and the stream can go on.
        """
        chunk = np.asarray(chunk)
        _check_chunk(chunk, self._held)
        self._held = chunk.copy() if self._held is None else np.concatenate([self._held, chunk], axis=-1)
        complete = n_whole(self.n_samples / self.rate, window=self.window, hop=self.hop)
        first, self._handed_out = self._handed_out, max(self._handed_out, complete)
        windows = [self._cut(k * self.hop, k * self.hop + self.window) for k in range(first, complete)]
        self._forget()
        return windows

    def end(self) -> list[Window]:
        """The last window, where at least 100 ms of the stream are in no other; all of a short stream."""
        if not self.n_samples:
            return []
        every = spans(0.0, self.n_samples / self.rate, window=self.window, hop=self.hop)
        return [self._cut(start, end) for start, end in every[self._handed_out :]]

    def _cut(self, start: float, end: float) -> Window:
        assert self._held is not None
        first, last = round(start * self.rate) - self._dropped, round(end * self.rate) - self._dropped
        return Window(start, end, self._held[..., first:last])

    def _forget(self) -> None:
        """Drop what neither the next window nor the last one of the stream can hold."""
        assert self._held is not None
        oldest = min(
            round(self._handed_out * self.hop * self.rate), self.n_samples - round(self.window * self.rate) - 1
        )
        if oldest > self._dropped:
            self._held = self._held[..., oldest - self._dropped :].copy()
            self._dropped = oldest


def _check_chunk(chunk: np.ndarray, before: np.ndarray | None) -> None:
    if chunk.ndim not in (1, 2) or (chunk.dtype.kind != "f" and chunk.dtype not in (np.int16, np.uint8)):
        raise AudioError(
            f"a chunk of shape {chunk.shape} and type {chunk.dtype}; expected floats, int16 or uint8 of shape "
            "(n_samples,) or (n_channels, n_samples); convert it"
        )
    if before is not None and (chunk.dtype, chunk.shape[:-1]) != (before.dtype, before.shape[:-1]):
        raise AudioError(
            f"a chunk of shape {chunk.shape} and type {chunk.dtype} after {before.dtype} with "
            f"{'one channel' if before.ndim == 1 else f'{len(before)} channels'}; expected one form throughout a stream"
        )
    if chunk.dtype.kind == "f" and chunk.size and not float(np.abs(chunk).max()) <= LOUDEST:
        raise AudioError(
            f"a chunk with samples that are not finite or beyond {LOUDEST:g}; expected full scale at 1; divide by the "
            "integer range"
        )
