"""Folds of this toolkit: a CSV with `fold`, `utterance` and `side`, one line an utterance and fold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks.folds.formats.base import COLUMNS, FoldFormat, files_below
from features.errors import FoldError
from features.tables import Table, column_names, read_table

REQUIRED = ("fold", "utterance", "side")


def find(path: Path) -> list[Path]:
    """Files with these columns."""
    return [file for file in files_below(path, (".csv", ".tsv", ".txt")) if set(REQUIRED) <= set(column_names(file))]


def read(files: Sequence[Path], root: Path) -> Table:
    """Read files of folds; those of several are told apart by the files' names."""
    tables = [_table(file) for file in files]
    if len(tables) == 1:
        return tables[0]
    rows = [
        table.rows.assign(fold=[f"{file.stem}/{fold}" for fold in table.rows["fold"]])
        for file, table in zip(files, tables)
    ]
    lines = tuple(line for table in tables for line in table.lines)
    return Table(root, pd.concat(rows, ignore_index=True), lines, "", FoldError)


def _table(file: Path) -> Table:
    table = read_table(file, required=REQUIRED, error=FoldError, problem="cannot be read as folds")
    rows = table.rows.reindex(columns=list(COLUMNS), fill_value="")
    return Table(table.path, rows, table.lines, table.separator, table.error)


FORMAT = FoldFormat("this toolkit", "a CSV with fold, utterance, side", find, read)
