"""A folder of Parquet files with some rows of one table each, and what its files say of how they were made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from features.errors import FeatureError
from features.files import check_writable, replacing, write_atomically
from features.names import printable, storable
from features.shards.contents import (
    ABOUT_FILE,
    BAD_FILE,
    COMMON,
    KEY,
    LOCK_FILE,
    SUFFIX,
    BadRow,
    Columns,
    Made,
    Shard,
    Summary,
    read_shard,
    shard_files,
)
from features.tables import for_spreadsheets

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from features.clips import Clip


@dataclass(frozen=True, eq=False)
class Row:
    """What was computed of one clip.

    Attributes
    ----------
    values : ndarray of shape (n_numbers,)
        float32.
    sound : str
        Hash of the sound that it was computed of.
    seconds : float
        How long that is.
    texts : tuple of str
    behind : bool
        Whether the end that was asked for lies behind the file's.
    """

    values: NDArray[np.float32]
    sound: str
    seconds: float
    texts: tuple[str, ...] = ()
    behind: bool = False


@dataclass(frozen=True)
class ShardFolder:
    """A table in a folder, one file for so many rows.

    Attributes
    ----------
    path : Path
    made : Made
    columns : Columns

    Raises
    ------
    FeatureError
        From `begun`, if the folder holds something else.
    """

    path: Path
    made: Made
    columns: Columns

    @contextmanager
    def begun(self) -> Iterator[set[int]]:
        """Hold the folder, alone, and say which shards are in it already.

        Yields
        ------
        set of int
            Their numbers.

        Raises
        ------
        FeatureError
            If the shards in it are made of something else, or another process fills it.
        InputError
            If it cannot be written.
        """
        from filelock import FileLock, Timeout

        check_writable(self.path, folder=True)
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path / LOCK_FILE, timeout=0):
                done = sorted(shard_files(self.path))
                if done:
                    self._refuse_others(read_shard(done[0]))
                yield {int(file.stem) for file in done}
        except Timeout as error:
            raise FeatureError(f"{self.path}: another process fills it; expected one at a time; wait for it") from error

    def _refuse_others(self, found: Shard) -> None:
        here, there = asdict(self.made), asdict(found.made)
        different = [name for name in here if here[name] != there[name]]
        different = [name for name in different if name != "code"] or different  # which says the same at length
        if different:
            said = ", ".join(
                f"{name} {printable(str(there[name]))} (now {printable(str(here[name]))})" for name in different
            )
            raise FeatureError(
                f"{self.path}: holds a table made otherwise: {said}; expected the same; give another folder, or "
                "remove it"
            )

    def write(self, number: int, utterances: Sequence[tuple[str, Clip]], results: Sequence[Row | BadRow]) -> None:
        """Write a shard, whole or not at all.

        Parameters
        ----------
        number : int
        utterances : sequence of (str, Clip)
            Ids and clips.
        results : sequence of Row or BadRow
            In the same order.
        """
        import pyarrow.parquet as pq

        good = [(name, clip, row) for (name, clip), row in zip(utterances, results) if isinstance(row, Row)]
        rows = [row for *_, row in good]
        shard = Shard(
            self.made,
            n_rows=len(good),
            seconds=sum(row.seconds for row in rows),
            n_behind=sum(row.behind for row in rows),
            sound=_hash(row.sound.encode() for row in rows),
            content=_hash(chain.from_iterable(_bytes_of(name, row) for name, _, row in good)),
            bad=tuple(row for row in results if isinstance(row, BadRow)),
        )
        table = self._table(good).replace_schema_metadata({KEY: json.dumps(asdict(shard))})
        try:
            with replacing(self.path / f"{number:07d}{SUFFIX}") as part:
                pq.write_table(table, part, compression="zstd", use_dictionary=["path"], write_statistics=["id"])
        except OSError as error:
            raise FeatureError(
                f"{self.path}: {error.strerror or error}; what is written is kept; make space and give the command "
                "again"
            ) from error

    def _table(self, rows: Sequence[tuple[str, Clip, Row]]) -> pa.Table:
        import pyarrow as pa

        values = np.array([row.values for _, _, row in rows], dtype=np.float32).reshape(
            len(rows), len(self.columns.numbers)
        )
        columns = [
            pa.array([name for name, _, _ in rows], pa.string()),
            pa.array([storable(clip.name) for _, clip, _ in rows], pa.string()),
            pa.array([clip.start for _, clip, _ in rows], pa.float64()),
            pa.array([clip.end for _, clip, _ in rows], pa.float64()),
            pa.array([row.sound for _, _, row in rows], pa.string()),
            *(pa.array([row.texts[i] for _, _, row in rows], pa.string()) for i in range(len(self.columns.texts))),
            *(pa.array(column, pa.float32()) for column in np.ascontiguousarray(values.T)),
        ]
        return pa.table(columns, names=[*COMMON, *self.columns.texts, *self.columns.numbers])

    def finish(self) -> Summary:
        """Write the table of bad clips, and what the table is; a folder without this is not read."""
        shards = {file.name: read_shard(file) for file in sorted(shard_files(self.path))}
        summary = Summary(
            self.made,
            self.columns,
            sum(shard.n_rows for shard in shards.values()),
            sum(len(shard.bad) for shard in shards.values()),
            sum(shard.n_behind for shard in shards.values()),
            sum(shard.seconds for shard in shards.values()) / 3600,
            {name: shard.content for name, shard in shards.items()},
        )
        bad = [asdict(row) for shard in shards.values() for row in shard.bad]
        _write_bad(self.path / BAD_FILE, bad)
        write_atomically(self.path / ABOUT_FILE, json.dumps(asdict(summary), indent=1) + "\n")
        return summary


def _write_bad(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    import pandas as pd

    names = ["id", "path", "start", "end", "reason"]
    write_atomically(file, for_spreadsheets(pd.DataFrame(rows, columns=names)).to_csv(index=False, lineterminator="\n"))


def _bytes_of(name: str, row: Row) -> tuple[bytes, ...]:
    return name.encode(), np.asarray(row.values, dtype="<f4").tobytes(), *map(str.encode, row.texts)


def _hash(parts: Iterable[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
