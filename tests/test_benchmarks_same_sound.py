"""The same sound is found whatever was done to the file, and another reading of a sentence is not the same sound."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from benchmarks.folds.same_sound import find_same_sound
from features.audio import RATE, load
from features.sound_fingerprint import fingerprint


def coded(waveform: np.ndarray, container: str, subtype: str | None = None) -> np.ndarray:
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform, RATE, format=container, subtype=subtype)
    buffer.seek(0)
    return soundfile.read(buffer, dtype="float32")[0]


def resampled(waveform: np.ndarray, rate: int) -> np.ndarray:
    return soxr.resample(soxr.resample(waveform, RATE, rate), rate, RATE)


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "louder": lambda x: 3 * x,
    "quieter": lambda x: 0.03 * x,
    "shifted": lambda x: np.concatenate([np.zeros(137, dtype=np.float32), x]),
    "trimmed": lambda x: x[4000:-3000],
    "its middle": lambda x: x[len(x) // 4 : -len(x) // 4],
    "8 kHz": lambda x: resampled(x, 8000),
    "44.1 kHz": lambda x: resampled(x, 44100),
    "MP3": lambda x: coded(x, "MP3"),
    "Vorbis": lambda x: coded(x, "OGG"),
    "Opus": lambda x: coded(x, "OGG", "OPUS"),
    "cut by 3 ms": lambda x: x[48:-160],
    "mu-law": lambda x: coded(x, "WAV", "ULAW"),
    "cut, MP3, quieter": lambda x: 0.2 * coded(x[5123:-2000], "MP3"),
    "turned over": lambda x: -x,
}


@pytest.fixture(scope="module")
def clips(emodb_root: Path) -> list[np.ndarray]:
    return [load(path) for path in sorted((emodb_root / "wav").glob("*.wav"))[::11]]


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_sound_is_found(clips: list[np.ndarray], change: str) -> None:
    long_enough = [clip for clip in clips if len(clip) > 1.8 * RATE]
    originals = [fingerprint(clip) for clip in long_enough]
    copies = [fingerprint(CHANGES[change](clip).astype(np.float32)) for clip in long_enough]
    pairs = find_same_sound(originals + copies)
    assert all(pair.second == pair.first + len(originals) for pair in pairs)
    assert len(pairs) >= 0.95 * len(originals)
    assert all(0 <= pair.errors <= 0.2 and pair.seconds >= 0.5 for pair in pairs)


def test_other_readings_of_one_sentence_are_not_the_same_sound(emodb_root: Path) -> None:
    """EmoDB has ten sentences, read up to six times by one speaker: 142,845 pairs and no false alarm."""
    pairs = find_same_sound([fingerprint(load(path)) for path in sorted((emodb_root / "wav").glob("*.wav"))])
    assert pairs == []


def test_the_one_known_copy_in_ravdess_is_found(ravdess_root: Path) -> None:
    paths = sorted((ravdess_root / "Actor_07").glob("*.flac"))
    pairs = find_same_sound([fingerprint(load(path)) for path in paths])
    names = [(paths[pair.first].stem, paths[pair.second].stem) for pair in pairs]
    assert names == [("03-01-03-01-02-01-07", "03-01-03-01-02-02-07")]


def test_silence_and_clips_without_frames_match_nothing() -> None:
    silence = np.zeros(RATE, dtype=np.float32)
    click = silence.copy()
    click[8000] = 1
    short = np.ones(400, dtype=np.float32)
    assert find_same_sound([fingerprint(x) for x in (silence, silence.copy(), short, short.copy(), click)]) == []
    assert find_same_sound([]) == []


def test_the_offset_says_where_the_second_begins() -> None:
    sound = np.cumsum(np.random.default_rng(3).normal(size=4 * RATE)).astype(np.float32)
    pairs = find_same_sound([fingerprint(sound), fingerprint(sound[RATE : 3 * RATE])])
    assert [round(pair.offset, 1) for pair in pairs] == [1.0]
    pairs = find_same_sound([fingerprint(sound[RATE : 3 * RATE]), fingerprint(sound)])
    assert [round(pair.offset, 1) for pair in pairs] == [-1.0]
