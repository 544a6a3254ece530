"""What the header of an uncompressed sound file states about its length, beside the bytes that are there.

libsndfile believes a header that states too little, and for some containers a file that was cut short; both lose sound
without a word. The formats: WAV and RF64 (EBU Tech 3306), Sony Wave64, AIFF and AIFF-C, and Sun/NeXT AU.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

UNKNOWN_32 = frozenset({0, 0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF})
"""Sizes that recorders and pipes write for "not known yet"."""

_W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_W64_WAVE_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")


@dataclass(frozen=True)
class SoundBytes:
    """Length of the sound in a file: as stated and as it is.

    Attributes
    ----------
    stated : int or None
        Bytes of sound that the header states; None where it leaves them open.
    present : int
        Bytes from the beginning of the sound to the end of the file.
    unexplained : int
        Bytes behind the stated sound that are no chunk of the container.
    bytes_per_second : float
        0 where the header does not say.
    size_offset : int
        Where the size field stands in the file.
    size_format : str
        How it is written, as `struct` spells it.
    """

    stated: int | None
    present: int
    unexplained: int
    bytes_per_second: float
    size_offset: int
    size_format: str


def sound_bytes(stream: BinaryIO) -> SoundBytes | None:
    """Read the header of an open file; its position is the beginning again afterwards.

    Parameters
    ----------
    stream : binary file
        Open for reading, seekable.

    Returns
    -------
    SoundBytes or None
        None for other formats, and where no sound chunk is found.

    Examples
    --------
    >>> import io, wave
    >>> file = io.BytesIO()
    >>> with wave.open(file, "wb") as sound:
    ...     sound.setparams((1, 2, 16000, 0, "NONE", ""))
    ...     sound.writeframes(bytes(64))
    >>> found = sound_bytes(io.BytesIO(file.getvalue()))
    >>> found.stated, found.present, found.unexplained
    (64, 64, 0)
    """
    length = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    magic = stream.read(16)
    try:
        if magic[:4] in (b"RIFF", b"RF64", b"RIFX"):
            return _riff(stream, length, magic)
        if magic == _W64_RIFF:
            return _wave64(stream, length)
        if magic[:4] == b"FORM" and magic[8:12] in (b"AIFF", b"AIFC"):
            return _aiff(stream, length)
        if magic[:4] in (b".snd", b"dns."):
            return _au(stream, length, ">" if magic[:4] == b".snd" else "<")
    except struct.error:  # the header itself is cut off; libsndfile says so
        return None
    finally:
        stream.seek(0)
    return None


def _riff(stream: BinaryIO, length: int, magic: bytes) -> SoundBytes | None:
    order = ">" if magic[:4] == b"RIFX" else "<"
    rate, long_size = 0.0, None
    for name, size, begin in _chunks(stream, 12, length, order):
        if name == b"ds64":
            long_size = _unpack(stream, begin + 8, "<Q")
        elif name == b"fmt ":
            rate = float(_unpack(stream, begin + 8, f"{order}I"))
        elif name == b"data":
            stated = long_size if size == 0xFFFFFFFF and long_size is not None else size
            known = None if stated in UNKNOWN_32 else stated
            rest = _unexplained(stream, begin, known, length, order)
            return SoundBytes(known, length - begin, rest, rate, begin - 4, f"{order}I")
    return None


def _aiff(stream: BinaryIO, length: int) -> SoundBytes | None:
    rate = 0.0
    for name, size, begin in _chunks(stream, 12, length, ">"):
        if name == b"COMM":
            stream.seek(begin)
            channels, _, bits, exponent, mantissa = struct.unpack(">hIhhQ", stream.read(18))
            rate = channels * ((bits + 7) // 8) * mantissa * 2.0 ** (exponent - 16383 - 63)
        elif name == b"SSND":
            known = None if size in UNKNOWN_32 else size - 8
            rest = _unexplained(stream, begin, None if known is None else size, length, ">")
            return SoundBytes(known, length - begin - 8, rest, rate, begin - 4, ">I")
    return None


def _wave64(stream: BinaryIO, length: int) -> SoundBytes | None:
    begin, rate = 40, 0.0
    while begin + 24 <= length:
        stream.seek(begin)
        name, size = struct.unpack("<16sQ", stream.read(24))
        if name == b"fmt " + _W64_WAVE_TAIL:
            rate = float(_unpack(stream, begin + 24 + 8, "<I"))
        elif name == b"data" + _W64_WAVE_TAIL:
            present = length - begin - 24
            known = size - 24 if size > 24 else None
            return SoundBytes(known, present, 0, rate, begin + 16, "<Q")
        if size < 24:
            return None
        begin += -(-size // 8) * 8
    return None


def _au(stream: BinaryIO, length: int, order: str) -> SoundBytes | None:
    offset, size, encoding, rate, channels = struct.unpack(f"{order}5I", _read(stream, 4, 20))
    width = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}.get(encoding, 0)
    known = None if size in UNKNOWN_32 else size
    present = max(length - offset, 0)
    rest = max(present - known, 0) if known is not None else 0
    return SoundBytes(known, present, rest, float(rate * channels * width), 8, f"{order}I")


def _chunks(stream: BinaryIO, begin: int, length: int, order: str) -> Iterator[tuple[bytes, int, int]]:
    """Name, stated size and beginning of the content of every chunk, as far as they fit."""
    while begin + 8 <= length:
        name, size = struct.unpack(f"{order}4sI", _read(stream, begin, 8))
        yield name, size, begin + 8
        begin += 8 + size + size % 2


def _unexplained(stream: BinaryIO, begin: int, stated: int | None, length: int, order: str) -> int:
    """Bytes behind the sound that are neither chunks, nor zeros, nor a tag of an MP3 tool."""
    if stated is None:
        return 0
    after = begin + stated + stated % 2
    while after + 8 <= length:
        name, size = struct.unpack(f"{order}4sI", _read(stream, after, 8))
        if not all(32 <= byte < 127 for byte in name) or after + 8 + size > length + 1:
            break
        after += 8 + size + size % 2
    if after >= length:
        return 0
    head = _read(stream, after, min(length - after, 1 << 16))
    return 0 if head[:3] in (b"TAG", b"ID3") or not head.strip(b"\0") else length - after


def _read(stream: BinaryIO, begin: int, count: int) -> bytes:
    stream.seek(begin)
    return stream.read(count)


def _unpack(stream: BinaryIO, begin: int, form: str) -> int:
    value: int = struct.unpack(form, _read(stream, begin, struct.calcsize(form)))[0]
    return value
