"""What a recorder, a telephone or a codec does to a clip."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from features.sampling import RATE

if TYPE_CHECKING:
    from benchmarks.conditions.condition import Surroundings, Waveform

_NARROW = 8000
_MU = 255.0
_LOWEST_RATE = 0.99
_BAND = (300.0, 3400.0)


def telephone(waveform: Waveform, _level: float, _surroundings: Surroundings) -> Waveform:
    """300 to 3400 Hz at 8 kHz, in 8 bits by the mu-law of ITU-T G.711, the loudest sample at full scale.

    Examples
    --------
    >>> from benchmarks.conditions.condition import Surroundings
    >>> telephone(np.sin(np.arange(1600) / 4), 0, Surroundings(np.random.default_rng(0))).shape
    (1600,)
    """
    import soxr
    from scipy.signal import butter, sosfiltfilt

    narrow = soxr.resample(waveform, RATE, _NARROW)
    narrow = sosfiltfilt(butter(4, _BAND, "bandpass", fs=_NARROW, output="sos"), narrow)
    peak = max(float(np.abs(narrow).max()), 1e-9)
    compressed = np.sign(narrow) * np.log1p(_MU * np.abs(narrow) / peak) / np.log1p(_MU)
    steps = np.round(compressed * 127) / 127
    heard = np.sign(steps) * np.expm1(np.abs(steps) * np.log1p(_MU)) / _MU * peak
    wide = soxr.resample(heard, _NARROW, RATE)
    return np.pad(wide, (0, max(len(waveform) - len(wide), 0)))[: len(waveform)]


def mp3(waveform: Waveform, _level: float, _surroundings: Surroundings) -> Waveform:
    """MP3 at some 12 kbit/s, and back.

    Examples
    --------
    >>> from benchmarks.conditions.condition import Surroundings
    >>> mp3(np.sin(np.arange(16000) / 4), 0, Surroundings(np.random.default_rng(0))).shape
    (16000,)
    """
    return _coded(waveform, format="MP3", subtype="MPEG_LAYER_III", bitrate_mode="AVERAGE")


def opus(waveform: Waveform, _level: float, _surroundings: Surroundings) -> Waveform:
    """Opus at some 12 kbit/s, and back.

    Examples
    --------
    >>> from benchmarks.conditions.condition import Surroundings
    >>> opus(np.sin(np.arange(16000) / 4), 0, Surroundings(np.random.default_rng(0))).shape
    (16000,)
    """
    return _coded(waveform, format="OGG", subtype="OPUS")


def _coded(waveform: Waveform, **codec: str) -> Waveform:
    import soundfile

    file, peak = io.BytesIO(), max(float(np.abs(waveform).max()), 1e-9)
    with soundfile.SoundFile(file, "w", RATE, 1, compression_level=_LOWEST_RATE, **codec) as writer:
        writer.write(waveform / peak * 0.9)
    file.seek(0)
    heard = soundfile.read(file, dtype="float64")[0] / 0.9 * peak
    return np.pad(heard, (0, max(len(waveform) - len(heard), 0)))[: len(waveform)]


def overdrive(waveform: Waveform, level: float, _surroundings: Surroundings) -> Waveform:
    """Clipping: the loudest sample would be so many dB above full scale, and is cut off there.

    Examples
    --------
    >>> from benchmarks.conditions.condition import Surroundings
    >>> overdrive(np.array([0.1, 1.0, -0.5]), 20, Surroundings(np.random.default_rng(0)))
    array([ 0.1,  0.1, -0.1])
    """
    ceiling = float(np.abs(waveform).max()) / 10 ** (level / 20)
    return np.clip(waveform, -ceiling, ceiling)


def attenuation(waveform: Waveform, level: float, _surroundings: Surroundings) -> Waveform:
    """So many dB softer.

    Examples
    --------
    >>> from benchmarks.conditions.condition import Surroundings
    >>> attenuation(np.array([1.0]), 20, Surroundings(np.random.default_rng(0)))
    array([0.1])
    """
    return waveform / 10 ** (level / 20)
