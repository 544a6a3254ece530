"""Energy: level and loudness in dB, and their dynamics."""

from __future__ import annotations

import numpy as np

from features.descriptors.analysis import Analysis
from features.descriptors.frames import FRAMES_PER_SECOND
from features.descriptors.segments import mean_and_std, smooth, turning_points
from features.descriptors.specs import ALL, UNVOICED, VOICED, Descriptor, Number

_SMOOTHING = 5
_DEPTH_DB = 3.0
_MODULATIONS = ((1.0, 2.0), (2.0, 4.0), (4.0, 8.0), (8.0, 16.0))
_SHORTEST_MODULATED = FRAMES_PER_SECOND
_OVER = {
    ALL: ("mean", "std", "skew", "p05", "p20", "p50", "p80", "p95", "range", "slope", "change", "rise", "fall"),
    VOICED: ("mean", "std", "p20", "p80", "range", "slope", "change", "rise", "fall"),
    UNVOICED: ("mean", "std"),
}
_GEMAPS = "Eyben et al. 2016 (GeMAPS)"
_PART = "between turning points (3 dB) of the loudness smoothed over 50 ms"

DESCRIPTORS = (
    Descriptor("rms_db", "dB", "20 log10 of the root mean square of 512 samples", "librosa.feature.rms", _OVER),
    Descriptor("loudness_db", "dB", "10 log10 of the A-weighted power of the frame's spectrum", "IEC 61672-1", _OVER),
)
NUMBERS = (
    Number("rising_slope_mean", "dB/s", f"mean slope of rising parts {_PART}", _GEMAPS),
    Number("rising_slope_std", "dB/s", f"deviation of the slopes of rising parts {_PART}", _GEMAPS),
    Number("falling_slope_mean", "dB/s", f"mean slope of falling parts {_PART}", _GEMAPS),
    Number("falling_slope_std", "dB/s", f"deviation of the slopes of falling parts {_PART}", _GEMAPS),
    Number("swing_mean", "dB", f"mean size of the changes {_PART}", _GEMAPS),
    *(
        Number(
            f"modulation_{low:g}_{high:g}", "dB",
            f"power of the loudness contour's spectrum from {low:g} to {high:g} Hz, of that from 1 to 16 Hz",
            "Greenberg & Kingsbury 1997",
        )
        for low, high in _MODULATIONS
    ),
)  # fmt: skip


def describe(analysis: Analysis) -> tuple[np.ndarray, np.ndarray]:
    """Contours of shape (2, n_frames) and numbers of shape (9,)."""
    spoken = analysis.loudness[analysis.extent]
    numbers = np.concatenate([_swings(spoken), _modulation(spoken)])
    return np.stack([analysis.level, analysis.loudness]), numbers.astype(np.float32)


def _swings(loudness: np.ndarray) -> np.ndarray:
    contour = smooth(loudness, _SMOOTHING)
    points = turning_points(contour, _DEPTH_DB)
    sizes = np.diff(contour[points])
    slopes = sizes / np.diff(points) * FRAMES_PER_SECOND
    rising, falling = slopes[slopes > 0], slopes[slopes < 0]
    return np.array([*mean_and_std(rising), *mean_and_std(falling), mean_and_std(np.abs(sizes))[0]])


def _modulation(loudness: np.ndarray) -> np.ndarray:
    """Shares of octaves of modulation in dB; NaN for less than a second, or where nothing moves."""
    if len(loudness) < _SHORTEST_MODULATED:
        return np.full(len(_MODULATIONS), np.nan)
    moving = (loudness - loudness.mean()) * np.hanning(len(loudness))
    spectrum = np.abs(np.fft.rfft(moving, max(len(loudness), 4 * FRAMES_PER_SECOND))) ** 2
    frequencies = np.arange(len(spectrum)) * FRAMES_PER_SECOND / max(len(loudness), 4 * FRAMES_PER_SECOND)
    powers = np.array([spectrum[(frequencies >= low) & (frequencies < high)].sum() for low, high in _MODULATIONS])
    if powers.sum() <= 1e-6:
        return np.full(len(_MODULATIONS), np.nan)
    return 10 * np.log10(np.maximum(powers / powers.sum(), 1e-6))
