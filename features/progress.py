"""How far a long piece of work is: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

_SECONDS_BETWEEN_LINES = 30.0

finished = logging.getLogger("speech_emotion_baselines.finished")
"""Told, at level INFO, of every job of a run as soon as it is stored."""


@contextmanager
def finished_in_lines() -> Iterator[None]:
    """Print each finished job as a line on stderr where that is no terminal: a terminal shows a bar instead.

    Examples
    --------
    >>> with finished_in_lines():  # in a log: 1 of 2 jobs: svm on Ses01, seed 0: done
    ...     finished.info("1 of 2 jobs: svm on Ses01, seed 0: done")
    """
    if sys.stderr.isatty():
        yield
        return
    handler, level = logging.StreamHandler(sys.stderr), finished.level
    finished.addHandler(handler)
    finished.setLevel(logging.INFO)
    try:
        yield
    finally:
        finished.setLevel(level)
        finished.removeHandler(handler)


class Progress:
    """Shows on stderr how many clips are done, how many a second, and how much sound that is.

    Parameters
    ----------
    total : int
        Number of clips.
    what : str
        Before the bar.
    shown : bool
        Whether anything is shown at all.

    Examples
    --------
    >>> with Progress(3, "features", shown=False) as progress:
    ...     progress.add(2, sound=7200.0)
    >>> progress.count, progress.hours
    (2, 2.0)
    """

    def __init__(self, total: int, what: str, *, shown: bool = True) -> None:
        from tqdm import tqdm

        self.total = total
        self.count = 0
        self.hours = 0.0
        self._shown = shown
        self._skipped = 0
        self._bar = tqdm(total=total, disable=not (shown and sys.stderr.isatty()), unit="clip", desc=what)
        self._began = self._said = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.close()

    def skip(self, clips: int) -> None:
        """Take note of clips that were done before; they say nothing of how many are done a second."""
        self._skipped += clips
        self.count += clips
        self._bar.update(clips)

    def add(self, clips: int, *, sound: float = 0.0) -> None:
        """Take note of clips that are done, and of their seconds of sound."""
        self.count += clips
        self.hours += sound / 3600
        self._bar.update(clips)
        now = time.monotonic()
        seconds = max(now - self._began, 1e-9)
        if self.hours and not self._bar.disable:
            self._bar.set_postfix_str(f"{self.hours / seconds:.3g} hours of sound a second", refresh=False)
        if self._shown and self._bar.disable and now - self._said >= _SECONDS_BETWEEN_LINES:
            self._said = now
            heard = f", {self.hours / seconds:.3g} hours of sound a second" if self.hours else ""
            rate = (self.count - self._skipped) / seconds
            sys.stderr.write(f"{self.count:,} of {self.total:,} clips, {rate:.1f} a second{heard}\n")
