"""Stored predictions: read from any run or any other tool, and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import ResultsError
from features.names import MISSING, joined, normalise, spelling_problem
from features.tables import read_table

KEYS = ("pipeline", "seed", "fold", "utterance", "speaker", "truth", "prediction")
"""Columns that every predictions table must have; `corpus`, `folds` and `p_<label>` may stand beside them."""


def read_predictions(path: Path, *, join_names: bool = False) -> pd.DataFrame:
    """Read a `predictions.csv`, all names as text (a speaker `03` stays `03`), and check it.

    Parameters
    ----------
    path
        The file, or a run's folder that holds it.
    join_names : bool, default=False
        Take speakers and labels that differ only in case, space or leading zeros for one, instead of refusing them.

    Returns
    -------
    pandas.DataFrame
        Columns as stored; `p_<label>` as float64, `seed` as int64.

    Raises
    ------
    ResultsError
        If the file is missing, is not such a table, repeats an utterance within a pipeline and seed, holds
        probabilities that are not, or a name is missing or stands in two spellings.
    """
    file = path / "predictions.csv" if path.is_dir() else path
    if not file.is_file():
        raise ResultsError(f"{file}: no such file; expected the predictions.csv of a run, or the folder that holds it")
    stored = read_table(file, error=ResultsError, problem="not a predictions table")
    table = stored.rows
    missing = [column for column in KEYS if column not in table.columns]
    if missing:
        raise ResultsError(f"{file}: lacks the columns {missing}; expected {list(KEYS)} and p_<label> ...")
    for column in table.columns:
        if column == "seed" or column.startswith("p_"):
            table[column] = stored.numbers(column)
    stored.refuse("seed", table["seed"] % 1 != 0, expected="a whole number")
    table["seed"] = table["seed"].astype(int)
    for column in KEYS[2:]:
        table[column] = table[column].map(normalise)
        stored.refuse(column, table[column].isin(MISSING), expected=f"a {column} in every row")
    table = table.rename(columns=lambda name: f"p_{normalise(name[2:])}" if name.startswith("p_") else name)
    table = _one_spelling_each(table, str(file), join_names=join_names)
    check_predictions(table, where=str(file))
    return table


def respelled(table: pd.DataFrame, *, speakers: Mapping[str, str], labels: Mapping[str, str]) -> pd.DataFrame:
    """A table of predictions with other names for some speakers and labels.

    Raises
    ------
    ResultsError
        If two columns of probabilities would have one name.

    Examples
    --------
    >>> table = pd.DataFrame({"speaker": ["3"], "truth": ["ANG"], "prediction": ["sad"], "p_ANG": [0.4], "p_sad": 0.6})
    >>> respelled(table, speakers={"3": "03"}, labels={"ANG": "ang"}).columns.tolist()
    ['speaker', 'truth', 'prediction', 'p_ang', 'p_sad']
    """
    columns = {f"p_{old}": f"p_{new}" for old, new in labels.items()}
    result = table.assign(
        speaker=table["speaker"].replace(dict(speakers)),
        **{column: table[column].replace(dict(labels)) for column in ("truth", "prediction")},
    ).rename(columns=columns)
    if not result.columns.is_unique:
        twice = result.columns[result.columns.duplicated()][0]
        raise ResultsError(f"two columns are called {twice!r} once names are joined; leave one of them out")
    return result


def _one_spelling_each(table: pd.DataFrame, where: str, *, join_names: bool) -> pd.DataFrame:
    """Refuse speakers and labels in two spellings, or join them."""
    columns = [column.removeprefix("p_") for column in table.columns if column.startswith("p_")]
    labels = [*table["truth"], *table["prediction"], *columns]
    for kind, names in (("speaker", table["speaker"]), ("label", labels)):
        problem = "" if join_names else spelling_problem(kind, names, what="times")
        if problem:
            raise ResultsError(f"{where}: {problem}")
    return respelled(table, speakers=joined(table["speaker"]), labels=joined(labels))


def check_predictions(table: pd.DataFrame, *, where: str = "predictions") -> None:
    """Check that a table of predictions can be scored.

    Raises
    ------
    ResultsError
        If it is empty, an utterance stands twice within a pipeline and seed, its truth differs between rows, a label
        has no column of probabilities though others have, or probabilities do not sum to 1.
    """
    if table.empty:
        raise ResultsError(f"{where}: holds no predictions; expected at least one row")
    twice = table.duplicated(["pipeline", "seed", "speaker", "utterance"])
    if twice.any():
        row = table[twice].iloc[0]
        raise ResultsError(
            f"{where}: utterance {row['utterance']!r} stands twice for pipeline {row['pipeline']!r}, "
            f"seed {row['seed']}; every utterance may be tested once"
        )
    identity = table[["utterance", "speaker", "truth"]].drop_duplicates()
    unclear = identity.duplicated(["utterance", "speaker"])
    if unclear.any():
        name = identity.loc[unclear, "utterance"].iloc[0]
        raise ResultsError(f"{where}: utterance {name!r} has two true labels; it must have one")
    _check_probabilities(table, where)


def labels_of(table: pd.DataFrame) -> list[str]:
    """All labels of a predictions table: its `p_` columns in their order, or what occurs, sorted, where it has none."""
    columns = [column.removeprefix("p_") for column in table.columns if column.startswith("p_")]
    return columns or sorted(set(table["truth"]) | set(table["prediction"]))


def probabilities(table: pd.DataFrame, labels: Sequence[str]) -> np.ndarray | None:
    """Probabilities of every row, float64 of shape (n, k), or None where the table has none for some row."""
    columns = [f"p_{label}" for label in labels]
    if not set(columns) <= set(table.columns):
        return None
    values = table[columns].to_numpy(dtype=float)
    return None if np.isnan(values).any() else values


def _check_probabilities(table: pd.DataFrame, where: str) -> None:
    labels = labels_of(table)
    unknown = sorted((set(table["truth"]) | set(table["prediction"])) - set(labels))
    if unknown:
        raise ResultsError(f"{where}: labels {unknown} have no column p_<label>; expected one for each, or none at all")
    values = table[[column for column in table.columns if column.startswith("p_")]].to_numpy(dtype=float)
    filled = values[~np.isnan(values).any(axis=1)] if values.size else values
    if filled.size and ((filled < 0).any() or np.abs(filled.sum(axis=1) - 1).max() > 1e-3):
        raise ResultsError(f"{where}: probabilities must be at least 0 and sum to 1 in every row")
