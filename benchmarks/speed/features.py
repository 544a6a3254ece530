"""What the extractor costs and is worth, beside its peers: every figure of one table from one run on one thread."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from benchmarks.speed.lines import Line, as_markdown
from features.command import command, make_parser, show_notes
from features.errors import CorpusError

ROUNDS = 5
_MEMORY = """
import sys
from features import FeatureExtractor
FeatureExtractor().extract([sys.argv[1]])
try:
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10))
except ImportError:
    import psutil
    print(psutil.Process().memory_info().peak_wset / 2**20)
"""
_FIRST = (
    "import sys, time; from features import FeatureExtractor; FeatureExtractor().extract([sys.argv[1]]); "
    "print(time.process_time())"
)


def build_parser() -> argparse.ArgumentParser:
    """Options of `python -m benchmarks.speed features`."""
    parser = make_parser(
        "benchmarks.speed features",
        "Measure the extractor: time, pitch accuracy, agreement with librosa and Praat, informativeness, memory, "
        "and how often the checks for the same sound and for speech are wrong. CPU time on one "
        "thread, medians of five rounds that alternate between the programs.",
        examples="python -m benchmarks.speed features --only time pitch --clips 40",
    )
    folder = Path(os.environ.get("SER_CORPORA", "corpora"))
    parser.add_argument("--corpora", type=Path, default=folder, help="folder of emodb/ and ravdess/ ($SER_CORPORA)")
    parts = ", ".join(sorted(PARTS))
    parser.add_argument(
        "--only", nargs="+", choices=sorted(PARTS), metavar="PART", help=f"parts to measure: {parts} (default: all)"
    )
    parser.add_argument("--clips", type=int, default=40, help="clips of EmoDB for time and accuracy (default: 40)")
    parser.add_argument("--peers", action="store_true", help="score openSMILE's sets too (minutes)")
    return parser


def execute(options: argparse.Namespace) -> int:
    """Print the table of each part as it is measured; name those that need what is not installed, and end with 1."""
    wanted = options.only or PARTS
    missing = {part: NEEDS[part] for part in wanted if part in NEEDS and find_spec(NEEDS[part][0]) is None}
    for title, lines in measured(options, [part for part in wanted if part not in missing]):
        sys.stdout.write(f"\n{title}\n\n{as_markdown(lines)}")
        sys.stdout.flush()
    for part, (library, extra) in missing.items():
        show_notes([f"{part} not measured: it needs {library}; python -m pip install -e '.[{extra}]'"])
    return 1 if missing else 0


main = command(build_parser, execute)


def measured(options: argparse.Namespace, parts: Sequence[str]) -> Iterator[tuple[str, list[Line]]]:
    """Each part's title and lines, on one thread, as they are measured."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        for part in parts:
            yield part.capitalize(), PARTS[part](options)


def clips_of(folder: Path, corpus: str, count: int | None = None) -> list[Path]:
    """Sound files of a corpus, evenly spread over it where only some are wanted.

    Raises
    ------
    CorpusError
        If the corpus is not in the folder.
    """
    from benchmarks import corpora

    if not (folder / corpus).is_dir():
        raise CorpusError(f"{folder / corpus}: no such folder; expected {corpus}; pass --corpora")
    files = [Path(path) for path in corpora.load(corpus, folder / corpus).utterances["path"]]
    return files[:: max(len(files) // count, 1)][:count] if count else files


def _time(options: argparse.Namespace) -> list[Line]:
    from features.extractors.opensmile import OpenSmileExtractor, availability
    from features.extractors.statistics import FeatureExtractor

    files = clips_of(options.corpora, "emodb", options.clips)
    programs: dict[str, Callable[[list[Path]], object]] = {"here": FeatureExtractor().extract}
    if availability() is None:
        programs["eGeMAPS"] = OpenSmileExtractor("eGeMAPSv02").extract
        programs["ComParE"] = OpenSmileExtractor("ComParE_2016").extract
    factors = _real_time_factors(programs, files)
    peers = "; ".join(f"{name} {factor:.4f}" for name, factor in factors.items() if name != "here")
    lines = [Line("real-time factor of `all`, no cache", f"{factors['here']:.4f}", "", peers)]
    asked = {"eGeMAPS": "6"}
    lines += [
        Line(f"times as fast as openSMILE {name}", f"{factors[name] / factors['here']:.1f}", asked.get(name, ""))
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
    """CPU seconds per second of sound: the programs take turns over all clips, median over rounds."""
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
    from benchmarks.speed.accuracy import errors_of, own_tracker, resynthesised
    from benchmarks.speed.pitch_peers import PEERS, one_by_one

    files = clips_of(options.corpora, "emodb", max(options.clips // 2, 1))
    present = {"here": one_by_one(own_tracker)} | {peer.name: peer.follow for peer in PEERS if peer.missing is None}
    lines = []
    for noise, snr_db in (("clean", None), ("white noise at 10 dB", 10.0), ("white noise at 0 dB", 0.0)):
        truths = [resynthesised(file, snr_db=snr_db, seed=i) for i, file in enumerate(files)]
        waveforms = [truth.waveform for truth in truths]
        followed = {name: follow(waveforms) for name, follow in present.items()}
        errors = {name: errors_of(truths, one.f0, one.seconds) for name, one in followed.items()}
        for measure, figures, asked in (
            ("gross pitch error", {name: f"{error.gross:.2%}" for name, error in errors.items()}, "pyin's"),
            ("voicing decision error", {name: f"{error.voicing:.2%}" for name, error in errors.items()}, "pyin's"),
            ("real-time factor", {name: f"{error.real_time_factor:.4f}" for name, error in errors.items()}, ""),
        ):
            peers = "; ".join(f"{name} {figure}" for name, figure in figures.items() if name != "here")
            lines.append(Line(f"{measure}, {noise}", figures["here"], asked, peers))
        ratio = errors["pyin"].real_time_factor / errors["here"].real_time_factor
        lines.append(Line(f"pyin's time over the tracker's, {noise}", f"{ratio:.0f}", "20"))
    return lines + [Line("not measured", "", "", peer.missing) for peer in PEERS if peer.missing is not None]


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
    from benchmarks import corpora, evaluate
    from features.cache import FeatureCache

    asked = {"emodb": ("0.77", "0.86"), "ravdess": ("0.574", "0.676")}
    peers = {"eGeMAPS": "svm@egemaps", "ComParE": "svm@compare"} if options.peers else {}
    lines = []
    for corpus in asked:
        utterances = corpora.load(corpus, options.corpora / corpus)
        for normalise, figure in zip(("global", "speaker"), asked[corpus], strict=True):
            suffix = ":speaker" if normalise == "speaker" else ""
            pipelines = [f"{pipeline}{suffix}" for pipeline in ("svm", *peers.values())]
            scores = evaluate(utterances, pipelines=pipelines, jobs=1, cache=FeatureCache()).scores.set_index(
                "pipeline"
            )
            own = scores.loc[f"svm{suffix}"]
            beside = "; ".join(f"{name} {scores.loc[f'{peer}{suffix}', 'uar']:.3f}" for name, peer in peers.items())
            lines.append(
                Line(f"UAR (WA), {corpus}, {normalise} z", f"{own['uar']:.3f} ({own['wa']:.3f})", figure, beside)
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


def _same_sound(options: argparse.Namespace) -> list[Line]:
    from benchmarks.speed.sound_checks import same_sound_errors

    lines = []
    for corpus in ("emodb", "ravdess"):
        found = same_sound_errors(clips_of(options.corpora, corpus))
        named = "; ".join(f"{one} and {other}" for one, other in found.pairs)
        lines.append(
            Line(f"pairs said to be the same sound, {corpus}", f"{len(found.pairs)} of {found.n_pairs:,}", "0", named)
        )
        lines += [
            Line(f"copies not found, {corpus}, {change}", f"{share:.0%}", "below 5%")
            for change, share in found.missed.items()
        ]
    return lines


def _speech(options: argparse.Namespace) -> list[Line]:
    from benchmarks.speed.sound_checks import taken_for_none, taken_for_speech

    lines = []
    for corpus in ("emodb", "ravdess"):
        files = clips_of(options.corpora, corpus)
        lines.append(Line(f"speech taken for none, {corpus}", f"{taken_for_none(files)} of {len(files):,}", "0"))
    count = 60
    return lines + [
        Line(f"{kind} taken for speech", f"{number} of {count}", "0")
        for kind, number in taken_for_speech(count=count).items()
    ]


PARTS: dict[str, Callable[[argparse.Namespace], list[Line]]] = {
    "time": _time,
    "pitch": _pitch,
    "librosa": _librosa,
    "praat": _praat,
    "informative": _informative,
    "memory": _memory,
    "same-sound": _same_sound,
    "speech": _speech,
}

NEEDS = {"pitch": ("pyworld", "world"), "praat": ("parselmouth", "test")}
"""Library that a part cannot do without, and the extra that brings it."""
