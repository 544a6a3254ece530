"""How exact the descriptors are: F0 against resynthesised speech, voice against Praat, spectra against librosa."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features.audio import RATE, load
from features.descriptors.f0 import F0_MAX, F0_MIN
from features.descriptors.frames import FRAME, HOP

_GROSS = 0.2
_PRAAT_CEILING = 600.0  # its standard


@dataclass(frozen=True)
class Truth:
    """Resynthesised speech whose F0 is known: waveform [shape=(n_samples,)], f0 [shape=(n_frames,)] Hz, 0 unvoiced."""

    waveform: np.ndarray
    f0: np.ndarray


@dataclass(frozen=True)
class PitchErrors:
    """Shares of frames: gross errors (20 %) of those voiced in both, wrong voicing of all; and CPU seconds a second."""

    gross: float
    voicing: float
    real_time_factor: float


def resynthesised(path: Path, *, snr_db: float | None = None, seed: int = 0) -> Truth:
    """A clip analysed by WORLD (DIO, StoneMask, CheapTrick, D4C) and synthesised again from what was found.

    Parameters
    ----------
    path : Path
        Sound file.
    snr_db : float, optional
        White noise is added at this ratio.
    seed : int
        Of the noise.
    """
    import pyworld

    speech = load(path).astype(np.float64)
    options = {"f0_floor": F0_MIN, "f0_ceil": F0_MAX, "frame_period": 1000.0 * HOP / RATE}
    rough, places = pyworld.dio(speech, RATE, **options)
    f0 = pyworld.stonemask(speech, rough, places, RATE)
    envelope, noise = pyworld.cheaptrick(speech, f0, places, RATE), pyworld.d4c(speech, f0, places, RATE)
    waveform = pyworld.synthesize(f0, envelope, noise, RATE, options["frame_period"])
    if snr_db is not None:
        power = np.mean(waveform**2) / 10 ** (snr_db / 10)
        waveform = waveform + np.random.default_rng(seed).normal(scale=np.sqrt(power), size=len(waveform))
    return Truth(waveform.astype(np.float32), f0)


def pitch_errors(truths: Sequence[Truth], tracker: Callable[[np.ndarray], np.ndarray]) -> PitchErrors:
    """Errors of a tracker that takes a waveform and gives F0 in Hz on the 10 ms grid, NaN where unvoiced."""
    start = time.process_time()
    found = [tracker(truth.waveform) for truth in truths]
    return errors_of(truths, found, time.process_time() - start)


def errors_of(truths: Sequence[Truth], found: Sequence[np.ndarray], spent: float) -> PitchErrors:
    """Errors of what was found in so many CPU seconds."""
    gross, both, wrong, frames = 0, 0, 0, 0
    for truth, track in zip(truths, found, strict=True):
        count = min(len(track), len(truth.f0))
        f0, own = truth.f0[:count], np.nan_to_num(track[:count])
        shared = (f0 > 0) & (own > 0)
        gross += int((np.abs(own[shared] / f0[shared] - 1) > _GROSS).sum())
        both += int(shared.sum())
        wrong += int(((f0 > 0) != (own > 0)).sum())
        frames += count
    seconds = sum(len(truth.waveform) for truth in truths) / RATE
    return PitchErrors(gross / both, wrong / frames, spent / seconds)


def own_tracker(waveform: np.ndarray) -> np.ndarray:
    """F0 by `features.descriptors.f0`."""
    from features.descriptors.f0 import track

    return track(waveform).f0


def pyin(waveform: np.ndarray) -> np.ndarray:
    """F0 by `librosa.pyin` over the same range and grid."""
    import librosa

    return librosa.pyin(waveform, fmin=F0_MIN, fmax=F0_MAX, sr=RATE, frame_length=1024, hop_length=HOP)[0]


PRAAT_MEASURES = (
    "voice.jitter_local", "voice.shimmer_local", "voice.hnr.mean.voiced",
    *(f"voice.{kind}{i}.{functional}.voiced" for kind in "fb" for i in (1, 2, 3) for functional in ("mean", "p50")),
)  # fmt: skip


def praat(path: Path) -> dict[str, float]:
    """Praat's values of `PRAAT_MEASURES` for one clip: F0 60 to 600 Hz, formants up to 5500 Hz, else its standards."""
    import parselmouth
    from parselmouth.praat import call

    waveform = load(path).astype(np.float64)
    sound = parselmouth.Sound(waveform, RATE)
    pitch = sound.to_pitch_ac(time_step=HOP / RATE, pitch_floor=F0_MIN, pitch_ceiling=_PRAAT_CEILING)
    pulses = call([sound, pitch], "To PointProcess (cc)")
    result = {
        "voice.jitter_local": call(pulses, "Get jitter (local)", 0, 0, 0.0001, 0.02, 1.3),
        "voice.shimmer_local": call([sound, pulses], "Get shimmer (local)", 0, 0, 0.0001, 0.02, 1.3, 1.6),
        "voice.hnr.mean.voiced": call(
            call(sound, "To Harmonicity (cc)", HOP / RATE, F0_MIN, 0.1, 1.0), "Get mean", 0, 0
        ),
    }
    formants = sound.to_formant_burg(time_step=HOP / RATE, max_number_of_formants=5, maximum_formant=5500)
    times = np.arange(1 + len(waveform) // HOP) * HOP / RATE
    voiced = [t for t in times if pitch.get_value_at_time(t) > 0]
    for kind, read in (("f", formants.get_value_at_time), ("b", formants.get_bandwidth_at_time)):
        for i in (1, 2, 3):
            contour = np.array([read(i, t) for t in voiced], dtype=float)
            result[f"voice.{kind}{i}.mean.voiced"] = float(np.nanmean(contour)) if voiced else np.nan
            result[f"voice.{kind}{i}.p50.voiced"] = float(np.nanmedian(contour)) if voiced else np.nan
    return result


def praat_agreement(paths: Sequence[Path]) -> dict[str, float]:
    """Pearson's correlation over clips with Praat, by feature."""
    from features.extractors.statistics import FeatureExtractor

    own = FeatureExtractor("voice").extract(list(paths))
    theirs = [praat(path) for path in paths]
    result = {}
    for name in PRAAT_MEASURES:
        a, b = own.values[:, own.names.index(name)], np.array([row[name] for row in theirs])
        both = np.isfinite(a) & np.isfinite(b)
        result[name] = float(np.corrcoef(a[both], b[both])[0, 1])
    return result


def librosa_difference(waveform: np.ndarray) -> dict[str, float]:
    """Largest difference from librosa's own functions: MFCC, deltas and RMS absolute, spectral shape relative.

    Parameters
    ----------
    waveform : np.ndarray
        [shape=(n_samples,)] float32 at 16 kHz.
    """
    import librosa

    from features.descriptors.mfcc import coefficients, delta
    from features.descriptors.stft import SHAPE, stft_contours

    own = stft_contours(waveform)
    grid: dict[str, Any] = {"n_fft": FRAME, "hop_length": HOP}
    mfcc = librosa.feature.mfcc(y=waveform, sr=RATE, n_mfcc=20, n_mels=40, **grid)
    rms = librosa.feature.rms(y=waveform, frame_length=FRAME, hop_length=HOP)[0]
    static = coefficients(own.mfcc_bands)
    result = {
        "mfcc": np.abs(static - mfcc),
        "mfcc_delta": np.abs(delta(static, order=1) - librosa.feature.delta(mfcc, order=1)),
        "mfcc_delta2": np.abs(delta(static, order=2) - librosa.feature.delta(mfcc, order=2)),
        "rms": np.abs(own.rms - rms),
        "mel": _relative(own.mel, librosa.feature.melspectrogram(y=waveform, sr=RATE, n_mels=26, **grid)),
    }
    shapes = {
        "centroid": librosa.feature.spectral_centroid(y=waveform, sr=RATE, **grid),
        "bandwidth": librosa.feature.spectral_bandwidth(y=waveform, sr=RATE, **grid),
        "rolloff": librosa.feature.spectral_rolloff(y=waveform, sr=RATE, **grid),
        "flatness": librosa.feature.spectral_flatness(y=waveform, **grid),
    }
    contrast = librosa.feature.spectral_contrast(y=waveform, sr=RATE, n_bands=5, **grid)
    shapes.update({f"contrast_{i + 1}": contrast[i : i + 1] for i in range(6)})
    sounding = np.isfinite(own.shape[0])
    for name, theirs in shapes.items():
        result[name] = _relative(own.shape[SHAPE.index(name), sounding], theirs[0, sounding])
    return {name: float(value.max()) for name, value in result.items()}


def _relative(own: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    return np.abs(own - theirs) / np.maximum(np.abs(theirs), 1e-6 * np.abs(theirs).max())
