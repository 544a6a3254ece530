"""Processes of this machine, the engine where nothing else is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Any, TypeVar

from features.engines.engine import Lost, Piece
from features.processes import as_they_come, worker_processes

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
        with worker_processes(len(first)) as executor:
            yield from as_they_come(partial(_done, work), chain(first, coming), executor, len(first))


def _done(work: Callable[..., Result], piece: Piece) -> Result:
    return work(*piece.arguments)
