"""Functionals: numbers that sum up a contour over some of its frames, for many contours at once."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from features.descriptors.grid import FRAMES_A_SECOND


@dataclass(frozen=True)
class Functional:
    """A functional's unit, in terms of the descriptor's unit `u`, and its formula."""

    unit: str
    formula: str


FUNCTIONALS: dict[str, Functional] = {
    "mean": Functional("u", "arithmetic mean"),
    "std": Functional("u", "standard deviation (divisor n)"),
    "skew": Functional("1", "third standardised moment; NaN where the deviation is 0"),
    "slope": Functional("u/s", "least-squares line over time"),
    "change": Functional("u/s", "mean absolute difference of neighbouring frames, a second"),
    "rise": Functional("u/s", "mean of the positive differences of neighbouring frames, a second; 0 where none"),
    "fall": Functional("u/s", "mean of the negative differences of neighbouring frames, a second; 0 where none"),
    "p05": Functional("u", "5th percentile, linear between order statistics"),
    "p20": Functional("u", "20th percentile"),
    "p50": Functional("u", "median"),
    "p80": Functional("u", "80th percentile"),
    "p95": Functional("u", "95th percentile"),
    "range": Functional("u", "95th less 5th percentile"),
}
_MOMENTS = ("mean", "std", "skew", "slope", "change", "rise", "fall")
_PERCENTILES = {"p05": 0.05, "p20": 0.2, "p50": 0.5, "p80": 0.8, "p95": 0.95}


def functionals(contours: np.ndarray, frames: np.ndarray | None = None) -> np.ndarray:
    """Every functional of every contour.

    Values that are NaN are left out; a contour without any frame gives NaN throughout. Differences are taken only
    between frames that are neighbours on the grid.

    Parameters
    ----------
    contours : np.ndarray
        [shape=(n_contours, n_frames)] float32.
    frames : np.ndarray, optional
        [shape=(n_frames,)] bool, the frames to use; None for all.

    Returns
    -------
    np.ndarray
        [shape=(n_contours, len(FUNCTIONALS))] float32, columns in the order of `FUNCTIONALS`.
    """
    positions = np.arange(contours.shape[1]) if frames is None else np.flatnonzero(frames)
    chosen = np.ascontiguousarray(contours if frames is None else contours[:, positions])
    result = np.full((len(contours), len(FUNCTIONALS)), np.nan, dtype=np.float32)
    if not chosen.size:
        return result
    counts = _moments(chosen, positions, float(FRAMES_A_SECOND), result)
    percentiles = _percentiles(chosen, counts)
    first = len(_MOMENTS)
    result[:, first : first + percentiles.shape[1]] = percentiles
    result[:, -1] = percentiles[:, -1] - percentiles[:, 0]
    return result


def _percentiles(chosen: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Linear interpolation between order statistics; sorting puts NaN last."""
    ordered = np.sort(chosen, axis=1)
    place = np.maximum(counts - 1, 0)[:, None] * np.array(list(_PERCENTILES.values()))
    low = place.astype(np.int64)
    high = np.minimum(low + 1, np.maximum(counts - 1, 0)[:, None])
    below = np.take_along_axis(ordered, low, axis=1)
    above = np.take_along_axis(ordered, high, axis=1)
    return below + (above - below) * (place - low).astype(np.float32)


@numba.njit(cache=True, nogil=True)
def _moments(chosen: np.ndarray, positions: np.ndarray, frames_a_second: float, result: np.ndarray) -> np.ndarray:
    """Fill mean, std, skew, slope, change, rise and fall; return how many values each contour has."""
    n_contours, n_frames = chosen.shape
    counts = np.zeros(n_contours, dtype=np.int64)
    for c in range(n_contours):
        count, total, total_time = 0, 0.0, 0.0
        for i in range(n_frames):
            value = chosen[c, i]
            if value == value:
                count += 1
                total += value
                total_time += positions[i]
        counts[c] = count
        if count == 0:
            continue
        mean, mean_time = total / count, total_time / count
        second, third, cross, time_square = 0.0, 0.0, 0.0, 0.0
        rising, falling, n_rising, n_falling, n_steps = 0.0, 0.0, 0, 0, 0
        for i in range(n_frames):
            value = chosen[c, i]
            if value != value:
                continue
            away, moment = value - mean, positions[i] - mean_time
            second += away * away
            third += away * away * away
            cross += away * moment
            time_square += moment * moment
            if i > 0 and positions[i] == positions[i - 1] + 1 and chosen[c, i - 1] == chosen[c, i - 1]:
                step = value - chosen[c, i - 1]
                n_steps += 1
                if step > 0:
                    rising += step
                    n_rising += 1
                elif step < 0:
                    falling += step
                    n_falling += 1
        deviation = np.sqrt(second / count)
        result[c, 0] = mean
        result[c, 1] = deviation
        if deviation > 1e-6 * (abs(mean) + 1e-6):
            result[c, 2] = third / count / deviation**3
        if time_square > 0:
            result[c, 3] = cross / time_square * frames_a_second
        if n_steps > 0:
            result[c, 4] = (rising - falling) / n_steps * frames_a_second
            result[c, 5] = rising / max(n_rising, 1) * frames_a_second
            result[c, 6] = falling / max(n_falling, 1) * frames_a_second
    return counts
