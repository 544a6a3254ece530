"""Features from a folder of Parquet files that `features.extract` has filled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from features.errors import FeatureError
from features.extractors.base import Extractor
from features.extractors.csv import ids_of, refuse_missing
from features.extractors.table import FeatureTable
from features.matching import match_ids
from features.shards.contents import summary_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ShardedFeatures(Extractor):
    """Rows of a folder of Parquet files, looked up by utterance id; no more of it is held than what is asked for.

    Parameters
    ----------
    path : str or Path
        Folder that `features.extract` has filled to the end.
    join_names : bool, default=False
        Take ids that differ only in case, space or leading zeros (`007` and `7`) for one.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import soundfile
    >>> from features.extract import extract_shards
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/a.wav", np.sin(np.arange(16_000)), 16_000)
    ...     table = Path(folder) / "calls.parquet"
    ...     _ = extract_shards(Path(folder), table, groups="timing", progress=False)
    ...     ShardedFeatures(table).extract(pd.DataFrame({"id": ["a"]})).values.shape
    (1, 20)
    """

    def __init__(self, path: str | Path, *, join_names: bool = False) -> None:
        self.path = path
        self.join_names = join_names

    def names(self) -> tuple[str, ...]:
        """Names of the columns of numbers."""
        return summary_of(Path(self.path)).columns.numbers

    def identity(self) -> str:
        """Text that determines the values: how the table was made, and the content of each file."""
        text = json.dumps(asdict(summary_of(Path(self.path))), sort_keys=True)
        return f"ShardedFeatures({hashlib.blake2b(text.encode(), digest_size=16).hexdigest()})"

    def extract(self, X: Any) -> FeatureTable:
        """Rows of the utterances of a table.

        Parameters
        ----------
        X : pandas.DataFrame
            Index with a level `id`, or a column `id`.

        Raises
        ------
        FeatureError
            If X holds no ids, the folder lacks one of them, or it is not a whole table of `features.extract`.
        """
        ids, found = ids_of(X), [name for part in self._read(["id"]) for name in part["id"].to_pylist()]
        matching = match_ids(ids, found, join_names=self.join_names)
        refuse_missing(matching, ids, found, where=f"{self.path}")
        positions = np.asarray(matching.positions, dtype=int)
        values = self._rows(positions)
        return FeatureTable(values, self.names(), np.zeros(len(ids)), matching.notes(str(self.path)))

    def _rows(self, positions: NDArray[np.intp]) -> NDArray[np.float32]:
        """Values at some positions of the whole table, file by file; those of which nothing is wanted are not read."""
        names = list(self.names())
        values = np.empty((len(positions), len(names)), dtype=np.float32)
        begin = 0
        for file, count in zip(self._files(), self._counts()):
            wanted = np.flatnonzero((begin <= positions) & (positions < begin + count))
            if wanted.size:
                table = _read_columns(file, names)
                rows = positions[wanted] - begin
                for column, name in enumerate(names):
                    values[wanted, column] = table[name].to_numpy()[rows]
            begin += count
        return values

    def _files(self) -> list[Path]:
        folder = Path(self.path)
        return [folder / name for name in sorted(summary_of(folder).shards)]

    def _counts(self) -> Iterator[int]:
        import pyarrow.parquet as pq

        for file in self._files():
            with pq.ParquetFile(file) as opened:
                yield opened.metadata.num_rows

    def _read(self, names: list[str]) -> Iterator[Any]:
        return (_read_columns(file, names) for file in self._files())


def _read_columns(file: Path, names: list[str]) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(file, columns=names)
    except (OSError, pa.ArrowInvalid) as error:
        raise FeatureError(
            f"{file}: damaged ({error}); expected a whole Parquet file; remove it, and give the command that fills the "
            "folder again"
        ) from error
