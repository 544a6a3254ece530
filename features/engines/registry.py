"""Which engine does the work: the one that joblib's context names, else processes of this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from features.engines.ambient import AmbientEngine
from features.engines.cluster import ClusterEngine
from features.engines.local import LocalEngine

if TYPE_CHECKING:
    from features.engines.engine import Engine

BACKENDS: dict[str, Callable[[Any, int], Engine]] = {
    "LokyBackend": lambda _, count: LocalEngine(count),
    "SequentialBackend": lambda *_: LocalEngine(1),
    "DaskDistributedBackend": lambda backend, _: ClusterEngine(backend.client),
}
"""Engines by the joblib backend that is in force; for any other one, joblib itself hands out the work."""


def engine_of(n_jobs: int) -> Engine:
    """The engine that is in force here.

    Parameters
    ----------
    n_jobs : int
        How many processes of this machine; of no effect on a cluster.

    Examples
    --------
    >>> engine_of(3)
    LocalEngine(size=3, same_files=True)
    >>> import joblib
    >>> with joblib.parallel_config("threading", n_jobs=2):
    ...     engine_of(3)
    AmbientEngine(size=2, same_files=False)
    """
    from joblib import effective_n_jobs
    from joblib.parallel import get_active_backend

    backend, _ = get_active_backend()
    make = BACKENDS.get(type(backend).__name__)
    return make(backend, n_jobs) if make else AmbientEngine(effective_n_jobs(None))
