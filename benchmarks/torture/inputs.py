"""What the cases are made of: voices out of tones, tables, and a small corpus that trains in seconds."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 16000
LABELS = ("ang", "hap", "neu", "sad")
SPEAKERS = ("01", "02", "03", "04", "05", "06")


def voice(seed: int = 0, *, pitch: float = 150.0, seconds: float = 0.6) -> NDArray[np.float32]:
    """A voice-like sound: harmonics of a moving F0 under two formants, syllables, a little breath.

    Parameters
    ----------
    seed : int
    pitch : float
        Mean F0 in Hz.
    seconds : float

    Returns
    -------
    ndarray of float32, shape (n_samples,)

    Examples
    --------
    >>> voice(seconds=0.5).shape
    (8000,)
    """
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * RATE)) / RATE
    f0 = pitch * 2 ** (0.25 * np.sin(2 * np.pi * rng.uniform(1.5, 3) * times + rng.uniform(0, 6)))
    phase = 2 * np.pi * np.cumsum(f0) / RATE
    formants = ((rng.uniform(500, 800), 120.0), (rng.uniform(1100, 1900), 200.0))
    wave = np.zeros_like(times)
    for harmonic in range(1, 25):
        frequency = harmonic * pitch
        gain = sum(1 / (1 + ((frequency - centre) / width) ** 2) for centre, width in formants)
        wave += gain * np.sin(harmonic * phase)
    envelope = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * times + rng.uniform(0, 6))
    wave = wave * envelope / np.abs(wave).max() * 0.4 + 0.002 * rng.normal(size=len(times))
    return wave.astype(np.float32)


def write_sound(path: Path, samples: NDArray[np.generic], *, container: str = "WAV", subtype: str = "PCM_16") -> Path:
    """Write samples at 16 kHz and return the path.

    Parameters
    ----------
    path : Path
    samples : ndarray of shape (n_samples,) or (n_samples, n_channels)
    container, subtype : str
        As libsndfile names them.

    Returns
    -------
    Path
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, RATE, format=container, subtype=subtype)
    return path


def corpus_rows(
    folder: Path, *, speakers: Sequence[str] = SPEAKERS, labels: Sequence[str] = LABELS
) -> list[dict[str, str]]:
    """Write the clips of a small corpus, two per speaker and label, and return a table's rows for them.

    Parameters
    ----------
    folder : Path
        The clips go to `clips/` in it.
    speakers, labels : sequence of str

    Returns
    -------
    list of dict
        `path, label, speaker`.
    """
    rows = []
    for i, speaker in enumerate(speakers):
        for j, label in enumerate(labels):
            for take in range(2):
                seed = 100 * i + 10 * j + take
                path = folder / "clips" / f"{i:02d}_{j}_{take}.wav"
                write_sound(path, voice(seed, pitch=110 * 1.25**j * 1.03**i))
                rows.append({"path": f"clips/{path.name}", "label": label, "speaker": speaker})
    return rows


def write_table(
    path: Path, rows: Iterable[Mapping[str, object]], *, delimiter: str = ",", encoding: str = "utf-8"
) -> Path:
    """Write rows as CSV and return the path.

    Parameters
    ----------
    path : Path
    rows : iterable of mapping
        All with the keys of the first.
    delimiter, encoding : str

    Returns
    -------
    Path
    """
    rows = list(rows)
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def prepare(folder: Path, *line: str) -> None:
    """Run a command that makes what a case needs, such as a model; `line` stands behind `python -m`.

    Raises
    ------
    subprocess.CalledProcessError
        If it does not end with 0.
    """
    subprocess.run([sys.executable, "-m", *line], cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL)


def run_line(table: str, *more: str, pipelines: Sequence[str] = ("logistic@timing",)) -> list[str]:
    """The command line of `benchmarks.run` on a table of one's own, small enough to end in seconds.

    Parameters
    ----------
    table : str
        File name of the table.
    *more : str
        Further options.
    pipelines : sequence of str

    Returns
    -------
    list of str

    Examples
    --------
    >>> run_line("my.csv", "--folds", "3")[:5]
    ['benchmarks.run', '--corpus', 'manifest', '--root', 'my.csv']
    """
    line = ["benchmarks.run", "--corpus", "manifest", "--root", table, "--pipelines", *pipelines, "--jobs", "1"]
    return [*line, "--out", "out", *(more if "--folds" in more or "--folds-file" in more else ("--folds", "3", *more))]
