"""Mel-frequency cepstral coefficients with their first and second deltas."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy.fft

from features.descriptors.analysis import Analysis
from features.descriptors.deltas import delta
from features.descriptors.specs import ALL, UNVOICED, VOICED, Descriptor

N_COEFFICIENTS = 20
_TOP_DB = 80.0
_SOURCE = "Davis & Mermelstein 1980; librosa.feature.mfcc"

DESCRIPTORS = (
    *(
        Descriptor(
            f"c{i:02d}", "1", f"coefficient {i}: orthonormal DCT-II of 40 mel bands in dB, floor 80 dB below the peak",
            _SOURCE, {ALL: ("mean", "std", "skew", "p05", "p95"), VOICED: ("mean", "std"), UNVOICED: ("mean",)},
        )
        for i in range(N_COEFFICIENTS)
    ),
    *(
        Descriptor(
            f"c{i:02d}_delta", "1/frame", f"slope of coefficient {i} over 9 frames (Savitzky-Golay, order 1)",
            "Furui 1986; librosa.feature.delta", {ALL: ("std", "p05", "p95")},
        )
        for i in range(N_COEFFICIENTS)
    ),
    *(
        Descriptor(
            f"c{i:02d}_delta2", "1/frame^2", f"curvature of coefficient {i} over 9 frames (Savitzky-Golay, order 2)",
            "Furui 1986; librosa.feature.delta", {ALL: ("std",)},
        )
        for i in range(N_COEFFICIENTS)
    ),
)  # fmt: skip
NUMBERS = ()


def describe(analysis: Analysis) -> tuple[np.ndarray, np.ndarray]:
    """Contours of shape (60, n_frames) and no numbers."""
    static = coefficients(analysis.stft.mfcc_bands)
    result = np.concatenate([static, delta(static, order=1), delta(static, order=2)])
    return result, np.empty(0, dtype=np.float32)


def coefficients(bands: np.ndarray) -> np.ndarray:
    """MFCC of mel band powers, equal to `librosa.feature.mfcc`.

    Parameters
    ----------
    bands : ndarray of shape (n_bands, n_frames)
        power.

    Returns
    -------
    ndarray of shape (20, n_frames)
        float32.
    """
    decibels = 10 * np.log10(np.maximum(bands, np.float32(1e-10)))
    np.maximum(decibels, decibels.max() - np.float32(_TOP_DB), out=decibels)
    return (_cosines(len(bands)) @ decibels.astype(np.float64)).astype(np.float32)


@lru_cache(maxsize=1)
def _cosines(n_bands: int) -> np.ndarray:
    return scipy.fft.dct(np.eye(n_bands), axis=0, norm="ortho")[:N_COEFFICIENTS]
