"""Features from a CSV file: a column `id` and numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from features.errors import FeatureError
from features.extractors.base import Extractor
from features.extractors.table import FeatureTable
from features.files import content_hash
from features.tables import read_table

if TYPE_CHECKING:
    import pandas as pd


class CsvFeatures(Extractor):
    r"""Rows of a CSV file, looked up by utterance id.

    Parameters
    ----------
    path : str or Path
        First line names the columns: `id`, and features that are numbers; an empty cell is NaN. See
        `features.tables.read_table`.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "own.csv"
    ...     _ = path.write_text("id,rate\na,4.5\nNA,3.9\n")
    ...     CsvFeatures(path).transform(pd.DataFrame({"id": ["NA", "a"]}))
    array([[3.9],
           [4.5]], dtype=float32)
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path

    def names(self) -> tuple[str, ...]:
        """Names of the columns, `id` apart."""
        return tuple(self._rows().columns)

    def identity(self) -> str:
        """Text that determines the values: the file's content."""
        return f"CsvFeatures({content_hash(self.path)})"

    def extract(self, X: Any) -> FeatureTable:
        """Rows of the utterances of a table.

        Parameters
        ----------
        X : pandas.DataFrame
            Index with a level `id`, or a column `id`.

        Raises
        ------
        FeatureError
            X holds no ids, the file lacks one of them, or the file is not a table of numbers by id.
        """
        rows = self._rows()
        ids = _ids(X)
        positions = rows.index.get_indexer(ids)
        if (positions < 0).any():
            missing = ids[int(np.argmin(positions))]
            raise FeatureError(
                f"{self.path}: no row for utterance {missing!r} ({int((positions < 0).sum())} of {len(ids)} missing); "
                "expected one row per id; add it"
            )
        values = rows.to_numpy(dtype=np.float32)[positions]
        return FeatureTable(values, tuple(rows.columns), np.zeros(len(ids)))

    def _rows(self) -> pd.DataFrame:
        import pandas as pd

        table = read_table(self.path, error=FeatureError)
        names = [name for name in table.rows.columns if name != "id"]
        if "id" not in table.rows or not names:
            raise FeatureError(f"{self.path}: columns {list(table.rows)[:5]}; expected `id` and at least one number")
        table.refuse("id", table.rows["id"].duplicated(), expected="one row per id, here it occurs twice")
        numbers = pd.DataFrame({name: table.numbers(name) for name in names}, dtype=np.float64)
        return numbers.set_index(table.rows["id"]).replace([np.inf, -np.inf], np.nan)


def _ids(X: Any) -> list[str]:
    if hasattr(X, "index") and "id" in X.index.names:
        return [str(value) for value in X.index.get_level_values("id")]
    if hasattr(X, "columns") and "id" in X.columns:
        return [str(value) for value in X["id"]]
    raise FeatureError(f"got {type(X).__name__} without ids; expected a table with an index level or a column `id`")
