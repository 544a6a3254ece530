"""What the extractor costs and is worth, beside its peers: every figure of one table from one run on one thread."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from features.errors import CorpusError, SerError

ROUNDS = 5
_MEMORY = (
    "import resource, sys; import numpy as np; from features import FeatureExtractor; "
    "FeatureExtractor().extract([sys.argv[1]]); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
)
_FIRST = (
    "import sys, time; from features import FeatureExtractor; FeatureExtractor().extract([sys.argv[1]]); "
    "print(time.process_time())"
)


@dataclass(frozen=True)
class Line:
    """One line of the table: what was measured, the figure, what is asked of it, and the peers' figures."""

    measure: str
    figure: str
    asked: str
    peers: str = ""


def build_parser() -> argparse.ArgumentParser:
    """Options of `python -m benchmarks.speed features`."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed features",
        description="Measure the extractor: time, pitch accuracy, agreement with librosa and Praat, informativeness, "
        "memory. CPU time on one thread, medians of five rounds that alternate between the programs.",
        epilog="example: python -m benchmarks.speed features --only time pitch --clips 40",
    )
    corpora = Path(os.environ.get("SER_CORPORA", "corpora"))
    parser.add_argument("--corpora", type=Path, default=corpora, help="folder of emodb/ and ravdess/ ($SER_CORPORA)")
    parts = ", ".join(sorted(PARTS))
    parser.add_argument(
        "--only", nargs="+", choices=sorted(PARTS), metavar="PART", help=f"parts to measure: {parts} (default: all)"
    )
    parser.add_argument("--clips", type=int, default=40, help="clips of EmoDB for time and accuracy (default: 40)")
    parser.add_argument("--peers", action="store_true", help="also judge openSMILE's sets (minutes)")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = build_parser().parse_args(argv)
    try:
        for title, lines in measured(options):
            sys.stdout.write(f"\n{title}\n\n{as_markdown(lines)}")
            sys.stdout.flush()
    except SerError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def measured(options: argparse.Namespace) -> Iterator[tuple[str, list[Line]]]:
    """Each part's title and lines, on one thread, as they are measured."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        for part in options.only or PARTS:
            yield part.capitalize(), PARTS[part](options)


def as_markdown(lines: Sequence[Line]) -> str:
    """A Markdown table."""
    rows = "".join(f"| {line.measure} | {line.figure} | {line.asked} | {line.peers} |\n" for line in lines)
    return f"| measure | here | asked | peers |\n|---|---|---|---|\n{rows}"


def clips_of(corpora: Path, corpus: str, count: int | None = None) -> list[Path]:
    """Sound files of a corpus, evenly spread over it where only some are wanted; raises CorpusError."""
    files = sorted(path for path in (corpora / corpus).rglob("*") if path.suffix in {".wav", ".flac"})
    if not files:
        raise CorpusError(f"{corpora / corpus}: no sound files; expected {corpus}; pass --corpora")
    return files[:: max(len(files) // count, 1)][:count] if count else files


def _time(options: argparse.Namespace) -> list[Line]:
    from features.extractors.opensmile import OpenSmileExtractor, unavailable
    from features.extractors.statistics import FeatureExtractor

    files = clips_of(options.corpora, "emodb", options.clips)
    programs: dict[str, Callable[[list[Path]], object]] = {"here": FeatureExtractor().extract}
    if unavailable() is None:
        programs["eGeMAPS"] = OpenSmileExtractor("eGeMAPSv02").extract
        programs["ComParE"] = OpenSmileExtractor("ComParE_2016").extract
    factors = _real_time_factors(programs, files)
    peers = "; ".join(f"{name} {factor:.4f}" for name, factor in factors.items() if name != "here")
    lines = [Line("real-time factor of `all`, no cache", f"{factors['here']:.4f}", "", peers)]
    lines += [
        Line(f"times as fast as openSMILE {name}", f"{factors[name] / factors['here']:.1f}", "6" * (name == "eGeMAPS"))
        for name in programs
        if name != "here"
    ]
    with tempfile.TemporaryDirectory() as empty:
        first = float(_subprocess(_FIRST, files[0], NUMBA_CACHE_DIR=empty))
        again = median(float(_subprocess(_FIRST, files[0], NUMBA_CACHE_DIR=empty)) for _ in range(3))
    lines.append(Line("very first call, nothing compiled (s of CPU)", f"{first:.1f}", "reported"))
    lines.append(Line("first call in a fresh process (s of CPU)", f"{again:.1f}", "under 4"))
    return lines


def _real_time_factors(programs: dict[str, Callable[[list[Path]], object]], files: list[Path]) -> dict[str, float]:
    """CPU seconds a second of sound: the programs take turns over all clips, median over rounds."""
    import soundfile

    seconds = sum(soundfile.info(file).duration for file in files)
    for program in programs.values():
        program(files[:1])
    rounds: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, program in programs.items():
            start = time.process_time()
            program(files)
            rounds[name].append((time.process_time() - start) / seconds)
    return {name: median(values) for name, values in rounds.items()}


def _subprocess(code: str, path: Path, **environment: str) -> str:
    root = Path(__file__).resolve().parents[2]
    return subprocess.run(
        [sys.executable, "-c", code, str(path)], env={**os.environ, **environment}, cwd=root, check=True, text=True,
        stdout=subprocess.PIPE,
    ).stdout.strip()  # fmt: skip


def _pitch(options: argparse.Namespace) -> list[Line]:
    from benchmarks.speed.accuracy import own_tracker, pitch_errors, pyin, resynthesised

    files = clips_of(options.corpora, "emodb", max(options.clips // 2, 1))
    own_tracker(resynthesised(files[0]).waveform)
    lines = []
    for name, snr_db in (("clean", None), ("white noise at 10 dB", 10.0)):
        truths = [resynthesised(file, snr_db=snr_db, seed=i) for i, file in enumerate(files)]
        own, theirs = pitch_errors(truths, own_tracker), pitch_errors(truths, pyin)
        lines += [
            Line(f"gross pitch error, {name}", f"{own.gross:.2%}", "pyin's", f"pyin {theirs.gross:.2%}"),
            Line(f"voicing decision error, {name}", f"{own.voicing:.2%}", "pyin's", f"pyin {theirs.voicing:.2%}"),
            Line(
                f"pyin's time over the tracker's, {name}",
                f"{theirs.real_time_factor / own.real_time_factor:.0f}",
                "20",
                f"real-time factors {own.real_time_factor:.4f}; pyin {theirs.real_time_factor:.3f}",
            ),
        ]
    return lines


def _librosa(options: argparse.Namespace) -> list[Line]:
    from benchmarks.speed.accuracy import librosa_difference
    from features.audio import load

    waveforms = [load(file) for file in clips_of(options.corpora, "emodb", options.clips)]
    differences = [librosa_difference(waveform) for waveform in waveforms]
    absolute = {"mfcc", "mfcc_delta", "mfcc_delta2", "rms"}
    return [
        Line(
            f"largest {'absolute' if name in absolute else 'relative'} difference of {name} from librosa",
            f"{max(row[name] for row in differences):.1e}",
            "1e-4",
            f"any frame of {len(waveforms)} clips",
        )
        for name in differences[0]
    ]


def _praat(options: argparse.Namespace) -> list[Line]:
    from benchmarks.speed.accuracy import praat_agreement

    asked = {"jitter_local": "0.7", "shimmer_local": "0.8", "hnr": "0.8", "f1": "0.9", "f2": "0.9", "f3": "0.9"}
    found = praat_agreement(clips_of(options.corpora, "emodb"))
    return [
        Line(f"correlation of {name} with Praat", f"{value:.3f}", asked.get(name.split(".")[1], "reported"))
        for name, value in found.items()
    ]


def _informative(options: argparse.Namespace) -> list[Line]:
    import numpy as np

    from benchmarks.speed.judge import judge
    from features.extractors.opensmile import OpenSmileExtractor
    from features.extractors.statistics import FeatureExtractor

    judged = {"emodb": (lambda stem: stem[5], lambda stem: stem[:2]), "ravdess": (lambda s: s[6:8], lambda s: s[-2:])}
    asked = {("emodb", False): "0.77", ("emodb", True): "0.86", ("ravdess", False): "0.574", ("ravdess", True): "0.676"}
    lines = []
    for corpus, (label, speaker) in judged.items():
        files = clips_of(options.corpora, corpus)
        labels = np.array([label(file.stem) for file in files])
        speakers = np.array([speaker(file.stem) for file in files])
        tables = {"here": FeatureExtractor().extract(files).values}
        if options.peers:
            tables["eGeMAPS"] = OpenSmileExtractor("eGeMAPSv02").extract(files).values
            tables["ComParE"] = OpenSmileExtractor("ComParE_2016").extract(files).values
        for per_speaker in (False, True):
            found = {name: judge(table, labels, speakers, per_speaker=per_speaker) for name, table in tables.items()}
            way = "per-speaker" if per_speaker else "global"
            peers = "; ".join(f"{name} {verdict.uar:.3f}" for name, verdict in found.items() if name != "here")
            own = found["here"]
            lines.append(
                Line(f"UAR (WA), {corpus}, {way} z", f"{own.uar:.3f} ({own.wa:.3f})", asked[corpus, per_speaker], peers)
            )
    return lines


def _memory(options: argparse.Namespace) -> list[Line]:
    import numpy as np
    import soundfile

    from features.audio import RATE, load

    with tempfile.TemporaryDirectory() as folder:
        hour = Path(folder) / "hour.wav"
        some = np.concatenate([load(file) for file in clips_of(options.corpora, "emodb", 40)])
        with soundfile.SoundFile(hour, "w", RATE, 1, subtype="PCM_16") as stream:
            for _ in range(3600 * RATE // len(some) + 1):
                stream.write(some)
        peak = float(_subprocess(_MEMORY, hour))
    return [Line("peak memory of an hour-long file (MiB)", f"{peak:.0f}", "under 1024")]


PARTS: dict[str, Callable[[argparse.Namespace], list[Line]]] = {
    "time": _time,
    "pitch": _pitch,
    "librosa": _librosa,
    "praat": _praat,
    "informative": _informative,
    "memory": _memory,
}
