"""A job: one pipeline trained on one fold with one seed."""

from __future__ import annotations

import copy
import pickle
import tempfile
import time
import traceback
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import has_fit_parameter
from threadpoolctl import threadpool_limits

from benchmarks.evaluation.anonymous import anonymous
from benchmarks.evaluation.energy import counted
from benchmarks.evaluation.job_result import DIGITS, JobResult, jsonable
from benchmarks.evaluation.provenance import peak_memory_mb
from benchmarks.pipelines.names import RELEASED
from benchmarks.pipelines.table_features import TableFeatures
from benchmarks.scoring.metrics import uar, wa
from benchmarks.scoring.status import Status
from classical.adaptation import COLUMN as CORPUS
from classical.enrolment import COLUMN, draw_enrolment
from classical.normalise import FallbackWarning
from features.errors import PipelineError, SerError
from features.extractors.table import FeatureTable

if TYPE_CHECKING:
    from benchmarks.folds.fold import Fold
    from features.cache import FeatureCache

SEEN = ("path", "start", "end", "gender", "session")
"""What a pipeline sees of an utterance: no label, no text, no ratings."""

LEARNT = {
    "best_params": ("best_params_", "chosen_"),
    "n_candidates": ("n_candidates_", "n_settings_"),
    "search_seconds": ("search_time_", "tuning_cpu_seconds_"),
    "oof_probability": ("oof_proba_", "inner_probability_"),
    "train_probability": ("train_proba_",),
    "n_trained": ("n_trained_",),
}
"""Fields of a result and the attributes of a fitted estimator that they are read from, the first that is there."""


@dataclass(frozen=True)
class FeatureFile:
    """Extracted features in a file, so that processes share them instead of each holding a copy.

    Attributes
    ----------
    path : Path
        Values in NumPy's format.
    names : tuple of str
        Names of the columns.
    seconds : ndarray of shape (n_utterances,)
        Time that computing each row took.
    notes : tuple of str
        What a user should know of where the rows come from.
    """

    path: Path
    names: tuple[str, ...]
    seconds: NDArray[np.float64]
    notes: tuple[str, ...] = ()

    @classmethod
    def save(cls, table: FeatureTable, path: Path) -> FeatureFile:
        """Write the values of a table to a file."""
        np.save(path, table.values)
        return cls(path, table.names, table.seconds, table.notes)

    def table(self) -> FeatureTable:
        """The table, its values mapped from the file and read as they are used."""
        return FeatureTable(np.load(self.path, mmap_mode="r"), self.names, self.seconds)

    def loaded(self) -> FeatureTable:
        """The table, its values in memory, for machines that do not see the file."""
        return FeatureTable(np.load(self.path), self.names, self.seconds)


@dataclass(frozen=True, eq=False)
class Job:
    """What determines a result, and what is needed to compute it.

    Attributes
    ----------
    pipeline : str
        Name of the pipeline.
    estimator : estimator
        Not fitted; where `features` are given, without its extractor.
    seed : int
    fold : Fold
    labels : tuple of str
        Columns of the probabilities.
    key : str
        Fingerprint of everything that determines the result; see `job_key`.
    features : FeatureFile, FeatureTable or None
        The features that the estimator looks up, in the order of the corpus's utterances.
    package : str
        The package whose code decides the result, such as `classical`; empty for an estimator of the user's own.
    device : str
        Where a deep pipeline runs; empty where it may choose.
    reveal : tuple of str
        What an estimator of the user's own is shown beside sound and numbers; see `anonymous`.
    cache : FeatureCache or None
        Where a deep pipeline keeps what the frozen part of its encoder makes of clips.
    """

    pipeline: str
    estimator: Any
    seed: int
    fold: Fold
    labels: tuple[str, ...]
    key: str
    features: FeatureFile | FeatureTable | None = None
    package: str = ""
    device: str = ""
    reveal: tuple[str, ...] = ()
    cache: FeatureCache | None = None


def run_job(job: Job, table: pd.DataFrame, features: FeatureFile | FeatureTable | None, folder: Path) -> JobResult:
    """Compute a job.

    A failure is a result too, with its traceback; it is never scored, and tried again by the next run.

    Parameters
    ----------
    job : Job
    table : DataFrame
        Utterances of the corpus.
    features : FeatureFile or FeatureTable, optional
        What the estimator looks up, in a file or, where whoever works does not see that, in memory.
    folder : Path
        Folder of the run, where it can be seen here.
    """
    try:
        with threadpool_limits(1), _work_folder(job, folder) as own:
            return compute(replace(job, features=features), table, own)
    except Exception as error:  # whatever a pipeline raises is the result of its job: recorded, shown, exit status 1
        message = str(error) if isinstance(error, SerError) else f"{type(error).__name__}: {error}"
        if not (job.package or "id" in job.reveal):
            message += " (an estimator of your own sees numbers for ids; evaluate(..., reveal=['id']) shows them)"
        return failed(job, message, traceback.format_exc())


def failed(job: Job, reason: str, told: str = "") -> JobResult:
    """What stands for the result of a job that could not be computed."""
    return JobResult(
        key=job.key,
        pipeline=job.pipeline,
        seed=job.seed,
        fold=job.fold.name,
        status=Status.FAILED,
        reason=reason,
        traceback=told,
    )


@contextmanager
def _work_folder(job: Job, folder: Path) -> Iterator[Path]:
    """The job's own folder in that of the run; one for the time being where that is on another machine."""
    if folder.parent.is_dir():
        yield folder / job.key
        return
    with tempfile.TemporaryDirectory(prefix="job-", ignore_cleanup_errors=True) as own:
        yield Path(own)


def compute(job: Job, table: pd.DataFrame, work_dir: Path) -> JobResult:
    """Train on the training utterances of the fold, then predict them and those of the test.

    An estimator of the user's own sees numbers for ids and links for paths, and the test in an order of its own.

    Where speakers enrol, a pipeline also sees the clips that do, and which; what it says of them is thrown away.

    Parameters
    ----------
    job : Job
    table : DataFrame
        Utterances of the corpus.
    work_dir : Path
        Folder that belongs to this job alone, for checkpoints.

    Raises
    ------
    PipelineError
        If predict_proba does not return finite rows that sum to 1.
    """
    with tempfile.TemporaryDirectory(prefix="sound-", ignore_cleanup_errors=True) as links:
        rows = seen(table, job)
        if not job.package:
            rows = anonymous(
                rows.assign(**_texts(table, job)), Path(links), reveal=job.reveal, random_state=_number_of(job)
            ).assign(**{name: rows[name].to_numpy() for name in (COLUMN, CORPUS) if name in rows})
        return _computed(job, table, rows, work_dir)


def _texts(table: pd.DataFrame, job: Job) -> dict[str, Any]:
    """The texts, where an estimator is shown them."""
    return {"text": table["text"]} if "text" in job.reveal and "text" in table else {}


def _number_of(job: Job) -> int:
    """A number that only the job determines, to draw from."""
    return zlib.crc32(job.key.encode())


def _computed(job: Job, table: pd.DataFrame, rows: pd.DataFrame, work_dir: Path) -> JobResult:
    """The result of a job from the rows that its pipeline sees."""
    fold = job.fold
    estimator = prepare(job, table.index.tolist(), work_dir)
    validates = has_fit_parameter(estimator, "valid")
    train = fold.validated if validates else fold.training
    truth = table["label"].to_numpy().astype(str)[train]
    metadata = {"valid": np.isin(train, fold.valid)} if validates else {}
    before = counted(job.device)
    start = time.perf_counter()
    estimator.fit(rows.iloc[train], truth, **metadata)
    fitted = time.perf_counter()
    after = counted(job.device)
    asked = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", FallbackWarning)
        order = np.arange(len(fold.answered))
        if not job.package:  # a sorted table tells labels by its order
            order = np.random.default_rng(_number_of(job)).permutation(len(order))
        answered = np.empty((len(order), len(job.labels)))
        answered[order] = probabilities(estimator, rows.iloc[fold.answered[order]], job.labels)
    probability = answered[np.isin(fold.answered, fold.test)]
    predicted = time.perf_counter()
    fallbacks = [str(warning.message) for warning in caught if issubclass(warning.category, FallbackWarning)]
    fitted_on = ~metadata.get("valid", np.zeros(len(train), dtype=bool))
    train_uar = train_wa = None
    if job.pipeline != RELEASED:  # which is fitted to no utterance, so that it has no score on those
        on_train = _train_probabilities(estimator, rows.iloc[train], fitted_on, job.labels).argmax(axis=1)
        learnt_by_heart = truth[fitted_on], np.asarray(job.labels)[on_train], job.labels
        train_uar, train_wa = float(uar(*learnt_by_heart)), float(wa(*learnt_by_heart))
    return JobResult(
        key=job.key,
        pipeline=job.pipeline,
        seed=job.seed,
        fold=fold.name,
        status=Status.DONE,
        probability=probability,
        oof_probability=oof_probabilities(estimator, len(train), job.labels),
        train_uar=train_uar,
        train_wa=train_wa,
        fit_seconds=fitted - start,
        predict_seconds=predicted - asked,
        extract_seconds=None if job.features is None else float(job.features.seconds[fold.test].sum()),
        fit_joules=after.joules_since(before),
        n_test=len(fold.test),
        n_candidates=learnt(estimator, "n_candidates"),
        search_seconds=learnt(estimator, "search_seconds"),
        n_trained=learnt(estimator, "n_trained"),
        peak_memory_mb=peak_memory_mb(),
        model_bytes=saved_size(estimator),
        best_params=jsonable(learnt(estimator, "best_params") or {}),
        notes=(*(str(note) for note in getattr(estimator, "notes_", [])), *fallbacks),
        history=tuple(jsonable(getattr(estimator, "history_", []))),
    )


def _train_probabilities(
    estimator: Any, rows: pd.DataFrame, fitted_on: NDArray[np.bool_], labels: Sequence[str]
) -> NDArray[np.float64]:
    """Probabilities of the rows that were fitted to: those that the estimator has of its own, or it predicts them."""
    own = learnt(estimator, "train_probability")
    if own is not None and len(own) == len(rows) and np.isfinite(own[fitted_on]).all():
        return _in_order(np.asarray(own[fitted_on]), [str(label) for label in estimator.classes_], labels)
    return probabilities(estimator, rows.iloc[np.flatnonzero(fitted_on)], labels)


def seen(table: pd.DataFrame, job: Job) -> pd.DataFrame:
    """What a pipeline sees of the utterances: the columns `SEEN`, and the ranks of those that enrol where any do."""
    rows = table[[*SEEN, *([CORPUS] if CORPUS in table else [])]]
    if job.fold.enrolled is None:
        return rows
    speakers, ids = (table.index.get_level_values(level) for level in ("speaker", "id"))
    return rows.assign(**{COLUMN: draw_enrolment(speakers, ids, random_state=job.seed)})


def prepare(job: Job, index: Sequence[tuple[str, str]], work_dir: Path) -> Any:
    """Copy the estimator of a job and set seed, one thread, features, work folder and device where it has them."""
    estimator = copy.deepcopy(job.estimator)
    names = estimator.get_params() if hasattr(estimator, "get_params") else {}
    values: dict[str, Any] = {name: job.seed for name in names if name.rpartition("__")[2] == "random_state"}
    values |= {name: value for name, value in (("n_jobs", 1), ("work_dir", work_dir)) if name in names}
    if job.features is not None:
        held = job.features.table() if isinstance(job.features, FeatureFile) else job.features
        values["features"] = TableFeatures(held, index)
    if job.package == "deep" and "features__cache" in names:
        values["features__cache"] = job.cache
    if "device" in names and job.device:
        values["device"] = job.device
    return estimator.set_params(**values) if values else estimator


def learnt(estimator: Any, name: str) -> Any:
    """What a fitted estimator says in one of the attributes of `LEARNT`; None where it has none of them."""
    return next((getattr(estimator, attribute) for attribute in LEARNT[name] if hasattr(estimator, attribute)), None)


def probabilities(estimator: Any, rows: pd.DataFrame, labels: Sequence[str]) -> NDArray[np.float64]:
    """Probabilities with a column for each label, rounded as they are stored.

    Returns
    -------
    probability : ndarray of shape (n_utterances, n_labels)
        0 for a label that the training utterances lacked.

    Raises
    ------
    PipelineError
        If a row is not finite, is negative, or does not sum to 1.
    """
    values = np.asarray(estimator.predict_proba(rows), dtype=float)
    classes = [str(label) for label in estimator.classes_]
    if values.shape != (len(rows), len(classes)) or not set(classes) <= set(labels):
        raise PipelineError(
            f"probabilities of shape {values.shape} for classes {classes}; expected {len(rows)} rows of {list(labels)}"
        )
    if not np.isfinite(values).all() or (values < 0).any() or np.abs(values.sum(axis=1) - 1).max(initial=0.0) > 1e-5:
        raise PipelineError("probabilities that are not finite, or do not sum to 1; expected rows that do")
    return _in_order(values, classes, labels)


def oof_probabilities(estimator: Any, n_rows: int, labels: Sequence[str]) -> NDArray[np.float64] | None:
    """Out-of-fold probabilities of the training utterances, a column for each label; None where there are none.

    There are none either where an estimator that was fitted before, and frozen, has those of other rows.
    """
    values = learnt(estimator, "oof_probability")
    if values is None or len(values) != n_rows or np.isnan(values).all():
        return None
    full = _in_order(np.asarray(values, dtype=float), [str(label) for label in estimator.classes_], labels)
    full[np.isnan(full).any(axis=1)] = np.nan
    return full


def _in_order(values: NDArray[np.float64], classes: Sequence[str], labels: Sequence[str]) -> NDArray[np.float64]:
    full = np.zeros((len(values), len(labels)))
    full[:, [list(labels).index(label) for label in classes]] = values
    return full.round(DIGITS)


def saved_size(estimator: Any) -> int | None:
    """Bytes of the fitted estimator without the features that it looks up; None where it cannot be serialised."""
    bare = copy.copy(estimator)
    for name in ("features", *LEARNT["oof_probability"], *LEARNT["train_probability"]):
        if name in vars(bare):
            setattr(bare, name, None)
    try:
        return len(pickle.dumps(bare))
    except (pickle.PicklingError, TypeError, AttributeError):
        return None
