"""Deltas: how fast contours change, and how fast that does."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

_WIDTH = 9


def delta(contours: np.ndarray, *, order: int) -> np.ndarray:
    """Derivative of each contour by a Savitzky-Golay filter over 9 frames, equal to `librosa.feature.delta`.

    Contours of fewer than 9 frames are extended by their first and last values.

    Parameters
    ----------
    contours : ndarray of shape (n_contours, n_frames)
    order : int
        1 or 2.
    """
    half = _WIDTH // 2
    kernel = _kernels(order)
    if contours.shape[1] < _WIDTH:
        edges = [np.repeat(contours[:, [index]], half, axis=1) for index in (0, -1)]
        contours = np.concatenate([edges[0], contours, edges[1]], axis=1)
        return _correlate(contours, kernel[half])
    result = np.empty_like(contours)
    result[:, half:-half] = _correlate(contours, kernel[half])
    result[:, :half] = contours[:, :_WIDTH] @ kernel[:half].T
    result[:, -half:] = contours[:, -_WIDTH:] @ kernel[half + 1 :].T
    return result


def _correlate(contours: np.ndarray, weights: np.ndarray) -> np.ndarray:
    last = contours.shape[1] - _WIDTH + 1
    result = weights[0] * contours[:, :last]
    for k in range(1, _WIDTH):
        result += weights[k] * contours[:, k : k + last]
    return result


@lru_cache(maxsize=2)
def _kernels(order: int) -> np.ndarray:
    """Weights that give the derivative at each of 9 points of the polynomial through 9 values, of shape (9, 9)."""
    time = np.arange(_WIDTH) - _WIDTH // 2
    fit = np.linalg.pinv(np.vander(time, order + 1, increasing=True))
    return np.tile(fit[order] * order, (_WIDTH, 1)).astype(np.float32)
