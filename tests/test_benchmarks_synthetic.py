"""The embedded corpus: deterministic, in IEMOCAP's layout, and different between emotions only where it was planted."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import welch

from benchmarks import corpora
from benchmarks.corpora import synthesiser, synthetic
from benchmarks.corpora.iemocap import read_turns


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        synthetic.write_session(tmp_path / name, list(synthetic.speak_session(2, seed=5)))
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(files) == 48 + 4
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    other = next(synthetic.speak_session(2, seed=6))
    assert not np.array_equal(next(synthetic.speak_session(2, seed=5)).wave[:8000], other.wave[:8000])


def test_what_is_read_is_what_was_spoken() -> None:
    corpus = corpora.load("synthetic")
    assert corpus.synthetic
    assert corpus.speakers == synthetic.SPEAKERS
    assert corpus.counts().to_dict() == {"ang": 60, "hap": 60, "sad": 60, "neu": 60}
    assert {turn.label for turn, _, _ in read_turns(Path(corpus.root))} == {"ang", "hap", "exc", "sad", "neu"}
    spoken = {turn.id: turn for turn in synthetic.speak_session(3, seed=0)}
    for name, row in corpus.utterances[corpus.utterances["session"] == "Ses03"].droplevel("speaker").iterrows():
        wave, rate = soundfile.read(row["path"])
        assert rate == 16_000
        assert np.abs(wave - spoken[str(name)].wave).max() < 1e-4
        assert row["text"] == spoken[str(name)].text
    assert len(corpora.load("synthetic", improvised=True).utterances) == 120
    assert corpora.load("synthetic", classes="6").labels == ("ang", "hap", "sad", "neu", "exc")


def test_another_seed_is_another_corpus() -> None:
    assert corpora.load("synthetic", seed=1).fingerprint != corpora.load("synthetic").fingerprint


@pytest.mark.parametrize("gender", ["female", "male"])
@pytest.mark.parametrize("pitch", [-3.0, 0.0, 6.0])
def test_pitch_is_as_ordered(gender: str, pitch: float) -> None:
    """The strongest lag of the autocorrelation of a steady vowel is the period that was asked for."""
    rng = np.random.default_rng(1)
    voice = synthesiser.draw_voice(gender, rng)
    manner = synthesiser.Manner(pitch, span=0.0, fall=0.0, level=0.0, rate=0.5, brightness=0.0, smile=0.0, breath=-10.0)
    wave = synthesiser.speak("ma", voice, manner, rng)[3200:6400]
    lags = np.correlate(wave, wave, "full")[len(wave) - 1 :]
    lowest, highest = int(16_000 / 500), int(16_000 / 60)
    found = 16_000 / (lowest + lags[lowest:highest].argmax())
    assert found == pytest.approx(voice.f0 * 2 ** (pitch / 12), rel=0.04)


@pytest.mark.parametrize("vowel", ["a", "i", "o"])
def test_first_formant_is_where_the_vowel_has_it(vowel: str) -> None:
    rng = np.random.default_rng(2)
    voice = synthesiser.Voice(f0=80.0, tract=1.0, level=-20.0, jitter=0.02)
    manner = synthesiser.Manner(0.0, 0.3, 0.0, 0.0, 0.6, 6.0, 0.0, 20.0)
    wave = synthesiser.speak(f"m{vowel}", voice, manner, rng)[3000:7000]
    frequencies, power = welch(wave, 16_000, nperseg=512)
    near = frequencies < 1000
    assert frequencies[near][power[near].argmax()] == pytest.approx(synthesiser.VOWELS[vowel][0], abs=170)


def test_the_planted_truth() -> None:
    ang, hap, sad, neu = (synthesiser.EMOTIONS[label] for label in ("ang", "hap", "sad", "neu"))
    prosody, spectrum = slice(0, 5), slice(5, 8)
    assert astuple(ang)[prosody] == astuple(hap)[prosody]
    assert astuple(sad)[spectrum] == astuple(neu)[spectrum]
    assert astuple(ang)[spectrum] != astuple(hap)[spectrum]
    assert astuple(sad)[prosody] != astuple(neu)[prosody]


def test_levels_stay_within_full_scale() -> None:
    loudest = max(np.abs(turn.wave).max() for turn in synthetic.speak_session(1, seed=0))
    assert 0.05 < loudest < 1.0
