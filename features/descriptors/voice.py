"""Voice quality: jitter, shimmer, harmonics-to-noise ratio, harmonic differences and formants."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np

from features.compiled import compiled
from features.descriptors.analysis import Analysis
from features.descriptors.formants import formants
from features.descriptors.frames import HOP
from features.descriptors.pulses import match, perturbation
from features.descriptors.specs import VOICED, Descriptor, Number
from features.sampling import RATE

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
    """Contours of shape (9, n_frames), NaN where unvoiced, and numbers of shape (5,)."""
    contours = np.full((len(DESCRIPTORS), analysis.n_frames), np.nan, dtype=np.float32)
    _harmonics(analysis.waveform, analysis.track.f0, analysis.stft.third_formant, contours)
    contours[3:] = formants(analysis.waveform, analysis.voiced)
    return contours, np.array(astuple(perturbation(analysis.waveform, analysis.track.f0)), dtype=np.float32)


@compiled()
def _harmonics(waveform: np.ndarray, f0: np.ndarray, high: np.ndarray, result: np.ndarray) -> None:
    """HNR, H1-H2 and H1-A3 of each voiced frame, in the first three rows; `high` is A3's power."""
    for t in range(len(f0)):
        frequency = f0[t]
        if frequency != frequency:
            continue
        period = RATE / frequency
        centre = float(t * HOP) - period
        _, r, _ = match(waveform, centre, 2 * period, centre + 0.96 * period - 1, centre + 1.04 * period + 1)
        if r > -1:
            r = min(max(r, 1e-5), 1 - 1e-5)
            result[0, t] = min(max(10 * np.log10(r / (1 - r)), _LEAST_DB), _MOST_DB)
        first, second = _two_harmonics(waveform, t * HOP, frequency, period)
        if first > 1e-12 and second > 1e-12:
            result[1, t] = min(max(10 * np.log10(first / second), -_MOST_DB), _MOST_DB)
        if first > 1e-12 and high[t] > 1e-12:
            result[2, t] = min(max(10 * np.log10(first / high[t]), -_MOST_DB), 2 * _MOST_DB)


@compiled(fastmath=True)
def _two_harmonics(waveform: np.ndarray, centre: int, frequency: float, period: float) -> tuple[float, float]:
    """Power at F0 and at twice F0, of three periods under a Hann window, over the square of the window's sum."""
    half = int(1.5 * period)
    first, last = max(centre - half, 0), min(centre + half + 1, len(waveform))
    step, bell = 2 * np.pi * frequency / RATE, np.pi / (half + 1)
    c, s, cs, ss = np.cos(step), np.sin(step), np.cos(bell), np.sin(bell)
    x, y = np.cos(step * (first - centre)), np.sin(step * (first - centre))
    u, v = np.cos(bell * (first - centre)), np.sin(bell * (first - centre))
    a, b, d, e, weights = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(first, last):
        weight = 0.5 + 0.5 * u
        value = waveform[i] * weight
        weights += weight
        a += value * x
        b += value * y
        d += value * (x * x - y * y)
        e += value * (2 * x * y)
        x, y = x * c - y * s, x * s + y * c
        u, v = u * cs - v * ss, u * ss + v * cs
    return (a * a + b * b) / (weights * weights), (d * d + e * e) / (weights * weights)
