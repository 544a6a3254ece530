"""Sound that is not what it says: cut short, mislabelled, empty, at another scale, no file at all."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.torture.case import Case
from benchmarks.torture.inputs import voice, write_sound

Maker = Callable[[Path], object]


def _extract(make: Maker) -> Callable[[Path], Sequence[str]]:
    """A folder with two good clips and what `make` writes, for `features.extract`."""

    def command(folder: Path) -> Sequence[str]:
        for seed in range(2):
            write_sound(folder / "in" / f"good{seed}.wav", voice(seed))
        make(folder / "in")
        return ["features.extract", "in", "out.csv", "--groups", "pitch", "--jobs", "1"]

    return command


def _cut(container: str, name: str, share: float) -> Maker:
    def make(folder: Path) -> None:
        path = write_sound(folder / name, voice(7), container=container)
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])

    return make


def _length_field(size: int, offset: int = 40) -> Maker:
    def make(folder: Path) -> None:
        path = write_sound(folder / "field.wav", voice(7))
        data = bytearray(path.read_bytes())
        data[offset : offset + 4] = struct.pack("<I", size)
        path.write_bytes(data)

    return make


def _samples(samples: np.ndarray, subtype: str = "PCM_16") -> Maker:
    return lambda folder: write_sound(folder / "odd.wav", samples, subtype=subtype)


def _bytes(name: str, content: bytes) -> Maker:
    def make(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return make


def _flac_total(total: int) -> Maker:
    def make(folder: Path) -> None:
        data = bytearray(write_sound(folder / "total.flac", voice(7), container="FLAC").read_bytes())
        data[21] = (data[21] & 0xF0) | (total >> 32)
        data[22:26] = struct.pack(">I", total & 0xFFFFFFFF)
        (folder / "total.flac").write_bytes(data)

    return make


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe.wav")


def _link_to_pipe(folder: Path) -> None:
    os.mkfifo(folder / "p")
    (folder / "link.wav").symlink_to("p")


def _link(target: str) -> Maker:
    return lambda folder: (folder / "link.wav").symlink_to(target)


def _stereo(rest: int) -> np.ndarray:
    left = np.round(voice(7) * 32767).astype(np.int16)
    right = -left
    right[::2] += rest
    return np.stack([left, right], axis=1)


def _bad(root: str, name: str, make: Maker, says: str) -> Case:
    """A clip that is refused by name, while the two good ones are answered: exit status 1."""
    return Case(root, name, _extract(make), 1, (says, r"\b2 (rows|utterances|clips)"))


CUT = "sound cut short is taken for whole"
SCALE = "values at another scale than the type says"
NO_FILE = "what is no file hangs a command"
LENGTH = "a stated length that asks for any amount of memory"
NOT_SOUND = "what is not sound is called damaged"

CASES = (
    *(
        _bad(CUT, f"{container} cut to {share:.0%}", _cut(container, f"cut.{suffix}", share), r"cut\.\w+: truncated")
        for container, suffix in (("WAV", "wav"), ("RF64", "wav"), ("W64", "w64"), ("AU", "au"), ("AIFF", "aiff"))
        for share in (0.5, 0.9)
    ),
    _bad(CUT, "WAV whose length field says half", _length_field(9600), "more lie behind"),
    _bad(CUT, "WAV whose length field says a tenth", _length_field(1920), "more lie behind"),
    Case(CUT, "WAV whose recorder never wrote the length (0)", _extract(_length_field(0)), 0, (r"\b3 ",)),
    Case(CUT, "WAV of unknown length (0xFFFFFFFF)", _extract(_length_field(0xFFFFFFFF)), 0, (r"\b3 ",)),
    _bad(SCALE, "float WAV in 16-bit range", _samples(20000 * voice(7), "FLOAT"), "full scale at 1"),
    _bad(SCALE, "float WAV in 8-bit range", _samples(100 * voice(7), "FLOAT"), "full scale at 1"),
    _bad(SCALE, "double WAV in 32-bit range", _samples(2e9 * voice(7).astype(float), "DOUBLE"), "full scale at 1"),
    _bad(SCALE, "float WAV with NaN", _samples(np.where(np.arange(9600) == 5000, np.nan, voice(7)), "FLOAT"), "NaN"),
    _bad(
        SCALE, "float WAV with infinity", _samples(np.where(np.arange(9600) == 5000, np.inf, voice(7)), "FLOAT"), "inf"
    ),
    _bad(NO_FILE, "a named pipe", _pipe, "named pipe"),
    _bad(NO_FILE, "a link to a device", _link("/dev/zero"), "device"),
    _bad(NO_FILE, "a link to nowhere", _link("/nowhere/at/all.wav"), "no such file"),
    _bad(NO_FILE, "a link to itself", _link("link.wav"), "link.wav"),
    _bad(
        NO_FILE,
        "a link to a folder's pipe",
        _link_to_pipe,
        "named pipe",
    ),
    Case(LENGTH, "FLAC of unstated length", _extract(_flac_total(0)), 0, (r"\b3 ",)),
    _bad(LENGTH, "FLAC that states 49 days", _flac_total((1 << 36) - 1), "truncated|damaged"),
    _bad(LENGTH, "FLAC that states an hour", _flac_total(3600 * 16000), "truncated|damaged"),
    _bad(LENGTH, "W64 that states 2^62 bytes", _cut("W64", "huge.w64", 0.99), "truncated"),
    _bad(LENGTH, "a header alone", _bytes("head.wav", b""), "empty"),
    _bad(
        NOT_SOUND, "a git-lfs pointer", _bytes("a.wav", b"version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"
    ),
    _bad(NOT_SOUND, "an HTML page", _bytes("a.wav", b"<!DOCTYPE html><html></html>"), "HTML"),
    _bad(NOT_SOUND, "M4A under another name", _bytes("a.wav", b"\0\0\0\x20ftypM4A " + bytes(99)), "ffmpeg"),
    _bad(NOT_SOUND, "random bytes", _bytes("a.wav", bytes(range(256)) * 40), "not audio"),
    _bad(NOT_SOUND, "an empty file", _bytes("a.wav", b""), "empty"),
    _bad(NOT_SOUND, "channels that cancel", _samples(_stereo(0)), "cancel each other"),
    _bad(NOT_SOUND, "channels that cancel but for rounding", _samples(_stereo(1)), "cancel each other"),
    _bad(NOT_SOUND, "every sample 0", _samples(np.zeros(9600)), "every sample is 0"),
    Case(NOT_SOUND, "GSM 6.10 is read", _extract(lambda f: write_sound(f / "gsm.wav", voice(7), subtype="GSM610")), 0),
)
