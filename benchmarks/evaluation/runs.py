"""A finished run as it lies in its folder: predictions, scores, and the record of how they came about."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.scoring.predictions import labels_of, read_predictions
from benchmarks.scoring.scores import CELL_COLUMNS, score_table
from features.errors import ResultsError


@dataclass(frozen=True)
class StoredRun:
    """What a run's folder holds.

    Attributes
    ----------
    folder
        Where it lies.
    record
        `run.json`, or an empty mapping where only predictions are known.
    predictions
        `predictions.csv`, checked.
    labels
        All labels, in the order of the columns.
    scores
        One row a pipeline, computed anew from the predictions.
    cells
        One row a cell, NaN where unknown.
    utterances
        `utterances.csv`, or None.
    """

    folder: Path
    record: Mapping[str, Any]
    predictions: pd.DataFrame
    labels: tuple[str, ...]
    scores: pd.DataFrame
    cells: pd.DataFrame
    utterances: pd.DataFrame | None

    @property
    def corpus(self) -> Mapping[str, Any]:
        """What the record says of the corpus; only its name where there is no record."""
        column = self.predictions.get("corpus")
        name = self.folder.name if column is None else str(column.iloc[0])
        return {"name": name, **self.record.get("corpus", {})}

    @property
    def synthetic(self) -> bool:
        """Whether the voices were made by a synthesiser."""
        return bool(self.corpus.get("synthetic", False))

    def table(self, name: str) -> pd.DataFrame | None:
        """One more table of the folder, such as `ablation.csv`, or None where there is none."""
        file = self.folder / name
        return pd.read_csv(file) if file.is_file() else None


def load_run(folder: Path) -> StoredRun:
    """Read a run's folder, or a lone `predictions.csv`.

    Raises
    ------
    ResultsError
        If the predictions are missing or damaged, or `run.json` is no record of a run.
    """
    predictions = read_predictions(folder)
    home = folder if folder.is_dir() else folder.parent
    record = read_record(home / "run.json") if folder.is_dir() else {}
    labels = tuple(record.get("corpus", {}).get("labels") or labels_of(predictions))
    cells = cell_table(record.get("cells", ()), predictions)
    return StoredRun(
        folder=home,
        record=record,
        predictions=predictions,
        labels=labels,
        scores=score_table(predictions, cells, labels),
        cells=cells,
        utterances=_utterances(home / str(record.get("utterances", "utterances.csv"))),
    )


def cell_table(cells: Sequence[Mapping[str, Any]], predictions: pd.DataFrame) -> pd.DataFrame:
    """Cells as a table with every column of `CELL_COLUMNS`; one made from the predictions where none were recorded."""
    if cells:
        table = pd.DataFrame([dict(cell) for cell in cells]).reindex(columns=list(CELL_COLUMNS))
    else:
        count = predictions.groupby(["pipeline", "seed", "fold"], sort=False).size().rename("n_test").reset_index()
        table = count.assign(status="done").reindex(columns=list(CELL_COLUMNS))
    numbers = list(CELL_COLUMNS[4:])
    table[numbers] = table[numbers].astype(float)
    return table


def read_record(file: Path) -> Mapping[str, Any]:
    """Read a `run.json`; an empty mapping where there is none.

    Raises
    ------
    ResultsError
        If it is no record of a run.
    """
    if not file.is_file():
        return {}
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise ResultsError(f"{file}: not JSON ({error}); expected the record of a run, run it again") from error
    if not isinstance(record, dict):
        raise ResultsError(f"{file}: holds a {type(record).__name__}; expected the record of a run, run it again")
    return record


def _utterances(file: Path) -> pd.DataFrame | None:
    if not file.is_file():
        return None
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    for column in ("start", "end"):
        table[column] = pd.to_numeric(table[column].replace("", np.nan)) if column in table else np.nan
    return table


def check_same_run(folder: Path, *, corpus: str, scheme: str) -> None:
    """Check that what a folder holds is of the same corpus and folds, or that it holds no run.

    Parameters
    ----------
    folder
        Where results are kept.
    corpus
        Fingerprint of the corpus: its sounds and labels.
    scheme
        Scheme of the folds.

    Raises
    ------
    ResultsError
        If not: scores and report of that run would be replaced.
    """
    record = read_record(folder / "run.json")
    if not record:
        return
    about, folds = record.get("corpus", {}), record.get("folds", {}).get("scheme")
    same_folds = folds == scheme or "given" in (folds, scheme)  # folds from a file may be those of a scheme
    if about.get("fingerprint") != corpus or not same_folds:
        labels = ", ".join(about.get("labels", ())) or "unknown labels"
        raise ResultsError(
            f"{folder} holds a run of another corpus or other folds ({about.get('name', 'unknown')} with {labels}; "
            f"folds {folds}); give another folder with --out, or remove that one"
        )
