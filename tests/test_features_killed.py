"""Extraction that is killed at random moments: no clip is computed twice but those that were in flight.

`SER_KILLED_CLIPS=20000 python -m pytest tests/test_features_killed.py` is the full size; the suite takes fewer clips.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
import soundfile

from benchmarks.torture.inputs import voice

CLIPS = int(os.environ.get("SER_KILLED_CLIPS", "600"))
JOBS = 2
IN_FLIGHT = 4 * JOBS
"""Two in every process, and as many whose rows are on their way into the cache."""

ROOT = Path(__file__).resolve().parent.parent
WATCHED = '''
import os, sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder

class Watch(MetaPathFinder):
    """Writes down each clip that is computed, in whatever process."""
    def find_spec(self, name, path=None, target=None):
        spec = PathFinder.find_spec(name, path) if name == "features.compute" else None
        if spec is not None:
            run = spec.loader.exec_module
            def exec_module(module):
                run(module)
                compute = module.timed_row
                def timed_row(clip, *more, **named):
                    log = os.open(os.environ["WATCHED_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
                    os.write(log, f"{clip.name}\\n".encode())
                    os.close(log)
                    return compute(clip, *more, **named)
                timed_row.__module__, timed_row.__qualname__ = compute.__module__, compute.__qualname__
                module.timed_row = timed_row
            spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Watch())
'''


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    rng = np.random.default_rng(0)
    sounds = [voice(i, pitch=100 + 4 * i) for i in range(20)]
    for i in range(CLIPS):
        noise = 1e-3 * rng.standard_normal(len(sounds[0]))
        soundfile.write(folder / f"{i:05d}.wav", sounds[i % 20] + noise, 16_000)
    return folder


def peak_memory(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss + sum(child.memory_info().rss for child in process.children(recursive=True))
    except psutil.Error:
        return 0


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_no_clip_is_computed_twice_but_those_in_flight(clips: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WATCHED)
    log, out = tmp_path / "computed.txt", tmp_path / "out.csv"
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "WATCHED_LOG": str(log),
    }
    line = [sys.executable, "-m", "features.extract", str(clips), str(out), "--jobs", str(JOBS)]
    rng = random.Random(CLIPS)
    memory: list[list[int]] = []
    for quarter in (1, 2, 3):
        process = psutil.Popen(line, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until, seen = CLIPS * (quarter - rng.random()) / 4, []
        while process.poll() is None and (not log.exists() or len(log.read_text().split()) < until):
            seen.append(peak_memory(process))
            time.sleep(0.05)
        assert process.poll() is None, "it ended before it was killed"
        process.send_signal(signal.SIGKILL)
        process.wait()
        memory.append(seen)
        time.sleep(2)  # the processes that it had begun end by themselves
    subprocess.run(line, env=environment, check=True, capture_output=True)
    computed = Counter(log.read_text().split())
    twice = sum(computed.values()) - len(computed)
    peak = [max(some) / 2**20 for some in memory]
    sys.stdout.write(f"{CLIPS} clips, {twice} computed twice in three kills, peak memory {peak} MiB\n")
    assert len(computed) == CLIPS
    assert twice <= 3 * IN_FLIGHT
    table = pd.read_csv(out)
    assert len(table) == CLIPS
    assert table.iloc[:, 1:].notna().any(axis=None)
