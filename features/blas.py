"""One thread for linear algebra while features are computed.

How a BLAS divides a product among threads changes the order of its sums, and so the last bits of features: their
values would depend on how many cores a machine has, and on how many processes share them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let every BLAS of this process use one thread, and as many as before when the block ends.

    Blocks may lie in each other, and run in several threads at once: the last that ends restores the number.

    Examples
    --------
    >>> from threadpoolctl import threadpool_info
    >>> with one_blas_thread():
    ...     sorted({pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"})
    [1]
    """
    limit = _limit()
    limit.enter()
    try:
        yield
    finally:
        limit.leave()


class _Limit:
    """Counts the blocks that are open, since each thread would restore what it found."""

    def __init__(self) -> None:
        import scipy.linalg  # noqa: F401  # loads the second BLAS, which numba's code calls
        from threadpoolctl import ThreadpoolController

        self._controller = ThreadpoolController()
        self._lock = threading.Lock()
        self._open = 0

    def enter(self) -> None:
        with self._lock:
            if self._open == 0:
                self._limiter = self._controller.limit(limits=1, user_api="blas")
            self._open += 1

    def leave(self) -> None:
        with self._lock:
            self._open -= 1
            if self._open == 0:
                self._limiter.restore_original_limits()


@lru_cache(maxsize=1)
def _limit() -> _Limit:
    return _Limit()
