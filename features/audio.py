"""Sound files to waveforms: one channel, 16 kHz, float32, without DC, loudness as recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features.errors import AudioError
from features.sampling import RATE
from features.sound_file import OpenedSound, frames_stated, go_to

if TYPE_CHECKING:
    import soundfile

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".w64", ".caf")
NOT_READ = (
    ".m4a",
    ".aac",
    ".mp4",
    ".m4b",
    ".wma",
    ".webm",
    ".mka",
    ".amr",
    ".awb",
    ".3gp",
    ".3ga",
    ".ape",
    ".wv",
    ".ra",
)
"""Suffixes of sound that libsndfile does not know."""

SHORTEST = 0.02
LOUDEST = 8.0
"""Largest sample that is believed, 18 dB above full scale: beyond it, integers were written as floats."""

CANCELLED = 1e-6
"""Power of a sum of channels, relative to the loudest of them, below which they cancel: -60 dB."""

_BLOCK_SECONDS = 10
_MOST_AT_ONCE = 1 << 26


def load(path: str | Path, *, start: float | None = None, end: float | None = None, rate: int = RATE) -> np.ndarray:
    """Read a sound file, or a stretch of it, as one channel.

    What `recorded` reads, without its mean: an offset of a recorder says nothing of the speech, but moves statistics.

    Parameters
    ----------
    path, start, end, rate
        As of `recorded`.

    Returns
    -------
    ndarray of shape (n_samples,)
        float32, full scale at 1.

    Raises
    ------
    AudioError
        As of `recorded`.

    Examples
    --------
    >>> import features
    >>> features.load("clip.wav", start=0.2, end=0.7).shape  # doctest: +SKIP
    (8000,)
    """
    return _without_mean(recorded(path, start=start, end=end, rate=rate))


def recorded(path: str | Path, *, start: float | None = None, end: float | None = None, rate: int = RATE) -> np.ndarray:
    """Read a sound file, or a stretch of it, as one channel, its mean as it is: what speech encoders were trained on.

    The content decides how a file is read, not its suffix. Channels are averaged, those that are digitally silent
    apart; the result is resampled with soxr (HQ). Its level is left as recorded. The file is read in blocks, so that no
    more than the result is ever held.

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
    ndarray of shape (n_samples,)
        float32, full scale at 1.

    Raises
    ------
    AudioError
        If the file is missing, empty, truncated, not audio, shorter than 20 ms, silent to the last bit, or holds values
        that are not finite or far out of range.

    Examples
    --------
    >>> recorded("clip.wav", start=0.2, end=0.7).shape  # doctest: +SKIP
    (8000,)
    """
    path = Path(path)
    with OpenedSound(path) as sound:
        first, last = _span(sound, path, start, end)
        waveform = _read(sound, path, first, last, rate)
        whole = first == 0 and last == frames_stated(sound)
    if whole and not waveform.any():
        raise AudioError(f"{path}: every sample is 0; expected sound; replace the file or leave it out")
    return _long_enough(waveform, rate, str(path))


def from_array(waveform: np.ndarray, *, rate: int, name: str = "waveform", to: int = RATE) -> np.ndarray:
    """Bring a waveform held in memory to the form that `load` gives.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,) or (n_channels, n_samples)
        floats at full scale 1, or signed or 8-bit unsigned integers.
    rate : int
        Its rate in Hz.
    name : str
        What an error calls it.
    to : int
        Rate of the result in Hz.

    Returns
    -------
    ndarray of shape (n_samples,)
        float32.

    Raises
    ------
    AudioError
        If shape, type or rate are wrong, it is too short, or values are not finite or far out of range.

    Examples
    --------
    >>> from_array(np.array([0, 16384], dtype=np.int16).repeat(400), rate=16000)[[0, 799]]
    array([-0.25,  0.25], dtype=float32)
    """
    return _without_mean(recorded_array(waveform, rate=rate, name=name, to=to))


def recorded_array(waveform: np.ndarray, *, rate: int, name: str = "waveform", to: int = RATE) -> np.ndarray:
    """Bring a waveform held in memory to the form that `recorded` gives.

    Parameters
    ----------
    waveform, rate, name, to
        As of `from_array`.

    Returns
    -------
    ndarray of shape (n_samples,)
        float32.

    Raises
    ------
    AudioError
        As of `from_array`.

    Examples
    --------
    >>> recorded_array(np.array([0, 16384], dtype=np.int16).repeat(400), rate=16000)[[0, 799]]
    array([0. , 0.5], dtype=float32)
    """
    samples = _full_scale(np.asarray(waveform), name)
    if not 1000 <= rate <= 1_000_000:
        raise AudioError(f"{name}: rate {rate} Hz; expected 1,000 to 1,000,000; pass samples a second")
    if samples.ndim == 2:
        mixer = _Mixer(len(samples))
        mixed = mixer.mix(samples.T).astype(np.float32, copy=False)
        mixer.check_cancelled(name)
        samples = mixed / np.float32(max(int(mixer.alive.sum()), 1))
    _check_values(samples, name)
    if rate != to and samples.size:
        import soxr

        samples = soxr.resample(samples, rate, to)
    return _long_enough(np.array(samples, dtype=np.float32), to, name)


def sound_files(folder: Path) -> list[Path]:
    """Sound files in a folder and its subfolders, by their suffixes, sorted by path; hidden files are left out.

    Pipes, devices and links to nowhere are among them: what reads them refuses them by name.
    """
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and not path.is_dir()
    ]


def left_out_of(folder: Path) -> str:
    """Say which sound files of a folder `sound_files` leaves out because they cannot be read here; empty for none."""
    suffixes = [
        path.suffix.lower()
        for path in folder.rglob("*")
        if path.suffix.lower() in NOT_READ and not path.name.startswith(".")
    ]
    if not suffixes:
        return ""
    files = "1 file" if len(suffixes) == 1 else f"{len(suffixes):,} files"
    return (
        f"left out {files} of sound that cannot be read here ({' '.join(sorted(set(suffixes)))}): convert with ffmpeg"
    )


def _span(sound: soundfile.SoundFile, path: Path, start: float | None, end: float | None) -> tuple[int, int | None]:
    """First frame and the one behind the last; None for the end of a file that does not state its length."""
    frames, rate = frames_stated(sound), sound.samplerate
    length = np.inf if frames is None else frames / rate
    begin = 0.0 if start is None or np.isnan(start) else float(start)
    stop = np.inf if end is None or np.isnan(end) else float(end)
    if frames == 0:
        raise AudioError(f"{path}: no samples; expected sound; record or copy it again")
    if not 0 <= begin < min(stop, length):
        until = f"{stop:g} s" if np.isfinite(stop) else "the end"
        raise AudioError(f"{path}: {begin:g} s to {until} of {length:.3f} s; expected 0 <= start < end within the file")
    last = frames if stop >= length else round(stop * rate)
    return round(begin * rate), last


def _read(sound: soundfile.SoundFile, path: Path, first: int, last: int | None, rate: int) -> np.ndarray:
    """Frames `first` to `last`, mixed down and resampled block by block; no more is allocated than is there."""
    import soundfile
    import soxr

    stream = None if sound.samplerate == rate else soxr.ResampleStream(sound.samplerate, rate, 1, dtype="float32")
    expected = _MOST_AT_ONCE if last is None else -(-(last - first) * rate // sound.samplerate) + 64
    mixer, result, read = _Mixer(sound.channels), _Growing(min(expected, _MOST_AT_ONCE)), 0
    block_size = _BLOCK_SECONDS * sound.samplerate
    try:
        go_to(sound, first)
        while last is None or read < last - first:
            wanted = block_size if last is None else min(block_size, last - first - read)
            block = sound.read(wanted, dtype="float32", always_2d=True)
            read += len(block)
            ended = len(block) < wanted or (last is not None and read == last - first)
            mixed = mixer.mix(block)
            _check_values(mixed, str(path))
            result.append(mixed if stream is None else stream.resample_chunk(np.ascontiguousarray(mixed), last=ended))
            if ended:
                break
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path}: damaged ({error}); expected a whole sound file; copy it again") from error
    if last is not None:
        _check_complete(read, last - first, sound, path)
    mixer.check_cancelled(str(path))
    waveform = result.values()
    waveform /= np.float32(max(int(mixer.alive.sum()), 1))
    return waveform


class _Growing:
    """Float32 samples that are appended; memory is asked for as they come, since a header may state any length."""

    def __init__(self, capacity: int) -> None:
        self._samples = np.empty(capacity, dtype=np.float32)
        self._filled = 0

    def append(self, piece: np.ndarray) -> None:
        end = self._filled + len(piece)
        if end > len(self._samples):
            larger = np.empty(max(end, 2 * len(self._samples)), dtype=np.float32)
            larger[: self._filled] = self._samples[: self._filled]
            self._samples = larger
        self._samples[self._filled : end] = piece
        self._filled = end

    def values(self) -> np.ndarray:
        return self._samples[: self._filled]


class _Mixer:
    """Adds channels up, and remembers which of them were ever alive and how loud they and their sum are."""

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.alive = np.zeros(channels, dtype=bool)
        self._power, self._mixed_power = np.zeros(channels), 0.0

    def mix(self, block: np.ndarray) -> np.ndarray:
        self.alive |= block.any(axis=0)
        if self.channels == 1:
            return block[:, 0]
        mixed: np.ndarray = block.sum(axis=1)
        self._power += np.square(block, dtype=np.float64).sum(axis=0)
        self._mixed_power += float(np.square(mixed, dtype=np.float64).sum())
        return mixed

    def check_cancelled(self, name: str) -> None:
        """Refuse channels of which one is the other's negative: a mis-wired cable leaves nothing but rounding."""
        if self.channels > 1 and self._mixed_power < CANCELLED * self._power.max():
            raise AudioError(
                f"{name}: the {self.channels} channels cancel each other; expected a sum that holds sound; take one of "
                "them, for instance with `sox IN.wav OUT.wav remix 1`"
            )


def _check_complete(read: int, expected: int, sound: soundfile.SoundFile, path: Path) -> None:
    """Compressed formats may end a few frames early (padding); anything more is a truncated file."""
    if expected - read > max(0.05 * sound.samplerate, 0.001 * expected):
        raise AudioError(
            f"{path}: truncated: {read} of {expected} frames could be read; expected the whole; copy it again"
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
        _check_integers(samples, name)
        return (samples / -float(np.iinfo(samples.dtype).min)).astype(np.float32)
    raise AudioError(f"{name}: samples of type {samples.dtype}; expected floats or signed integers; convert them")


def _check_integers(samples: np.ndarray, name: str) -> None:
    """Refuse wide integers whose upper half is empty: read at their own full scale they would be next to silence."""
    bits = 8 * samples.dtype.itemsize
    peak = max(int(samples.max(initial=0)), -int(samples.min(initial=0)))
    fits = 16 if peak <= 1 << 15 else bits // 2
    if bits > 16 and 0 < peak <= 1 << (fits - 1):
        raise AudioError(
            f"{name}: {samples.dtype} samples up to {peak}, which are {fits}-bit values; expected values that use the "
            f"type's range; convert with .astype(numpy.int{fits})"
        )


def _check_values(samples: np.ndarray, name: str) -> None:
    if not samples.size:
        return
    peak = max(float(samples.max()), -float(samples.min()))
    if not np.isfinite(peak):
        bad = int((~np.isfinite(samples)).sum())
        raise AudioError(f"{name}: {bad} samples are NaN or infinite; expected finite values; write the file again")
    if peak > LOUDEST:
        raise AudioError(f"{name}: samples up to {peak:.3g}; expected full scale at 1; divide by the integer range")


def _long_enough(waveform: np.ndarray, rate: int, name: str) -> np.ndarray:
    if waveform.size < round(SHORTEST * rate):
        raise AudioError(
            f"{name}: {1000 * waveform.size / rate:.1f} ms of sound; expected at least {1000 * SHORTEST:.0f} ms"
        )
    return waveform


def _without_mean(waveform: np.ndarray) -> np.ndarray:
    waveform -= np.float32(waveform.mean(dtype=np.float64))
    return waveform
