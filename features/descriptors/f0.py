"""F0 tracker: normalised autocorrelation at 8 kHz, and the cheapest path through its candidates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft

from features.audio import RATE
from features.compiled import compiled
from features.descriptors.frames import HOP, frames_between, n_frames
from features.descriptors.stft import squared

F0_MIN = 60.0
F0_MAX = 600.0
_RATE = 8000
_HOP = HOP * _RATE // RATE
_WINDOW = 400
_STEP = HOP // 2
_STEPS = 6
_FFT = 512
_FINER = 2
_LAGS = int(_FINER * _RATE / F0_MIN) + 3
_CANDIDATES = 7
_BLOCK = 256
_HIGHEST = 3000.0
LEAST_RANGE = 2.0**-13
"""Difference between the largest and the smallest sample of a frame of digital silence: below four steps of 16 bits."""
_BINS = int(_HIGHEST * _FFT / _RATE) + 1
# Costs as in Boersma 1993 and Praat's manual ("Sound: To Pitch (ac)..."), at its time step of 10 ms.
_VOICING_THRESHOLD = 0.45
_SILENCE_THRESHOLD = 0.03
_OCTAVE_COST = 0.01
_JUMP_COST = 0.35
_CHANGE_COST = 0.14


@dataclass(frozen=True)
class Track:
    """F0 of an utterance on the common grid.

    Attributes
    ----------
    f0 : ndarray of shape (n_frames,)
        float32, Hz; NaN where unvoiced.
    periodicity : ndarray of shape (n_frames,)
        float32, 0 to 1: normalised autocorrelation at the period, or at the best candidate where
        unvoiced.
    """

    f0: np.ndarray
    periodicity: np.ndarray

    @property
    def voiced(self) -> np.ndarray:
        """Frames with an F0, of shape (n_frames,) bool."""
        return ~np.isnan(self.f0)


def track(waveform: np.ndarray) -> Track:
    """Follow F0 between 60 and 600 Hz.

    The autocorrelation of 50 ms under a Hann window, divided by that of the window (Boersma 1993), gives up to seven
    candidates per frame, refined by parabolic interpolation; Viterbi's algorithm finds the path with the least cost of
    octave jumps and of changes of voicing. Frames of digital silence have no candidates, whatever their level: once
    the clip's mean is removed they are a constant, whose autocorrelation is all rounding.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        float32 at 16 kHz.
    """
    low = halved(waveform)
    total = n_frames(len(waveform))
    f0 = np.full((total, _CANDIDATES), np.nan, dtype=np.float32)
    strength = np.full((total, _CANDIDATES), -np.inf, dtype=np.float32)
    values = np.full((total, _CANDIDATES), -np.inf, dtype=np.float32)
    peaks = np.empty(total, dtype=np.float32)
    for first in range(0, total, _BLOCK):
        last = min(first + _BLOCK, total)
        frames = frames_between(low, first, last, length=_WINDOW, hop=_HOP)
        peaks[first:last] = np.maximum(frames.max(axis=1), -frames.min(axis=1))
        _candidates(_autocorrelation(frames), f0[first:last], strength[first:last], values[first:last])
    silent = ranges(waveform) < LEAST_RANGE
    f0[silent], strength[silent], values[silent] = np.nan, -np.inf, -np.inf
    loudest = max(float(low.max()), -float(low.min()))
    path = _path(f0, values, peaks / np.float32(max(loudest, 1e-10)))
    candidate = np.maximum(path, 0)[:, None]
    frequency = np.where(path < 0, np.nan, np.take_along_axis(f0, candidate, axis=1)[:, 0])
    periodicity = np.where(path < 0, strength.max(axis=1), np.take_along_axis(strength, candidate, axis=1)[:, 0])
    return Track(frequency.astype(np.float32), np.clip(periodicity, 0, 1).astype(np.float32))


def ranges(waveform: np.ndarray) -> np.ndarray:
    """Difference between the largest and the smallest sample in the 30 ms about the middle of each frame.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        At 16 kHz; what lies outside of it does not count.

    Returns
    -------
    ndarray of shape (n_frames,)

    Examples
    --------
    >>> ranges(np.repeat(np.float32([0.25, 1.0]), 480))
    array([0.  , 0.  , 0.75, 0.75, 0.75, 0.  , 0.  ], dtype=float32)
    """
    total, starts = n_frames(len(waveform)), np.arange(0, len(waveform), _STEP)
    highest = np.pad(np.maximum.reduceat(waveform, starts), _STEPS, constant_values=-np.inf)
    lowest = np.pad(np.minimum.reduceat(waveform, starts), _STEPS, constant_values=np.inf)
    first = _STEPS // 2  # where the first frame's steps begin in what is padded
    views = [slice(k, k + 2 * total - 1, 2) for k in range(first, first + _STEPS)]
    high, low = highest[views[0]].copy(), lowest[views[0]].copy()
    for view in views[1:]:
        np.maximum(high, highest[view], out=high)
        np.minimum(low, lowest[view], out=low)
    return high - low


def halved(waveform: np.ndarray) -> np.ndarray:
    """Every second sample of a waveform after a half-band filter (Kaiser, 31 taps, -60 dB above 5 kHz).

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        float32.

    Returns
    -------
    ndarray of shape (ceil(n_samples / 2),)
        float32; sample i lies where sample 2 i lay.
    """
    taps = _half_band()
    even = waveform[::2]
    odd = np.zeros(len(even) + 2 * len(taps), dtype=np.float32)
    odd[len(taps) : len(taps) + len(waveform) // 2] = waveform[1::2]
    result = np.float32(0.5) * even
    for k, tap in enumerate(taps):
        result += tap * odd[len(taps) + k : len(taps) + k + len(even)]
        result += tap * odd[len(taps) - 1 - k : len(taps) - 1 - k + len(even)]
    return result


@lru_cache(maxsize=1)
def _half_band() -> np.ndarray:
    """Taps on one side of the filter's middle that are not zero (every second one), of shape (8,)."""
    offsets = 2 * np.arange(8) + 1
    taps = np.sin(np.pi * offsets / 2) / (np.pi * offsets) * np.kaiser(33, 6.0)[16 + offsets]
    return (taps * 0.25 / taps.sum()).astype(np.float32)


def _autocorrelation(frames: np.ndarray) -> np.ndarray:
    """Normalised autocorrelation at half-sample lags, of shape (n_frames, _LAGS)."""
    window, cosines = _tables()
    padded = np.zeros((len(frames), _FFT), dtype=np.float32)
    inside = padded[:, :_WINDOW]
    np.multiply(frames, window, out=inside)
    inside -= (inside.sum(axis=1) / window.sum())[:, None] * window  # no mean: a pause that has one is no low voice
    spectra = scipy.fft.rfft(padded, axis=1, overwrite_x=True)
    lags = squared(spectra[:, :_BINS]) @ cosines
    lags /= np.maximum(lags[:, :1], np.float32(1e-20))
    return lags


@lru_cache(maxsize=1)
def _tables() -> tuple[np.ndarray, np.ndarray]:
    """Window, and the matrix that takes power spectra to autocorrelations relative to the window's own.

    Half-sample lags and the weights of the bins cost nothing this way, and few lags are cheaper than a transform.
    """
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(_WINDOW) + 0.5) / _WINDOW)
    bins = np.arange(_FFT // 2 + 1)
    frequencies = bins * _RATE / _FFT
    weights = np.clip((frequencies - 20) / 30, 0, 1) * np.clip((_HIGHEST - frequencies) / 1200, 0, 1)
    cosines = np.cos(np.pi * np.outer(bins, np.arange(_LAGS)) / (_FFT // 2 * _FINER)) * 2
    cosines[[0, -1]] /= 2
    expected = (np.abs(np.fft.rfft(window, _FFT)) ** 2) @ cosines
    cosines = weights[:, None] * cosines / (expected / expected[0])
    return window.astype(np.float32), cosines[:_BINS].astype(np.float32)


@compiled()
def _candidates(lags: np.ndarray, f0: np.ndarray, strength: np.ndarray, values: np.ndarray) -> None:
    """The highest maxima of each frame's autocorrelation, refined by a parabola through three points."""
    shortest = int(np.floor(_FINER * _RATE / F0_MAX))
    for t in range(lags.shape[0]):
        row = lags[t]
        for k in range(shortest, _LAGS - 1):
            if row[k] > 0.15 and row[k] > row[k - 1] and row[k] >= row[k + 1]:
                slope = 0.5 * (row[k + 1] - row[k - 1])
                bend = 2 * row[k] - row[k - 1] - row[k + 1]
                shift = slope / bend
                frequency = _FINER * _RATE / (k + shift)
                if not F0_MIN <= frequency <= F0_MAX:  # the parabola's top may lie beyond the last lag of the range
                    continue
                height = row[k] + 0.5 * slope * shift
                if height > 1:
                    height = 1 / height
                # A small preference for high F0 decides between octaves.
                value = height - _OCTAVE_COST * np.log2(F0_MIN / frequency)
                weakest = np.argmin(values[t])
                if value > values[t, weakest]:
                    strength[t, weakest] = height
                    values[t, weakest] = value
                    f0[t, weakest] = frequency


@compiled()
def _path(f0: np.ndarray, values: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Candidate of each frame on the best path, -1 for unvoiced, of shape (n_frames,) int64."""
    n_frames, n_candidates = f0.shape
    score = np.full(n_candidates + 1, -np.inf)
    new_score = np.empty(n_candidates + 1)
    octave = np.log2(f0)
    back = np.zeros((n_frames, n_candidates + 1), dtype=np.int8)
    for t in range(n_frames):
        quiet = level[t] * (1 + _VOICING_THRESHOLD) / _SILENCE_THRESHOLD
        unvoiced = _VOICING_THRESHOLD + max(0.0, 2.0 - quiet)
        for c in range(n_candidates + 1):
            local = unvoiced if c == n_candidates else values[t, c]
            best, previous = -np.inf, n_candidates
            if local > -np.inf and t > 0:
                for b in range(n_candidates + 1):
                    if score[b] == -np.inf:
                        continue
                    if c == n_candidates and b == n_candidates:
                        cost = 0.0
                    elif c == n_candidates or b == n_candidates:
                        cost = _CHANGE_COST
                    else:
                        cost = _JUMP_COST * abs(octave[t, c] - octave[t - 1, b])
                    if score[b] - cost > best:
                        best, previous = score[b] - cost, b
            new_score[c] = local if t == 0 else local + best
            back[t, c] = previous
        for c in range(n_candidates + 1):  # not score[:] = new_score: numba compiles seconds of shape checks for that
            score[c] = new_score[c]
    path = np.empty(n_frames, dtype=np.int64)
    state = 0
    for c in range(n_candidates + 1):
        if score[c] > score[state]:
            state = c
    for t in range(n_frames - 1, -1, -1):
        path[t] = -1 if state == n_candidates else state
        state = back[t, state]
    return path
