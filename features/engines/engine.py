"""What every engine can do: share a value with whoever works, and do pieces of work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

Result = TypeVar("Result")

_ALONE = threading.Lock()
"""Held by what works in this process: random number generators and thread limits are the process's own."""


@dataclass(frozen=True)
class Piece:
    """One piece of work.

    Attributes
    ----------
    arguments : tuple
        Those of the function; some may be what `Engine.share` returned.
    gpu : bool
        Whether a graphics card is wanted.
    """

    arguments: tuple[Any, ...]
    gpu: bool = False


@dataclass(frozen=True)
class Lost:
    """What stands for the result of a piece of work that ended every process that it was given to.

    Attributes
    ----------
    reason : str
        In one line.
    """

    reason: str


class Engine(Protocol):
    """Where pieces of work are done.

    An engine is added by a file in this folder and a line in `features.engines.registry`.
    """

    @property
    def size(self) -> int:
        """How many pieces are worked on at a time."""

    @property
    def same_files(self) -> bool:
        """Whether all who work see the files that this process writes."""

    @property
    def seconds_apiece(self) -> float:
        """How long a piece should last for its way there and back to cost little; 0 where it goes nowhere."""

    def share(self, value: Any) -> Any:
        """Return what stands for a value that many pieces need, so that it is sent once."""

    def results(self, work: Callable[..., Result], pieces: Iterable[Piece]) -> Iterator[tuple[int, Result | Lost]]:
        """Position and result of each piece, as they come; a piece is not asked for before somebody can take it.

        Raises
        ------
        SerError
            If processes or a cluster are gone.
        """


def alone(work: Callable[..., Result], *arguments: Any) -> Result:
    """Do one piece of work, on one thread, while no other is done in this process.

    Examples
    --------
    >>> alone(max, 2, 3)
    3
    """
    from threadpoolctl import threadpool_limits

    with _ALONE, threadpool_limits(1):
        return work(*arguments)
