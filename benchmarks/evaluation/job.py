"""A cell: one pipeline, one seed, one fold, trained and asked for its test probabilities."""

from __future__ import annotations

import copy
import hashlib
import inspect
import json
import pickle
import resource
import sys
import time
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.utils.validation import has_fit_parameter
from threadpoolctl import threadpool_limits

from benchmarks.evaluation.store import ResultsStore
from benchmarks.folds.fold import Fold
from benchmarks.scoring.metrics import uar, wa
from classical.normalise import FallbackWarning
from features.errors import PipelineError, SerError

SEEN = ("path", "start", "end", "gender", "session")
"""What a pipeline sees of an utterance: no label, no text, no ratings."""

DIGITS = 8


@dataclass(frozen=True)
class Cell:
    """What determines a result, and what is needed to compute it.

    Attributes
    ----------
    pipeline : str
        The pipeline's name.
    estimator : scikit-learn estimator
        Not fitted; what it looks up is in it.
    seed : int
    fold : Fold
    labels : tuple of str
        Columns of the probabilities.
    key : str
        Hash of everything that determines the result.
    seconds : numpy.ndarray or None
        Seconds that extracting the features of each utterance of the corpus took, shape (n,).
    room : str
        The package of its code.
    device : str
        Where a deep pipeline runs; empty where it may choose.
    """

    pipeline: str
    estimator: Any
    seed: int
    fold: Fold
    labels: tuple[str, ...]
    key: str
    seconds: np.ndarray | None = None
    room: str = ""
    device: str = ""


def cell_key(
    *, fingerprint: str, table: pd.DataFrame, fold: Fold, labels: Sequence[str], seed: int, identity: str
) -> str:
    """Hash of all that determines a cell's result.

    Parameters
    ----------
    fingerprint : str
        Of the corpus: its sounds, speakers and labels.
    table : pandas.DataFrame
        The utterances that the fold points into.
    fold : Fold
    labels : sequence of str
    seed : int
    identity : str
        Text that determines the pipeline: parameters, features, code, versions.
    """
    digest = hashlib.blake2b(digest_size=12)
    names = table.index.get_level_values("id")
    for part in (fingerprint, fold.name, identity, str(seed), *labels):
        digest.update(part.encode() + b"\x1f")
    for side in (fold.train, fold.valid, fold.test):
        digest.update("\x1f".join(names[side]).encode() + b"\x1e")
    return digest.hexdigest()


def estimator_identity(estimator: Any) -> str:
    """Text that determines an estimator before it is fitted: its class, that class's source, and every parameter.

    Parameters that cannot be hashed, such as functions of a notebook, stand as their `repr`.
    """
    known = estimator.get_params(deep=True) if hasattr(estimator, "get_params") else {}
    return "; ".join(
        [_class_identity(type(estimator)), *(f"{name}={_value_identity(known[name])}" for name in sorted(known))]
    )


def _class_identity(kind: type) -> str:
    try:
        source = inspect.getsource(kind)
    except (OSError, TypeError):  # typed in at a prompt, or compiled
        source = ""
    return f"{kind.__module__}.{kind.__qualname__} {joblib.hash(source)}"


def _value_identity(value: Any) -> str:
    if hasattr(value, "get_params"):
        return _class_identity(type(value))
    try:
        return str(joblib.hash(value))
    except (pickle.PicklingError, TypeError, AttributeError):
        return repr(value)


def run_cell(cell: Cell, table: pd.DataFrame, store: ResultsStore) -> str:
    """Compute one cell and store it; returns its status, `done` or `failed`.

    A failure is stored with its traceback; it is never scored, and tried again by the next run.
    """
    base = {"key": cell.key, "pipeline": cell.pipeline, "seed": cell.seed, "fold": cell.fold.name}
    try:
        with threadpool_limits(1):
            record = {**base, "status": "done", **compute(cell, table, store.work_folder(cell.key))}
    except Exception as error:  # whatever a pipeline raises is a result of this cell: recorded, shown, exit code 1
        message = str(error) if isinstance(error, SerError) else f"{type(error).__name__}: {error}"
        record = {**base, "status": "failed", "reason": message, "traceback": traceback.format_exc()}
    store.write(record)
    return str(record["status"])


def compute(cell: Cell, table: pd.DataFrame, work: Path) -> dict[str, Any]:
    """Train on the training side, then predict the training and the test side.

    Raises
    ------
    PipelineError
        If the probabilities are not.
    """
    rows, fold = table[list(SEEN)], cell.fold
    train = fold.training_side
    estimator = prepare(cell, work)
    metadata = {"valid": np.isin(train, fold.valid)} if has_fit_parameter(estimator, "valid") else {}
    truth = table["label"].to_numpy().astype(str)
    began = time.perf_counter()
    estimator.fit(rows.iloc[train], truth[train], **metadata)
    fitted = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", FallbackWarning)
        probability = probabilities(estimator, rows.iloc[fold.test], cell.labels)
    predicted = time.perf_counter()
    fallbacks = [str(warning.message) for warning in caught if issubclass(warning.category, FallbackWarning)]
    known = np.asarray(cell.labels)[probabilities(estimator, rows.iloc[train], cell.labels).argmax(axis=1)]
    return {
        "probability": probability.tolist(),
        "inner": inner_probabilities(estimator, len(train), cell.labels),
        "train_uar": float(uar(truth[train], known, cell.labels)),
        "train_wa": float(wa(truth[train], known, cell.labels)),
        "fit_seconds": fitted - began,
        "predict_seconds": predicted - fitted,
        "extract_seconds": None if cell.seconds is None else float(cell.seconds[fold.test].sum()),
        "n_test": len(fold.test),
        "peak_memory_mb": peak_memory_mb(),
        "model_bytes": saved_size(estimator),
        "n_settings": getattr(estimator, "n_candidates_", None),
        "tuning_cpu_seconds": getattr(estimator, "search_time_", None),
        "chosen": jsonable(getattr(estimator, "best_params_", getattr(estimator, "chosen_", {}))),
        "notes": [*(str(note) for note in getattr(estimator, "notes_", [])), *fallbacks],
        "history": jsonable(getattr(estimator, "history_", [])),
    }


def prepare(cell: Cell, work: Path) -> Any:
    """A fresh estimator with the cell's seed, one thread, and its own folder and device where it wants them."""
    estimator = copy.deepcopy(cell.estimator)
    known = estimator.get_params() if hasattr(estimator, "get_params") else {}
    given: dict[str, Any] = {name: cell.seed for name in known if name.rpartition("__")[2] == "random_state"}
    given |= {name: value for name, value in (("n_jobs", 1), ("work_dir", work)) if name in known}
    if "device" in known and cell.device:
        given["device"] = cell.device
    return estimator.set_params(**given) if given else estimator


def probabilities(estimator: Any, rows: pd.DataFrame, labels: Sequence[str]) -> np.ndarray:
    """Probabilities with a column for every label, rounded as they are stored; shape (n_utterances, n_labels).

    A label that the training side lacked has probability 0.

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
    full = np.zeros((len(rows), len(labels)))
    full[:, [list(labels).index(label) for label in classes]] = values
    return full.round(DIGITS)


def inner_probabilities(estimator: Any, n_rows: int, labels: Sequence[str]) -> list[list[float | None]] | None:
    """Probabilities of the training rows by models that did not see their speakers; None where there are none.

    There are none either where an estimator that was fitted before, and frozen, has those of other rows.
    """
    values = getattr(estimator, "oof_proba_", getattr(estimator, "inner_probability_", None))
    if values is None or len(values) != n_rows or np.isnan(values).all():
        return None
    full = np.zeros((n_rows, len(labels)))
    full[:, [list(labels).index(str(label)) for label in estimator.classes_]] = np.asarray(values, dtype=float)
    full[np.isnan(full).any(axis=1)] = np.nan
    return [[None if np.isnan(value) else float(value) for value in row] for row in full.round(DIGITS)]


def peak_memory_mb() -> float:
    """The most memory that this process has held so far, in MB."""
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e6


def saved_size(estimator: Any) -> int | None:
    """Bytes of the fitted estimator without the features that it looks up; None where it cannot be serialised."""
    bare = copy.copy(estimator)
    for name in ("features", "oof_proba_"):
        if hasattr(bare, name):
            setattr(bare, name, None)
    try:
        return len(pickle.dumps(bare))
    except (pickle.PicklingError, TypeError, AttributeError):
        return None


def jsonable(value: Any) -> Any:
    """The same with numpy's numbers and arrays as Python's own, and what JSON lacks as text."""
    return json.loads(
        json.dumps(value, default=lambda other: other.tolist() if hasattr(other, "tolist") else str(other))
    )
