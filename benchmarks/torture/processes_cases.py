"""Processes: how many share the work, signals that stop them, and systems that let them write nowhere."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.torture.case import Case
from benchmarks.torture.inputs import SPEAKERS, corpus_rows, prepare, run_line, voice, write_sound, write_table

SHARED = "features differ with the number of processes or threads"
SIGNALS = "a signal leaves processes behind"
NOWHERE = "a system that lets nobody write"

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def _clips(folder: Path, number: int, seconds: float) -> None:
    """Clips of distinct bytes and one length, quickly made."""
    sound = voice(3, seconds=seconds)
    for i in range(number):
        write_sound(folder / "in" / f"{i:03d}.wav", sound * (1 - i / (2 * number)))


def _extracted(first: int, jobs: int, *more: str) -> Callable[[Path], Sequence[str]]:
    """The same clips, first with some processes, then with others."""

    def command(folder: Path) -> Sequence[str]:
        for seed in range(4):
            write_sound(folder / "in" / f"{seed}.wav", voice(seed, pitch=100 + 60 * seed, seconds=1.5))
        line = ["--no-cache", "--jobs"]
        prepare(folder, "features.extract", "in", "before.csv", *more, *line, str(first))
        return ["features.extract", "in", "after.csv", *more, *line, str(jobs)]

    return command


def _run_twice(folder: Path) -> Sequence[str]:
    write_table(folder / "my.csv", corpus_rows(folder, speakers=SPEAKERS[:3]))
    line = [*run_line("my.csv", "--no-cache", pipelines=("logistic",)), "--jobs"]
    prepare(folder, *line, "1")
    (folder / "out" / "predictions.csv").rename(folder / "before.csv")
    return [*line, "2", "--overwrite", "all"]


def _same(after: str) -> Callable[[Path], str | None]:
    def holds(folder: Path) -> str | None:
        same = (folder / "before.csv").read_bytes() == (folder / after).read_bytes()
        return None if same else f"{after} has other values than before"

    return holds


SENDER = '''\
"""Starts a command, sends it a signal when its workers work, and counts what is left of them after 5 s."""
import os, signal, subprocess, sys, time
from pathlib import Path

def members(group):
    found = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = stat.read_text(errors="replace").rpartition(")")[2].split()[:3]
        except OSError:
            continue
        found += int(its_group) == group and state != "Z"
    return found

process = subprocess.Popen([sys.executable, "-m", *{line}], start_new_session=True)
end = time.monotonic() + 60
while members(process.pid) < 3 and process.poll() is None and time.monotonic() < end:
    time.sleep(0.1)
time.sleep(1)
{send}(process.pid, {number})
end = time.monotonic() + 5
while members(process.pid) and time.monotonic() < end:
    process.poll()
    time.sleep(0.05)
left = members(process.pid)
print(left, "processes left after 5 s", flush=True)
if left:
    os.killpg(process.pid, signal.SIGKILL)
status = process.wait()
sys.exit(status if status >= 0 else 128 - status)
'''


def _stopped(line: Sequence[str], number: int, *, group: bool = False) -> Callable[[Path], Sequence[str]]:
    def command(folder: Path) -> Sequence[str]:
        _clips(folder, 300, 1.5)
        rows = [
            {"path": f"in/{i:03d}.wav", "label": ("ang", "sad")[i % 2], "speaker": f"s{i // 50}"} for i in range(300)
        ]
        write_table(folder / "my.csv", rows)
        if "classical.predict" in line:
            _model(folder)
        text = SENDER.format(line=list(line), send="os.killpg" if group else "os.kill", number=int(number))
        (folder / "sender.py").write_text(text)
        return ["sender"]

    return command


def _model(folder: Path) -> None:
    write_table(folder / "few.csv", corpus_rows(folder, speakers=SPEAKERS[:3]))
    line = ["benchmarks.train", "--corpus", "manifest", "--root", "few.csv", "--pipeline", "logistic@pitch,energy"]
    prepare(folder, *line, "--jobs", "1", "--no-scores", "--out", "model.skops")


def _stops(name: str, line: Sequence[str], number: int, *, group: bool = False, slow: bool = False) -> Case:
    told = (r"^0 processes left", r"^stopped")
    return Case(SIGNALS, name, _stopped(line, number, group=group), 128 + number, told, alone=True, slow=slow)


def _extract(folder: Path) -> Sequence[str]:
    write_sound(folder / "in" / "a.wav", voice(1))
    return ["features.extract", "in", "out.csv", "--groups", "pitch", "--jobs", "1"]


def _predict(folder: Path) -> Sequence[str]:
    _model(folder)
    write_sound(folder / "in" / "a.wav", voice(1))
    return ["classical.predict", "model.skops", "in"]


def _run(folder: Path) -> Sequence[str]:
    write_table(folder / "my.csv", corpus_rows(folder, speakers=SPEAKERS[:3]))
    return run_line("my.csv")


MANIFEST = ("--corpus", "manifest", "--root", "my.csv", "--folds", "3")
EXTRACT = ("features.extract", "in", "out.csv", "--jobs", "2", "--no-cache")
RUN = (
    "benchmarks.run",
    "--corpus",
    "manifest",
    "--root",
    "my.csv",
    "--pipelines",
    "svm",
    "--no-cache",
    "--allow-duplicates",
)
NUMBA = {"NUMBA_CACHE_DIR": "/proc/none"}
NO_PLACE = {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/proc/none", **NUMBA}

CASES = (
    Case(SHARED, "one process, then two", _extracted(1, 2), 0, holds=_same("after.csv"), slow=True),
    Case(SHARED, "two processes, then three", _extracted(2, 3), 0, holds=_same("after.csv"), slow=True),
    Case(
        SHARED,
        "two processes, then one of four threads",
        _extracted(2, 1),
        0,
        holds=_same("after.csv"),
        environment=dict.fromkeys(THREADS, "4"),
        slow=True,
    ),
    Case(SHARED, "at one level", _extracted(1, 2, "--normalise-level"), 0, holds=_same("after.csv"), slow=True),
    Case(SHARED, "a run", _run_twice, 0, holds=_same("out/predictions.csv"), slow=True),
    _stops("SIGTERM to an extraction", EXTRACT, signal.SIGTERM),
    _stops("Ctrl-C in an extraction", EXTRACT, signal.SIGINT, group=True),
    _stops("a terminal that closes on an extraction", EXTRACT, signal.SIGHUP),
    _stops("SIGTERM to a run", (*RUN, "--out", "out"), signal.SIGTERM),
    _stops(
        "SIGTERM to a batch of predictions",
        ("classical.predict", "model.skops", "in", "--jobs", "2"),
        signal.SIGTERM,
        slow=True,
    ),
    Case(NOWHERE, "no home", _extract, 0, (r"\b1 utterances",), environment={"HOME": "/nonexistent"}),
    Case(NOWHERE, "no folder for a cache", _extract, 0, (r"\b1 utterances",), environment=NO_PLACE, seconds=180),
    Case(NOWHERE, "no folder for compiled code", _extract, 0, environment=NUMBA, seconds=180),
    Case(NOWHERE, "predictions", _predict, 0, (r"a\.wav",), environment=NO_PLACE, seconds=180, slow=True),
    Case(NOWHERE, "a run with its plots", _run, 0, environment={**NO_PLACE, "MPLCONFIGDIR": "/proc/none"}, seconds=180),
)
