"""Descriptors against independent implementations: WORLD's truth, librosa, Praat, and signals of known answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.speed.accuracy import (
    librosa_difference,
    own_tracker,
    pitch_errors,
    praat_agreement,
    pyin,
    resynthesised,
)
from features import FeatureExtractor
from features.audio import RATE, load
from features.descriptors.f0 import halved, track
from features.descriptors.formants import burg, roots
from features.descriptors.mfcc import delta
from features.descriptors.segments import runs, smooth, turning_points

ASKED = {"jitter_local": 0.7, "shimmer_local": 0.8, "hnr": 0.8, "f1": 0.9, "f2": 0.9, "f3": 0.9}


def wavs(root: Path, step: int) -> list[Path]:
    return sorted((root / "wav").glob("*.wav"))[::step]


@pytest.mark.parametrize("snr_db", [None, 10.0], ids=["clean", "noise"])
def test_f0_is_known_on_resynthesised_speech(emodb_root: Path, snr_db: float | None) -> None:
    pytest.importorskip("pyworld", reason="needs pyworld, which needs a C++ compiler")
    truths = [resynthesised(path, snr_db=snr_db) for path in wavs(emodb_root, 45)]
    found = pitch_errors(truths, own_tracker)
    assert found.gross < 0.01
    assert found.voicing < 0.10


@pytest.mark.long
@pytest.mark.parametrize("snr_db", [None, 10.0], ids=["clean", "noise"])
def test_f0_is_no_worse_than_pyin(emodb_root: Path, snr_db: float | None) -> None:
    pytest.importorskip("pyworld", reason="needs pyworld, which needs a C++ compiler")
    truths = [resynthesised(path, snr_db=snr_db, seed=i) for i, path in enumerate(wavs(emodb_root, 20))]
    own, theirs = pitch_errors(truths, own_tracker), pitch_errors(truths, pyin)
    assert own.gross <= theirs.gross
    assert own.voicing <= theirs.voicing


def agreement_holds(paths: list[Path]) -> None:
    for name, value in praat_agreement(paths).items():
        asked = ASKED.get(name.split(".")[1])
        assert asked is None or value >= asked, (name, value)


def test_voice_agrees_with_praat(emodb_root: Path) -> None:
    agreement_holds(wavs(emodb_root, 13))


@pytest.mark.long
def test_voice_agrees_with_praat_over_the_corpus(emodb_root: Path) -> None:
    agreement_holds(wavs(emodb_root, 1))


def test_spectra_equal_librosas(emodb_root: Path) -> None:
    for path in wavs(emodb_root, 60):
        for name, value in librosa_difference(load(path)).items():
            assert value < 1e-4, name


@pytest.mark.parametrize("frequency", [65.0, 100.0, 220.0, 400.0, 580.0])
@pytest.mark.parametrize("harmonics", [1, 8])
def test_f0_of_a_tone(frequency: float, harmonics: int) -> None:
    time = np.arange(RATE) / RATE
    tone = sum(np.sin(2 * np.pi * k * frequency * time) / k for k in range(1, harmonics + 1))
    found = track((0.1 * tone).astype(np.float32))
    assert found.voiced[5:-5].all()
    np.testing.assert_allclose(found.f0[5:-5], frequency, rtol=0.005)
    assert (found.periodicity >= 0).all()
    assert (found.periodicity <= 1).all()


def test_noise_is_unvoiced() -> None:
    noise = np.random.default_rng(0).normal(scale=0.1, size=2 * RATE).astype(np.float32)
    assert track(noise).voiced.mean() < 0.05


def test_halving_keeps_what_lies_below_and_removes_what_lies_above() -> None:
    time = np.arange(RATE) / RATE
    for frequency, gain in ((200, 1), (2000, 1), (6000, 0), (7500, 0)):
        found = halved(np.sin(2 * np.pi * frequency * time).astype(np.float32))
        assert len(found) == RATE // 2
        assert np.sqrt(2 * np.mean(found[100:-100] ** 2)) == pytest.approx(gain, abs=0.01)


def test_jitter_and_shimmer_of_known_pulses() -> None:
    rng = np.random.default_rng(0)
    steady, shaken = np.zeros(2 * RATE, dtype=np.float32), np.zeros(2 * RATE, dtype=np.float32)
    ring = np.exp(-np.arange(80) / 15) * np.cos(2 * np.pi * 700 * np.arange(80) / RATE)
    place = 100.0
    while place < 2 * RATE - 300:
        steady[round(place / 128) * 128 :][:80] += 0.3 * ring
        moved, scaled = round(place + rng.uniform(-3, 3)), 0.3 * rng.uniform(0.8, 1.2)
        shaken[moved : moved + 80] += scaled * ring
        place += 128
    names = ["voice.jitter_local", "voice.shimmer_local"]
    table = FeatureExtractor("voice").extract([(steady, RATE), (shaken, RATE)])
    jitter, shimmer = (table.values[:, table.names.index(name)] for name in names)
    assert jitter[0] < 0.002 < 0.01 < jitter[1] < 0.05
    assert shimmer[0] < 0.01 < 0.05 < shimmer[1] < 0.3


def test_linear_prediction_finds_the_resonances_of_a_known_filter() -> None:
    from scipy.signal import lfilter

    frequencies, bandwidths = np.array([500.0, 1500.0, 2500.0]), np.array([60.0, 90.0, 150.0])
    poles = np.exp(np.pi * (-bandwidths + 2j * frequencies) / 11000)
    polynomial = np.real(np.poly(np.concatenate([poles, poles.conj()])))
    noise = np.random.default_rng(0).normal(size=20000)
    signal = lfilter([1], polynomial, noise)[5000:].astype(np.float32)
    found = burg(signal, 6)
    np.testing.assert_allclose(found, polynomial, atol=0.05)
    real, imaginary = np.cos(np.arange(6) + 0.3), np.sin(np.arange(6) + 0.3)
    assert roots(polynomial, real, imaginary)
    expected = np.roots(polynomial)
    for root in real + 1j * imaginary:
        assert np.abs(expected - root).min() < 1e-8


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("n_frames", [9, 10, 200])
def test_deltas_equal_librosas(order: int, n_frames: int) -> None:
    import librosa

    contours = np.random.default_rng(0).normal(size=(20, n_frames)).astype(np.float32)
    np.testing.assert_allclose(delta(contours, order=order), librosa.feature.delta(contours, order=order), atol=1e-5)


def test_runs_smoothing_and_turning_points() -> None:
    assert runs(np.zeros(3, dtype=bool)).shape == (0, 2)
    assert runs(np.ones(3, dtype=bool)).tolist() == [[0, 3]]
    np.testing.assert_allclose(smooth(np.array([0.0, 3, 0, 0, 3]), 3), [1, 1, 1, 1, 2])
    contour = np.array([0.0, 1, 5, 4.5, 5.5, 1, 0, 4])
    assert turning_points(contour, 2.0).tolist() == [0, 4, 6, 7]
    assert turning_points(np.ones(5), 2.0).size == 0


@pytest.mark.long
def test_the_set_says_more_than_chance_by_far(emodb_root: Path) -> None:
    from benchmarks import corpora, evaluate

    scores = evaluate(corpora.load("emodb", emodb_root), pipelines=["svm", "svm:speaker"]).scores.set_index("pipeline")
    assert scores.loc["svm", "uar"] > 0.7
    assert scores.loc["svm:speaker", "uar"] > 0.8
