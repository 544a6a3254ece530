"""Voice quality: jitter, shimmer, harmonics-to-noise ratio, harmonic differences and formants."""

from __future__ import annotations

from dataclasses import astuple

import numba
import numpy as np

from features.audio import RATE
from features.descriptors.analysis import Analysis
from features.descriptors.declare import VOICED, Descriptor, Number
from features.descriptors.formants import formants
from features.descriptors.grid import HOP
from features.descriptors.pulses import match, perturbation

_OVER = {VOICED: ("mean", "std", "p20", "p50", "p80")}
_FORMANT = {VOICED: ("mean", "std", "p20", "p50", "p80", "change")}
_BURG = "Burg's method, order 10 at 11 kHz, 50 ms Gaussian window"
_PRAAT = "Praat's manual"
_SOURCE = f"Burg 1975; {_PRAAT}"
_MOST_DB, _LEAST_DB = 50.0, -20.0

DESCRIPTORS = (
    Descriptor(
        "hnr", "dB", "10 log10 r/(1 - r), r the cross-correlation of two periods with the next two", "Boersma 1993",
        {VOICED: ("mean", "std", "p05", "p20", "p50", "p80", "slope")},
    ),
    Descriptor("h1_h2", "dB", "first over second harmonic's amplitude", "Hanson 1997; GeMAPS", _OVER),
    Descriptor("h1_a3", "dB", "first harmonic over the strongest between 2 and 3.5 kHz", "Hanson 1997; GeMAPS", _OVER),
    *(Descriptor(f"f{i}", "Hz", f"frequency of formant {i}: {_BURG}", _SOURCE, _FORMANT) for i in (1, 2, 3)),
    *(
        Descriptor(
            f"b{i}", "Hz", f"bandwidth of formant {i}: {_BURG}", _SOURCE, {VOICED: ("mean", "p20", "p50", "p80")}
        )
        for i in (1, 2, 3)
    ),
)  # fmt: skip
NUMBERS = (
    Number("jitter_local", "1", "mean absolute difference of neighbouring periods over the mean period", _PRAAT),
    Number("jitter_ddp", "1", "mean absolute second difference of periods over the mean period", _PRAAT),
    Number("shimmer_local", "1", "mean absolute difference of neighbouring amplitudes over the mean", _PRAAT),
    Number("shimmer_local_db", "dB", "mean absolute 20 log10 of the ratio of neighbouring amplitudes", _PRAAT),
    Number("shimmer_apq3", "1", "mean distance of an amplitude from the mean of three over the mean", _PRAAT),
)


def describe(analysis: Analysis) -> tuple[np.ndarray, np.ndarray]:
    """Contours [shape=(9, n_frames)], NaN where unvoiced, and numbers [shape=(5,)]."""
    contours = np.full((len(DESCRIPTORS), analysis.n_frames), np.nan, dtype=np.float32)
    _harmonics(analysis.waveform, analysis.track.f0, contours)
    contours[3:] = formants(analysis.waveform, analysis.voiced)
    return contours, np.array(astuple(perturbation(analysis.waveform, analysis.track.f0)), dtype=np.float32)


@numba.njit(cache=True, nogil=True)
def _harmonics(waveform: np.ndarray, f0: np.ndarray, result: np.ndarray) -> None:
    """HNR, H1-H2 and H1-A3 of each voiced frame, in the first three rows."""
    for t in range(len(f0)):
        frequency = f0[t]
        if frequency != frequency:
            continue
        period = RATE / frequency
        place = float(t * HOP) - period
        _, r, _ = match(waveform, place, 2 * period, place + 0.9 * period - 1, place + 1.1 * period + 1)
        if r > -1:
            r = min(max(r, 1e-5), 1 - 1e-5)
            result[0, t] = min(max(10 * np.log10(r / (1 - r)), _LEAST_DB), _MOST_DB)
        first = _amplitude(waveform, t * HOP, frequency, period)
        second = _amplitude(waveform, t * HOP, 2 * frequency, period)
        high = 0.0
        for k in range(int(np.ceil(2000.0 / frequency)), int(3500.0 / frequency) + 1):
            high = max(high, _amplitude(waveform, t * HOP, k * frequency, period))
        if first > 0 and second > 0:
            result[1, t] = min(max(20 * np.log10(first / second), -_MOST_DB), _MOST_DB)
        if first > 0 and high > 0:
            result[2, t] = min(max(20 * np.log10(first / high), -_MOST_DB), 2 * _MOST_DB)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _amplitude(waveform: np.ndarray, centre: int, frequency: float, period: float) -> float:
    """Magnitude at one frequency of three periods under a Hann window."""
    half = int(1.5 * period)
    first, last = max(centre - half, 0), min(centre + half + 1, len(waveform))
    step = 2 * np.pi * frequency / RATE
    bell = np.pi / (half + 1)
    c, s, cs, ss = np.cos(step), np.sin(step), np.cos(bell), np.sin(bell)
    x, y = np.cos(step * (first - centre)), np.sin(step * (first - centre))
    u, v = np.cos(bell * (first - centre)), np.sin(bell * (first - centre))
    real, imaginary = 0.0, 0.0
    for i in range(first, last):
        value = waveform[i] * (0.5 + 0.5 * u)
        real += value * x
        imaginary += value * y
        x, y = x * c - y * s, x * s + y * c
        u, v = u * cs - v * ss, u * ss + v * cs
    return np.sqrt(real * real + imaginary * imaginary)
