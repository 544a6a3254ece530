"""The grid of frames that all contours share."""

from __future__ import annotations

import numpy as np

from features.sampling import RATE

HOP = 160
FRAME = 512
FRAMES_PER_SECOND = RATE // HOP


def n_frames(n_samples: int) -> int:
    """Frames of a waveform: frame i is centred on sample 160 i, as with librosa's `center=True`."""
    return 1 + n_samples // HOP


def frames_between(waveform: np.ndarray, first: int, last: int, *, length: int, hop: int) -> np.ndarray:
    """View of frames `first` to `last` (exclusive), centred, zeros outside the waveform.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
    first, last : int
        Positions of frames.
    length, hop : int
        In samples.

    Returns
    -------
    ndarray of shape (last - first, length)
        , a strided view of (a copy of) the stretch that the frames cover.
    """
    begin = first * hop - length // 2
    end = (last - 1) * hop - length // 2 + length
    stretch = waveform[max(begin, 0) : max(min(end, len(waveform)), 0)]
    if begin < 0 or end > len(waveform):  # np.pad and sliding_window_view cost more than a short clip's frames
        inside, offset = stretch, max(-begin, 0)
        stretch = np.zeros(end - begin, dtype=waveform.dtype)
        stretch[offset : offset + len(inside)] = inside
    step = stretch.strides[0]
    return np.lib.stride_tricks.as_strided(stretch, (last - first, length), (step * hop, step), writeable=False)
