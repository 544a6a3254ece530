"""A joblib backend that the user has chosen with `joblib.parallel_config`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from features.engines.engine import Lost, Piece, alone

Result = TypeVar("Result")


@dataclass(frozen=True)
class AmbientEngine:
    """The joblib backend that is in force; pieces that share a process follow one another in it.

    Attributes
    ----------
    size : int
        Its number of workers.

    Examples
    --------
    >>> import joblib
    >>> with joblib.parallel_config("threading", n_jobs=2):
    ...     sorted(AmbientEngine(2).results(max, [Piece((2, 3)), Piece((5, 4))]))
    [(0, 3), (1, 5)]
    """

    size: int
    same_files: bool = False
    seconds_apiece: float = field(default=1.0, init=False, repr=False)

    def share(self, value: Any) -> Any:
        """Return the value itself: how it travels is the backend's affair."""
        return value

    def results(self, work: Callable[..., Result], pieces: Iterable[Piece]) -> Iterator[tuple[int, Result | Lost]]:
        """Position and result of each piece, as they come; see `Engine.results`."""
        from joblib import Parallel, delayed

        calls = (delayed(_numbered)(position, work, *piece.arguments) for position, piece in enumerate(pieces))
        yield from Parallel(n_jobs=self.size, return_as="generator_unordered", pre_dispatch="2*n_jobs")(calls)


def _numbered(position: int, work: Callable[..., Result], *arguments: Any) -> tuple[int, Result]:
    return position, alone(work, *arguments)
