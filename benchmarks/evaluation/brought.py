"""Predictions of another tool as rows of a run: read, checked against the run's utterances, and marked as brought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.evaluation.runs import Run, job_table
from benchmarks.pipelines.flags import Flag
from benchmarks.pipelines.names import flags_by_name
from benchmarks.scoring.predictions import check_predictions
from benchmarks.scoring.status import Status
from features.errors import ResultsError
from features.matching import match_ids
from features.names import normalise
from features.tables import read_table

NEEDED = ("utterance", "prediction")
"""Columns that must be there; `speaker`, `truth` and `fold` are compared with the run's where they are."""


def with_brought(run: Run, add: Mapping[str, str | Path | pd.DataFrame]) -> Run:
    """A run with predictions of other tools as rows of their own.

    Parameters
    ----------
    run : Run
        Whose utterances they must be about, each once.
    add : mapping of str to path or DataFrame
        Name of each row to its predictions: `utterance, prediction`, and where known `p_<label>, speaker, truth, fold`.

    Returns
    -------
    Run
        Not saved.

    Raises
    ------
    ResultsError
        If a row has the name of another, or its predictions lack an utterance of the run, name one twice or with
        another speaker, true label or fold, use an unknown label, or hold probabilities that are none.

    Examples
    --------
    >>> run = Run.load("results/emodb")  # doctest: +SKIP
    >>> theirs = run.predictions[run.predictions["pipeline"] == "svm"][["utterance", "prediction"]]  # doctest: +SKIP
    >>> both = with_brought(run, {"theirs": theirs})  # doctest: +SKIP
    """
    for name, source in add.items():
        if name in run.record["pipelines"]:
            raise ResultsError(f"--add {name}: the run has a pipeline of that name; give another")
        where = "a table" if isinstance(source, pd.DataFrame) else str(source)
        rows, notes = _rows(run, name, source, where)
        entry = {
            "status": Status.DONE,
            "reason": None,
            "flags": [Flag.BROUGHT, *flags_by_name(name)],
            "description": f"predictions brought from {where}",
            "features": "",
            "n_features": None,
        }
        record = {**run.record, "pipelines": {**run.record["pipelines"], name: entry}}
        record["notes"] = [*record.get("notes", ()), *(f"{name}: {note}" for note in notes)]
        predictions = pd.concat([run.predictions, rows], ignore_index=True) if len(run.predictions) else rows
        run = replace(run, record=record, predictions=predictions, jobs=job_table(record, predictions))
    return run


def _rows(run: Run, name: str, source: str | Path | pd.DataFrame, where: str) -> tuple[pd.DataFrame, list[str]]:
    """The predictions as a run stores them, in the order of its utterances, and what a reader should know."""
    if run.predictions.empty:
        raise ResultsError(f"--add {name}: the run has no scored pipeline, so its test is not known; run one beside it")
    table = _read(source, where)
    own = run.predictions[run.predictions["seed"] == run.predictions["seed"].iloc[0]]
    own = own.drop_duplicates(["speaker", "utterance"])
    twice = table["utterance"].duplicated()
    if twice.any():
        named = table.loc[twice, "utterance"].iloc[0]
        raise ResultsError(f"{where}: utterance {named!r} stands twice; expected each once, of one seed and pipeline")
    matching = match_ids(own["utterance"].tolist(), table["utterance"].tolist())
    positions = np.asarray(matching.positions)
    if (positions < 0).any():
        missing = own["utterance"].to_numpy()[positions < 0]
        raise ResultsError(
            f"{where}: lacks {len(missing)} of {len(own)} tested utterances, the first {missing[0]!r}; expected all: a "
            "score on fewer is another test"
        )
    found = table.iloc[positions].reset_index(drop=True)
    own = own.reset_index(drop=True)
    for column in ("speaker", "truth", "fold"):
        if column in found:
            other = (found[column] != own[column].astype(str)).to_numpy()
            if other.any():
                row = int(np.flatnonzero(other)[0])
                raise ResultsError(
                    f"{where}: utterance {own['utterance'][row]!r} has the {column} {found[column][row]!r}, here "
                    f"{own[column][row]!r} ({other.sum()} such); expected the same corpus, labels and folds"
                )
    unknown = sorted(set(found["prediction"]) - set(run.labels))
    if unknown:
        raise ResultsError(f"{where}: predicts {', '.join(unknown)}; expected some of {', '.join(run.labels)}")
    columns = {f"p_{label}": found.get(f"p_{label}", np.nan) for label in run.labels}
    rows = own.assign(pipeline=name, prediction=found["prediction"], **columns)
    check_predictions(rows, where=where)
    notes = [*matching.notes(where)]
    left = len(table) - len(own)
    if left:
        notes.append(f"{left} rows of {where} are about utterances that this run does not test, and are not used")
    if "fold" not in found:
        notes.append(f"{where} names no folds: that no test speaker trained is not checked")
    return rows, notes


def _read(source: str | Path | pd.DataFrame, where: str) -> pd.DataFrame:
    if isinstance(source, pd.DataFrame):
        table = source.copy()
        probability = {name: pd.to_numeric(table[name]) for name in table.columns if str(name).startswith("p_")}
    else:
        file = Path(source)
        file = file / "predictions.csv" if file.is_dir() else file
        if not file.is_file():
            raise ResultsError(f"{file}: no such file; expected a CSV with the columns utterance, prediction")
        stored = read_table(file, error=ResultsError, problem="not a predictions table")
        table = stored.rows
        probability = {name: stored.numbers(name) for name in table.columns if name.startswith("p_")}
    missing = [column for column in NEEDED if column not in table.columns]
    if missing:
        raise ResultsError(f"{where}: lacks the columns {missing}; expected {list(NEEDED)} and p_<label> where known")
    for column in ("utterance", "prediction", "speaker", "truth", "fold"):
        if column in table.columns:
            table[column] = table[column].astype(str).map(normalise)
    return table.assign(**probability).reset_index(drop=True)
