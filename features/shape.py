"""Shape: for what share of its frames a contour rises, falls or bends as each of a fixed set of kernels does.

After MiniRocket (Dempster, Schmidt & Webb 2021, "MiniRocket: a very fast (almost) deterministic transform for time
series classification", KDD): kernels of nine weights, three of them 2 and six -1, at several dilations; of each
convolution the share of frames above a threshold. Three things differ from the paper. Nothing is learnt from data: the
contour is standardised inside the clip, and the thresholds are what a contour of usual inertia would exceed in 31 % of
its frames. A kernel runs over one contour alone, so that no feature mixes prosody and spectrum. And a quarter of the
paper's 84 kernels is used, every fourth, as neighbours in that order share two of their three positions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled

CONTOURS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "pitch": ("f0_semitone", "periodicity"),
        "energy": ("rms_db",),
        "timing": (),
        "voice": ("hnr", "h1_h2", "h1_a3"),
        "mfcc": ("c00", "c01", "c02", "c03", "c04", "c05"),
        "spectrum": ("centroid", "flatness", "flux", "alpha_ratio"),
    }
)
"""Which descriptors of a group have their shape taken; timing has no contours.

Few coefficients of the cepstrum: on the inner speakers that decided it, those above the fifth added more noise than
shape.
"""

DILATIONS = (1, 2, 4, 8, 16)
"""Frames between a kernel's weights: with nine of them, stretches from 90 ms to 1.3 s."""

_TAPS = 9
_KERNELS = tuple(combinations(range(_TAPS), 3))[::4]
_SPAN = _TAPS // 2 * max(DILATIONS)
_INERTIA = 0.9
_ABOVE = 0.5
N_PER_CONTOUR = len(DILATIONS) * len(_KERNELS)


def shape_names(group: str, contours: Sequence[str]) -> tuple[str, ...]:
    """Names of the shapes of some contours, in the order in which `shapes` returns them.

    `mfcc.shape.c01.d04k028` is the share of frames in which c01 follows the kernel whose nine weights, four frames
    apart, are 2 at positions 0, 2 and 8 (of 0 to 8) and -1 at the others.

    Parameters
    ----------
    group : str
        The group that the contours belong to.
    contours : sequence of str
        Names of descriptors; see `CONTOURS`.

    Examples
    --------
    >>> names = shape_names("pitch", CONTOURS["pitch"])
    >>> len(names), names[0], names[-1]
    (210, 'pitch.shape.f0_semitone.d01k012', 'pitch.shape.periodicity.d16k567')
    """
    return tuple(
        f"{group}.shape.{contour}.d{dilation:02d}k{''.join(map(str, kernel))}"
        for contour in contours
        for dilation in DILATIONS
        for kernel in _KERNELS
    )


def shapes(contours: NDArray[np.float32], frames: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Of each kernel over each contour, the share of frames in which it exceeds its threshold.

    A contour is standardised over those of the given frames in which it is finite, and only these count. Its gaps (F0
    where there is no voice) are bridged by straight lines, and beyond the first and last given frame it keeps the first
    and last value, so that clips shorter than a kernel have shapes too. A contour that does not move exceeds nothing: 0
    throughout; one without a finite value gives NaN.

    Parameters
    ----------
    contours : ndarray of shape (n_contours, n_frames)
        float32; what is not finite is missing.
    frames : ndarray of shape (n_frames,)
        bool, the frames to use.

    Returns
    -------
    ndarray of shape (n_contours * N_PER_CONTOUR,)
        float32, 0 to 1.

    Examples
    --------
    >>> fall = np.float32([[1, 1, 1, 1, 1, 0, 0, 0, 0, 0]])
    >>> shares = shapes(fall, np.ones(10, dtype=bool))
    >>> shape_names("energy", ["rms_db"])[0], shares[0]
    ('energy.shape.rms_db.d01k012', np.float32(0.7))
    """
    result = np.full((len(contours), N_PER_CONTOUR), np.nan, dtype=np.float32)
    used = np.flatnonzero(frames)
    if len(used):
        within = slice(used[0], used[-1] + 1)
        kernels, dilations, thresholds = _tables()
        stretch = np.ascontiguousarray(contours[:, within], dtype=np.float32)
        _shares(stretch, frames[within], kernels, dilations, thresholds, result)
    return result.ravel()


@lru_cache(maxsize=1)
def _tables() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Kernels, of shape (n_kernels, 3), dilations, and thresholds of shape (n_dilations, n_kernels).

    A threshold is half the deviation that the kernel's output has over a standardised autoregressive contour of order
    one whose neighbouring frames correlate with 0.9, as these contours' do (0.74 to 0.98 in the embedded corpus, flux
    0.49).
    """
    weights = np.full((len(_KERNELS), _TAPS), -1.0)
    np.put_along_axis(weights, np.array(_KERNELS), 2.0, axis=1)
    apart = np.abs(np.subtract.outer(np.arange(_TAPS), np.arange(_TAPS)))
    variances = [np.sum(weights @ _INERTIA ** (apart * dilation) * weights, axis=1) for dilation in DILATIONS]
    thresholds = _ABOVE * np.sqrt(np.array(variances))
    return np.array(_KERNELS), np.array(DILATIONS), thresholds.astype(np.float32)


@compiled()
def _shares(
    contours: np.ndarray,
    frames: np.ndarray,
    kernels: np.ndarray,
    dilations: np.ndarray,
    thresholds: np.ndarray,
    result: np.ndarray,
) -> None:
    n_frames = len(frames)
    padded = np.empty(n_frames + 2 * _SPAN, dtype=np.float32)
    sums = np.empty(n_frames, dtype=np.float32)
    counts = np.empty(n_frames, dtype=np.bool_)
    for c in range(len(contours)):
        n_counted = _standardise(contours[c], frames, counts, padded)
        if n_counted == 0:
            continue
        for i in range(len(dilations)):
            step = dilations[i]
            first = _SPAN - _TAPS // 2 * step
            _sum(padded[first:], step, counts, sums)
            for k in range(len(kernels)):
                x, y, z = first + kernels[k, 0] * step, first + kernels[k, 1] * step, first + kernels[k, 2] * step
                above = _count(padded[x:], padded[y:], padded[z:], sums, thresholds[i, k])
                result[c, i * len(kernels) + k] = above / n_counted


@compiled()
def _sum(padded: np.ndarray, step: int, counts: np.ndarray, sums: np.ndarray) -> None:
    """Sum of the nine positions of each frame that counts; infinity where it does not, which nothing exceeds."""
    for t in range(len(sums)):
        total = np.float32(0) if counts[t] else np.float32(np.inf)
        for j in range(_TAPS):
            total += padded[t + j * step]
        sums[t] = total


@compiled()
def _count(x: np.ndarray, y: np.ndarray, z: np.ndarray, sums: np.ndarray, threshold: float) -> int:
    """Frames whose output, three times their three positions less the sum of all nine, is above the threshold."""
    above = np.int32(0)
    for t in range(len(sums)):
        above += np.int32(np.float32(3) * (x[t] + y[t] + z[t]) - sums[t] > threshold)
    return int(above)


@compiled()
def _standardise(contour: np.ndarray, frames: np.ndarray, counts: np.ndarray, padded: np.ndarray) -> int:
    """Fill in which frames count, and the contour, standardised over them and bridged; return how many they are."""
    n_frames, n_counted, total, square = len(contour), 0, 0.0, 0.0
    for t in range(n_frames):
        counts[t] = frames[t] and np.isfinite(contour[t])
        if counts[t]:
            total += contour[t]
            n_counted += 1
    if n_counted == 0:
        return 0
    mean = total / n_counted
    for t in range(n_frames):
        if counts[t]:
            square += (contour[t] - mean) ** 2
    deviation = np.sqrt(square / n_counted)
    scale = 1 / deviation if deviation > 1e-6 * (abs(mean) + 1e-6) else 0.0
    last = -1
    for t in range(n_frames):
        if counts[t]:
            value = (contour[t] - mean) * scale
            before = value if last < 0 else padded[_SPAN + last]
            for u in range(0 if last < 0 else _SPAN + last + 1, _SPAN + t):
                padded[u] = before + (value - before) * (u - _SPAN - last) / (t - last)
            padded[_SPAN + t] = value
            last = t
    for u in range(_SPAN + last + 1, len(padded)):
        padded[u] = padded[_SPAN + last]
    return n_counted
