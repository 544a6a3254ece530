"""Sound files to waveforms: one channel, 16 kHz, float32, without DC, loudness as recorded."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features.errors import AudioError

if TYPE_CHECKING:
    import soundfile

RATE = 16000
SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".w64", ".caf")
SHORTEST = 0.02
LOUDEST = 1e5
_BLOCK_SECONDS = 10
_UNFINISHED_SIZES = (0, 0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF)


def load(path: str | Path, *, start: float | None = None, end: float | None = None, rate: int = RATE) -> np.ndarray:
    """Read a sound file, or a stretch of it, as one channel.

    The content decides how a file is read, not its suffix. Channels are averaged, those that are digitally silent
    apart; the result is resampled with soxr (HQ) and its mean is removed. Its level is left as recorded. The file is
    read in blocks, so that no more than the result is ever held.

    Parameters
    ----------
    path : str or Path
        WAV, FLAC, OGG, MP3, AIFF and whatever else libsndfile reads.
    start, end : float, optional
        Stretch in seconds; None or NaN is the file's beginning or end.
    rate : int
        Rate of the result in Hz.

    Returns
    -------
    np.ndarray
        [shape=(n_samples,)] float32, full scale at 1.

    Raises
    ------
    AudioError
        The file is missing, empty, truncated, not audio, shorter than 20 ms, silent to the last bit, or holds values
        that are not finite or far out of range.
    """
    path = Path(path)
    with _Opened(path) as sound:
        first, last = _stretch(sound, path, start, end)
        waveform = _read(sound, path, first, last, rate)
    if first == 0 and last == sound.frames and not waveform.any():
        raise AudioError(f"{path}: every sample is 0; expected sound; replace the file or leave it out")
    return _checked(waveform, rate, str(path))


def from_array(waveform: np.ndarray, *, rate: int, name: str = "waveform", to: int = RATE) -> np.ndarray:
    """Bring a waveform held in memory to the form that `load` gives.

    Parameters
    ----------
    waveform : np.ndarray
        [shape=(n_samples,) or (n_channels, n_samples)] floats at full scale 1, or signed or 8-bit unsigned integers.
    rate : int
        Its rate in Hz.
    name : str
        What an error calls it.
    to : int
        Rate of the result in Hz.

    Returns
    -------
    np.ndarray
        [shape=(n_samples,)] float32.

    Raises
    ------
    AudioError
        Wrong shape, type or rate, too short, or values that are not finite or far out of range.
    """
    samples = _full_scale(np.asarray(waveform), name)
    if not 1000 <= rate <= 1_000_000:
        raise AudioError(f"{name}: rate {rate} Hz; expected 1,000 to 1,000,000; pass samples a second")
    if samples.ndim == 2:
        alive = samples.any(axis=1)
        samples = samples.sum(axis=0, dtype=np.float32) / np.float32(max(int(alive.sum()), 1))
    _refuse_odd_values(samples, name)
    if rate != to and samples.size:
        import soxr

        samples = soxr.resample(samples, rate, to)
    return _checked(np.array(samples, dtype=np.float32), to, name)


def sound_files(folder: Path) -> list[Path]:
    """Sound files in a folder and its subfolders, by their suffixes, sorted by path; hidden files are left out."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    ]


class _Opened:
    """A sound file opened by its content: a descriptor, so that no suffix is ever consulted."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> soundfile.SoundFile:
        import soundfile

        try:
            if not self.path.is_file():
                raise AudioError(f"{self.path}: no such file; expected a sound file; check the path")
            if self.path.stat().st_size == 0:
                raise AudioError(f"{self.path}: the file is empty (0 bytes); expected sound; copy it again")
            self.descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise AudioError(f"{self.path}: {error.strerror or error}; expected a readable file") from error
        try:
            self.sound = soundfile.SoundFile(self.descriptor, closefd=False)
        except (soundfile.LibsndfileError, TypeError) as error:
            os.close(self.descriptor)
            raise AudioError(
                f"{self.path}: not audio that can be read ({error}); expected WAV, FLAC, OGG, MP3 or AIFF content"
            ) from error
        return self.sound

    def __exit__(self, *_: object) -> None:
        self.sound.close()
        os.close(self.descriptor)


def _stretch(sound: soundfile.SoundFile, path: Path, start: float | None, end: float | None) -> tuple[int, int]:
    _refuse_truncated_header(sound, path)
    begin = 0.0 if start is None or np.isnan(start) else float(start)
    length = sound.frames / sound.samplerate
    stop = length if end is None or np.isnan(end) else float(end)
    if not 0 <= begin < stop or begin >= length:
        raise AudioError(
            f"{path}: stretch {begin:g} s to {stop:g} s of {length:.3f} s; expected 0 <= start < end within the file"
        )
    return round(begin * sound.samplerate), min(round(stop * sound.samplerate), sound.frames)


def _refuse_truncated_header(sound: soundfile.SoundFile, path: Path) -> None:
    if sound.format not in {"WAV", "WAVEX", "AIFF", "RF64", "W64"}:
        return
    found = re.search(r"^\s*(?:data|SSND)\s*:\s*(\d+)\s*\(should be (\d+)\)", sound.extra_info, re.MULTILINE)
    if found and int(found[1]) not in _UNFINISHED_SIZES and int(found[1]) > int(found[2]):
        raise AudioError(
            f"{path}: truncated: {found[2]} of {found[1]} bytes of sound; expected the whole file; copy it again"
        )


def _read(sound: soundfile.SoundFile, path: Path, first: int, last: int, rate: int) -> np.ndarray:
    """Frames `first` to `last`, mixed down and resampled block by block into one array."""
    import soundfile
    import soxr

    same = sound.samplerate == rate
    stream = None if same else soxr.ResampleStream(sound.samplerate, rate, 1, dtype="float32")
    result = np.empty(last - first if same else -(-(last - first) * rate // sound.samplerate) + 64, dtype=np.float32)
    alive = np.zeros(sound.channels, dtype=bool)
    wanted, filled = last - first, 0
    block_size = _BLOCK_SECONDS * sound.samplerate
    try:
        sound.seek(first)
        while wanted > 0:
            block = sound.read(min(block_size, wanted), dtype="float32", always_2d=True)
            _refuse_missing(len(block), min(block_size, wanted), wanted, last - first, sound, path)
            wanted = wanted - len(block) if len(block) == min(block_size, wanted) else 0
            alive |= block.any(axis=0)
            mixed = block[:, 0] if block.shape[1] == 1 else block.sum(axis=1)
            _refuse_odd_values(mixed, str(path))
            piece = mixed if stream is None else stream.resample_chunk(np.ascontiguousarray(mixed), last=wanted == 0)
            result[filled : filled + len(piece)] = piece
            filled += len(piece)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path}: damaged ({error}); expected a whole sound file; copy it again") from error
    result = result[:filled]
    result /= np.float32(max(int(alive.sum()), 1))
    return result


def _refuse_missing(got: int, asked: int, wanted: int, total: int, sound: soundfile.SoundFile, path: Path) -> None:
    """Compressed formats may end a few frames early (padding); anything more is a truncated file."""
    missing = wanted - got if got < asked else 0
    if missing > max(0.05 * sound.samplerate, 0.001 * total):
        raise AudioError(
            f"{path}: truncated: {total - missing} of {total} frames could be read; expected the whole; copy it again"
        )


def _full_scale(samples: np.ndarray, name: str) -> np.ndarray:
    if samples.ndim not in (1, 2):
        raise AudioError(f"{name}: shape {samples.shape}; expected (n_samples,) or (n_channels, n_samples)")
    if samples.ndim == 2 and samples.shape[0] > 64:
        raise AudioError(
            f"{name}: shape {samples.shape} is {samples.shape[0]} channels; expected (n_channels, n_samples)"
        )
    if np.issubdtype(samples.dtype, np.floating):
        with np.errstate(over="ignore"):
            return samples.astype(np.float32)
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128) / 128
    if np.issubdtype(samples.dtype, np.signedinteger):
        return (samples / -float(np.iinfo(samples.dtype).min)).astype(np.float32)
    raise AudioError(f"{name}: samples of type {samples.dtype}; expected floats or signed integers; convert them")


def _refuse_odd_values(samples: np.ndarray, name: str) -> None:
    if not samples.size:
        return
    peak = max(float(samples.max()), -float(samples.min()))
    if not np.isfinite(peak):
        bad = int((~np.isfinite(samples)).sum())
        raise AudioError(f"{name}: {bad} samples are NaN or infinite; expected finite values; write the file again")
    if peak > LOUDEST:
        raise AudioError(f"{name}: samples up to {peak:.3g}; expected full scale at 1; divide by the integer range")


def _checked(waveform: np.ndarray, rate: int, name: str) -> np.ndarray:
    if waveform.size < round(SHORTEST * rate):
        raise AudioError(
            f"{name}: {1000 * waveform.size / rate:.1f} ms of sound; expected at least {1000 * SHORTEST:.0f} ms"
        )
    waveform -= np.float32(waveform.mean(dtype=np.float64))
    return waveform
