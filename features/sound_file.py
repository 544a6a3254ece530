"""A sound file opened by its content, after what its header states was held against the bytes that are there."""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import AudioError
from features.regular_file import regular_file
from features.remote import local_file
from features.sound_headers import SoundBytes, sound_bytes

if TYPE_CHECKING:
    import soundfile

_GIT_LFS = b"version https://git-lfs"
_TEXT = {b"<!do": "an HTML page", b"<htm": "an HTML page", b"<?xm": "an XML file", b"%PDF": "a PDF file"}
_CONTAINERS = ((4, b"ftyp", "M4A or MP4"), (0, b"\x1aE\xdf\xa3", "WebM or Matroska"), (0, b"#!AMR", "AMR"))
_UNSTATED_FRAMES = 1 << 62


class OpenedSound:
    """Context manager around `soundfile.SoundFile`: opened by content, whatever the suffix says.

    Parameters
    ----------
    path : Path

    Raises
    ------
    AudioError
        On entry, if the file is missing, not a regular file, empty, not audio, or if its header states another length
        than its bytes have.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> soundfile.SoundFile:
        file = regular_file(local_file(self.path))
        if file.stat().st_size == 0:
            raise AudioError(f"{self.path}: the file is empty (0 bytes); expected sound; copy it again")
        try:
            self.descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise AudioError(f"{self.path}: {error.strerror or error}; expected a readable file") from error
        try:
            self.sound = self._sound()
        except BaseException:
            os.close(self.descriptor)
            raise
        return self.sound

    def __exit__(self, *_: object) -> None:
        self.sound.close()
        os.close(self.descriptor)

    def _sound(self) -> soundfile.SoundFile:
        import soundfile

        with os.fdopen(self.descriptor, "rb", closefd=False) as stream:
            found = sound_bytes(stream)
            head = stream.read(64)
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        if found is not None:
            _check_length(found, self.path)
        source: Any = self.descriptor
        if found is not None and found.stated is None and found.size_format[-1] == "I":
            source = self._with_length(found)
        try:
            return _sequential(soundfile.SoundFile(source, closefd=False))
        except (soundfile.LibsndfileError, TypeError) as error:
            raise AudioError(f"{self.path}: {_what_it_is(head, error)}") from error

    def _with_length(self, found: SoundBytes) -> mmap.mmap | int:
        """The file in memory, with the length that its recorder never wrote; the file itself stays as it is."""
        if found.present >= 1 << 31:
            return self.descriptor
        copy = mmap.mmap(self.descriptor, 0, access=mmap.ACCESS_COPY)
        copy[found.size_offset : found.size_offset + 4] = struct.pack(found.size_format, found.present)
        return copy


def frames_stated(sound: soundfile.SoundFile) -> int | None:
    """Length in frames; None where the stream does not state it."""
    return None if sound.frames >= _UNSTATED_FRAMES else int(sound.frames)


def go_to(sound: soundfile.SoundFile, frame: int) -> None:
    """Stand at a frame, by reading up to it where the coding knows no way to jump (GSM 6.10, unstated lengths)."""
    if sound.seekable():
        sound.seek(frame)
        return
    while frame > 0:
        read = len(sound.read(min(frame, 1 << 16), dtype="float32", always_2d=True))
        if read == 0:
            return
        frame -= read


def _sequential(sound: soundfile.SoundFile) -> soundfile.SoundFile:
    """The same; one that can only be read from front to back says so, which soundfile finds out too late."""
    import soundfile

    seekable = sound.seekable() and frames_stated(sound) is not None
    if seekable:
        try:
            sound.seek(0)
        except soundfile.LibsndfileError:
            seekable = False
    if not seekable:
        sound.seekable = lambda: False  # type: ignore[method-assign]
    return sound


def _check_length(found: SoundBytes, path: Path) -> None:
    if found.present == 0:
        raise AudioError(f"{path}: a header without samples; expected sound; record or copy it again")
    if found.stated is None:
        return
    if found.stated > found.present:
        raise AudioError(
            f"{path}: truncated: {found.present} of {found.stated} bytes of sound; expected the whole file; "
            "copy it again"
        )
    if found.unexplained > max(0.02 * found.bytes_per_second, 64):
        raise AudioError(
            f"{path}: the header states {found.stated} bytes of sound, but {found.unexplained} more lie behind them; "
            "expected one length; write the header anew, for instance with `sox --ignore-length IN.wav OUT.wav`"
        )


def _what_it_is(head: bytes, error: Exception) -> str:
    """What a file that libsndfile does not know holds, and what to do about it."""
    if head.startswith(_GIT_LFS):
        return "a git-lfs pointer, not the sound itself; expected audio; run `git lfs pull` where it was cloned"
    for offset, magic, name in _CONTAINERS:
        if head[offset : offset + len(magic)] == magic:
            return f"{name} content cannot be read here; expected WAV, FLAC, OGG, MP3 or AIFF; convert it with ffmpeg"
    kind = _TEXT.get(head[:4].lower() if head[:1] == b"<" else head[:4])
    if kind:
        return f"{kind}, not audio; expected WAV, FLAC, OGG, MP3 or AIFF content; download it again"
    reason = str(getattr(error, "error_string", error)).rstrip(".")  # without the number of a file descriptor
    return f"not audio that can be read ({reason}); expected WAV, FLAC, OGG, MP3 or AIFF content"
