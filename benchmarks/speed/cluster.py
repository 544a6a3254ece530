"""What a cluster costs: clips a second beside bare processes, time a piece, memory over a long run."""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.speed.dask_processes import started
from benchmarks.speed.lines import Line, as_markdown
from features.command import command, make_parser
from features.errors import CorpusError

if TYPE_CHECKING:
    import psutil
    from distributed import Client

    from features.clips import Clip

ROUNDS = 3
PIECES = 1000
SEGMENT, STEP = 0.5, 0.1
"""Seconds of a clip, and between the beginnings of two of one file."""


def build_parser() -> argparse.ArgumentParser:
    """Options of `python -m benchmarks.speed cluster`."""
    parser = make_parser(
        "benchmarks.speed cluster",
        "Extract features of many clips on a Dask cluster of this machine, scheduler and workers in processes of their "
        "own by TCP: clips a second beside as many bare processes, in turns; then all clips once, with the memory of "
        "scheduler and client.",
        examples="python -m benchmarks.speed cluster recordings/ --clips 100000",
    )
    parser.add_argument("sound", type=Path, help="folder of sound files; clips are half seconds of them")
    parser.add_argument("--clips", type=int, default=100_000, help="of the long run (default: 100000)")
    parser.add_argument("--beside", type=int, default=10_000, help="clips of each turn (default: 10000)")
    parser.add_argument("--groups", default="timing", help="features to compute (default: timing)")
    parser.add_argument("--workers", type=int, default=2, help="number of workers (default: 2)")
    return parser


def execute(options: argparse.Namespace) -> int:
    """Print the table of each part as it is measured."""
    files = _lengths(options.sound)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with started(folder, options.workers) as scheduler:
            for lines in _measured(options, files, folder, scheduler):
                sys.stdout.write(f"\n{as_markdown(lines)}")
                sys.stdout.flush()
    return 0


main = command(build_parser, execute)


def _measured(
    options: argparse.Namespace, files: Sequence[tuple[Path, float]], folder: Path, scheduler: psutil.Process
) -> Iterator[list[Line]]:
    from features.engines.cluster import connected

    short = write_segments(folder / "short.csv", files, options.beside)
    long = write_segments(folder / "long.csv", files, options.clips)
    with connected(json.loads((folder / "scheduler.json").read_text(encoding="utf-8"))["address"]) as client:
        yield [_a_piece(client)]
        yield _beside_bare_processes(short, folder, options)
        yield _long_run(long, folder, options, scheduler)


def _a_piece(client: Client) -> Line:
    from features.engines.cluster import ClusterEngine
    from features.engines.engine import Piece

    engine = ClusterEngine(client)
    for _ in engine.results(abs, [Piece((1,))] * engine.size):
        pass
    began = time.perf_counter()
    for _ in engine.results(abs, [Piece((i,)) for i in range(PIECES)]):
        pass
    return Line("a piece of work that does nothing (ms)", f"{(time.perf_counter() - began) / PIECES * 1e3:.1f}", "30")


def _beside_bare_processes(manifest: Path, folder: Path, options: argparse.Namespace) -> list[Line]:
    """Clips a second of the cluster and of bare processes, in turns; both have seen all files before."""
    bare, cluster = [], []
    with ExitStack() as stack:
        executors = [
            stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn"))) for _ in range(options.workers)
        ]
        for number in range(1 + ROUNDS):
            table = folder / f"short{number}.parquet"
            bare.append(options.beside / _bare_seconds(manifest, options.groups, executors))
            cluster.append(options.beside / _cluster_seconds(manifest, table, options.groups)[0])
    ratios = [there / here for there, here in zip(cluster[1:], bare[1:])]
    return [
        Line("clips a second of bare processes", f"{median(bare[1:]):.0f}", ""),
        Line("clips a second of the cluster, table written", f"{median(cluster[1:]):.0f}", ""),
        Line("the one over the other, of each round", " ".join(f"{ratio:.2f}" for ratio in ratios), "0.9"),
    ]


def _bare_seconds(manifest: Path, groups: str, executors: Sequence[ProcessPoolExecutor]) -> float:
    """Wall time of processes that compute their share one clip after the other, and hand nothing back."""
    from features.shards.sources import ManifestClips
    from features.utterance_pieces import LongManifest

    clips = [clip for some in ManifestClips(LongManifest.of(manifest)).shards(1000) for _, clip in some]
    began = time.perf_counter()
    shares = [clips[i :: len(executors)] for i in range(len(executors))]
    waiting = [executor.submit(_compute, share, groups) for executor, share in zip(executors, shares)]
    for future in waiting:
        future.result()
    return time.perf_counter() - began


def _compute(clips: Sequence[Clip], groups: str) -> int:
    from features.engines.engine import alone
    from features.groups import parts_of
    from features.shards.clip_features import ClipFeatures

    return len(alone(ClipFeatures(parts_of(groups)), clips))


def _cluster_seconds(manifest: Path, table: Path, groups: str) -> tuple[float, float]:
    """Wall time on the cluster that is in force, and hours of sound."""
    from features.extract import extract_shards

    began = time.perf_counter()
    summary = extract_shards(manifest, table, groups=groups, progress=False)
    return time.perf_counter() - began, summary.hours


def _long_run(manifest: Path, folder: Path, options: argparse.Namespace, scheduler: psutil.Process) -> list[Line]:
    import psutil

    watched = {"scheduler": Watched(scheduler), "client": Watched(psutil.Process())}
    before = scheduler.cpu_times()
    with watching(list(watched.values())):
        seconds, hours = _cluster_seconds(manifest, folder / "long.parquet", options.groups)
    after = scheduler.cpu_times()
    used = after.user + after.system - before.user - before.system
    return [
        Line("clips of the long run", f"{options.clips:,}", "100,000"),
        Line("clips a second", f"{options.clips / seconds:.0f}", ""),
        Line("hours of sound a second", f"{hours / seconds:.3f}", ""),
        Line("the scheduler's time a clip (ms)", f"{used / options.clips * 1e3:.2f}", ""),
        *(
            Line(f"the {name}'s memory: a tenth through, half, at the end (MiB)", " ".join(one.shown()), "flat")
            for name, one in watched.items()
        ),
    ]


@dataclass(frozen=True)
class Watched:
    """A process and the memory that it held, second by second.

    Attributes
    ----------
    process : psutil.Process
    bytes : list of int
    """

    process: psutil.Process
    bytes: list[int] = field(default_factory=list)

    def shown(self) -> list[str]:
        """MiB at a tenth, half and the end."""
        last = len(self.bytes) - 1
        return [f"{self.bytes[int(last * share)] / 2**20:.0f}" for share in (0.1, 0.5, 1.0)]


@contextmanager
def watching(processes: Sequence[Watched]) -> Iterator[None]:
    """Take note of the memory of processes while something else is done."""
    ended = threading.Event()

    def watch() -> None:
        while True:
            for one in processes:
                one.bytes.append(one.process.memory_info().rss)
            if ended.wait(1.0):
                return

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _lengths(folder: Path) -> list[tuple[Path, float]]:
    """Sound files with their seconds, those of less than a clip left out.

    Raises
    ------
    CorpusError
        If there is none.
    """
    from features.audio import sound_files
    from features.errors import AudioError
    from features.utterances import duration

    found = []
    for path in sound_files(folder) if folder.is_dir() else ():
        try:
            found.append((path.absolute(), duration(path)))
        except AudioError:  # such as a resource fork that is named like sound
            continue
    found = [(path, seconds) for path, seconds in found if seconds >= SEGMENT]
    if not found:
        raise CorpusError(f"{folder}: no sound of {SEGMENT} s or more; expected a folder of sound files")
    return found


def write_segments(manifest: Path, files: Sequence[tuple[Path, float]], count: int) -> Path:
    """Write a manifest of so many clips: one of each file in turn, each a little later than the one before.

    Parameters
    ----------
    manifest : Path
    files : sequence of (Path, float)
        Sound with its seconds.
    count : int

    Returns
    -------
    Path
        The manifest.
    """
    with manifest.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "path", "start", "end"])
        for number in range(count):
            path, seconds = files[number % len(files)]
            places = int((seconds - SEGMENT) / STEP) + 1
            start = number // len(files) % places * STEP
            writer.writerow([f"clip{number}", path, f"{start:.2f}", f"{start + SEGMENT:.2f}"])
    return manifest
