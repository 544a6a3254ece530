"""Sound that is not what it says: cut short, mislabelled, empty, at another scale, no file at all."""

from __future__ import annotations

import csv
import os
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.torture.case import Case
from benchmarks.torture.inputs import corpus_rows, run_line, voice, write_sound, write_table

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


def _beside(*names: str, content: bytes = b"\0\0\0\x20ftypM4A ") -> Maker:
    """Files of sound that cannot be read here, beside the good ones."""

    def make(folder: Path) -> None:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)

    return make


def _alone(name: str) -> Callable[[Path], Sequence[str]]:
    def command(folder: Path) -> Sequence[str]:
        _beside(f"in/{name}")(folder)
        return ["features.extract", "in", "out.csv", "--groups", "pitch", "--jobs", "1"]

    return command


def _corpus(change: Callable[[Path, list[dict[str, str]]], object], *more: str) -> Callable[[Path], Sequence[str]]:
    """A small corpus of which `change` alters files and rows, for `benchmarks.run`."""

    def command(folder: Path) -> Sequence[str]:
        rows = [row | {"start": "", "end": ""} for row in corpus_rows(folder)]
        change(folder, rows)
        write_table(folder / "my.csv", rows)
        return run_line("my.csv", *more)

    return command


def _oga(folder: Path) -> None:
    write_sound(folder / "note.oga", voice(7), container="OGG", subtype="VORBIS")


def _end(text: str, *, start: str = "0") -> Callable[[Path, list[dict[str, str]]], object]:
    def change(_: Path, rows: list[dict[str, str]]) -> None:
        rows[0] |= {"start": start, "end": text}

    return change


def _copied(
    samples: Callable[[np.ndarray], np.ndarray], *, container: str = "WAV", subtype: str = "PCM_16", **times: str
) -> Callable[[Path, list[dict[str, str]]], object]:
    """The first speaker's first clip stands, altered, under the last speaker too."""

    def change(folder: Path, rows: list[dict[str, str]]) -> None:
        sound = voice(7, seconds=2.0)
        write_sound(folder / rows[0]["path"], sound)
        path = rows[-1]["path"].replace(".wav", f".{container.lower()}")
        write_sound(folder / path, samples(sound), container=container, subtype=subtype)
        rows[-1] |= {"path": path, **times}

    return change


def _silent(samples: np.ndarray) -> Callable[[Path, list[dict[str, str]]], object]:
    return lambda folder, rows: write_sound(folder / rows[3]["path"], samples)


def _f0_in_range(folder: Path) -> str | None:
    """What is wrong with the F0 in the table that `features.extract` wrote."""
    with (folder / "out.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["id"]: row for row in csv.DictReader(stream)}
    text = rows["odd"]["pitch.f0_hz.mean.voiced"]
    return None if not text or 60 <= float(text) <= 800 else f"F0 is {text} Hz"


def _f0_is_nothing(folder: Path) -> str | None:
    with (folder / "out.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["id"]: row for row in csv.DictReader(stream)}
    text = rows["odd"]["pitch.f0_hz.mean.voiced"]
    return f"F0 is {text} Hz where there is none" if text else None


def _bad(root: str, name: str, make: Maker, says: str) -> Case:
    """A clip that is refused by name, while the two good ones are answered: exit status 1."""
    return Case(root, name, _extract(make), 1, (says, r"\b2 (rows|utterances|clips)"))


def _ends_badly(name: str, change: Callable[[Path, list[dict[str, str]]], object], says: str) -> Case:
    return Case(ENDS, name, _corpus(change), 2, (says, r"00_0_0\.wav|row 2|line 2|utterance"))


def _tone(hertz: float) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(16000) / 16000)


CUT = "sound cut short is taken for whole"
SCALE = "sound at another scale than its type says"
NO_FILE = "what is no sound file hangs a command"
LENGTH = "sound whose header asks for any amount of memory"
NOT_SOUND = "what is not sound is called damaged"
LEFT_OUT = "sound files are left out in silence"
ENDS = "sound that ends behind its file"
SAME = "the same sound in training and test"
NO_SPEECH = "sound without speech gets an emotion"
F0 = "F0 beyond its range, or of silence, in sound"

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
    Case(LEFT_OUT, "M4A beside WAV", _extract(_beside("memo.m4a")), 0, (r"left out 1 file of sound .*\.m4a.*ffmpeg",)),
    Case(LEFT_OUT, "WebM and M4A", _extract(_beside("a.webm", "b.M4A")), 0, (r"left out 2 files .*\.m4a \.webm",)),
    Case(LEFT_OUT, "AMR in a folder further down", _extract(_beside("phone/a.amr")), 0, (r"left out 1 file .*\.amr",)),
    Case(LEFT_OUT, "3GP, WMA, AAC", _extract(_beside("a.3gp", "b.wma", "c.aac")), 0, (r"left out 3 files",)),
    Case(LEFT_OUT, "nothing but M4A", _alone("memo.m4a"), 2, (r"no sound files.*left out 1 file.*\.m4a",)),
    Case(
        LEFT_OUT,
        "OGA is read",
        _extract(_oga),
        0,
        (r"\b3 ",),
        ("left out",),
    ),
    *(
        Case(
            ENDS,
            f"an end of {text}",
            _corpus(_end(text)),
            0,
            ("logistic@timing",),
            ("not audio", "expected 0 <= start"),
        )
        for text in ("inf", "1e9", "99", "0.6")
    ),
    Case(
        ENDS, "an end behind the file is said", _corpus(_end("99")), 0, (r"1 of 48 utterances end behind their\s+file",)
    ),
    _ends_badly("a start behind the file", _end("", start="7"), "within the file"),
    _ends_badly("a start of inf", _end("", start="inf"), "start|times"),
    *(
        Case(SAME, name, _corpus(change), 2, ("the same sound|byte-identical", "--allow-duplicates"))
        for name, change in (
            ("whole, and from 0 to its length", _copied(lambda x: x, subtype="PCM_24", start="0", end="2")),
            ("shifted by some samples", _copied(lambda x: np.concatenate([np.zeros(777, dtype=np.float32), x]))),
            ("trimmed at both ends", _copied(lambda x: x[3000:-3000])),
            ("ten times quieter", _copied(lambda x: 0.1 * x)),
            ("as MP3", _copied(lambda x: x, container="MP3", subtype="MPEG_LAYER_III")),
            ("as mu-law", _copied(lambda x: x, subtype="ULAW")),
            ("its middle, by times", _copied(lambda x: x, subtype="PCM_24", start="0.3", end="1.7")),
        )
    ),
    Case(
        SAME,
        "accepted where that is asked for",
        _corpus(_copied(lambda x: 0.1 * x), "--allow-duplicates"),
        0,
        (r"hold the same\s+sound as training ones",),
    ),
    *(
        Case(NO_SPEECH, name, _corpus(_silent(samples)), 0, (r"1 of 48 utterances hold no speech",))
        for name, samples in (
            ("white noise", 0.1 * np.random.default_rng(0).normal(size=16000)),
            ("dither", np.random.default_rng(1).integers(-1, 2, size=16000) / 32768),
            ("a click", np.eye(1, 16000, 8000)[0]),
            ("an offset alone", np.full(16000, 0.2)),
            ("hum of 100 Hz", 0.2 * np.sin(2 * np.pi * 100 * np.arange(16000) / 16000)),
        )
    ),
    *(
        Case(F0, f"a tone of {hertz} Hz", _extract(_samples(_tone(hertz))), 0, (r"\b3 ",), holds=_f0_in_range)
        for hertz in (59.5, 601, 605, 612, 620, 640)
    ),
    Case(F0, "an offset alone", _extract(_samples(np.full(16000, 0.3))), 0, (r"\b3 ",), holds=_f0_is_nothing),
    Case(
        F0, "a tone below digital silence", _extract(_samples(1e-4 * _tone(200))), 0, (r"\b3 ",), holds=_f0_is_nothing
    ),
    Case(NOT_SOUND, "GSM 6.10 is read", _extract(lambda f: write_sound(f / "gsm.wav", voice(7), subtype="GSM610")), 0),
)
