"""Filling a folder of shards: clips handed out to whoever works, each shard written when its last clip is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

from features.bad_files import BadClip
from features.engines.bundles import in_bundles
from features.engines.engine import Lost
from features.names import storable
from features.progress import Progress
from features.shards.contents import BadRow, Summary
from features.shards.folder import Row, ShardFolder

if TYPE_CHECKING:
    from features.clips import Clip
    from features.engines.engine import Engine

Work = Callable[[Sequence["Clip"]], list["Row | BadClip"]]
"""From some clips to what was computed of each, wherever it is called."""


class Utterances(Protocol):
    """A list of utterances of any length."""

    @property
    def n_rows(self) -> int:
        """How many there are."""

    def shards(self, most: int) -> Iterator[Sequence[tuple[str, Clip]]]:
        """Ids and clips, so many at a time."""


@dataclass(frozen=True)
class _Numbered:
    """A clip on its way: its shard, and where it stands in it."""

    shard: int
    position: int
    clip: Clip


@dataclass(frozen=True)
class _Waiting:
    """A shard whose rows are coming."""

    utterances: Sequence[tuple[str, Clip]]
    results: dict[int, Row | BadRow] = field(default_factory=dict)


def fill(
    folder: ShardFolder,
    utterances: Utterances,
    work: Work,
    engine: Engine,
    *,
    what: str,
    together: int = 1,
    gpu: bool = False,
    shown: bool = True,
) -> Summary:
    """Compute what a table lacks, and write it shard by shard.

    What is in a shard does not depend on the order in which its rows come, on who computes them, or on how often the
    command was stopped. A shard that is there is not computed again; memory holds those that are coming only.

    Parameters
    ----------
    folder : ShardFolder
    utterances : Utterances
    work : callable
        What to compute; it is sent to whoever works.
    engine : Engine
    what : str
        What the progress is called.
    together : int
        How many clips `work` is given at a time, always the same ones: where they are computed in a batch, another
        batch would change the last digits.
    gpu : bool
        Whether a graphics card is wanted.
    shown : bool
        Whether progress is shown.

    Returns
    -------
    Summary

    Raises
    ------
    FeatureError
        If the folder holds another table, or cannot be written.
    EngineError, InputError
        If who works is gone.
    """
    with folder.begun() as done, Progress(utterances.n_rows, what, shown=shown) as progress:
        waiting: dict[int, _Waiting] = {}
        groups = _coming(utterances, folder.made.rows, done, waiting, progress, together)
        for one, result in _results(engine, work, groups, gpu=gpu):
            shard = waiting[one.shard]
            name = shard.utterances[one.position][0]
            shard.results[one.position] = row = _row(name, one.clip, result)
            progress.add(1, sound=row.seconds if isinstance(row, Row) else 0.0)
            if len(shard.results) == len(shard.utterances):
                folder.write(one.shard, shard.utterances, [shard.results[i] for i in range(len(shard.results))])
                del waiting[one.shard]
        return folder.finish()


def _coming(
    utterances: Utterances,
    rows: int,
    done: Set[int],
    waiting: dict[int, _Waiting],
    progress: Progress,
    together: int,
) -> Iterator[Sequence[_Numbered]]:
    """Groups of clips of the shards that are not there yet, as they are asked for."""
    for number, some in enumerate(utterances.shards(rows)):
        if number in done:
            progress.skip(len(some))
            continue
        waiting[number] = _Waiting(some)
        clips = [_Numbered(number, position, clip) for position, (_, clip) in enumerate(some)]
        yield from (clips[first : first + together] for first in range(0, len(clips), together))


def _results(
    engine: Engine, work: Work, groups: Iterator[Sequence[_Numbered]], *, gpu: bool
) -> Iterator[tuple[_Numbered, Row | BadClip | Lost]]:
    """What was computed of each clip; where a group ends its workers, its clips are tried one by one."""
    alone: list[Sequence[_Numbered]] = []
    for _, group, results in in_bundles(engine, partial(_of_groups, work), groups, gpu=gpu):
        if not isinstance(results, Lost):
            yield from zip(group, results, strict=True)
        elif len(group) > 1:
            alone += [(one,) for one in group]
        else:
            yield group[0], results
    if alone:
        yield from _results(engine, work, iter(alone), gpu=gpu)


def _of_groups(work: Work, groups: Sequence[Sequence[_Numbered]]) -> list[list[Row | BadClip]]:
    return [work([one.clip for one in group]) for group in groups]


def _row(name: str, clip: Clip, result: Row | BadClip | Lost) -> Row | BadRow:
    if isinstance(result, Row):
        return result
    reason = result.reason if isinstance(result, BadClip) else f"{clip.name}: {result.reason}"
    return BadRow(name, storable(clip.name), clip.start, clip.end, storable(reason))
