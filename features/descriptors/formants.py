"""Formants: Burg's linear prediction on voiced frames, and the roots of its polynomials."""

from __future__ import annotations

import numpy as np

from features.compiled import compiled
from features.descriptors.frames import HOP, frames_between
from features.sampling import RATE

N_FORMANTS = 3
_RATE = 11000
_HOP = HOP * _RATE // RATE
_WINDOW = 550
_ORDER = 10
_EMPHASIS_FROM = 50.0
_MARGIN = 50.0
_BLOCK = 256


def formants(waveform: np.ndarray, voiced: np.ndarray) -> np.ndarray:
    """Frequencies and bandwidths of the first three formants on voiced frames.

    As in Praat's "Sound: To Formant (burg)..." with its standard settings: 11 kHz, pre-emphasis from 50 Hz, 50 ms under
    a Gaussian window, order 10, roots between 50 and 5450 Hz.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        float32 at 16 kHz.
    voiced : ndarray of shape (n_frames,)
        bool.

    Returns
    -------
    ndarray of shape (6, n_frames)
        float32, Hz: F1, F2, F3, then their bandwidths; NaN where unvoiced or not found.
    """
    import soxr

    result = np.full((2 * N_FORMANTS, len(voiced)), np.nan, dtype=np.float32)
    if not voiced.any():
        return result
    low = soxr.resample(waveform, RATE, _RATE, quality="HQ")
    fading, window = np.float32(np.exp(-2 * np.pi * _EMPHASIS_FROM / _RATE)), _gaussian(_WINDOW)
    for first in range(0, len(voiced), _BLOCK):
        last = min(first + _BLOCK, len(voiced))
        indices = np.flatnonzero(voiced[first:last])
        if indices.size:
            frames = frames_between(low, first, last, length=_WINDOW + 1, hop=_HOP)[indices]
            _fill((frames[:, 1:] - fading * frames[:, :-1]) * window, indices + first, result)
    return result


def _gaussian(length: int) -> np.ndarray:
    """Gaussian window that reaches zero at its ends (Praat's manual, "Sound: To Formant (burg)...")."""
    middle, edge = 0.5 * (length + 1), np.exp(-12.0)
    offset = np.arange(1, length + 1) - middle
    return ((np.exp(-48 * offset**2 / (length + 1) ** 2) - edge) / (1 - edge)).astype(np.float32)


@compiled()
def _fill(frames: np.ndarray, indices: np.ndarray, result: np.ndarray) -> None:
    real = np.empty(_ORDER)
    imaginary = np.empty(_ORDER)
    fresh = True
    for i in range(len(indices)):
        coefficients = burg(frames[i], _ORDER)
        if fresh or indices[i] != indices[i - 1] + 1:
            for k in range(_ORDER):
                angle = 2 * np.pi * (k + 0.25) / _ORDER
                real[k], imaginary[k] = 0.9 * np.cos(angle), 0.9 * np.sin(angle)
        fresh = not roots(coefficients, real, imaginary)
        if not fresh:
            _pick(real, imaginary, result, indices[i])


@compiled(fastmath=True)
def burg(frame: np.ndarray, order: int) -> np.ndarray:
    """Coefficients of 1 + a1 z^-1 + ... by Burg's method (Childers 1978), of shape (order + 1,).

    A silent frame gives 1, 0, 0, ...
    """
    n = len(frame)
    forward, backward = np.empty_like(frame), np.empty_like(frame)
    for i in range(n):
        forward[i] = backward[i] = frame[i]
    a, old = np.empty(order + 1), np.empty(order + 1)
    for k in range(order + 1):
        a[k] = 0.0
    a[0] = 1.0
    power = np.float32(0.0)
    for i in range(n):
        power += frame[i] * frame[i]
    square = 2.0 * power
    for m in range(1, order + 1):
        # backward[i] is the backward error at sample i + m - 1, so that both errors are updated in place.
        square -= forward[m - 1] ** 2 + backward[n - m] ** 2
        cross = np.float32(0.0)
        for i in range(n - m):
            cross += forward[i + m] * backward[i]
        if square <= 1e-6 * power or power <= np.float32(1e-30):
            break
        reflection = -2.0 * cross / square
        for k in range(order + 1):  # not old[:] = a: numba compiles seconds of shape checks for that
            old[k] = a[k]
        for k in range(1, m + 1):
            a[k] = old[k] + reflection * old[m - k]
        step = np.float32(reflection)
        for i in range(n - m):
            f, b = forward[i + m], backward[i]
            forward[i + m] = f + step * b
            backward[i] = b + step * f
        square *= 1.0 - reflection * reflection
    return a


@compiled(fastmath=True)
def roots(a: np.ndarray, real: np.ndarray, imaginary: np.ndarray) -> bool:
    """All roots of z^n + a1 z^(n-1) + ... at once by Aberth's method, in place from first guesses.

    Returns whether they converged.
    """
    n = len(real)
    settled = np.zeros(n, dtype=np.bool_)
    for _ in range(60):
        unsettled = 0
        for i in range(n):
            if settled[i]:
                continue
            x, y = real[i], imaginary[i]
            p, q, d, e = 1.0, 0.0, 0.0, 0.0
            for k in range(1, n + 1):
                d, e = d * x - e * y + p, d * y + e * x + q
                p, q = p * x - q * y + a[k], p * y + q * x
            square = d * d + e * e + 1e-300
            u, v = (p * d + q * e) / square, (q * d - p * e) / square
            r, s = 0.0, 0.0
            for j in range(n):
                if j != i:
                    g, h = x - real[j], y - imaginary[j]
                    inverse = 1.0 / (g * g + h * h + 1e-18)
                    r += g * inverse
                    s -= h * inverse
            f, g = 1.0 - (u * r - v * s), -(u * s + v * r)
            square = f * f + g * g + 1e-300
            h, k2 = (u * f + v * g) / square, (v * f - u * g) / square
            real[i] = x - h
            imaginary[i] = y - k2
            if h * h + k2 * k2 < 1e-8:
                settled[i] = True
            else:
                unsettled += 1
        if unsettled == 0:
            return True
    return False


@compiled()
def _pick(real: np.ndarray, imaginary: np.ndarray, result: np.ndarray, frame: int) -> None:
    """The lowest resonances of the upper half plane, into the frame's column.

    A root outside the unit circle is mirrored into it.
    """
    count = 0
    frequencies = np.empty(len(real))
    bandwidths = np.empty(len(real))
    for k in range(len(real)):
        if imaginary[k] <= 0:
            continue
        frequency = np.arctan2(imaginary[k], real[k]) * _RATE / (2 * np.pi)
        if _MARGIN <= frequency <= _RATE / 2 - _MARGIN:
            j = count
            while j > 0 and frequencies[j - 1] > frequency:
                frequencies[j], bandwidths[j] = frequencies[j - 1], bandwidths[j - 1]
                j -= 1
            frequencies[j] = frequency
            square = max(real[k] * real[k] + imaginary[k] * imaginary[k], 1e-12)
            bandwidths[j] = abs(np.log(square)) * _RATE / (2 * np.pi)
            count += 1
    for k in range(min(count, N_FORMANTS)):
        result[k, frame] = frequencies[k]
        result[N_FORMANTS + k, frame] = bandwidths[k]
