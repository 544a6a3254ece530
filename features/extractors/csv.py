"""Features of one's own from a CSV file: a column `id` and numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from features.errors import FeatureError
from features.extractors.base import Extractor
from features.extractors.table import FeatureTable
from features.files import content_hash

if TYPE_CHECKING:
    import pandas as pd


class CsvFeatures(Extractor):
    """Rows of a CSV file, looked up by utterance id.

    Parameters
    ----------
    path : str or Path
        First line names the columns: `id`, and features that are numbers; an empty cell is NaN.
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
        wanted = _ids(X)
        places = rows.index.get_indexer(wanted)
        if (places < 0).any():
            missing = wanted[int(np.argmin(places))]
            raise FeatureError(
                f"{self.path}: no row for utterance {missing!r} ({int((places < 0).sum())} of {len(wanted)} missing); "
                "expected one row an id; add it"
            )
        values = rows.to_numpy(dtype=np.float32)[places]
        return FeatureTable(values, tuple(rows.columns), np.zeros(len(wanted)))

    def _rows(self) -> pd.DataFrame:
        import pandas as pd

        try:
            rows = pd.read_csv(self.path, dtype={"id": str})
        except (OSError, ValueError, pd.errors.ParserError) as error:
            raise FeatureError(f"{self.path}: {error}; expected a CSV file with `id` and numbers") from error
        if "id" not in rows.columns or rows.shape[1] < 2:
            raise FeatureError(f"{self.path}: columns {list(rows.columns)[:5]}; expected `id` and at least one number")
        rows = rows.set_index("id")
        words = [name for name in rows.columns if not pd.api.types.is_numeric_dtype(rows[name])]
        if words:
            raise FeatureError(f"{self.path}: column {words[0]!r} is not numbers; expected numbers beside `id`")
        if rows.index.has_duplicates:
            twice = rows.index[rows.index.duplicated()][0]
            raise FeatureError(f"{self.path}: id {twice!r} occurs twice; expected one row an id")
        return rows.replace([np.inf, -np.inf], np.nan)


def _ids(X: Any) -> list[str]:
    if hasattr(X, "index") and "id" in X.index.names:
        return [str(value) for value in X.index.get_level_values("id")]
    if hasattr(X, "columns") and "id" in X.columns:
        return [str(value) for value in X["id"]]
    raise FeatureError(f"got {type(X).__name__} without ids; expected a table with an index level or a column `id`")
