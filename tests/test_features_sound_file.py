"""Sound taken on its own word: lengths that headers state wrongly, files that are no files, values at another scale."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from features.audio import from_array, load
from features.errors import AudioError
from features.files import content_hash
from features.sound_headers import sound_bytes

RATE = 16000
CONTAINERS = {"WAV": "wav", "WAVEX": "wav", "RF64": "rf64", "W64": "w64", "AIFF": "aiff", "AU": "au"}


def tone(seconds: float = 1.0, channels: int = 1) -> np.ndarray:
    times = np.arange(round(seconds * RATE)) / RATE
    wave = 0.4 * np.sin(2 * np.pi * 180 * times) * (1 + np.sin(2 * np.pi * 3 * times)) / 2
    return np.stack([wave * (1 - 0.2 * channel) for channel in range(channels)], axis=1).astype(np.float32)


def written(path: Path, container: str, samples: np.ndarray, subtype: str = "PCM_16") -> Path:
    soundfile.write(path, samples, RATE, format=container, subtype=subtype)
    return path


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.995])
def test_a_file_cut_short_is_refused_in_every_container(tmp_path: Path, container: str, share: float) -> None:
    path = written(tmp_path / f"a.{CONTAINERS[container]}", container, tone(channels=2))
    assert len(load(path)) == RATE
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(AudioError, match=r"truncated: \d+ of 64000 bytes"):
        load(path)


@pytest.mark.parametrize("container", ["WAV", "WAVEX", "AIFF", "AU"])
@pytest.mark.parametrize("stated", [0.1, 0.5, 0.9])
def test_a_length_that_is_too_small_is_refused(tmp_path: Path, container: str, stated: float) -> None:
    path = written(tmp_path / "a", container, tone())
    with path.open("r+b") as stream:
        found = sound_bytes(stream)
        assert found is not None
        offset = 8 if container == "AIFF" else 0
        stream.seek(found.size_offset)
        stream.write(struct.pack(found.size_format, int(32000 * stated) // 2 * 2 + offset))
    with pytest.raises(AudioError, match="more lie behind them"):
        load(path)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_recorder_that_never_wrote_the_length_loses_nothing(tmp_path: Path, size: int) -> None:
    path = written(tmp_path / "a.wav", "WAV", tone())
    whole = load(path)
    data = bytearray(path.read_bytes())
    data[40:44] = struct.pack("<I", size)
    path.write_bytes(data)
    np.testing.assert_array_equal(load(path), whole)
    np.testing.assert_array_equal(load(path, start=0.25, end=0.5), load(written(tmp_path / "b.wav", "WAV", tone()),
                                                                       start=0.25, end=0.5))  # fmt: skip
    assert path.read_bytes() == data  # the file itself is not touched


def test_chunks_and_tags_behind_the_sound_are_no_fault(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", "WAV", tone())
    plain, whole = path.read_bytes(), load(path)
    for tail in (b"LIST" + struct.pack("<I", 4000) + bytes(4000), bytes(5000), b"TAG" + b"x" * 125, b"x" * 40):
        path.write_bytes(plain + tail)
        np.testing.assert_array_equal(load(path), whole)


def flac_with_total(path: Path, total: int) -> Path:
    """Write another number of samples into STREAMINFO (RFC 9639, 8.2)."""
    data = bytearray(written(path, "FLAC", tone()).read_bytes())
    data[21] = (data[21] & 0xF0) | (total >> 32)
    data[22:26] = struct.pack(">I", total & 0xFFFFFFFF)
    path.write_bytes(data)
    return path


def test_flac_of_unstated_length_is_read_to_its_end(tmp_path: Path) -> None:
    whole = load(written(tmp_path / "whole.flac", "FLAC", tone()))
    path = flac_with_total(tmp_path / "a.flac", 0)
    np.testing.assert_array_equal(load(path), whole)
    assert len(load(path, start=0.5, end=0.75)) == RATE // 4


def test_flac_that_states_hours_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="truncated|damaged"):
        load(flac_with_total(tmp_path / "a.flac", (1 << 36) - 1))


def test_gsm_is_read_from_any_beginning(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone()[:, 0], 8000, format="WAV", subtype="GSM610")
    whole = load(tmp_path / "a.wav", rate=8000)
    part = load(tmp_path / "a.wav", start=0.5, rate=8000)
    assert len(whole) - len(part) == 4000
    np.testing.assert_allclose(part - part.mean(), whole[4000:] - whole[4000:].mean(), atol=1e-6)


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "link.wav").symlink_to("/dev/zero")
    (tmp_path / "nowhere.wav").symlink_to(tmp_path / "gone")
    for name, says in (("pipe", "pipe"), ("folder", "folder"), ("link", "device"), ("nowhere", "points to")):
        for read in (load, content_hash):
            with pytest.raises(AudioError, match=says):
                read(tmp_path / f"{name}.wav")
    with pytest.raises(AudioError):
        load(Path("a\0b.wav"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:aa\n", "git lfs pull"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0", "ffmpeg"),
        (b"\x1aE\xdf\xa3" + bytes(60), "WebM"),
        (b"#!AMR\n" + bytes(60), "AMR"),
    ],
)
def test_what_is_not_sound_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(AudioError, match=says):
        load(tmp_path / "a.wav")


def test_integers_written_as_floats_are_refused(tmp_path: Path) -> None:
    loud = tone() * 20000
    with pytest.raises(AudioError, match="full scale at 1"):
        load(written(tmp_path / "a.wav", "WAV", loud, "FLOAT"))
    with pytest.raises(AudioError, match="full scale at 1"):
        from_array(loud[:, 0], rate=RATE)
    hot = tone() * 5  # a few dB over full scale happen, in floats
    assert np.abs(load(written(tmp_path / "b.wav", "WAV", hot, "FLOAT"))).max() > 1


@given(bits=st.sampled_from([16, 32, 64]), peak=st.integers(1, 32767))
@settings(max_examples=30, deadline=None)
def test_integers_of_any_type_are_read_at_their_scale_or_refused(bits: int, peak: int) -> None:
    samples = np.round(tone()[:, 0] / 0.4 * peak).astype(f"int{bits}")
    if bits == 16:
        assert np.abs(from_array(samples, rate=RATE)).max() == pytest.approx(peak / 32768, abs=2 / 32768, rel=0.2)
    else:
        with pytest.raises(AudioError, match=r"16-bit values.*int16"):
            from_array(samples, rate=RATE)
        full = samples * (1 << (bits - 16))
        np.testing.assert_allclose(
            from_array(full, rate=RATE), from_array(samples.astype(np.int16), rate=RATE), atol=1e-6
        )


@pytest.mark.parametrize("rest", [0, 1])
def test_channels_that_cancel_are_refused_by_that_name(tmp_path: Path, rest: int) -> None:
    left = np.round(tone()[:, 0] * 32767).astype(np.int16)
    right = -left
    right[::2] += rest
    stereo = np.stack([left, right], axis=1)
    with pytest.raises(AudioError, match="cancel each other"):
        load(written(tmp_path / "a.wav", "WAV", stereo))
    with pytest.raises(AudioError, match="cancel each other"):
        from_array(stereo.T, rate=RATE)


def test_an_end_behind_the_file_is_its_end(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", "WAV", tone())
    for end in (float("inf"), 1e9, 1.5, None, float("nan")):
        assert len(load(path, start=0.5, end=end)) == RATE // 2
    for start in (1.0, float("inf"), -0.1):
        with pytest.raises(AudioError, match="within the file"):
            load(path, start=start)
