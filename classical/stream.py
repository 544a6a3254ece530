"""Emotion of sound that is still coming: a saved pipeline that answers every hop of a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from classical.clip_answers import answers_of_model, check_single
from features.clips import Clip
from features.predictions import Prediction
from features.sampling import RATE
from features.window_buffer import Window, WindowBuffer

if TYPE_CHECKING:
    from classical.persistence import SavedModel


class Stream:
    """Takes a recording in chunks, and answers for each window as soon as its last sample is there.

    The answers are those of `python -m classical.predict --window --hop` for a file of the same samples. What an answer
    costs depends on the window, not on how long the stream has lasted: the features of one window, and one row through
    the model (measured by `python -m benchmarks.speed stream`). No more than a window, a hop and a chunk is held.

    Parameters
    ----------
    model : SavedModel
        As `classical.load` gives it. One that sets clips against others of their speaker cannot be used.
    window : float
        Seconds of sound that an answer is about.
    hop : float, optional
        Seconds from one answer to the next; by default a third of the window.
    rate : int
        Samples a second.
    name : str
        What stands as path in the predictions.

    Raises
    ------
    PipelineError
        If the model standardises each speaker by their clips.
    InputError
        If the window is shorter than 20 ms, or the hop is not above 0.

    Examples
    --------
    >>> import classical
    >>> import features
    >>> stream = classical.Stream(classical.load("model.skops"), window=1.0, hop=0.5)  # doctest: +SKIP
    >>> for chunk in np.array_split(features.load("clip.wav"), 10):  # or of a microphone  # doctest: +SKIP
    ...     for answer in stream.add(chunk):
    ...         print(answer.start, answer.end, answer.label)
    >>> last = stream.end()  # doctest: +SKIP
    >>> again = classical.Stream(classical.load("model.skops"), window=1.0, hop=0.5)  # doctest: +SKIP
    >>> all_at_once = list(again.answers([features.load("clip.wav")]))  # doctest: +SKIP
    """

    def __init__(
        self,
        model: SavedModel,
        *,
        window: float = 3.0,
        hop: float | None = None,
        rate: int = RATE,
        name: str = "stream",
    ) -> None:
        check_single(model)
        self.model = model
        self.name = name
        self._buffer = WindowBuffer(window=window, hop=window / 3 if hop is None else hop, rate=rate)

    def add(self, chunk: np.ndarray) -> list[Prediction]:
        """Take the next samples, and answer for the windows that they complete.

        Parameters
        ----------
        chunk : ndarray of shape (n_samples,) or (n_channels, n_samples)
            Floats at full scale 1, int16 or uint8.

        Returns
        -------
        list of Prediction
            With start and end in seconds from the stream's beginning; often none, several after a long chunk.

        Raises
        ------
        AudioError
            If the chunk cannot be used, of which nothing is taken then, or a window cannot be analysed. In both cases
            the stream can go on.
        """
        return [self._answer(window) for window in self._buffer.add(chunk)]

    def end(self) -> list[Prediction]:
        """Answer for the window that ends with the stream, where at least 100 ms of it are in no other.

        Returns
        -------
        list of Prediction
            One or none; of a stream shorter than a window, the answer for all of it.

        Raises
        ------
        AudioError
            If it cannot be analysed, such as less than 20 ms of sound.
        """
        return [self._answer(window) for window in self._buffer.end()]

    def answers(self, chunks: Iterable[np.ndarray]) -> Iterator[Prediction]:
        """Answers for all of a stream, each as soon as it can be given.

        Parameters
        ----------
        chunks : iterable of ndarray

        Yields
        ------
        Prediction
        """
        for chunk in chunks:
            yield from self.add(chunk)
        yield from self.end()

    def _answer(self, window: Window) -> Prediction:
        name = f"{self.name}, {window.start:.2f} to {window.end:.2f} s"
        clip = Clip(name=name, waveform=window.waveform, rate=self._buffer.rate)
        return replace(answers_of_model(self.model, [clip])[0], path=self.name, start=window.start, end=window.end)
