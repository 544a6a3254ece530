"""Many short pieces of work, several sent at a time: as many as take so long that their way there costs little."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from typing import TYPE_CHECKING, Generic, TypeVar

from features.engines.engine import Lost, Piece

if TYPE_CHECKING:
    from features.engines.engine import Engine

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST_APIECE = 1000
_GROWTH = 2.0


class BundleSize:
    """How many items a piece holds, by how long those before took: at most twice as many as the one before.

    Parameters
    ----------
    seconds : float
        How long a piece should last.

    Examples
    --------
    >>> size = BundleSize(1.0)
    >>> for items, seconds in ((1, 2.5), (1, 0.05), (2, 0.1), (4, 0.2), (8, 0.4), (16, 0.8)):
    ...     size.learn(items, seconds)
    >>> size.items
    20
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.items = 1

    def learn(self, items: int, seconds: float) -> None:
        """Take note of how long some items took."""
        fitting = self.seconds * items / max(seconds, 1e-9)
        self.items = int(max(1, min(round(fitting), _GROWTH * items, _MOST_APIECE)))


def in_bundles(
    engine: Engine, work: Callable[[Sequence[Item]], list[Result]], items: Iterable[Item], *, gpu: bool = False
) -> Iterator[tuple[int, Item, Result | Lost]]:
    """Hand out items to an engine, several in a piece; results do not depend on how many.

    Where a piece ends every worker that it is given to, its items are tried one by one, so that only one is lost.

    Parameters
    ----------
    engine : Engine
    work : callable
        From some items to their results, in the same order.
    items : iterable
        Taken as they are needed.
    gpu : bool
        Whether a graphics card is wanted.

    Yields
    ------
    position : int
        Of the item.
    item : object
    result : object or Lost

    Raises
    ------
    SerError
        If processes or a cluster are gone.

    Examples
    --------
    >>> from features.engines.local import LocalEngine
    >>> list(in_bundles(LocalEngine(1), lambda some: [len(text) for text in some], ["a", "bcd"]))
    [(0, 'a', 1), (1, 'bcd', 3)]
    """
    size = BundleSize(engine.seconds_apiece)
    handed_out: dict[int, list[tuple[int, Item]]] = {}
    timed = partial(_timed, work)

    def pieces() -> Iterator[Piece]:
        numbered = enumerate(items)
        for number in count():
            bundle = list(islice(numbered, size.items))
            if not bundle:
                return
            handed_out[number] = bundle
            yield Piece(([item for _, item in bundle],), gpu=gpu)

    lost: list[tuple[int, Item]] = []
    for number, done in engine.results(timed, pieces()):
        bundle = handed_out.pop(number)
        if not isinstance(done, Lost):
            size.learn(len(bundle), done.seconds)
            for (position, item), result in zip(bundle, done.results, strict=True):
                yield position, item, result
        elif len(bundle) > 1:
            lost += bundle
        else:
            yield *bundle[0], done
    alone = [Piece(([item],), gpu=gpu) for _, item in lost]
    for number, done in engine.results(timed, alone) if alone else ():
        yield *lost[number], done if isinstance(done, Lost) else done.results[0]


@dataclass(frozen=True)
class _Timed(Generic[Result]):
    """Results of some items, and how many seconds all of them took."""

    results: list[Result]
    seconds: float


def _timed(work: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item]) -> _Timed[Result]:
    began = time.perf_counter()
    results = work(items)
    return _Timed(results, time.perf_counter() - began)
