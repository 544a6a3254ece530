"""Ctrl-C and SIGTERM: stop every process of a command within seconds, after one line, whatever it is busy with."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SECONDS = 3.0
"""Time to clean up in; what is busy in compiled code for longer is ended without."""

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Stopped(KeyboardInterrupt):
    """The command was asked to stop by a signal.

    Parameters
    ----------
    number : int
        The signal's.

    Examples
    --------
    >>> Stopped(15).status
    143
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number


@contextmanager
def stoppable(words: str) -> Iterator[None]:
    """Let signals raise `Stopped` in the block, and end the process where nothing comes of that.

    A signal that the command was told to ignore, as by `nohup`, stays ignored. In other threads than the main one,
    which alone can be interrupted, nothing changes.

    Parameters
    ----------
    words : str
        What to say on stderr where the process is ended without having cleaned up.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    watch = _Watch(words)
    previous = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in previous.items():
        if handler in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, watch.raise_once)
    try:
        with watch:
            yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class _Watch:
    """A thread that a signal wakes at once, even while the main thread is in compiled code and cannot hear it."""

    def __init__(self, words: str) -> None:
        self.words = words
        self._stopping = False
        self._over = threading.Event()

    def raise_once(self, number: int, _: FrameType | None) -> None:
        """Raise `Stopped` for the first signal; later ones do not disturb the cleaning up."""
        if not self._stopping:
            self._stopping = True
            raise Stopped(number)

    def __enter__(self) -> _Watch:
        self._read, self._write = socket.socketpair()
        self._write.setblocking(False)
        self._previous = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._previous)
        self._over.set()
        self._write.close()
        self._thread.join()
        self._read.close()

    def _wait(self) -> None:
        stop = next((number for number in iter(self._next, None) if number in _SIGNALS), None)
        if stop is None or self._over.wait(SECONDS) or signal.getsignal(stop) != self.raise_once:
            return
        end_children()
        sys.stderr.write(f"{self.words}\n")
        sys.stderr.flush()
        os._exit(128 + stop)

    def _next(self) -> int | None:
        """The next signal; None once the block is over."""
        data = self._read.recv(1)
        return data[0] if data else None


def _begin_child() -> None:
    """In a process forked off, as PyTorch's loaders are: its signals are its own, and not the parent's to watch."""
    for number in _SIGNALS:
        if isinstance(getattr(signal.getsignal(number), "__self__", None), _Watch):
            signal.set_wakeup_fd(-1)
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_child)


def end_children() -> None:
    """Kill every process that this one started, and those that they started."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.Error:  # it has ended by itself
            continue
