"""Speech is told from silence, noise, clicks and hum."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.speed.sound_checks import NO_SPEECH
from features.audio import RATE, load
from features.descriptors.analysis import Analysis
from features.speech_check import holds_speech


@pytest.mark.parametrize("kind", NO_SPEECH)
def test_no_noise_is_taken_for_speech(kind: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(15):
        wave = NO_SPEECH[kind](rng, int(RATE * rng.uniform(0.3, 5))).astype(np.float32)
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
