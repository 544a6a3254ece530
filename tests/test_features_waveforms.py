"""Whatever a waveform is made of: it is refused in words, or its features keep the ranges that the catalogue states."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import FeatureExtractor, SerError
from features.descriptors.f0 import F0_MAX, F0_MIN

RATE = 16_000
KINDS = ("silence", "constant", "tone", "buzz", "noise", "clicks", "ramp", "square", "dither")
PIECES = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(1, 9_000),
        st.floats(1e-6, 1.0),
        st.floats(20.0, 7_900.0),
        st.integers(0, 2**32 - 1),
    ),
    min_size=1,
    max_size=5,
)


def piece(kind: str, length: int, level: float, frequency: float, seed: int) -> np.ndarray:
    phase = frequency * np.arange(length) / RATE
    noise = np.random.default_rng(seed).normal(size=length)
    shapes = {
        "silence": lambda: np.zeros(length),
        "constant": lambda: np.ones(length),
        "tone": lambda: np.sin(2 * np.pi * phase),
        "buzz": lambda: 2 * (phase % 1) - 1,
        "noise": lambda: np.clip(noise / 4, -1, 1),
        "clicks": lambda: (noise > 3).astype(float),
        "ramp": lambda: np.linspace(-1, 1, length),
        "square": lambda: np.sign(np.sin(2 * np.pi * phase)),
        "dither": lambda: np.round(noise) / 2**15,
    }
    return level * shapes[kind]()


def waveform(pieces: list[tuple]) -> np.ndarray:
    return np.concatenate([piece(*some) for some in pieces]).astype(np.float32)


@lru_cache
def extractor() -> FeatureExtractor:
    return FeatureExtractor()


def row(samples: np.ndarray) -> np.ndarray | None:
    try:
        return extractor().transform([(samples, RATE)])[0]
    except SerError:
        return None


@settings(max_examples=120, deadline=None)
@given(PIECES)
def test_features_keep_their_ranges(pieces: list[tuple]) -> None:
    values = row(waveform(pieces))
    if values is None:
        return
    named = dict(zip(extractor().names(), values))
    assert not np.isinf(values).any()
    for name in ("mean", "p20", "p50", "p80"):
        f0 = named[f"pitch.f0_hz.{name}.voiced"]
        assert np.isnan(f0) or F0_MIN * 0.9999 <= f0 <= F0_MAX * 1.0001, name
    for name, value in named.items():
        spread = name.rsplit(".", 1)[0].endswith((".std", ".range", "_std", ".change"))
        assert np.isnan(value) or not spread or value >= 0, name
        assert not name.endswith("_share") or 0 <= value <= 1, name


@settings(max_examples=25, deadline=None)
@given(PIECES, st.sampled_from([np.float32, np.float64]))
def test_the_same_sound_has_the_same_features_whatever_stands_beside_it(pieces: list[tuple], dtype: type) -> None:
    samples = waveform(pieces)
    alone = row(samples)
    if alone is None:
        return
    speech = (np.sin(2 * np.pi * 150 * np.arange(RATE) / RATE) * 0.3, RATE)
    beside = extractor().transform([speech, (samples.astype(dtype), RATE), speech])[1]
    np.testing.assert_array_equal(beside, alone)


@pytest.mark.parametrize("level", [0.0, 1e-5, 0.3, 1.0])
def test_a_clip_of_equal_samples_has_no_voice(level: float) -> None:
    """Refused, or without one voiced frame, alone and around a voice."""
    values = row(np.full(RATE, level, dtype=np.float32))
    if values is not None:
        named = dict(zip(extractor().names(), values))
        assert np.isnan(named["pitch.f0_hz.mean.voiced"])
