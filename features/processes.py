"""Worker processes: each on one thread, none outliving the process that started it, results as they come."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from features.errors import InputError, Note

if TYPE_CHECKING:
    from joblib.externals.loky import ProcessPoolExecutor

ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMBA_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)
"""What keeps the libraries of a new process on one thread."""

_NO_COMPLAINTS = "ignore:resource_tracker:UserWarning"
"""What it says of semaphores that a killed worker held, and that it removes, is nothing for a user to read."""

_LOKY_THREAD = "ExecutorManagerThread"
_IN_FLIGHT = 2
_AHEAD = 6
_SECONDS_BETWEEN_LOOKS = 0.5

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def worker_processes(
    count: int, *, prepare: Callable[..., None] | None = None, arguments: tuple[Any, ...] = ()
) -> Iterator[ProcessPoolExecutor]:
    """Start processes for one piece of work alone, and end them with it, however it ends.

    A pool shared with others would be wrong: loky ends a worker that has grown since its first task, and a pool of
    joblib's is the user's own.

    Parameters
    ----------
    count : int
        Number of processes.
    prepare : callable, optional
        Called once in each process.
    arguments : tuple
        Its arguments.

    Yields
    ------
    ProcessPoolExecutor
    """
    from joblib.externals.loky import ProcessPoolExecutor

    executor = ProcessPoolExecutor(
        max_workers=count, env=ONE_THREAD, initializer=_begin, initargs=(os.getpid(), prepare, arguments)
    )
    with _no_complaints(), warnings.catch_warnings():
        # loky replaces a worker whose memory has grown; its tasks are not lost, so nobody need be told
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
        try:
            yield executor
        except BaseException:
            end_at_once(executor)
            raise
        executor.shutdown(wait=True)


def end_at_once(executor: ProcessPoolExecutor) -> None:
    """End the processes whatever they are doing.

    Parameters
    ----------
    executor : ProcessPoolExecutor
    """
    with _ended_in_silence():
        executor.shutdown(wait=True, kill_workers=True)


@contextmanager
def _ended_in_silence() -> Iterator[None]:
    """Keep loky's thread from printing a traceback over work that it was about to hand out to a killed worker."""
    before = threading.excepthook

    def hook(arguments: threading.ExceptHookArgs) -> None:
        if arguments.thread is None or arguments.thread.name != _LOKY_THREAD:
            before(arguments)

    threading.excepthook = hook
    try:
        yield
    finally:
        threading.excepthook = before


@contextmanager
def _no_complaints() -> Iterator[None]:
    """Start the process that cleans up behind others so that it says nothing of workers that were killed."""
    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, (before, _NO_COMPLAINTS)))
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before


def _begin(parent: int, prepare: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    """First thing in a worker: Ctrl-C is the parent's affair, and a parent that is gone ends the worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore", category=Note)  # the process that began this one has said it
    if hasattr(os, "getppid") and os.name == "posix":
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    if prepare is not None:
        prepare(*arguments)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(1)


def beside(
    work: Callable[[Item], Result], items: Sequence[Item], executor: ProcessPoolExecutor, count: int
) -> Iterator[Result]:
    """Results of `work` in the order of their items; this process works too, alone while the others begin.

    A process takes seconds to import what the work needs: here nobody waits for it.

    Parameters
    ----------
    work : callable
    items : sequence
        The first one is also what the other processes try themselves at before they get others.
    executor : ProcessPoolExecutor
    count : int
        Its number of processes.

    Yields
    ------
    object

    Raises
    ------
    InputError
        If a process was killed.
    """
    waiting: dict[Any, int] = {}
    ready: dict[int, Result] = {}
    begun = given = 0
    with _a_killed_process_told(count + 1):
        trials = [executor.submit(work, items[0]) for _ in range(count)] if items else []
        while given < len(items):
            ahead = min(len(items), given + _AHEAD * (count + 1))
            begins = any(trial.done() for trial in trials)
            while begins and len(waiting) < _IN_FLIGHT * count and begun < ahead:
                waiting[executor.submit(work, items[begun])] = begun
                begun += 1
            if begun < ahead:
                begun += 1
                ready[begun - 1] = work(items[begun - 1])
            elif given not in ready:
                wait(waiting, return_when=FIRST_COMPLETED)
            for future in [future for future in waiting if future.done()]:
                ready[waiting.pop(future)] = future.result()
            while given in ready:
                yield ready.pop(given)
                given += 1
    if not all(trial.done() for trial in trials):  # done before they had begun: nobody waits for them
        end_at_once(executor)


def as_they_come(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    executor: ProcessPoolExecutor,
    count: int,
) -> Iterator[tuple[int, Result]]:
    """Results of `work` with the position of their item, each as soon as it is there.

    Only a few items wait in the processes, so that memory stays flat and a stop loses no more than these.

    Parameters
    ----------
    work : callable
    items : iterable
    executor : ProcessPoolExecutor
    count : int
        Its number of processes.

    Yields
    ------
    position : int
    result : object

    Raises
    ------
    InputError
        If a process was killed.
    """
    waiting: dict[Any, int] = {}
    numbered = enumerate(items)
    with _a_killed_process_told(count):
        while True:
            for position, item in islice(numbered, _IN_FLIGHT * count - len(waiting)):
                waiting[executor.submit(work, item)] = position
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), future.result()


@contextmanager
def _a_killed_process_told(count: int) -> Iterator[None]:
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    try:
        yield
    except TerminatedWorkerError as error:
        raise InputError(
            f"a process was killed, often for want of memory ({count} at a time); what is done is kept: give the same "
            "command again to go on, with a smaller --jobs"
        ) from error


def number_of_processes(n_jobs: int) -> int:
    """The number of processes that `n_jobs` stands for, as scikit-learn counts: -1 is all cores, -2 all but one.

    Examples
    --------
    >>> number_of_processes(3)
    3
    """
    if n_jobs >= 0:
        return max(n_jobs, 1)
    from joblib import cpu_count

    return max(int(cpu_count()) + 1 + n_jobs, 1)
