"""Leaks through tables of features: columns that tell the answer, rows of the test side, scaling that has seen it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.auditing.finding import MOST_EXAMPLES, Finding, Kind, Severity, some
from benchmarks.folds.formats.registry import form_of
from features.errors import FeatureError
from features.extractors.csv import describes, determines, numbers_the_rows
from features.matching import match_ids
from features.names import MISSING, normalise
from features.tables import NO_NUMBER, column_names, read_table

if TYPE_CHECKING:
    from benchmarks.auditing.subject import Fold, Subject

NEARLY = 0.01
"""So near to 0 and 1 are mean and deviation of a column that was standardised, as files round them."""
MOST_COLUMNS = 0.9
"""Share of the columns from which a table counts as scaled."""
LEAST_ROWS = 5
"""With fewer rows nothing is said of how columns were scaled."""


@dataclass(frozen=True, eq=False)
class FeatureRows:
    """A table of features, by the utterances of folds.

    Attributes
    ----------
    path : Path
    numbers : pandas.DataFrame
        One row an utterance, index the `key` of a subject; columns that are numbers.
    words : tuple of str
        Columns that are none, or that describe the utterance.
    """

    path: Path
    numbers: pd.DataFrame
    words: tuple[str, ...]


def is_feature_table(path: Path) -> bool:
    """Whether a file is a CSV with `id` and columns beside it, and no form of folds.

    Examples
    --------
    >>> is_feature_table(Path("folds"))
    False
    """
    if not path.is_file() or path.suffix.lower() not in (".csv", ".tsv"):
        return False
    names = column_names(path)
    return "id" in names and len(names) > 1 and form_of(path) is None


def check_features(path: Path, subject: Subject) -> Iterator[Finding]:
    """Find what a table of features tells that no feature should.

    Raises
    ------
    FeatureError
        If it cannot be read.
    """
    rows = _read(path, subject)
    first = subject.rows.drop_duplicates("key").set_index("key")
    labels = first["label"].reindex(rows.numbers.index).to_numpy()
    telling = dict.fromkeys(rows.words, "describes the utterance")
    for name in rows.numbers:
        values = rows.numbers[name].to_numpy()
        if numbers_the_rows(values):
            telling[name] = "numbers the rows"
        elif (labels != "").all() and determines(values, pd.factorize(labels)[0]):
            telling[name] = "tells the label"
    if telling:
        yield Finding(
            Kind.FEATURE,
            Severity.ERROR,
            "",
            f"{path.name}: {len(telling)} columns are no features: a model that sees them has been told the answer",
            "take them out of the table",
            len(telling),
            rows.numbers.shape[1] + len(rows.words),
            tuple(f"{name} {what}" for name, what in list(telling.items())[:MOST_EXAMPLES]),
        )
    absent = first[~first.index.isin(rows.numbers.index)]
    if len(absent):
        yield Finding(
            Kind.FEATURE,
            Severity.WARNING,
            "",
            f"{path.name}: {len(absent)} utterances of the folds have no row",
            "add their rows",
            len(absent),
            len(first),
            some(absent["utterance"]),
        )
    numbers = rows.numbers[[name for name in rows.numbers if name not in telling and rows.numbers[name].nunique() > 1]]
    if numbers.shape[1]:
        yield from _check_speakers(path, numbers, first["speaker"].reindex(numbers.index))
        for fold in subject.folds:
            yield from _check_rows(path, numbers, fold)
            yield from _check_scaling(path, numbers, fold)


def _read(path: Path, subject: Subject) -> FeatureRows:
    table = read_table(path, required=("id",), error=FeatureError, problem="cannot be read as features")
    ids = table.rows["id"].map(normalise)
    table.refuse("id", ids.isin(MISSING), expected="an id in every row")
    table.refuse("id", ids.duplicated(), expected="one row per id, here it occurs twice")
    first = subject.rows.drop_duplicates("key")
    matching = match_ids(first["utterance"].tolist(), ids.tolist())
    found = {row: key for key, row in zip(first["key"], matching.positions) if row >= 0}
    if not found:
        raise FeatureError(
            f"{path}: no id of the folds, the first is {ids.iloc[0]!r}; expected one such as "
            f"{first['utterance'].iloc[0]!r}; give the table of these folds"
        )
    columns = [name for name in table.rows.columns if name != "id"]
    words = tuple(name for name in columns if describes(name) or not _numeric(table.rows[name]))
    numbers = pd.DataFrame({name: table.numbers(name) for name in columns if name not in words})
    numbers = numbers.reindex(table.rows.index).iloc[sorted(found)]
    return FeatureRows(path, numbers.set_axis([found[row] for row in sorted(found)]), words)


def _numeric(cells: pd.Series) -> bool:
    """Whether a column holds numbers alone."""
    filled = cells[~cells.str.lower().isin(NO_NUMBER)].str.replace(",", ".")
    return bool(pd.to_numeric(filled, errors="coerce").notna().all())


def _check_rows(path: Path, numbers: pd.DataFrame, fold: Fold) -> Iterator[Finding]:
    """Test utterances whose numbers are all those of a training utterance."""
    if numbers.shape[1] < 2:
        return
    row_of = dict(zip(numbers.index, map(bytes, np.nan_to_num(numbers.to_numpy(), nan=-1e300))))
    learns = {row_of[key]: name for key, name in zip(fold.learns["key"], fold.learns["utterance"]) if key in row_of}
    trained = set(fold.learns["key"])
    pairs = [
        (name, learns[row_of[key]])
        for key, name in zip(fold.test["key"], fold.test["utterance"])
        if key in row_of and key not in trained and row_of[key] in learns
    ]
    if pairs:
        yield Finding(
            Kind.FEATURE,
            Severity.ERROR,
            fold.name,
            f"{path.name}: {len(pairs)} test utterances have the very numbers of training ones",
            "compute the features of each utterance from its own sound",
            len(pairs),
            len(fold.test),
            tuple(f"{name} and {other}" for name, other in pairs[:MOST_EXAMPLES]),
        )


def _check_scaling(path: Path, numbers: pd.DataFrame, fold: Fold) -> Iterator[Finding]:
    """Columns scaled by training and test utterances together."""
    learns = numbers[numbers.index.isin(fold.learns["key"])]
    tested = numbers[numbers.index.isin(fold.test["key"])]
    if min(len(learns), len(tested)) < LEAST_ROWS:
        return
    together = pd.concat([learns, tested])
    for how, scaled in (("mean 0 and deviation 1", _standardised), ("least 0 and most 1", _to_unit_range)):
        if scaled(together).mean() >= MOST_COLUMNS > scaled(learns).mean():
            names = numbers.columns[scaled(together)]
            yield Finding(
                Kind.FEATURE,
                Severity.WARNING,
                fold.name,
                f"{path.name}: {len(names)} of {numbers.shape[1]} columns have {how} over training and test together: "
                "the test side was seen when they were scaled",
                "write unscaled numbers; scaling is learnt on the training side",
                len(names),
                numbers.shape[1],
                some(names),
            )


def _check_speakers(path: Path, numbers: pd.DataFrame, speakers: pd.Series) -> Iterator[Finding]:
    """Columns that every speaker's own clips standardise."""
    groups = [rows for name, rows in numbers.groupby(speakers.to_numpy()) if name and len(rows) >= LEAST_ROWS]
    if len(groups) > 1 and all(_standardised(rows).mean() >= MOST_COLUMNS for rows in groups):
        yield Finding(
            Kind.FEATURE,
            Severity.WARNING,
            "",
            f"{path.name}: each speaker's own clips have mean 0 and deviation 1: a clip's numbers need the speaker's "
            "other clips, those of the test too",
            "mark the row as transductive, or write unscaled numbers",
            len(groups),
            len(groups),
        )


def _standardised(numbers: pd.DataFrame) -> np.ndarray:
    """Which columns have mean 0 and deviation 1."""
    means, deviations = numbers.mean().to_numpy(), numbers.std(ddof=0).to_numpy()
    factor = np.sqrt(len(numbers) / max(len(numbers) - 1, 1))
    one = (np.abs(deviations - 1) < NEARLY) | (np.abs(deviations * factor - 1) < NEARLY)
    return np.asarray((np.abs(means) < NEARLY) & one)


def _to_unit_range(numbers: pd.DataFrame) -> np.ndarray:
    """Which columns reach from 0 to 1."""
    least, most = numbers.min().to_numpy(), numbers.max().to_numpy()
    return np.asarray((np.abs(least) < NEARLY**2) & (np.abs(most - 1) < NEARLY**2))
