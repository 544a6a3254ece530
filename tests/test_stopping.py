"""Ctrl-C and SIGTERM end every process of a command within 5 s, after one line; the same command then goes on.

Where more processes wait for a core than there are cores, as many times longer.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest
from miniatures import sound

from features.command import command, make_parser

ROOT = Path(__file__).resolve().parent.parent
WITHIN = 5.0

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sends signals that Windows has not")


def start(module: str, *line: str, cwd: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(cwd / "cache")}
    return subprocess.Popen(
        [sys.executable, "-m", module, *line],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(condition, process: subprocess.Popen[str], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)


def allowed() -> float:
    """Seconds within which everything must have ended, as the machine is loaded now."""
    return WITHIN * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def stop(process: subprocess.Popen[str], number: signal.Signals, *, group: bool = False) -> str:
    """Stop a command as a terminal or a scheduler does; what it says on stderr."""
    family = psutil.Process(process.pid).children(recursive=True)
    within = allowed()
    began = time.monotonic()
    (os.killpg if group else os.kill)(process.pid, number)
    _, error = process.communicate(timeout=60)
    _, alive = psutil.wait_procs(family, timeout=max(within - (time.monotonic() - began), 0))
    took = time.monotonic() - began
    for left in alive:
        left.kill()
    assert took < within
    assert not alive
    assert process.returncode == 128 + number
    return error


def rows_in(cache: Path) -> int:
    import sqlite3

    if not cache.is_file():
        return 0
    with sqlite3.connect(cache) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM features").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    for i in range(600):
        sound(tmp_path / f"in/{i:03d}.wav", seed=i, seconds=2.0)
    return tmp_path / "in"


@pytest.mark.parametrize(
    ("number", "group"), [pytest.param(signal.SIGTERM, False, marks=pytest.mark.long), (signal.SIGINT, True)]
)
def test_extraction_stops_with_its_workers_and_keeps_what_is_done(
    sounds: Path, number: signal.Signals, group: bool
) -> None:
    folder = sounds.parent
    process = start("features.extract", "in", "out.csv", "--jobs", "2", cwd=folder)
    cache = folder / "cache/speech-emotion-baselines/features/features.sqlite"
    wait_for(lambda: rows_in(cache) >= 5, process)
    error = stop(process, number, group=group)
    assert error == "stopped; the same command goes on from here\n"
    assert 5 <= rows_in(cache) < 600
    assert not (folder / "out.csv").exists()


def test_a_run_stops_with_its_workers(tmp_path: Path) -> None:
    line = ["--pipelines", "svm@timing", "xgboost@timing", "--jobs", "2", "--out", "out"]
    process = start("benchmarks.run", *line, cwd=tmp_path)
    wait_for(lambda: any((tmp_path / "out/jobs").glob("*.json")), process)
    *jobs, last = stop(process, signal.SIGTERM).splitlines()
    assert last == "stopped; the same command goes on from here"
    assert all(" of 10 jobs: " in line for line in jobs)
    assert not list((tmp_path / "out").glob("**/.*.part"))


BUSY = """
import sys, time
from features.command import command, make_parser

def execute(_):
    print("busy", flush=True)
    while True:
        try:
            time.sleep(100)
        except KeyboardInterrupt:
            pass

sys.exit(command(lambda: make_parser("x", "X.", examples="x"), execute)([]))
"""


def test_what_does_not_listen_is_ended_too(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "busy\n"
    assert stop(process, signal.SIGTERM) == "stopped\n"


def test_the_handlers_of_the_caller_are_left_as_they_were() -> None:
    def execute(_: object) -> Sequence[object] | None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)
        return None

    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    main = command(lambda: make_parser("x", "X.", examples="x"), execute)
    assert main([]) == 143
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)] == before
