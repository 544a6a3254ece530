"""Energy: level and loudness in dB, and their dynamics."""

from __future__ import annotations

import numpy as np

from features.descriptors.analysis import Analysis
from features.descriptors.declare import ALL, UNVOICED, VOICED, Descriptor

_OVER = {
    ALL: ("mean", "std", "skew", "p05", "p20", "p50", "p80", "p95", "range", "slope", "change", "rise", "fall"),
    VOICED: ("mean", "std", "p20", "p80", "range", "slope", "change", "rise", "fall"),
    UNVOICED: ("mean", "std"),
}
DESCRIPTORS = (
    Descriptor("rms_db", "dB", "20 log10 of the root mean square of 512 samples", "librosa.feature.rms", _OVER),
    Descriptor("loudness_db", "dB", "10 log10 of the A-weighted power of the frame's spectrum", "IEC 61672-1", _OVER),
)
NUMBERS = ()


def describe(analysis: Analysis) -> tuple[np.ndarray, np.ndarray]:
    """Contours [shape=(2, n_frames)] and no numbers."""
    return np.stack([analysis.level, analysis.loudness]), np.empty(0, dtype=np.float32)
