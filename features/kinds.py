"""Kinds of features: statistics of each contour, how contours move together, and what shapes they take."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

KINDS: tuple[str, ...] = ("statistics", "covariance", "shape")

_CEPSTRUM = tuple(f"c{i:02d}" for i in range(14))

COVARIANCE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"pitch": ("periodicity",), "energy": ("rms_db",), "mfcc": _CEPSTRUM}
)
"""Descriptors of a group whose covariance is taken, each with its two deltas; none of F0, which has gaps."""

SHAPE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "pitch": ("f0_semitone", "periodicity"),
        "energy": ("rms_db",),
        "voice": ("hnr", "h1_h2", "h1_a3"),
        "mfcc": _CEPSTRUM[:6],
        "spectrum": ("centroid", "flatness", "flux", "alpha_ratio"),
    }
)
"""Descriptors of a group whose shape is taken; timing has no contours.

Few coefficients of the cepstrum: on the inner speakers that decided it, those above the fifth added more noise than
shape.
"""

CONTOURS: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType({"covariance": COVARIANCE, "shape": SHAPE})
"""Descriptors by kind and group."""
