"""How often the check for the same sound and the check for speech are wrong, on real speech and on what is none."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.folds.same_sound import find_same_sound
from features.audio import RATE, load
from features.sound_fingerprint import fingerprint
from features.speech_check import speech_in

Sound = NDArray[np.float32]


def _coded(sound: Sound, container: str, subtype: str | None = None) -> Sound:
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, sound, RATE, format=container, subtype=subtype)
    buffer.seek(0)
    return np.asarray(soundfile.read(buffer, dtype="float32")[0])


def _at(sound: Sound, rate: int) -> Sound:
    import soxr

    return np.asarray(soxr.resample(soxr.resample(sound, RATE, rate), rate, RATE), dtype=np.float32)


CHANGES: Mapping[str, Callable[[Sound], Sound]] = {
    "a tenth of its level": lambda x: 0.1 * x,
    "shifted by 137 samples": lambda x: np.concatenate([np.zeros(137, dtype=np.float32), x]),
    "trimmed by a quarter second at both ends": lambda x: x[RATE // 4 : -RATE // 4],
    "its middle half": lambda x: x[len(x) // 4 : -len(x) // 4],
    "8 kHz": lambda x: _at(x, 8000),
    "44.1 kHz": lambda x: _at(x, 44100),
    "MP3": lambda x: _coded(x, "MP3"),
    "mu-law": lambda x: _coded(x, "WAV", "ULAW"),
}
"""What people do to a file."""


@dataclass(frozen=True)
class SameSoundErrors:
    """How well the same sound is found in a corpus.

    Attributes
    ----------
    n_utterances : int
    pairs : tuple of (str, str)
        Names of the files that are said to hold the same sound.
    missed : dict of str to float
        Of each change, the share of files whose changed copy is not found.
    """

    n_utterances: int
    pairs: tuple[tuple[str, str], ...]
    missed: dict[str, float]

    @property
    def n_pairs(self) -> int:
        """Pairs of files that were compared."""
        return self.n_utterances * (self.n_utterances - 1) // 2


def same_sound_errors(paths: Sequence[Path], *, n_changed: int = 60) -> SameSoundErrors:
    """Look for the same sound among the files of a corpus, and for changed copies of some of them.

    Parameters
    ----------
    paths : sequence of Path
    n_changed : int
        Of how many files changed copies are made, evenly spread.
    """
    prints = [fingerprint(load(path)) for path in paths]
    pairs = tuple((paths[pair.first].stem, paths[pair.second].stem) for pair in find_same_sound(prints))
    some = list(range(0, len(paths), max(len(paths) // n_changed, 1)))[:n_changed]
    missed = {}
    for name, change in CHANGES.items():
        copies = [fingerprint(change(load(paths[i])).astype(np.float32)) for i in some]
        found = {(pair.first, pair.second) for pair in find_same_sound([*prints, *copies])}
        missed[name] = float(np.mean([(i, len(paths) + k) not in found for k, i in enumerate(some)]))
    return SameSoundErrors(len(paths), pairs, missed)


def taken_for_none(paths: Sequence[Path]) -> int:
    """How many files of speech are said to hold none."""
    return int((~speech_in(list(paths))).sum())


def taken_for_speech(*, count: int = 60, seed: int = 0) -> dict[str, int]:
    """Of `count` sounds of each kind that is no speech, how many are said to be some."""
    rng = np.random.default_rng(seed)
    found = {}
    for kind, make in NO_SPEECH.items():
        sounds = [(make(rng, int(RATE * rng.uniform(0.3, 5))).astype(np.float32), RATE) for _ in range(count)]
        found[kind] = int(speech_in(sounds).sum())
    return found


def _coloured(rng: np.random.Generator, size: int, exponent: float) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(rng.normal(size=size))
    wave = np.fft.irfft(spectrum / np.arange(1, len(spectrum) + 1) ** exponent, size)
    return 0.05 * wave / wave.std()


def _clicks(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    wave = np.zeros(size)
    wave[rng.integers(0, size, size=rng.integers(1, 12))] = rng.uniform(0.1, 1)
    return wave


def _hum(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    times, base = np.arange(size) / RATE, rng.choice([50, 60, 100, 120, 400])
    wave = np.sum([np.sin(2 * np.pi * base * k * times) / k for k in range(1, 8)], axis=0)
    return np.asarray(0.05 * wave + 1e-4 * rng.normal(size=size))


NO_SPEECH: Mapping[str, Callable[[np.random.Generator, int], NDArray[np.float64]]] = {
    "digital silence": lambda _, size: np.zeros(size),
    "an offset": lambda _, size: np.full(size, 0.2),
    "dither": lambda rng, size: rng.integers(-1, 2, size=size) / 32768,
    "white noise": lambda rng, size: rng.normal(size=size) * 10 ** rng.uniform(-4, -0.7),
    "pink noise": lambda rng, size: _coloured(rng, size, 0.5),
    "brown noise": lambda rng, size: _coloured(rng, size, 1.0),
    "clicks": _clicks,
    "clicks in noise": lambda rng, size: _clicks(rng, size) + 1e-3 * rng.normal(size=size),
    "noise that swells": lambda rng, size: (
        0.1 * rng.normal(size=size) * np.sin(np.arange(size) * rng.uniform(4e-4, 2e-3)) ** 2
    ),
    "hum": _hum,
    "cancelled channels": lambda rng, size: np.round(rng.normal(size=size)) / 32768,
}
"""What is not speech. Channels that cancel but for rounding leave noise of one bit."""
