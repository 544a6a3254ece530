"""Pitch: F0 in semitones and Hz, periodicity, and the movement of its contour's segments."""

from __future__ import annotations

import numpy as np

from features.compiled import compiled
from features.descriptors.analysis import Analysis
from features.descriptors.frames import FRAMES_PER_SECOND
from features.descriptors.segments import mean_and_std, runs
from features.descriptors.specs import ALL, VOICED, Descriptor, Number

REFERENCE_HZ = 27.5
_SHORTEST = 5
_BOERSMA = "Boersma 1993"
_SEGMENT = "of F0 (semitones) over each voiced stretch of 50 ms or more"
_MERTENS = "Mertens 2004; least squares"

DESCRIPTORS = (
    Descriptor(
        "f0_semitone", "semitone", "12 log2(F0 / 27.5 Hz)", f"{_BOERSMA}; GeMAPS",
        {
            VOICED: (
                "mean", "std", "skew", "p05", "p20", "p50", "p80", "p95", "range", "slope", "change", "rise", "fall",
            )
        },
    ),
    Descriptor(
        "f0_hz", "Hz",
        "F0 by normalised autocorrelation and Viterbi's path, 60 to 800 Hz; none of a hum, nor in 30 ms below 2^-13",
        _BOERSMA,
        {VOICED: ("mean", "std", "p20", "p50", "p80", "range", "change")},
    ),
    Descriptor(
        "periodicity", "1", "normalised autocorrelation at the period, below 3 kHz", _BOERSMA,
        {ALL: ("mean", "std", "p20", "p80"), VOICED: ("mean", "std", "p05", "p20", "change")},
    ),
)  # fmt: skip
NUMBERS = (
    Number("segment_slope_mean", "semitone/s", f"mean of the slopes {_SEGMENT}", _MERTENS),
    Number("segment_slope_std", "semitone/s", f"deviation of the slopes {_SEGMENT}", _MERTENS),
    Number("segment_slope_size", "semitone/s", f"mean absolute slope {_SEGMENT}", _MERTENS),
    Number("segment_slope_last", "semitone/s", "slope of the last voiced stretch of 50 ms or more", _MERTENS),
    Number("segment_rising", "1", "share of voiced stretches (by length) that rise", _MERTENS),
    Number("segment_curvature_mean", "semitone/s^2", f"mean second derivative of the parabola {_SEGMENT}", _MERTENS),
    Number("segment_curvature_std", "semitone/s^2", f"deviation of second derivatives {_SEGMENT}", _MERTENS),
    Number("segment_range_mean", "semitone", f"mean range {_SEGMENT}", _MERTENS),
    Number("segment_range_std", "semitone", f"deviation of the ranges {_SEGMENT}", _MERTENS),
    Number("segment_step", "semitone", "mean absolute step of mean F0 from one voiced stretch to the next", _MERTENS),
)


def describe(analysis: Analysis) -> tuple[np.ndarray, np.ndarray]:
    """Contours of shape (3, n_frames), F0 NaN where unvoiced, and numbers of shape (10,)."""
    f0 = analysis.track.f0
    semitones = 12 * np.log2(f0 / np.float32(REFERENCE_HZ))
    return np.stack([semitones, f0, analysis.track.periodicity]), _segments(semitones, analysis.voiced)


def _segments(semitones: np.ndarray, voiced: np.ndarray) -> np.ndarray:
    stretches = [semitones[a:b].astype(np.float64) for a, b in runs(voiced) if b - a >= _SHORTEST]
    if not stretches:
        return np.full(len(NUMBERS), np.nan, dtype=np.float32)
    measured = np.array([_measure(stretch) for stretch in stretches])
    slopes, curvatures, ranges, means = (np.ascontiguousarray(column) for column in measured.T)
    lengths = np.array([len(stretch) for stretch in stretches])
    return np.array(
        [
            *mean_and_std(slopes), mean_and_std(np.abs(slopes))[0], slopes[-1],
            lengths[slopes > 0].sum() / lengths.sum(),
            *mean_and_std(curvatures), *mean_and_std(ranges), mean_and_std(np.abs(means[1:] - means[:-1]))[0],
        ],
        dtype=np.float32,
    )  # fmt: skip


@compiled()
def _measure(stretch: np.ndarray) -> tuple[float, float, float, float]:
    """Slope and second derivative of the least-squares parabola, per second (squared); range; mean."""
    # Loops, not whole-array expressions: numba compiles them in a fifth of the time.
    n = len(stretch)
    middle = 0.5 * (n - 1)
    spread, total, highest, lowest = 0.0, 0.0, stretch[0], stretch[0]
    for i in range(n):
        spread += (i - middle) * (i - middle)
        total += stretch[i]
        highest, lowest = max(highest, stretch[i]), min(lowest, stretch[i])
    rise, bend, bow_square = 0.0, 0.0, 0.0
    for i in range(n):
        bow = (i - middle) * (i - middle) - spread / n
        rise += (i - middle) * stretch[i]
        bend += bow * stretch[i]
        bow_square += bow * bow
    slope, curvature = rise / spread, 2 * bend / bow_square
    return slope * FRAMES_PER_SECOND, curvature * FRAMES_PER_SECOND**2, highest - lowest, total / n
