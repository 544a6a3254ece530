"""A run: predictions, scores, and the record of how they came about, as they lie in a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.evaluation.forms import RECORD, difference
from benchmarks.evaluation.job_result import DIGITS, JOB_COLUMNS
from benchmarks.evaluation.side_tables import read_side_table
from benchmarks.scoring.predictions import labels_of, read_predictions
from benchmarks.scoring.scores import JOB_NUMBERS, confusions_by_pipeline, score_table
from benchmarks.scoring.status import Status
from features.errors import ResultsError
from features.files import write_atomically
from features.tables import for_spreadsheets

SCHEMA_VERSION = 2
"""Version of the form of `run.json`; other versions are not read."""
RUN_RECORD, STUDY_RECORD = "run.json", "study.json"
"""Names of the files that say how a run, and how a study, came about."""


@dataclass(frozen=True, eq=False)
class Run:
    """What a run found; all of it also lies in its folder.

    Attributes
    ----------
    folder : Path
        Where it lies.
    record : mapping
        `run.json`: command, versions, corpus, folds, what became of every pipeline and job; empty where only
        predictions are known.
    predictions : DataFrame
        `corpus, folds, pipeline, seed, fold, utterance, speaker, truth, prediction, p_<label>...`.
    labels : tuple of str
        All labels, in the order of the columns.
    jobs : DataFrame
        One row per job, with the columns `JOB_COLUMNS`; NaN where unknown.
    utterances : DataFrame or None
        `utterance, speaker, path, start, end, gender, session, label` of each utterance used.

    Examples
    --------
    >>> from benchmarks import Run
    >>> run = Run.load("results/emodb")  # doctest: +SKIP
    >>> run.corpus["name"], run.synthetic, len(run.speakers), run.failed  # doctest: +SKIP
    >>> run.scores[["pipeline", "uar"]], run.confusions["svm"].sum(axis=0)  # doctest: +SKIP
    >>> run.learning, run.ablation, run.shapley  # None where no study was run  # doctest: +SKIP
    >>> run.table("learning") is run.learning  # any table that lies in the folder  # doctest: +SKIP
    True
    >>> run.save()  # writes predictions, scores and record again  # doctest: +SKIP
    """

    folder: Path
    record: Mapping[str, Any]
    predictions: pd.DataFrame
    labels: tuple[str, ...]
    jobs: pd.DataFrame
    utterances: pd.DataFrame | None = None
    _temporary: Any = field(default=None, repr=False)

    @classmethod
    def load(cls, path: str | Path, *, join_names: bool = False) -> Run:
        """Read a run's folder, or a lone `predictions.csv`, as `read_predictions` does.

        Raises
        ------
        ResultsError
            If the predictions are missing or damaged, or `run.json` is not the record of a run, or is one of another
            version.
        """
        path = Path(path)
        predictions = read_predictions(path, join_names=join_names)
        folder = path if path.is_dir() else path.parent
        record = read_record(folder) if path.is_dir() else {}
        labels = tuple(record.get("corpus", {}).get("labels") or labels_of(predictions))
        unknown = sorted({*labels_of(predictions), *predictions["truth"]} - set(labels))
        if unknown:
            raise ResultsError(
                f"{folder / 'run.json'}: its labels are {', '.join(labels)}, but predictions.csv also has "
                f"{', '.join(unknown)}; expected the files of one run; run it again"
            )
        utterances = read_side_table(folder / "utterances.csv", remedy="run again to have it")
        return cls(folder, record, predictions, labels, job_table(record, predictions), utterances)

    def save(self) -> None:
        """Write `predictions.csv`, `scores.csv`, `utterances.csv` and `run.json` into the folder.

        Probabilities have a fixed number of digits, so that equal results are equal bytes.
        """
        write_table(self.folder / "predictions.csv", self.predictions, f"%.{DIGITS}f")
        write_table(self.folder / "scores.csv", self.scores)
        if self.utterances is not None:
            write_table(self.folder / "utterances.csv", self.utterances, None)
        text = json.dumps(self.record, indent=1, ensure_ascii=False) + "\n"
        write_atomically(self.folder / RUN_RECORD, text)

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

    @property
    def failed(self) -> list[Mapping[str, Any]]:
        """Jobs that failed, each with pipeline, seed, fold, reason and traceback."""
        return [job for job in self.record.get("jobs", ()) if job["status"] == Status.FAILED]

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One row per pipeline, computed from the predictions; see `benchmarks.scoring.scores.score_table`."""
        if self.predictions.empty:
            return pd.DataFrame()
        return score_table(self.predictions, self.jobs, self.labels, confusions=self._confusions)

    @cached_property
    def speakers(self) -> tuple[str, ...]:
        """All speakers that were tested, sorted."""
        return tuple(sorted(self.predictions["speaker"].unique()))

    @cached_property
    def confusions(self) -> Mapping[str, NDArray[np.float64]]:
        """Pipeline to confusion matrices of shape (n_speakers, n_labels, n_labels), a mean over seeds."""
        return {name: matrices.mean(axis=0) for name, matrices in self._confusions.items()}

    @cached_property
    def _confusions(self) -> Mapping[str, NDArray[np.float64]]:
        return confusions_by_pipeline(self.predictions, self.labels)

    @property
    def ablation(self) -> pd.DataFrame | None:
        """`ablation.csv`: a row per model and subset of groups; None where there is none."""
        return self.table("ablation")

    @property
    def shapley(self) -> pd.DataFrame | None:
        """`shapley.csv`: a row per model, target and group; None where there is none."""
        return self.table("shapley")

    @property
    def learning(self) -> pd.DataFrame | None:
        """`learning.csv`: a row per pipeline and number of training speakers; None where there is none."""
        return self.table("learning")

    @cached_property
    def _tables(self) -> dict[str, pd.DataFrame | None]:
        return {}

    def table(self, name: str) -> pd.DataFrame | None:
        """The table `NAME.csv` that a study left in the folder, read once.

        A table that cannot be read is left out with a warning; the run itself can still be reported.

        Returns
        -------
        DataFrame or None
            None where there is none, or it cannot be read.
        """
        if name not in self._tables:
            self._tables[name] = read_side_table(self.folder / f"{name}.csv")
        return self._tables[name]


def load_run(path: str | Path) -> Run:
    """Read a run's folder, or a lone `predictions.csv`; see `Run.load`.

    Examples
    --------
    >>> import benchmarks
    >>> benchmarks.load_run("results/emodb").scores  # doctest: +SKIP
    """
    return Run.load(path)


def job_table(record: Mapping[str, Any], predictions: pd.DataFrame) -> pd.DataFrame:
    """The jobs of a record as a table with the columns `JOB_COLUMNS`; from the predictions where none are recorded."""
    jobs: Sequence[Mapping[str, Any]] = record.get("jobs", ())
    if not jobs and not predictions.empty:
        count = predictions.groupby(["pipeline", "seed", "fold"], sort=False).size().rename("n_test").reset_index()
        jobs = count.assign(status=str(Status.DONE)).to_dict("records")  # type: ignore[assignment]
    table = pd.DataFrame([dict(job) for job in jobs]).reindex(columns=list(JOB_COLUMNS))
    table[list(JOB_NUMBERS)] = table[list(JOB_NUMBERS)].astype(float)
    return table


def read_record(folder: Path, name: str = RUN_RECORD) -> Mapping[str, Any]:
    """Read the record of a run in a folder, or of a study; an empty mapping where there is none.

    Parameters
    ----------
    folder : Path
    name : {"run.json", "study.json"}

    Raises
    ------
    ResultsError
        If it is not the record of a run, or one of another version.
    """
    file = folder / name
    if not file.exists():
        return {}
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultsError(f"{file}: {error.strerror or error}; expected the record of a run, run it again") from error
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"{file}: not JSON ({error}); expected the record of a run, run it again") from error
    if not isinstance(record, dict):
        raise ResultsError(f"{file}: holds a {type(record).__name__}; expected the record of a run, run it again")
    version = record.get("schema_version")
    if version != SCHEMA_VERSION:
        raise ResultsError(
            f"{file}: schema_version {'missing' if version is None else version}, expected {SCHEMA_VERSION}: another "
            "version of this toolkit wrote it; remove the folder and run again"
        )
    problem = difference(record, RECORD)
    if problem:
        raise ResultsError(f"{file}: {problem}; expected the record of a run, run it again")
    return record


def check_same_run(folder: Path, *, corpus: str, scheme: str) -> None:
    """Check that what a folder holds is of the same corpus and folds, or that it holds no run.

    Parameters
    ----------
    folder : Path
        Where results are kept.
    corpus : str
        Fingerprint of the corpus: its sounds and labels.
    scheme : str
        Scheme of the folds.

    Raises
    ------
    ResultsError
        If it holds another run, whose scores and report would be replaced.
    """
    record = read_record(folder)
    if not record:
        return
    about, stored = record.get("corpus", {}), record.get("folds", {}).get("scheme")
    same_folds = stored == scheme or "given" in (stored, scheme)  # folds from a file may be those of a scheme
    if about.get("fingerprint") != corpus or not same_folds:
        labels = ", ".join(about.get("labels", ())) or "unknown labels"
        raise ResultsError(
            f"{folder} holds a run of another corpus or other folds ({about.get('name', 'unknown')} with {labels}; "
            f"folds {stored}); give another folder with --out, or remove that one"
        )


def write_table(file: Path, table: pd.DataFrame, float_format: str | None = "%.6g") -> None:
    """Write a table as CSV, whole or not at all; no text in it is a formula to a spreadsheet.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    text = for_spreadsheets(table).to_csv(index=False, float_format=float_format, lineterminator="\n")
    write_atomically(file, text)
