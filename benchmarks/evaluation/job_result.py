"""What a job came to: probabilities, times, and notes, or why it failed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.evaluation.forms import JOB, difference
from benchmarks.scoring.status import Status
from features.errors import ResultsError

if TYPE_CHECKING:
    from benchmarks.evaluation.job import Job

DIGITS = 8
"""Decimal places of stored probabilities."""


@dataclass(frozen=True, kw_only=True, eq=False)
class JobResult:
    """What a job came to; None stands for a number that is not known.

    Attributes
    ----------
    key, pipeline, seed, fold
        The job, as in `Job`; `fold` is the fold's name.
    status : Status
        Done or failed.
    probability : ndarray of shape (n_test, n_labels) or None
        Of the test utterances, in the order of the fold; None where the job failed.
    oof_probability : ndarray of shape (n_train, n_labels) or None
        Of the training utterances, by models that did not see their speakers; NaN in rows that have none.
    train_uar, train_wa : float or None
        Scores of the model on the utterances that it was fitted to; None for a fusion and a published model,
        which are fitted to none.
    fit_seconds, predict_seconds, extract_seconds : float or None
        Time of training, of predicting the test utterances, and of extracting their features.
    fit_joules : float or None
        Energy of training, where the machine counts it.
    n_test : int
        Number of test utterances.
    n_candidates : int or None
        Number of settings that were tried on inner folds.
    search_seconds : float or None
        CPU time of that search.
    n_trained : int or None
        How many numbers a deep pipeline trained.
    peak_memory_mb : float or None
        The most memory that the process had used by the end of the job.
    model_bytes : int or None
        Size of the fitted estimator without the features that it looks up.
    best_params : mapping
        Parameters that the search selected.
    notes : tuple of str
        What a reader should know of this job.
    history : tuple of mapping
        One entry per epoch of training.
    reason, traceback : str
        Why the job failed.

    Examples
    --------
    >>> result = JobResult(key="6f1a", pipeline="svm", seed=0, fold="Ses01", status=Status.DONE, n_test=48)
    >>> JobResult.from_json(result.to_json()).n_test
    48
    """

    key: str
    pipeline: str
    seed: int
    fold: str
    status: Status
    probability: NDArray[np.float64] | None = None
    oof_probability: NDArray[np.float64] | None = None
    train_uar: float | None = None
    train_wa: float | None = None
    fit_seconds: float | None = None
    predict_seconds: float | None = None
    extract_seconds: float | None = None
    fit_joules: float | None = None
    n_test: int = 0
    n_candidates: int | None = None
    search_seconds: float | None = None
    n_trained: int | None = None
    peak_memory_mb: float | None = None
    model_bytes: int | None = None
    best_params: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    history: tuple[Mapping[str, Any], ...] = ()
    reason: str = ""
    traceback: str = ""

    def summary(self) -> dict[str, Any]:
        """Every field but the probabilities, as `run.json` holds them."""
        return {name: getattr(self, name) for name in JOB_COLUMNS}

    def to_json(self) -> str:
        """Write the result as JSON; NaN is written as null."""
        arrays = {name: _rows(getattr(self, name)) for name in ARRAYS}
        return json.dumps({**self.summary(), **arrays}, default=_plain)

    @classmethod
    def from_json(cls, text: str | bytes) -> JobResult:
        """Read what `to_json` wrote.

        Raises
        ------
        ResultsError
            If it is not that.
        """
        try:
            values = json.loads(text)
            problem = difference(values, JOB)
            if problem:
                raise ValueError(problem)
            for name in ARRAYS:
                if values[name] is not None:
                    values[name] = np.array(values[name], dtype=float)
            values |= {name: tuple(values[name] or ()) for name in ("notes", "history")}
            return cls(**{**values, "status": Status(values["status"])})
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise ResultsError(
                f"not the result of a job ({error}); expected JSON as JobResult.to_json writes"
            ) from error

    def belongs_to(self, job: Job) -> bool:
        """Whether this is the complete result of a job: its key and name, and a probability for each utterance."""
        own = (self.key, self.pipeline, self.seed, self.fold)
        if own != (job.key, job.pipeline, job.seed, job.fold.name):
            return False
        return self.status is not Status.DONE or (
            self.probability is not None
            and self.probability.shape == (len(job.fold.test), len(job.labels))
            and not np.isnan(self.probability).any()
            and bool(np.abs(self.probability.sum(axis=1) - 1).max(initial=0.0) < 1e-4)
            and bool((self.probability >= 0).all())
        )


ARRAYS = ("probability", "oof_probability")
JOB_COLUMNS = tuple(entry.name for entry in fields(JobResult) if entry.name not in ARRAYS)
"""Fields of a result that are no array: the columns of `Run.jobs`."""


def _rows(values: NDArray[np.float64] | None) -> list[list[float | None]] | None:
    if values is None:
        return None
    return [[None if math.isnan(value) else value for value in row] for row in np.asarray(values).tolist()]


def jsonable(value: Any) -> Any:
    """The same with numpy's numbers and arrays as Python's own, and what JSON lacks as text.

    Examples
    --------
    >>> jsonable({"C": np.float64(1.0), "weights": np.ones(2)})
    {'C': 1.0, 'weights': [1.0, 1.0]}
    """
    return json.loads(json.dumps(value, default=_plain))


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)
