"""Functionals: statistics of a contour over some of its frames, for many contours at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.compiled import compiled
from features.descriptors.frames import FRAMES_PER_SECOND


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
_SHARES = np.array([0.05, 0.2, 0.5, 0.8, 0.95])
_MOST_VALUES = 4_000_000


def functionals(contours: np.ndarray, frames: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
    """Every functional of every contour.

    Values that are NaN are left out; a contour without any frame gives NaN throughout. Differences are taken only
    between frames that are neighbours on the grid.

    Parameters
    ----------
    contours : ndarray of shape (n_contours, n_frames)
        float32.
    frames : ndarray of shape (n_frames,)
        bool, the frames to use.
    rows : ndarray of shape (n_rows,), optional
        the contours to use; None for all.

    Returns
    -------
    ndarray of shape (n_rows, len(FUNCTIONALS))
        float32, columns in the order of `FUNCTIONALS`.

    Examples
    --------
    >>> contours = np.array([[1.0, 2.0, 3.0]], dtype=np.float32)
    >>> functionals(contours, np.array([True, True, True]))[0, 0]
    np.float32(2.0)
    """
    positions = np.flatnonzero(frames)
    rows = np.arange(len(contours)) if rows is None else rows
    result = np.full((len(rows), len(FUNCTIONALS)), np.nan, dtype=np.float32)
    if not positions.size:
        return result
    step = max(_MOST_VALUES // positions.size, 1)
    for first in range(0, len(rows), step):
        values = contours[rows[first : first + step, None], positions]
        _fill(values, positions, result[first : first + step])
    return result


def _fill(values: np.ndarray, positions: np.ndarray, result: np.ndarray) -> None:
    counts = np.empty(len(values), dtype=np.int64)
    _moments(values, positions, float(FRAMES_PER_SECOND), counts, result)
    percentiles = _percentiles(values, counts)
    first = len(_MOMENTS)
    result[:, first:-1] = percentiles
    result[:, -1] = percentiles[:, -1] - percentiles[:, 0]


def _percentiles(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Linear interpolation between order statistics; sorting puts NaN last."""
    ordered = np.sort(values, axis=1)
    last = np.maximum(counts - 1, 0)[:, None]
    position = last * _SHARES
    low = position.astype(np.int64)
    start = (np.arange(len(values)) * values.shape[1])[:, None]
    flat = ordered.ravel()
    below = flat[start + low]
    return below + (flat[start + np.minimum(low + 1, last)] - below) * (position - low).astype(np.float32)


@compiled()
def _moments(
    contours: np.ndarray, positions: np.ndarray, frames_per_second: float, counts: np.ndarray, result: np.ndarray
) -> None:
    """Fill in how many values each contour has, and its mean, std, skew, slope, change, rise and fall."""
    n_contours, n_frames = contours.shape
    mean_position = 0.0
    for i in range(n_frames):
        mean_position += positions[i]
    mean_position /= n_frames
    times = np.empty(n_frames, dtype=np.float64)
    for i in range(n_frames):
        times[i] = positions[i] - mean_position
    adjacent = np.zeros(n_frames, dtype=np.float64)
    for i in range(1, n_frames):
        adjacent[i] = positions[i] == positions[i - 1] + 1
    values = np.empty(n_frames, dtype=np.float64)
    some_times = np.empty(n_frames, dtype=np.float64)
    some_adjacent = np.zeros(n_frames, dtype=np.float64)
    finite = np.empty(n_frames, dtype=np.int64)
    for c in range(n_contours):
        count = 0
        for i in range(n_frames):
            value = contours[c, i]
            if value == value:
                values[count] = value
                finite[count] = i
                count += 1
        counts[c] = count
        if count == n_frames:
            _row(values, times, adjacent, frames_per_second, result[c])
        elif count > 0:
            mean_time = 0.0
            for i in range(count):
                mean_time += times[finite[i]]
            mean_time /= count
            for i in range(count):
                some_times[i] = times[finite[i]] - mean_time
                some_adjacent[i] = i > 0 and positions[finite[i]] == positions[finite[i - 1]] + 1
            _row(values[:count], some_times[:count], some_adjacent[:count], frames_per_second, result[c])


@compiled(fastmath={"reassoc", "contract", "arcp", "nsz"})
def _row(
    values: np.ndarray, times: np.ndarray, adjacent: np.ndarray, frames_per_second: float, result: np.ndarray
) -> None:
    """Moments of values without NaN; `times` are in frames about their mean, `adjacent` marks neighbours."""
    count = len(values)
    total = 0.0
    for i in range(count):
        total += values[i]
    mean = total / count
    second, third, cross, time_square = 0.0, 0.0, 0.0, 0.0
    for i in range(count):
        away = values[i] - mean
        second += away * away
        third += away * away * away
        cross += away * times[i]
        time_square += times[i] * times[i]
    up, down, n_up, n_down, n_steps = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(1, count):
        step = (values[i] - values[i - 1]) * adjacent[i]
        up += max(step, 0.0)
        down += min(step, 0.0)
        n_up += 1.0 if step > 0 else 0.0
        n_down += 1.0 if step < 0 else 0.0
        n_steps += adjacent[i]
    deviation = np.sqrt(second / count)
    result[0] = mean
    result[1] = deviation
    if deviation > 1e-6 * (abs(mean) + 1e-6):
        result[2] = third / count / deviation**3
    if time_square > 0:
        result[3] = cross / time_square * frames_per_second
    if n_steps > 0:
        result[4] = (up - down) / n_steps * frames_per_second
        result[5] = up / max(n_up, 1.0) * frames_per_second
        result[6] = down / max(n_down, 1.0) * frames_per_second
