"""What the groups of descriptors share about one utterance, each part computed once and only when asked for."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from features.descriptors.f0 import Track, track
from features.descriptors.frames import n_frames
from features.descriptors.stft import StftContours, stft_contours

FLOOR_DB = -100.0
_BELOW_SPEECH_DB = 25.0
_MARGIN = 5


class Analysis:
    """One utterance's waveform with its shared STFT and F0 track.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        float32 at 16 kHz.
    """

    def __init__(self, waveform: np.ndarray) -> None:
        self.waveform = waveform
        self.n_frames = n_frames(len(waveform))

    @cached_property
    def stft(self) -> StftContours:
        """Contours from the shared STFT."""
        return stft_contours(self.waveform)

    @cached_property
    def level(self) -> np.ndarray:
        """RMS of each frame in dB of full scale, of shape (n_frames,) float32, not below -100."""
        return 20 * np.log10(np.maximum(self.stft.rms, np.float32(10 ** (FLOOR_DB / 20))))

    @cached_property
    def loudness(self) -> np.ndarray:
        """A-weighted level of each frame in dB of full scale, of shape (n_frames,) float32, not below -100."""
        return 10 * np.log10(np.maximum(self.stft.loudness, np.float32(10 ** (FLOOR_DB / 10))))

    @cached_property
    def active(self) -> np.ndarray:
        """Frames within 25 dB of the 95th percentile of the level, of shape (n_frames,) bool."""
        index = int(0.95 * (self.n_frames - 1))
        return self.level > max(float(np.partition(self.level, index)[index]) - _BELOW_SPEECH_DB, FLOOR_DB)

    @cached_property
    def extent(self) -> np.ndarray:
        """Frames from the first to the last active one and 50 ms about them, of shape (n_frames,) bool.

        How much silence surrounds an utterance depends on who cut the recording, not on the speaker: no statistic
        is taken over it. All frames where none is active.
        """
        frames = np.zeros(self.n_frames, dtype=bool)
        active = np.flatnonzero(self.active)
        if active.size:
            frames[max(active[0] - _MARGIN, 0) : active[-1] + 1 + _MARGIN] = True
        else:
            frames[:] = True
        return frames

    @cached_property
    def track(self) -> Track:
        """F0 and periodicity."""
        return track(self.waveform)

    @cached_property
    def voiced(self) -> np.ndarray:
        """Frames with a voice, of shape (n_frames,) bool."""
        return self.track.voiced
