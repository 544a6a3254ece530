"""When a stored result is stale: the fingerprint of everything that determines the result of a job."""

from __future__ import annotations

import hashlib
import inspect
import pickle
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import joblib
import pandas as pd

if TYPE_CHECKING:
    from benchmarks.folds.fold import Fold


def job_key(
    *, fingerprint: str, table: pd.DataFrame, fold: Fold, labels: Sequence[str], seed: int, identity: str
) -> str:
    """Fingerprint of all that determines the result of a job.

    Parameters
    ----------
    fingerprint : str
        Of the corpus: its sounds, speakers and labels.
    table : DataFrame
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
    enrolled = () if fold.enrolled is None else (fold.enrolled,)  # a run in which nobody enrols keeps its keys
    for subset in (fold.train, fold.valid, fold.test, *enrolled):
        digest.update("\x1f".join(names[subset]).encode() + b"\x1e")
    if fold.aside is not None:
        digest.update("\x1f".join(["aside", *names[fold.aside]]).encode())
    return digest.hexdigest()


def estimator_identity(estimator: Any) -> str:
    """Text that determines an estimator before it is fitted: its class, that class's source, and every parameter.

    Parameters that cannot be hashed, such as functions of a notebook, stand as their `repr`.
    """
    params = estimator.get_params(deep=True) if hasattr(estimator, "get_params") else {}
    return "; ".join(
        [_class_identity(type(estimator)), *(f"{name}={_value_identity(params[name])}" for name in sorted(params))]
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
