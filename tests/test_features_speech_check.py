"""Speech is told from silence, noise, clicks and hum."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from features.audio import RATE, load
from features.descriptors.analysis import Analysis
from features.speech_check import holds_speech


def coloured(rng: np.random.Generator, size: int, exponent: float) -> np.ndarray:
    spectrum = np.fft.rfft(rng.normal(size=size))
    wave = np.fft.irfft(spectrum / np.arange(1, len(spectrum) + 1) ** exponent, size)
    return 0.05 * wave / wave.std()


def clicks(rng: np.random.Generator, size: int) -> np.ndarray:
    wave = np.zeros(size)
    wave[rng.integers(0, size, size=rng.integers(1, 12))] = rng.uniform(0.1, 1)
    return wave


def hum(rng: np.random.Generator, size: int) -> np.ndarray:
    times, base = np.arange(size) / RATE, rng.choice([50, 60, 100, 120, 400])
    return 0.05 * sum(np.sin(2 * np.pi * base * k * times) / k for k in range(1, 8)) + 1e-4 * rng.normal(size=size)


NOISES = {
    "zeros": lambda rng, size: np.zeros(size),
    "offset": lambda rng, size: np.full(size, 0.2),
    "dither": lambda rng, size: rng.integers(-1, 2, size=size) / 32768,
    "white": lambda rng, size: rng.normal(size=size) * 10 ** rng.uniform(-4, -0.7),
    "pink": lambda rng, size: coloured(rng, size, 0.5),
    "brown": lambda rng, size: coloured(rng, size, 1.0),
    "clicks": clicks,
    "clicks in noise": lambda rng, size: clicks(rng, size) + 1e-3 * rng.normal(size=size),
    "modulated": lambda rng, size: 0.1 * rng.normal(size=size) * np.sin(np.arange(size) * rng.uniform(4e-4, 2e-3)) ** 2,
    "hum": hum,
}  # fmt: skip


@pytest.mark.parametrize("kind", NOISES)
def test_no_noise_is_taken_for_speech(kind: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        wave = NOISES[kind](rng, int(RATE * rng.uniform(0.3, 5))).astype(np.float32)
        assert not holds_speech(Analysis(wave))


@pytest.mark.parametrize("corpus", ["emodb", "ravdess"])
def test_real_speech_passes(corpus: str, request: pytest.FixtureRequest) -> None:
    root: Path = request.getfixturevalue(f"{corpus}_root")
    paths = sorted(path for path in root.rglob("*") if path.suffix in (".wav", ".flac"))[::9]
    assert len(paths) > 50
    assert [path for path in paths if not holds_speech(Analysis(load(path)))] == []


def test_half_a_second_of_it_passes_mostly(emodb_root: Path) -> None:
    clips = [load(path) for path in sorted((emodb_root / "wav").glob("*.wav"))[::9]]
    middles = [clip[len(clip) // 2 - 4000 : len(clip) // 2 + 4000] for clip in clips]
    assert np.mean([holds_speech(Analysis(middle)) for middle in middles]) >= 0.95
