"""Features from a CSV file: a column `id` and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from features.errors import FeatureError
from features.extractors.base import Extractor
from features.extractors.table import FeatureTable
from features.files import content_hash
from features.frozen_sets import PRESET, SOUND
from features.matching import Matching, match_ids
from features.names import MISSING, normalise, printable
from features.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

NO_FEATURES = frozenset(
    [
        "label",
        "emotion",
        "target",
        "class",
        "speaker",
        "speaker_id",
        "session",
        "gender",
        "sex",
        "valence",
        "arousal",
        "dominance",
        "start",
        "end",
        "fold",
        "path",
        "file",
        "filename",
        "index",
    ]
)
"""Columns that describe an utterance; a model that sees one of them has been told the answer, or who speaks."""

LEAST_ROWS = 10
"""Fewer rows than this may be numbered, or sorted by label, by chance."""


class CsvFeatures(Extractor):
    r"""Rows of a CSV file, looked up by utterance id.

    Parameters
    ----------
    path : str or Path
        First line names the columns: `id`, and features that are numbers; an empty cell is NaN. See
        `features.tables.read_table`. A column without a name, of row numbers, or that describes the utterance (`label`,
        `speaker`, `start`, ...) is refused: a model must not train on it.
    join_names : bool, default=False
        Take ids that differ only in case, space or leading zeros (`007` and `7`) for one.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "own.csv"
    ...     _ = path.write_text("id,rate\na,4.5\nNA,3.9\n")
    ...     extractor = CsvFeatures(path)
    ...     extractor.transform(pd.DataFrame({"id": ["NA", "a"]}))
    ...     extractor.extract(pd.DataFrame({"id": ["a"]})).names == extractor.names()
    ...     len(extractor.identity()) > 0  # changes with the content of the file
    array([[3.9],
           [4.5]], dtype=float32)
    True
    True
    """

    def __init__(self, path: str | Path, *, join_names: bool = False) -> None:
        self.path = path
        self.join_names = join_names

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
            If X holds no ids, the file lacks one of them, the file is not a table of numbers by id, or one of its
            columns is no feature. Where X has a column `label`, a column of the file that determines it is refused too.
        """
        rows = self._rows()
        ids = ids_of(X)
        matching = match_ids(ids, list(rows.index), join_names=self.join_names)
        refuse_missing(matching, ids, list(rows.index), where=str(self.path))
        positions = np.asarray(matching.positions, dtype=int)
        self._refuse_answers(rows.iloc[positions], X)
        values = rows.to_numpy(dtype=np.float32)[positions]
        return FeatureTable(values, tuple(rows.columns), np.zeros(len(ids)), matching.notes(str(self.path)))

    def _rows(self) -> pd.DataFrame:
        import pandas as pd

        table = read_table(self.path, error=FeatureError)
        origin = {PRESET, SOUND} if {PRESET, SOUND} <= set(table.rows) else set()
        names = [name for name in table.rows.columns if name not in {"id", *origin}]
        if "id" not in table.rows or not names:
            raise FeatureError(f"{self.path}: columns {list(table.rows)[:5]}; expected `id` and at least one number")
        ids = table.rows["id"].map(normalise)
        table.refuse("id", ids.isin(MISSING), expected="an id in every row")
        table.refuse("id", ids.duplicated(), expected="one row per id, here it occurs twice")
        self._refuse([name for name in names if describes(name)], "describes the utterance or has no name")
        numbers = pd.DataFrame({name: table.numbers(name) for name in names}, dtype=np.float64)
        for name in names:
            table.refuse(name, np.isinf(numbers[name]), expected="a finite number or nothing")
        self._refuse([name for name in names if numbers_the_rows(numbers[name].to_numpy())], "only numbers the rows")
        return numbers.set_index(ids)

    def _refuse_answers(self, rows: pd.DataFrame, X: Any) -> None:
        """Refuse columns from which the label can be told, or that are a column of X."""
        import pandas as pd

        if "label" not in getattr(X, "columns", ()):
            return
        labels = pd.factorize(np.asarray(X["label"]))[0]
        described = [
            X[name].to_numpy(dtype=float) for name in X.columns if X[name].dtype.kind == "f" and X[name].notna().any()
        ]
        names = [
            name
            for name in rows.columns
            if determines(rows[name].to_numpy(), labels)
            or any(np.array_equal(rows[name].to_numpy(), column, equal_nan=True) for column in described)
        ]
        self._refuse(names, "determines the label, or is a column of the corpus")

    def _refuse(self, names: list[str], problem: str) -> None:
        if names:
            listed = ", ".join(repr(name) for name in names[:5]) + (" and others" if len(names) > 5 else "")
            raise FeatureError(
                f"{self.path}: {listed} {problem}; expected numbers that were measured on the sound; remove "
                f"{'it' if len(names) == 1 else 'them'} from the file (pandas: to_csv(index=False))"
            )


def describes(name: str) -> bool:
    """Whether a column's name says that it is no feature."""
    plain = name.casefold().strip()
    return plain in NO_FEATURES or plain.startswith("unnamed: ") or plain.endswith("(without a name)")


def numbers_the_rows(values: np.ndarray) -> bool:
    """Whether values count up by one from row to row."""
    return len(values) >= LEAST_ROWS and bool(np.all(np.diff(values) == 1))


def determines(values: np.ndarray, labels: np.ndarray) -> bool:
    """Whether some few values each stand with one label only; labels are numbers from 0."""
    import pandas as pd

    codes, distinct = pd.factorize(values, use_na_sentinel=False)
    n_labels = labels.max(initial=0) + 1
    if len(values) < LEAST_ROWS or n_labels < 2 or not n_labels <= len(distinct) <= max(n_labels, len(values) // 3):
        return False
    return len(np.unique(np.column_stack([codes, labels]), axis=0)) == len(distinct)


def refuse_missing(matching: Matching, ids: Sequence[str], found: Sequence[str], *, where: str) -> None:
    """Refuse utterances of which a table has no row.

    Parameters
    ----------
    matching : Matching
    ids, found : sequence of str
        Those that are asked for, and those of the table.
    where : str
        The table's name.

    Raises
    ------
    FeatureError
        If there are some.
    """
    if not matching.missing:
        return
    name = ids[matching.missing[0]]
    raise FeatureError(
        f"{where}: no row for utterance {printable(name)!r} ({len(matching.missing)} of {len(ids)} "
        f"missing; the file has {len(found)} rows, the first id is {printable(next(iter(found), ''))!r}); "
        f"expected one row per id; add it{matching.why_missing()}"
    )


def ids_of(X: Any) -> list[str]:
    """Ids of a table of utterances.

    Raises
    ------
    FeatureError
        If it has none.
    """
    if hasattr(X, "columns") and "id" in X.index.names:
        return [str(value) for value in X.index.get_level_values("id")]
    if hasattr(X, "columns") and "id" in X.columns:
        return [str(value) for value in X["id"]]
    raise FeatureError(f"got {type(X).__name__} without ids; expected a table with an index level or a column `id`")
