"""A Dask scheduler and its workers as processes of this machine, as a user starts them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import EngineError

if TYPE_CHECKING:
    import psutil

_SECONDS_TO_START = 60.0


@contextmanager
def started(folder: Path, workers: int) -> Iterator[psutil.Process]:
    """A scheduler and its workers on this machine, as a user starts them.

    Yields
    ------
    psutil.Process
        The scheduler.

    Raises
    ------
    EngineError
        If it does not come up.
    """
    import psutil

    file = folder / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"}
    own = ["--scheduler-file", str(file), "--no-dashboard"]
    lines = [
        ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", *own],
        *[["distributed.cli.dask_worker", "--nthreads", "1", "--no-nanny", *own]] * workers,
    ]
    processes = [psutil.Popen([sys.executable, "-m", *line], env=environment, **quiet) for line in lines]
    try:
        end = time.monotonic() + _SECONDS_TO_START
        while not file.exists():
            if time.monotonic() > end or processes[0].poll() is not None:
                raise EngineError("the scheduler did not start; pip install 'speech-emotion-baselines[cluster]'")
            time.sleep(0.1)
        yield processes[0]
    finally:
        for process in processes:
            process.kill()
            process.wait()
