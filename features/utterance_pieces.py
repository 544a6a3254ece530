"""A table of utterances of any length, read some rows at a time, so that memory does not grow with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features.errors import FeatureError
from features.tables import Table, tables_of
from features.utterances import placed, renamed, stretches, usual_columns

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_LOOKED_AT = 20_000
"""Rows at a time that are looked through before any sound is."""


@dataclass(frozen=True, eq=False)
class LongManifest:
    """A CSV with one row per utterance that was looked through once, and is not held.

    Attributes
    ----------
    path : Path
    columns : dict of str to str
        Names in the file of columns that this toolkit calls otherwise.
    n_rows : int
    several : ndarray of shape (n_rows,)
        Whether a row's path stands in other rows too.
    """

    path: Path
    columns: dict[str, str]
    n_rows: int
    several: NDArray[np.bool_]

    @classmethod
    def of(cls, path: Path) -> LongManifest:
        """Look through a file: count its rows, and check that no utterance is in it twice.

        Eight bytes a row and column are held: hashes of 64 bits.

        Raises
        ------
        FeatureError
            If the file cannot be read, or an id stands in several rows.
        """
        columns = usual_columns(path, error=FeatureError)
        hashes: list[tuple[NDArray, NDArray]] = []
        for table in _renamed(path, columns, _LOOKED_AT):
            names = table.rows["id"] if "id" in table.rows else stretches(table.rows)
            hashes.append((_hashes(table.rows["path"]), _hashes(names)))
        paths, names = (np.concatenate(parts) for parts in zip(*hashes))
        several = _repeated(paths)
        manifest = cls(path, columns, len(paths), several)
        manifest._refuse_repeated(_repeated(names))
        return manifest

    def pieces(self, most: int) -> Iterator[Table]:
        """Some rows at a time, as `features.utterances.read_utterances` gives them.

        Parameters
        ----------
        most : int

        Yields
        ------
        Table
        """
        begin = 0
        for table in _renamed(self.path, self.columns, most):
            end = begin + len(table.rows)
            yield placed(table, several=_like(table.rows, self.several[begin:end]))
            begin = end

    def _refuse_repeated(self, repeated: NDArray[np.bool_]) -> None:
        """Name the rows of an id that stands in several."""
        if not repeated.any():
            return
        begin = 0
        for table in self.pieces(_LOOKED_AT):
            wrong = repeated[begin : begin + len(table.rows)]
            table.refuse("id", wrong.tolist(), expected="a different id in every row")
            begin += len(table.rows)


def _renamed(path: Path, columns: dict[str, str], most: int) -> Iterator[Table]:
    for table in tables_of(path, most, required=[columns.get("path", "path")], error=FeatureError):
        yield renamed(table, columns)


def _like(rows: pd.DataFrame, values: NDArray[np.bool_]) -> pd.Series:
    import pandas as pd

    return pd.Series(values, index=rows.index)


def _hashes(texts: pd.Series) -> NDArray[np.uint64]:
    import pandas as pd

    return pd.util.hash_array(texts.to_numpy(dtype=object), categorize=False)


def _repeated(hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether each value stands more than once."""
    _, which, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    return counts[which] > 1
