"""The one short-time Fourier transform, and all contours that are taken from it in one pass."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import scipy.fft

from features.compiled import compiled
from features.descriptors.frames import FRAME, HOP, frames_between, n_frames
from features.sampling import RATE

N_MFCC_BANDS = 40
N_MEL = 26
SHAPE = (
    "centroid", "bandwidth", "rolloff", "flatness", "entropy", "flux",
    "slope_0_500", "slope_500_1500", "slope", "alpha_ratio", "hammarberg",
    "contrast_1", "contrast_2", "contrast_3", "contrast_4", "contrast_5", "contrast_6",
)  # fmt: skip
_BLOCK = 256
_TINY = 1e-10
_TOP_DB = 80.0
_N_CONTRASTS = 6
_THIRD_FORMANT = slice(64, 113)
_CONTRAST_FMIN = 200.0
_CONTRAST_QUANTILE = 0.02


@dataclass(frozen=True)
class StftContours:
    """Contours taken from the shared STFT (512 samples, Hann, hop 160).

    Attributes
    ----------
    rms : ndarray of shape (n_frames,)
        root mean square of each frame, unweighted.
    loudness : ndarray of shape (n_frames,)
        A-weighted power of each frame, full scale 1.
    mfcc_bands : ndarray of shape (40, n_frames)
        power in the mel bands that MFCC are made of.
    mel : ndarray of shape (26, n_frames)
        power in the mel bands.
    third_formant : ndarray of shape (n_frames,)
        power of the strongest bin from 2 to 3.5 kHz, over the square of the window's sum.
    shape : ndarray of shape (len(SHAPE), n_frames)
        NaN in frames that are silent to the last bit.
    """

    rms: np.ndarray
    loudness: np.ndarray
    mfcc_bands: np.ndarray
    mel: np.ndarray
    third_formant: np.ndarray
    shape: np.ndarray


def stft_contours(waveform: np.ndarray) -> StftContours:
    """Compute the contours block by block, so that an hour needs no more memory than they do.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        float32 at 16 kHz.
    """
    total = n_frames(len(waveform))
    result = StftContours(
        rms=np.empty(total, dtype=np.float32),
        loudness=np.empty(total, dtype=np.float32),
        mfcc_bands=np.empty((N_MFCC_BANDS, total), dtype=np.float32),
        mel=np.empty((N_MEL, total), dtype=np.float32),
        third_formant=np.empty(total, dtype=np.float32),
        shape=np.empty((len(SHAPE), total), dtype=np.float32),
    )
    valleys = np.empty((_N_CONTRASTS, total), dtype=np.float32)
    before = np.zeros(FRAME // 2 + 1, dtype=np.float32)
    for first in range(0, total, _BLOCK):
        before = _fill_block(waveform, first, min(first + _BLOCK, total), before, result, valleys)
    _subtract_valleys(result.shape[-_N_CONTRASTS:], valleys)
    return result


def _subtract_valleys(peaks: np.ndarray, valleys: np.ndarray) -> None:
    """Peaks less valleys in dB, each limited to 80 dB below its highest, as `librosa.power_to_db` does."""
    for levels in (peaks, valleys):
        if not np.isnan(levels).all():
            np.maximum(levels, np.nanmax(levels) - np.float32(_TOP_DB), out=levels)
    peaks -= valleys


def _fill_block(
    waveform: np.ndarray, first: int, last: int, before: np.ndarray, result: StftContours, valleys: np.ndarray
) -> np.ndarray:
    """Compute frames `first` to `last`; `before` and the result are the normalised spectra beside them."""
    frames = frames_between(waveform, first, last, length=FRAME, hop=HOP)
    block = slice(first, last)
    result.rms[block] = np.sqrt(np.einsum("ij,ij->i", frames, frames) / np.float32(FRAME))
    power = power_spectra(frames)
    banks = power @ _banks()
    result.mfcc_bands[:, block] = banks[:, :N_MFCC_BANDS].T
    result.mel[:, block] = banks[:, N_MFCC_BANDS:-1].T
    result.loudness[block] = banks[:, -1]
    result.third_formant[block] = power[:, _THIRD_FORMANT].max(axis=1) / np.float32(_window().sum() ** 2)
    magnitude = np.sqrt(power)
    logs = np.log(np.maximum(power, np.float32(_TINY)))
    after = before.copy()
    _shape(power, magnitude, logs, _frequencies(), _contrast_edges(), after, first, result.shape, valleys)
    return after


def power_spectra(frames: np.ndarray) -> np.ndarray:
    """Power spectrum of each frame under a periodic Hann window, as `np.abs(librosa.stft(...)) ** 2`.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, 512)
        float32.

    Returns
    -------
    ndarray of shape (n_frames, 257)
        float32.
    """
    spectra = scipy.fft.rfft(frames * _window(), axis=1)  # in float64: in near-silent frames float32 is all rounding
    return squared(spectra)


@compiled()
def squared(spectra: np.ndarray) -> np.ndarray:
    """Squared magnitude of each complex number, of shape (n_frames, n_bins) float32, in one pass."""
    result = np.empty(spectra.shape, dtype=np.float32)
    for t in range(spectra.shape[0]):
        for k in range(spectra.shape[1]):
            value = spectra[t, k]
            result[t, k] = value.real * value.real + value.imag * value.imag
    return result


@lru_cache(maxsize=1)
def _window() -> np.ndarray:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)


@lru_cache(maxsize=1)
def _frequencies() -> np.ndarray:
    return np.arange(FRAME // 2 + 1) * (RATE / FRAME)


@lru_cache(maxsize=1)
def _banks() -> np.ndarray:
    """Columns: 40 mel bands, 26 mel bands, A-weighting scaled to full scale; librosa's own filters."""
    with warnings.catch_warnings():
        # pooch, which librosa imports, warns in notebooks that the widgets of a bar are missing; no bar is drawn.
        warnings.filterwarnings("ignore", message="IProgress not found")
        import librosa
        import tqdm.auto  # noqa: F401

    mels = [librosa.filters.mel(sr=RATE, n_fft=FRAME, n_mels=n) for n in (N_MFCC_BANDS, N_MEL)]
    weights = np.concatenate([[0.0], 10 ** (librosa.A_weighting(_frequencies()[1:], min_db=None) / 10)])
    scale = 2 / (FRAME * float((_window() ** 2).sum()))
    return np.ascontiguousarray(np.concatenate([*mels, (weights * scale)[None]]).T.astype(np.float32))


@lru_cache(maxsize=1)
def _contrast_edges() -> np.ndarray:
    """First bin, bin after the last, and how many bins valley and peak are the mean of, of shape (6, 3)."""
    frequencies = _frequencies()
    octaves = np.concatenate([[0.0], _CONTRAST_FMIN * 2.0 ** np.arange(6)])
    edges = []
    for band, (low, high) in enumerate(pairwise(octaves)):
        inside = np.flatnonzero((frequencies >= low) & (frequencies <= high))
        first, last = inside[0] - (band > 0), inside[-1] + 1
        if band == 5:
            last = len(frequencies)
        quantile = max(int(np.rint(_CONTRAST_QUANTILE * (last - first))), 1)
        edges.append((first, last - (band < 5), quantile))
    return np.array(edges, dtype=np.int64)


@compiled(fastmath={"contract", "reassoc", "arcp", "nsz"})
def _line(logs: np.ndarray, first: np.int64, last: np.int64) -> float:
    """Least-squares slope of a log power spectrum over bins, in dB per kHz."""
    count = last - first
    middle = 0.5 * (first + last - 1)
    cross = 0.0
    for k in range(first, last):
        cross += (k - middle) * logs[k]
    square = count * (count * count - 1) / 12.0
    return cross / square * 4.342944819032518 / 0.03125


@compiled(fastmath=True)
def _contrast(magnitude: np.ndarray, quantile: int, low: np.ndarray, high: np.ndarray) -> tuple[float, float]:
    """Peak and valley of one band in dB (10 log10 of magnitudes, as librosa's); `low` and `high` are work space."""
    for k in range(quantile):
        low[k], high[k] = np.float32(1e30), np.float32(0)
    for value in magnitude:
        if value < low[quantile - 1]:
            k = quantile - 1
            while k > 0 and low[k - 1] > value:
                low[k] = low[k - 1]
                k -= 1
            low[k] = value
        if value > high[quantile - 1]:
            k = quantile - 1
            while k > 0 and high[k - 1] < value:
                high[k] = high[k - 1]
                k -= 1
            high[k] = value
    valley, peak = 0.0, 0.0
    for k in range(quantile):
        valley += low[k] / quantile
        peak += high[k] / quantile
    return 10 * np.log10(max(peak, 1e-10)), 10 * np.log10(max(valley, 1e-10))


@compiled(fastmath={"contract", "reassoc", "arcp", "nsz"})
def _shape(
    power: np.ndarray,
    magnitude: np.ndarray,
    logs: np.ndarray,
    frequencies: np.ndarray,
    edges: np.ndarray,
    before: np.ndarray,
    first: int,
    result: np.ndarray,
    valleys: np.ndarray,
) -> None:
    """Spectral shape of each frame, contrast as peaks and valleys; `before` becomes the last normalised spectrum.

    Frames are written from column `first` on: handed parts of the arrays, whose layout depends on the clip's length,
    numba would compile this once more for the first clip that is longer than a block.
    """
    n_frames, n_bins = power.shape
    low, high = np.empty(8, dtype=np.float32), np.empty(8, dtype=np.float32)
    for t in range(n_frames):
        total, total_power, log_sum, weighted, entropy = 0.0, 0.0, 0.0, 0.0, 0.0
        for k in range(n_bins):
            total += magnitude[t, k]
            weighted += magnitude[t, k] * frequencies[k]
            total_power += power[t, k]
            log_sum += logs[t, k]
            entropy += power[t, k] * logs[t, k]
        if total_power <= 1e-20:
            for k in range(result.shape[0]):  # not result[:, t] = nan: numba compiles seconds of shape checks for that
                result[k, first + t] = np.nan
            for k in range(valleys.shape[0]):
                valleys[k, first + t] = np.nan
            for k in range(n_bins):
                before[k] = 0.0
            continue
        centroid = weighted / total
        spread, flux = 0.0, 0.0
        for k in range(n_bins):
            share = magnitude[t, k] / total
            deviation = frequencies[k] - centroid
            spread += share * deviation * deviation
            step = share - before[k]
            flux += step * step
            before[k] = share
        cumulative, rolloff = 0.0, 0
        for k in range(n_bins):
            cumulative += magnitude[t, k]
            if cumulative >= 0.85 * total:
                rolloff = k
                break
        floored = 0.0
        for k in range(n_bins):
            floored += max(power[t, k], np.float32(1e-10))
        low_power, high_power, low_peak, high_peak = 1e-10, 1e-10, -1e30, -1e30
        for k in range(2, 32):
            low_power += power[t, k]
        for k in range(32, 161):
            high_power += power[t, k]
        for k in range(64):
            low_peak = max(low_peak, logs[t, k])
        for k in range(64, 161):
            high_peak = max(high_peak, logs[t, k])
        result[0, first + t] = centroid
        result[1, first + t] = np.sqrt(spread)
        result[2, first + t] = frequencies[rolloff]
        result[3, first + t] = np.exp(log_sum / n_bins) / (floored / n_bins)
        result[4, first + t] = (np.log(total_power) - entropy / total_power) / np.log(n_bins)
        result[5, first + t] = np.sqrt(flux)
        # As int64, since numba compiles the function anew for every literal that it is given.
        result[6, first + t] = _line(logs[t], np.int64(0), np.int64(17))
        result[7, first + t] = _line(logs[t], np.int64(16), np.int64(49))
        result[8, first + t] = _line(logs[t], np.int64(0), np.int64(n_bins))
        result[9, first + t] = 10 * np.log10(low_power / high_power)
        result[10, first + t] = 4.342944819032518 * (low_peak - high_peak)
        for band in range(len(edges)):
            result[11 + band, first + t], valleys[band, first + t] = _contrast(
                magnitude[t, edges[band, 0] : edges[band, 1]], edges[band, 2], low, high
            )
