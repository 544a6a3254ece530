"""Processes of this machine, the engine where nothing else is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from features.engines.engine import Lost, Piece
from features.processes import as_they_come, worker_processes

Result = TypeVar("Result")


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

    def share(self, value: Any) -> Any:
        """Return the value itself; what is large lies in files that processes map into their memory."""
        return value

    def results(self, work: Callable[..., Result], pieces: Sequence[Piece]) -> Iterator[tuple[int, Result | Lost]]:
        """Position and result of each piece, as they come; see `Engine.results`."""
        count = min(self.size, len(pieces))
        if count < 2:
            for position, piece in enumerate(pieces):
                yield position, work(*piece.arguments)
            return
        with worker_processes(count) as executor:
            yield from as_they_come(partial(_done, work), pieces, executor, count)


def _done(work: Callable[..., Result], piece: Piece) -> Result:
    return work(*piece.arguments)
