"""Processes of this machine, the engine where nothing else is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar

from features.engines.engine import Lost, Piece
from features.processes import as_they_come, worker_processes

if TYPE_CHECKING:
    from joblib.externals.loky import ProcessPoolExecutor

Result = TypeVar("Result")

_SECONDS_APIECE = 0.1
"""A piece of work that does nothing takes 0.6 ms."""


@dataclass(frozen=True)
class LocalEngine:
    """Processes of this machine; this process where one is enough.

    Attributes
    ----------
    size : int

    Examples
    --------
    >>> list(LocalEngine(1).results(max, [Piece((2, 3)), Piece((5, 4))]))
    [(0, 3), (1, 5)]
    """

    size: int
    same_files: bool = True

    @property
    def seconds_apiece(self) -> float:
        """0 where this process does the work itself."""
        return _SECONDS_APIECE if self.size > 1 else 0.0

    def share(self, value: Any) -> Any:
        """Return the value itself; what is large lies in files that processes map into their memory."""
        return value

    def results(self, work: Callable[..., Result], pieces: Iterable[Piece]) -> Iterator[tuple[int, Result | Lost]]:
        """Position and result of each piece, as they come; see `Engine.results`."""
        coming = iter(pieces)
        first = list(islice(coming, self.size))
        if len(first) < 2:
            for position, piece in enumerate(chain(first, coming)):
                yield position, work(*piece.arguments)
            return
        kept = _KEPT.get()
        with kept.processes(len(first)) if kept else worker_processes(len(first)) as executor:
            yield from as_they_come(partial(_done, work), chain(first, coming), executor, len(first))


class _Kept:
    """Processes that are started when they are first needed, and stay for what comes next."""

    def __init__(self) -> None:
        self.running = ExitStack()
        self.executor: ProcessPoolExecutor | None = None
        self.count = 0

    @contextmanager
    def processes(self, count: int) -> Iterator[ProcessPoolExecutor]:
        """So many processes: those of before if they are as many; after an error none are kept."""
        if self.executor is None or self.count != count:
            self.running.close()
            self.executor, self.count = self.running.enter_context(worker_processes(count)), count
        try:
            yield self.executor
        except BaseException as error:
            self.executor = None
            self.running.__exit__(type(error), error, error.__traceback__)
            raise


_KEPT: ContextVar[_Kept | None] = ContextVar("_KEPT", default=None)


@contextmanager
def processes_kept() -> Iterator[None]:
    """Let all work within it that this machine's processes do be done by the same ones.

    A process takes seconds to import what the work needs; a run hands out work three times.

    Examples
    --------
    >>> with processes_kept():
    ...     list(LocalEngine(2).results(max, [Piece((2, 3))]))
    [(0, 3)]
    """
    kept = _Kept()
    token = _KEPT.set(kept)
    try:
        with kept.running:
            yield
    finally:
        _KEPT.reset(token)


def _done(work: Callable[..., Result], piece: Piece) -> Result:
    return work(*piece.arguments)
