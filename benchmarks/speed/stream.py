"""How long a stream waits for its answers, and whether they are those of the file."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.speed.lines import Line, as_markdown
from features.command import command, make_parser
from features.errors import CorpusError
from features.sampling import RATE

if TYPE_CHECKING:
    from classical.persistence import SavedModel
    from features.predictions import Prediction


@dataclass(frozen=True)
class Answered:
    """What a stream answered.

    Attributes
    ----------
    predictions : tuple of Prediction
    wall, cpu : tuple of float
        Seconds from the chunk that completes a window to its answer, by the clock and of this process's CPU.
    """

    predictions: tuple[Prediction, ...]
    wall: tuple[float, ...]
    cpu: tuple[float, ...]


def build_parser() -> argparse.ArgumentParser:
    """Options of `python -m benchmarks.speed stream`."""
    parser = make_parser(
        "benchmarks.speed stream",
        "Let a saved pipeline answer a stream in chunks, on one thread: time from the last sample of a window to its "
        "answer, and the largest difference from what it answers to the same sound in a file.",
        examples="python -m benchmarks.speed stream model.skops --seconds 60 --chunk 0.1",
    )
    parser.add_argument("model", metavar="MODEL", help="saved pipeline, .skops")
    parser.add_argument("--encoder", action="append", default=[], metavar="DIR", help="where its speech encoder lies")
    parser.add_argument("--sound", type=Path, metavar="FILE", help="recording (default: clips of the embedded corpus)")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the stream (default: 60)")
    parser.add_argument("--chunk", type=float, default=0.1, help="seconds of a chunk (default: 0.1)")
    parser.add_argument("--window", type=float, default=3.0, help="seconds of a window (default: 3)")
    parser.add_argument("--hop", type=float, default=1.0, help="seconds from window to window (default: 1)")
    return parser


def execute(options: argparse.Namespace) -> None:
    """Print the table."""
    from threadpoolctl import threadpool_limits

    import classical

    model = classical.load(options.model, encoders=options.encoder)
    sound = recording(options.sound, seconds=options.seconds)
    with threadpool_limits(1):
        answered = answer_stream(model, sound, chunk=options.chunk, window=options.window, hop=options.hop)
        of_file = answers_of_file(model, sound, window=options.window, hop=options.hop)
    title = (
        f"{len(sound) / RATE:g} s in chunks of {1000 * options.chunk:g} ms, windows of {options.window:g} s every "
        f"{options.hop:g} s, {Path(options.model).name}"
    )
    sys.stdout.write(f"{title}\n\n{as_markdown(lines_of(answered, of_file))}")


main = command(build_parser, execute)


def lines_of(answered: Answered, of_file: Sequence[Prediction]) -> list[Line]:
    """The figures of a stream beside what is asked of it."""
    milliseconds = [1000 * seconds for seconds in answered.wall]
    cpu = [1000 * seconds for seconds in answered.cpu]
    return [
        Line("answers of the stream, of the file", f"{len(answered.predictions)}, {len(of_file)}", "equal"),
        Line("largest difference of a probability", f"{largest_difference(answered.predictions, of_file):.1e}", "1e-6"),
        Line("ms a hop by the clock, median", f"{median(milliseconds):.1f}", "under 50"),
        Line("ms a hop by the clock, worst", f"{max(milliseconds):.1f}", "under 50"),
        Line("ms of CPU a hop, median", f"{median(cpu):.1f}", ""),
        Line("ms of CPU a hop, worst", f"{max(cpu):.1f}", ""),
    ]


def recording(path: Path | None, *, seconds: float) -> np.ndarray:
    """Sound of some length at 16 kHz as 16-bit integers; clips of the embedded corpus one after another by default.

    Raises
    ------
    CorpusError
        If the recording is shorter.
    """
    from benchmarks import corpora
    from features.audio import recorded

    paths = list(corpora.load("synthetic").utterances["path"]) if path is None else [path]
    pieces: list[np.ndarray] = []
    while paths and sum(map(len, pieces)) < seconds * RATE:
        pieces.append(recorded(paths.pop(0)))
    sound = np.concatenate(pieces)[: round(seconds * RATE)]
    if len(sound) < round(seconds * RATE):
        raise CorpusError(f"{len(sound) / RATE:.1f} s of sound; expected {seconds:g} s; give a smaller --seconds")
    return np.round(sound * 32767).astype(np.int16)


def answer_stream(model: SavedModel, sound: np.ndarray, *, chunk: float, window: float, hop: float) -> Answered:
    """Feed sound chunk by chunk, and time every chunk that brings an answer; the first answer of all warms up."""
    from classical.stream import Stream

    Stream(model, window=window, hop=hop).add(sound[: round(window * RATE)])
    stream = Stream(model, window=window, hop=hop)
    predictions: list[Prediction] = []
    wall, cpu = [], []
    for piece in _chunks(sound, round(chunk * RATE)):
        clock, process = time.perf_counter(), time.process_time()
        found = stream.add(piece)
        if found:
            wall.append((time.perf_counter() - clock) / len(found))
            cpu.append((time.process_time() - process) / len(found))
        predictions += found
    return Answered((*predictions, *stream.end()), tuple(wall), tuple(cpu))


def answers_of_file(model: SavedModel, sound: np.ndarray, *, window: float, hop: float) -> list[Prediction]:
    """What the model says of the windows of a file that holds the sound."""
    import soundfile

    from classical.clip_answers import answers_of_model
    from features.utterances import cut, utterances

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording.wav"
        soundfile.write(path, sound, RATE)
        return answers_of_model(model, cut(utterances([path]), window=window, hop=hop))


def largest_difference(found: Sequence[Prediction], others: Sequence[Prediction]) -> float:
    """Largest difference of a time or probability of the same window; infinite where windows or labels differ."""
    if [one.label for one in found] != [other.label for other in others]:
        return float("inf")
    differences = [np.abs(np.subtract(_numbers(one), _numbers(other))) for one, other in zip(found, others)]
    return float(np.max(differences))


def _numbers(prediction: Prediction) -> list[float]:
    times = [float("nan") if time is None else time for time in (prediction.start, prediction.end)]
    return [*times, *prediction.probabilities.values()]


def _chunks(sound: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for first, last in pairwise([*range(0, len(sound), size), len(sound)]):
        yield sound[first:last]
