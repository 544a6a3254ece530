"""What the groups of descriptors share about one utterance, each part computed once and only when asked for."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from features.descriptors.f0 import Track, track
from features.descriptors.frames import n_frames
from features.descriptors.stft import Front, front

FLOOR_DB = -100.0
_BELOW_SPEECH_DB = 25.0
_MARGIN = 5


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
    def active(self) -> np.ndarray:
        """Frames within 25 dB of the 95th percentile of the level, [shape=(n_frames,)] bool."""
        place = int(0.95 * (self.n_frames - 1))
        return self.level > max(float(np.partition(self.level, place)[place]) - _BELOW_SPEECH_DB, FLOOR_DB)

    @cached_property
    def extent(self) -> np.ndarray:
        """Frames from the first to the last active one and 50 ms about them, [shape=(n_frames,)] bool.

        How much silence was left about an utterance is the recording's habit, not the speaker's: nothing is taken
        over it. All frames where none is active.
        """
        frames = np.zeros(self.n_frames, dtype=bool)
        places = np.flatnonzero(self.active)
        if places.size:
            frames[max(places[0] - _MARGIN, 0) : places[-1] + 1 + _MARGIN] = True
        else:
            frames[:] = True
        return frames

    @cached_property
    def track(self) -> Track:
        """F0 and periodicity."""
        return track(self.waveform)

    @cached_property
    def voiced(self) -> np.ndarray:
        """[shape=(n_frames,)] bool."""
        return self.track.voiced
