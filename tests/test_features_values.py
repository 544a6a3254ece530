"""Values that can be relied on: F0 inside its range, no voice in silence, the same bytes on any number of cores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from benchmarks import corpora
from features import FeatureCache, FeatureExtractor
from features.audio import RATE, load
from features.clips import Clip
from features.errors import SerError

ROOT = Path(__file__).resolve().parent.parent
TIMES = np.arange(2 * RATE) / RATE


def values(sounds: Sequence[object], groups: str) -> list[Mapping[str, float]]:
    extractor = FeatureExtractor(groups)
    return [dict(zip(extractor.names(), map(float, row), strict=True)) for row in extractor.transform(sounds)]


def tone(hertz: float, seconds: float = 2.0) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * hertz * TIMES[: int(seconds * RATE)])


@pytest.mark.parametrize("hertz", [59.5, 60, 61, 75, 140, 330, 599, 640, 790, 799, 800, 801, 805, 820, 840, 900, 1300])
def test_the_f0_of_a_tone_lies_in_the_range_of_the_catalogue(hertz: float) -> None:
    (found,) = values([(tone(hertz), RATE)], "pitch")
    mean = found["pitch.f0_hz.mean.voiced"]
    assert np.isnan(mean) or 60 <= mean <= 800
    if 60 <= hertz <= 799:
        assert mean == pytest.approx(hertz, rel=0.01)


def test_f0_of_shouted_speech_lies_in_the_range_of_the_catalogue(ravdess_root: Path) -> None:
    paths = [path for path in sorted(ravdess_root.rglob("03-01-05-02-*.flac")) if path.stem[-2:] in ("06", "14", "18")]
    assert len(paths) == 12
    highest = [found["pitch.f0_semitone.p95.voiced"] for found in values(paths, "pitch")]
    assert max(highest) <= 12 * np.log2(800 / 27.5)


def with_pauses(clip: np.ndarray, offset: float, floor: float) -> np.ndarray:
    """A clip with an offset between pauses without one, as a synthesiser or a noise gate makes them."""
    noise = floor * np.random.default_rng(0).normal(size=len(clip) + RATE)
    noise[RATE // 2 : -RATE // 2] += clip + offset
    return noise


@pytest.mark.parametrize("floor", [0.0, 1e-4, 5e-4])
def test_the_removed_mean_of_a_clip_is_not_followed_in_its_pauses(emodb_root: Path, floor: float) -> None:
    clips = [load(path) for path in sorted((emodb_root / "wav").glob("*.wav"))[::60]]
    plain = values([(with_pauses(clip, 0.0, floor), RATE) for clip in clips], "pitch,timing")
    offset = values([(with_pauses(clip, 0.05, floor), RATE) for clip in clips], "pitch,timing")
    for one, other in zip(plain, offset, strict=True):
        assert other["timing.voiced_rate"] <= one["timing.voiced_rate"] + 0.6
        for share in ("p20", "p50", "p80", "p95"):
            name = f"pitch.f0_semitone.{share}.voiced"
            assert other[name] == pytest.approx(one[name], abs=0.5)


@pytest.mark.parametrize("level", [0.0, 1e-6, 5e-5])
@pytest.mark.parametrize("offset", [0.0, 0.01, 0.4])
def test_what_hardly_differs_from_digital_silence_has_no_voice(level: float, offset: float) -> None:
    sound = np.concatenate([np.full(RATE, offset), offset + level * np.sin(2 * np.pi * 330 * TIMES)])
    (found,) = values([(sound, RATE)], "pitch,timing")
    assert found["timing.voiced_share"] == 0
    assert np.isnan(found["pitch.f0_hz.mean.voiced"])


def test_no_frame_of_digital_silence_is_voiced(emodb_root: Path) -> None:
    from features.descriptors.f0 import LEAST_RANGE, track

    rng = np.random.default_rng(1)
    for path in sorted((emodb_root / "wav").glob("*.wav"))[::40]:
        clip = load(path)
        gated = clip * np.repeat(rng.random(len(clip) // 800 + 1) < 0.7, 800)[: len(clip)]  # holes in running speech
        for waveform in (gated, gated - gated.mean(), gated - np.float32(0.1)):
            voiced = np.flatnonzero(track(waveform).voiced)
            frames = [waveform[max(160 * frame - 256, 0) : 160 * frame + 256] for frame in voiced]
            assert min(np.ptp(frame) for frame in frames) >= LEAST_RANGE


EXTRACT = """
import hashlib, json, sys
from features import FeatureExtractor
paths, jobs = json.loads(sys.argv[1]), int(sys.argv[2])
print(hashlib.sha256(FeatureExtractor(n_jobs=jobs).transform(paths).tobytes()).hexdigest())
"""


def digest(paths: Sequence[str], *, threads: int, jobs: int) -> str:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, str(threads)), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", EXTRACT, json.dumps(paths), str(jobs)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout


@pytest.mark.long
def test_features_are_the_same_bytes_on_any_number_of_cores_and_jobs(emodb_root: Path) -> None:
    paths = [str(path) for path in sorted((emodb_root / "wav").glob("*.wav"))[::80]]
    paths += corpora.load("synthetic").utterances["path"].tolist()[::40]
    assert digest(paths, threads=2, jobs=1) == digest(paths, threads=1, jobs=2) == digest(paths, threads=4, jobs=2)


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_blas_has_one_thread_during_extraction_and_as_many_as_before_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []
    read = Clip.samples
    monkeypatch.setattr(Clip, "samples", lambda clip: Watched(read(clip)))

    class Watched(np.ndarray):
        def __new__(cls, samples: np.ndarray) -> Watched:
            return samples.view(cls)

        def __array_finalize__(self, _: object) -> None:
            seen.append(blas_threads())

    FeatureExtractor("timing").transform([(tone(200), RATE)])
    with threadpool_limits(2, user_api="blas"):
        seen.clear()
        FeatureExtractor("timing").transform([(tone(200), RATE)])
        assert {1} in seen
        assert blas_threads() == {2}


def test_a_file_that_changes_while_it_is_read_does_not_poison_the_cache(
    tmp_path: Path, emodb_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (path.read_bytes() for path in sorted((emodb_root / "wav").glob("*.wav"))[:2])
    sound = tmp_path / "a.wav"
    sound.write_bytes(one)
    expected = FeatureExtractor("all").transform([sound])
    read = Clip.samples

    def replaced(clip: Clip) -> np.ndarray:
        sound.write_bytes(other)
        return read(clip)

    with monkeypatch.context() as patch:
        patch.setattr(Clip, "samples", replaced)
        with suppress(SerError):
            FeatureExtractor("all", cache=FeatureCache(tmp_path)).transform([sound])
    sound.write_bytes(one)
    np.testing.assert_array_equal(FeatureExtractor("all", cache=FeatureCache(tmp_path)).transform([sound]), expected)


def test_a_file_that_changes_while_it_is_read_is_named(
    tmp_path: Path, emodb_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = sorted((emodb_root / "wav").glob("*.wav"))[:2]
    sounds = [tmp_path / "a.wav", tmp_path / "b.wav"]
    for sound in sounds:
        sound.write_bytes(one.read_bytes() + bytes(sound == sounds[1]))
    read = Clip.samples

    def replaced(clip: Clip) -> np.ndarray:
        sounds[1].write_bytes(other.read_bytes())
        return read(clip)

    monkeypatch.setattr(Clip, "samples", replaced)
    with pytest.raises(SerError, match=r"b\.wav: changed while it was read.*run again"):
        FeatureExtractor("all", cache=FeatureCache(tmp_path)).transform(sounds)
