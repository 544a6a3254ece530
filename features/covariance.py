"""Covariance: how the contours of a group move together over an utterance.

The covariance of contours and their deltas, as the matrix logarithm, so that the Euclidean distance of two utterances'
features is the log-Euclidean distance of their covariances (Arsigny, Fillard, Pennec & Ayache 2006, "Log-Euclidean
metrics for fast and simple calculus on diffusion tensors", Magnetic Resonance in Medicine). Nothing is learnt from
data: the logarithm is taken at the identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features.descriptors.deltas import delta

ORDERS = ("", "_delta", "_delta2")
_RIDGE = 1e-5
"""Added to the diagonal, as a share of the mean variance: short utterances have fewer frames than contours."""
_FLOOR = 1e-12


def covariance_names(group: str, contours: Sequence[str]) -> tuple[str, ...]:
    """Names of the covariances of some contours, in the order in which `covariances` returns them.

    Parameters
    ----------
    group : str
        The group that the contours belong to.
    contours : sequence of str
        Names of descriptors; see `features.kinds.COVARIANCE`.

    Examples
    --------
    >>> covariance_names("energy", ["rms_db"])[:2]
    ('energy.covariance.rms_db.rms_db', 'energy.covariance.rms_db.rms_db_delta')
    >>> len(covariance_names("mfcc", [f"c{i:02d}" for i in range(14)]))
    903
    """
    every = [f"{contour}{order}" for order in ORDERS for contour in contours]
    return tuple(
        f"{group}.covariance.{every[row]}.{every[column]}" for row, column in zip(*np.triu_indices(len(every)))
    )


def covariances(contours: NDArray[np.float32], frames: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Matrix logarithm of the covariance of contours and their two deltas: its upper triangle, row by row.

    Off-diagonal elements are multiplied by the square root of 2, as they stand for two of the matrix.

    Parameters
    ----------
    contours : ndarray of shape (n_contours, n_frames)
        Finite.
    frames : ndarray of shape (n_frames,)
        bool, the frames to use.

    Returns
    -------
    ndarray of shape (3 * n_contours * (3 * n_contours + 1) / 2,)
        float32; NaN throughout where fewer than two frames are used or nothing moves.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> level = rng.normal(size=(1, 50)).astype(np.float32)
    >>> louder = covariances(level * 2, np.ones(50, dtype=bool)) - covariances(level, np.ones(50, dtype=bool))
    >>> louder.round(3) + 0  # twice the deviation adds 2 log 2 to the diagonal
    array([1.386, 0.   , 0.   , 1.386, 0.   , 1.386], dtype=float32)
    """
    every = np.concatenate([contours, delta(contours, order=1), delta(contours, order=2)])[:, frames].astype(np.float64)
    upper, scale = _triangle(len(every))
    if every.shape[1] < 2:
        return np.full(len(scale), np.nan, dtype=np.float32)
    every -= every.mean(axis=1, keepdims=True)
    matrix = every @ every.T / every.shape[1]
    mean_variance = np.trace(matrix) / len(matrix)
    if not mean_variance > _FLOOR:
        return np.full(len(scale), np.nan, dtype=np.float32)
    matrix[np.diag_indices_from(matrix)] += _RIDGE * mean_variance
    values, vectors = np.linalg.eigh(matrix)
    logarithm = (vectors * np.log(np.maximum(values, _RIDGE * mean_variance))) @ vectors.T
    return (logarithm[upper] * scale).astype(np.float32)


@lru_cache(maxsize=8)
def _triangle(size: int) -> tuple[tuple[NDArray[np.intp], NDArray[np.intp]], NDArray[np.float64]]:
    rows, columns = np.triu_indices(size)
    return (rows, columns), np.where(rows == columns, 1.0, np.sqrt(2.0))
