"""Runs of frames and turning points of contours, from which rates, lengths and slopes are computed."""

from __future__ import annotations

import numpy as np

from features.compiled import compiled


def runs(frames: np.ndarray) -> np.ndarray:
    """Begin and end (exclusive) of each run of True, of shape (n_runs, 2) int64.

    Parameters
    ----------
    frames : ndarray of shape (n_frames,)
        bool.

    Examples
    --------
    >>> runs(np.array([True, True, False, True])).tolist()
    [[0, 2], [3, 4]]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], frames, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2)


def smooth(contour: np.ndarray, width: int) -> np.ndarray:
    """Moving average over `width` (odd) frames, extended by the first and last values, of shape (n_frames,) float64."""
    half = width // 2
    padded = np.concatenate([np.full(half, contour[0]), contour, np.full(half, contour[-1])]).astype(np.float64)
    sums = np.cumsum(np.concatenate([[0.0], padded]))
    return (sums[width:] - sums[:-width]) / width


@compiled()
def mean_and_std(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of a few values, of shape (n,) float64; NaN where there are none."""
    if len(values) == 0:
        return np.nan, np.nan
    total, square = 0.0, 0.0
    for value in values:
        total += value
    mean = total / len(values)
    for value in values:
        square += (value - mean) ** 2
    return mean, np.sqrt(square / len(values))


@compiled()
def turning_points(contour: np.ndarray, depth: float) -> np.ndarray:
    """Frames where a contour turns, valleys and peaks alternating, each at least `depth` from the last.

    Parameters
    ----------
    contour : ndarray of shape (n_frames,)
        without NaN.
    depth : float
        In the contour's unit.

    Returns
    -------
    ndarray of shape (n_points,)
        int64, the first and the last extreme included; fewer than two where nothing turns.
    """
    points = np.empty(len(contour), dtype=np.int64)
    count = 0
    low, high, direction = 0, 0, 0
    for t in range(1, len(contour)):
        if contour[t] > contour[high]:
            high = t
        if contour[t] < contour[low]:
            low = t
        if direction >= 0 and contour[t] <= contour[high] - depth:
            if direction == 0 and low < high and contour[high] - contour[low] >= depth:
                points[count] = low
                count += 1
            points[count] = high
            count += 1
            direction, low = -1, t
        elif direction <= 0 and contour[t] >= contour[low] + depth:
            points[count] = low
            count += 1
            direction, high = 1, t
    if direction != 0:
        points[count] = high if direction == 1 else low
        count += 1
    return points[:count].copy()
