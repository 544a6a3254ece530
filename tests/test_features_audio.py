"""Reading sound: every format and fault is either read properly or refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from features.audio import RATE, from_array, load
from features.errors import AudioError
from features.extractors.statistics import FeatureExtractor
from features.files import content_hash


def tone(seconds: float = 0.5, rate: int = RATE, frequency: float = 200.0) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


def written(path: Path, samples: np.ndarray, rate: int = RATE, **options: str) -> Path:
    with path.open("wb") as stream:
        soundfile.write(stream, samples, rate, **{"format": "WAV", **options})
    return path


@pytest.mark.parametrize(
    "options",
    [
        *({"format": "WAV", "subtype": kind} for kind in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")),
        {"format": "FLAC", "subtype": "PCM_16"},
        {"format": "FLAC", "subtype": "PCM_24"},
        {"format": "OGG", "subtype": "VORBIS"},
        {"format": "MP3", "subtype": "MPEG_LAYER_III"},
        {"format": "AIFF", "subtype": "PCM_16"},
    ],
    ids=lambda options: "-".join(options.values()),
)
@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".raw", ".txt"])
def test_content_decides_and_not_the_suffix(tmp_path: Path, options: dict[str, str], suffix: str) -> None:
    path = written(tmp_path / f"Ärger mit Raum{suffix}", tone(), **options)
    found = load(path)
    assert found.dtype == np.float32
    assert abs(len(found) / RATE - 0.5) < 0.11
    middle = found[len(found) // 4 : -len(found) // 4]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_any_rate_and_number_of_channels(tmp_path: Path, rate: int, channels: int) -> None:
    path = written(tmp_path / "a.wav", np.tile(tone(rate=rate)[:, None], channels), rate)
    found = load(path)
    assert abs(len(found) - 8000) <= 2
    np.testing.assert_allclose(found[2000:6000], tone()[2000:6000], atol=2e-3)


def test_a_dead_channel_does_not_halve_the_level(tmp_path: Path) -> None:
    both = np.stack([tone(), np.zeros(8000)], axis=1)
    np.testing.assert_allclose(load(written(tmp_path / "a.wav", both)), tone(), atol=1e-4)


def test_the_mean_is_removed_and_the_level_left(tmp_path: Path) -> None:
    found = load(written(tmp_path / "a.wav", tone() + 0.2))
    assert abs(found.mean()) < 1e-4
    np.testing.assert_allclose(found, tone(), atol=1e-3)


def test_a_stretch_of_a_long_file_is_what_a_whole_read_holds(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = written(tmp_path / "a.wav", rng.normal(scale=0.1, size=70 * RATE), subtype="FLOAT")
    whole, part = load(path), load(path, start=59.5, end=61.25)
    expected = whole[round(59.5 * RATE) : round(61.25 * RATE)]
    np.testing.assert_allclose(part, expected - expected.mean(), atol=1e-5)


def test_blocks_join_without_a_seam(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", tone(65, 44100), 44100, subtype="FLOAT")
    np.testing.assert_allclose(load(path)[1000:-1000], tone(65)[1000 : 65 * RATE - 1000], atol=1e-3)


def cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda p: p / "missing.wav", "no such file"),
        (lambda p: p, "no such file"),
        (lambda p: ((p / "a.wav").write_bytes(b"") and None) or p / "a.wav", "empty"),
        (lambda p: (p / "a.wav").write_text("not a sound") and p / "a.wav", "not audio"),
        (lambda p: cut(written(p / "a.wav", tone()), 0.5), "truncated"),
        (lambda p: cut(written(p / "a.wav", tone(3), format="FLAC"), 0.5), "truncated|damaged|not audio"),
        (lambda p: written(p / "a.wav", np.full(8000, np.nan), subtype="FLOAT"), "NaN"),
        (lambda p: written(p / "a.wav", np.full(8000, np.inf), subtype="DOUBLE"), "NaN or infinite"),
        (lambda p: written(p / "a.wav", tone() * 1e9, subtype="FLOAT"), "full scale"),
        (lambda p: written(p / "a.wav", np.zeros(8000)), "every sample is 0"),
        (lambda p: written(p / "a.wav", tone(0.01)), "10.0 ms"),
        (lambda p: written(p / "a.wav", np.empty(0)), "expected"),
    ],
    ids=["missing", "folder", "empty", "text", "cut-wav", "cut-flac", "nan", "inf", "huge", "zeros", "short", "none"],
)
def test_what_cannot_be_analysed_is_refused_by_name(tmp_path: Path, make, says: str) -> None:
    path = make(tmp_path)
    with pytest.raises(AudioError, match=says) as refused:
        load(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("start", "end"), [(-1, None), (0.4, 0.4), (0.6, None), (0.3, 0.1)])
def test_a_stretch_outside_the_file_is_refused(tmp_path: Path, start: float, end: float | None) -> None:
    with pytest.raises(AudioError, match="stretch"):
        load(written(tmp_path / "a.wav", tone()), start=start, end=end)


@pytest.mark.parametrize(
    "samples",
    [np.zeros((2, 3, 4)), np.zeros((16000, 2)), np.array(["a"] * 400), np.full(4000, np.nan), np.zeros(10)],
    ids=["3-d", "transposed", "text", "nan", "short"],
)
def test_odd_arrays_are_refused(samples: np.ndarray) -> None:
    with pytest.raises(AudioError):
        from_array(samples, rate=RATE)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int32])
def test_integers_are_brought_to_full_scale(kind: type) -> None:
    top = np.iinfo(kind).max
    samples = (tone() * (127 if kind is np.uint8 else top) + (128 if kind is np.uint8 else 0)).astype(kind)
    np.testing.assert_allclose(from_array(samples, rate=RATE), tone(), atol=0.01)


def test_twenty_milliseconds_and_silence_are_extracted() -> None:
    extractor = FeatureExtractor()
    found = extractor.transform([(tone(0.02), RATE), (np.zeros(16000), RATE), (np.full(9000, 0.5), RATE)])
    assert found.shape == (3, len(extractor.names()))
    assert not np.isinf(found).any()
    names = list(extractor.names())
    assert np.isnan(found[1, names.index("pitch.f0_hz.mean.voiced")])
    assert found[1, names.index("energy.rms_db.mean.all")] == pytest.approx(-100)


waveforms = st.integers(1, 6000).flatmap(
    lambda size: st.one_of(
        arrays(np.float32, size, elements=st.floats(-1, 1, width=32)),
        arrays(np.float64, size, elements=st.floats(allow_nan=True, allow_infinity=True)),
        st.builds(
            lambda seed, level: np.random.default_rng(seed).normal(size=size) * 10.0**level,
            st.integers(0, 99),
            st.floats(-40, 6),
        ),
        st.builds(lambda f, level: 10.0**level * np.sin(f * np.arange(size)), st.floats(0, 3), st.floats(-20, 2)),
    )
)


@settings(max_examples=60, deadline=None)
@given(waveforms, st.sampled_from([8000, 16000, 44100]))
def test_any_waveform_gives_one_shape_or_a_documented_error(waveform: np.ndarray, rate: int) -> None:
    extractor = FeatureExtractor()
    try:
        found = extractor.transform([(waveform, rate)])
    except AudioError:
        return
    assert found.shape == (1, len(extractor.names()))
    assert found.dtype == np.float32
    assert not np.isinf(found).any()


def test_the_hash_follows_the_content(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"sound")
    second.write_bytes(b"sound")
    assert content_hash(first) == content_hash(second)
    second.write_bytes(b"sounds")
    assert content_hash(first) != content_hash(second)
    with pytest.raises(AudioError, match="missing"):
        content_hash(tmp_path / "missing")
