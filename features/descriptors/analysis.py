"""What the groups of descriptors share about one utterance, each part computed once and only when asked for."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from features.descriptors.front import Front, front
from features.descriptors.grid import n_frames
from features.descriptors.tracker import Track, track

FLOOR_DB = -100.0


class Analysis:
    """One utterance's waveform with its shared STFT and F0 track.

    Parameters
    ----------
    waveform : np.ndarray
        [shape=(n_samples,)] float32 at 16 kHz.
    """

    def __init__(self, waveform: np.ndarray) -> None:
        self.waveform = waveform
        self.n_frames = n_frames(len(waveform))

    @cached_property
    def front(self) -> Front:
        """Contours from the shared STFT."""
        return front(self.waveform)

    @cached_property
    def level(self) -> np.ndarray:
        """RMS of each frame in dB of full scale, [shape=(n_frames,)] float32, not below -100."""
        return 20 * np.log10(np.maximum(self.front.rms, np.float32(10 ** (FLOOR_DB / 20))))

    @cached_property
    def loudness(self) -> np.ndarray:
        """A-weighted level of each frame in dB of full scale, [shape=(n_frames,)] float32, not below -100."""
        return 10 * np.log10(np.maximum(self.front.loudness, np.float32(10 ** (FLOOR_DB / 10))))

    @cached_property
    def track(self) -> Track:
        """F0 and periodicity."""
        return track(self.waveform)

    @cached_property
    def voiced(self) -> np.ndarray:
        """[shape=(n_frames,)] bool."""
        return self.track.voiced
