"""Predictions of another tool as rows of a run: read, audited as any folds are, and marked as brought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.auditing.audit import audit_subject
from benchmarks.auditing.finding import Kind, Severity
from benchmarks.auditing.subject import make_subject
from benchmarks.evaluation.runs import Run, job_table
from benchmarks.folds.formats.base import COLUMNS, ONE_SPLIT
from benchmarks.folds.formats.predictions import FORMAT, folds_behind
from benchmarks.pipelines.flags import Flag
from benchmarks.pipelines.names import flags_by_name
from benchmarks.scoring.predictions import check_predictions
from benchmarks.scoring.status import Status
from features.errors import ResultsError
from features.names import normalise
from features.tables import read_table

if TYPE_CHECKING:
    from benchmarks.auditing.subject import Subject
    from benchmarks.corpora.corpus import Corpus
    from features.cache import FeatureCache

NEEDED = ("utterance", "prediction")
"""Columns that must be there; `speaker`, `truth` and `fold` are audited where they are."""


def with_brought(
    run: Run,
    add: Mapping[str, str | Path | pd.DataFrame],
    *,
    corpus: Corpus,
    allow_duplicates: bool = False,
    cache: FeatureCache | None = None,
) -> Run:
    """A run with predictions of other tools as rows of their own.

    Parameters
    ----------
    run : Run
        Whose utterances they must be about, each once.
    add : mapping of str to path or DataFrame
        Name of each row to its predictions: `utterance, prediction`, and where known `p_<label>, speaker, truth, fold`.
    corpus : Corpus
        What the run is of; utterances, labels and speakers are looked up there.
    allow_duplicates : bool, default=False
        Accept the same sound in training and test of a fold.
    cache : FeatureCache, optional
        Where fingerprints of sounds are kept.

    Returns
    -------
    Run
        Not saved.

    Raises
    ------
    ResultsError
        If a row has the name of another, the audit finds an error in its folds, labels or speakers, its predictions
        lack an utterance of the run or name one twice, use an unknown label, or hold probabilities that are none.

    Examples
    --------
    >>> run = Run.load("results/emodb")  # doctest: +SKIP
    >>> theirs = run.predictions[run.predictions["pipeline"] == "svm"][["utterance", "prediction"]]  # doctest: +SKIP
    >>> both = with_brought(run, {"theirs": theirs}, corpus=corpus)  # doctest: +SKIP
    """
    known = any(Flag.KNOWN_SPEAKERS in (entry.get("flags") or ()) for entry in run.record["pipelines"].values())
    allowed = {Kind.SPEAKER: known, Kind.RECORDING: allow_duplicates}
    for name, source in add.items():
        if name in run.record["pipelines"]:
            raise ResultsError(f"--add {name}: the run has a pipeline of that name; give another")
        where = "a table" if isinstance(source, pd.DataFrame) else str(source)
        if run.predictions.empty:
            raise ResultsError(
                f"--add {name}: the run has no scored pipeline, so its test is not known; run one beside it"
            )
        table = _read(source, where)
        subject, notes = _audited(table, where, corpus, allowed, cache)
        rows, more = _rows(run, name, table, subject, where)
        entry = {
            "status": Status.DONE,
            "reason": None,
            "flags": [Flag.BROUGHT, *flags_by_name(name), *([Flag.KNOWN_SPEAKERS] if known else [])],
            "description": f"predictions brought from {where}",
            "features": "",
            "n_features": None,
        }
        record = {**run.record, "pipelines": {**run.record["pipelines"], name: entry}}
        record["notes"] = [*record.get("notes", ()), *(f"{name}: {note}" for note in (*notes, *more))]
        predictions = pd.concat([run.predictions, rows], ignore_index=True) if len(run.predictions) else rows
        run = replace(run, record=record, predictions=predictions, jobs=job_table(record, predictions))
    return run


def _audited(
    table: pd.DataFrame, where: str, corpus: Corpus, allowed: Mapping[Kind, bool], cache: FeatureCache | None
) -> tuple[Subject, list[str]]:
    """The folds behind predictions, looked up in the corpus, and what the audit says of them.

    Raises
    ------
    ResultsError
        If it finds an error that is not allowed.
    """
    names = [name for name in ("pipeline", "seed", *COLUMNS, "truth") if name in table]
    given = table[names].astype(str).assign(fold=table.get("fold", ONE_SPLIT), truth=table.get("truth", ""))
    subject = make_subject(folds_behind(given, Path(where)), FORMAT, corpus=corpus)
    found = audit_subject(subject, cache=cache)
    wrong = [one for one in found.of(Severity.ERROR) if not (one.fold and allowed.get(one.kind))]
    if wrong:
        first = wrong[0]
        examples = f" (such as {', '.join(first.examples[:3])})" if first.examples else ""
        more = f"; {len(wrong) - 1} more errors" if len(wrong) > 1 else ""
        place = f"{where}, fold {first.fold}" if "fold" in table and first.fold else where
        raise ResultsError(f"{place}: {first.message}{examples}; {first.remedy}{more}; audited before it is compared")
    told = [*found.of(Severity.ERROR), *(one for one in found.of(Severity.WARNING) if one.kind is not Kind.MISSING)]
    notes = list(dict.fromkeys(f"audit of {where}: {one.message}" for one in told))
    return subject, [*found.notes, *notes]


def _rows(run: Run, name: str, table: pd.DataFrame, subject: Subject, where: str) -> tuple[pd.DataFrame, list[str]]:
    """The predictions as a run stores them, in the order of its utterances, and what a reader should know."""
    corpus = subject.corpus
    assert corpus is not None
    own = run.predictions[run.predictions["seed"] == run.predictions["seed"].iloc[0]]
    own = own.drop_duplicates(["speaker", "utterance"]).reset_index(drop=True)
    position_of = dict(zip(subject.rows["utterance"], subject.rows["position"]))
    positions = table["utterance"].map(position_of)
    twice = positions.notna() & positions.duplicated()
    if twice.any():
        named = table.loc[twice, "utterance"].iloc[0]
        raise ResultsError(f"{where}: utterance {named!r} stands twice; expected each once, of one seed and pipeline")
    row_of = {int(position): row for row, position in enumerate(positions) if position == position}
    places = corpus.utterances.index.get_indexer(pd.MultiIndex.from_frame(own[["speaker", "utterance"]]))
    missing = own["utterance"][[place not in row_of for place in places]]
    if len(missing):
        raise ResultsError(
            f"{where}: lacks {len(missing)} of {len(own)} tested utterances, the first {missing.iloc[0]!r}; expected "
            "all: a score on fewer is another test"
        )
    found = table.iloc[[row_of[place] for place in places]].reset_index(drop=True)
    unknown = sorted(set(found["prediction"]) - set(run.labels))
    if unknown:
        raise ResultsError(f"{where}: predicts {', '.join(unknown)}; expected some of {', '.join(run.labels)}")
    columns = {f"p_{label}": found.get(f"p_{label}", np.nan) for label in run.labels}
    rows = own.assign(pipeline=name, prediction=found["prediction"], **columns)
    check_predictions(rows, where=where)
    notes = []
    left = len(table) - len(own)
    if left:
        notes.append(f"{left} rows of {where} are about utterances that this run does not test, and are not used")
    if "fold" not in found:
        notes.append(f"{where} names no folds: that no test speaker trained is not checked")
    elif len(own[["fold"]].assign(theirs=found["fold"]).drop_duplicates()) != own["fold"].nunique():
        notes.append(
            f"{where} has folds of its own ({found['fold'].nunique()}, here {own['fold'].nunique()}): its models "
            "learnt from others than these"
        )
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
