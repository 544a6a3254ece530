"""Loops that numba compiles, once after installation; what it made is kept where this process may write."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import numba
from numba.core.caching import FunctionCache
from numba.core.dispatcher import Dispatcher

from features.errors import Note
from features.places import cache_folder, is_writable, settle

F = TypeVar("F", bound=Callable[..., Any])


def compiled(**options: Any) -> Callable[[F], F]:
    """Decorate a function that numba is to compile; it runs without the interpreter's lock.

    Unlike `numba.njit(cache=True)` it works where nothing can be written, and where what was kept is damaged.

    Parameters
    ----------
    **options
        As of `numba.njit`, such as `fastmath`.

    Examples
    --------
    >>> import numpy as np
    >>> @compiled()
    ... def total(values):
    ...     result = 0.0
    ...     for value in values:
    ...         result += value
    ...     return result
    >>> total(np.array([1.0, 2.0]))
    3.0
    """

    def decorate(function: F) -> F:
        dispatcher = numba.njit(nogil=True, **options)(function)
        if keeps():
            with suppress(RuntimeError):  # written into a console or a doctest, it has no file to be kept beside
                dispatcher._cache = _Kept(function)
        return dispatcher

    return decorate


@lru_cache(maxsize=1)
def keeps() -> bool:
    """Settle where numba keeps what it compiles, for librosa's functions too, and tell whether there is such a place.

    Numba's own choice, beside the source or in the user's cache folder, is left where it can be written. Where nothing
    can, numba keeps nothing, instead of refusing to import any function that it is asked to keep.
    """
    settle()
    settings: Any = numba.config
    chosen = settings.CACHE_DIR
    if is_writable(Path(chosen) if chosen else Path(__file__).parent / "__pycache__"):
        return True
    folder = cache_folder()
    if folder is None:
        dispatchers: Any = Dispatcher
        dispatchers.enable_caching = lambda _: None
        return False
    os.environ["NUMBA_CACHE_DIR"] = settings.CACHE_DIR = str(folder / "numba")
    return True


class _Kept(FunctionCache):  # type: ignore[misc]
    """Numba's store of one function, to which damage and a full disk are a function that is not kept."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # pickle and LLVM raise whatever a damaged file leads them to; it is compiled again
            self._forget()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except Exception as error:  # the function works all the same; the next process compiles it again
            warnings.warn(Note(f"compiled code cannot be kept ({error}): {REMEDY}"), stacklevel=2)

    def holds_something(self) -> bool:
        try:
            return bool(self._cache_file._load_index())
        except Exception:
            return False

    def _forget(self) -> None:
        """Without its index numba takes nothing from the files."""
        try:
            Path(self._cache_file._index_path).unlink(missing_ok=True)
        except OSError:
            self.disable()


@contextmanager
def meanwhile(module: str, function: str) -> Iterator[None]:
    """Let another process compile something and keep it, while this one compiles something else.

    It has ended when the context ends. Where there is one core, or no process can be started, nothing is done; what it
    did not keep, this process compiles when it needs it.

    Parameters
    ----------
    module, function : str
        What the other process is to call, without arguments.

    Examples
    --------
    >>> with meanwhile("features.version", "nothing_of_that_name"):
    ...     pass
    """
    from joblib import cpu_count

    root = str(Path(__file__).resolve().parent.parent)
    program = f"import sys\nsys.path.insert(0, {root!r})\nfrom {module} import {function}\n{function}()"
    nowhere = subprocess.DEVNULL
    other = None
    if cpu_count() > 1 and sys.executable and not hasattr(sys, "frozen"):  # a frozen program would start itself
        with suppress(OSError):
            other = subprocess.Popen([sys.executable, "-c", program], stdin=nowhere, stdout=nowhere, stderr=nowhere)
    try:
        yield
        if other is not None:
            other.wait()
    finally:
        if other is not None:
            other.kill()
            other.wait()


REMEDY = "set NUMBA_CACHE_DIR to a folder that can be written"


def to_be_compiled(modules: Iterable[ModuleType]) -> list[str]:
    """Names of the compiled functions of some modules that are neither in memory nor kept."""
    return sorted(
        {
            f"{function.py_func.__module__}.{function.py_func.__name__}"
            for module in modules
            for function in vars(module).values()
            if isinstance(function, Dispatcher) and not function.overloads and not _is_kept(function)
        }
    )


def _is_kept(function: Any) -> bool:
    return isinstance(function._cache, _Kept) and function._cache.holds_something()
