"""How much of a clip is heard, and how fast it is spoken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features.sampling import RATE

if TYPE_CHECKING:
    from benchmarks.conditions.condition import Surroundings, Waveform


def beginning(waveform: Waveform, level: float, _surroundings: Surroundings) -> Waveform:
    """The first so many seconds from the first sample that is not 0; a clip that sounds no longer stays whole.

    Examples
    --------
    >>> from benchmarks.conditions.condition import Surroundings
    >>> import numpy as np
    >>> beginning(np.ones(32000), 0.5, Surroundings(np.random.default_rng(0))).shape
    (8000,)
    """
    sound, length = sounding(waveform), round(level * RATE)
    return sound[:length] if len(sound) > length else waveform


def sounding(waveform: Waveform) -> Waveform:
    """A clip from its first sample that is not 0: files of some corpora begin with digital silence.

    Examples
    --------
    >>> import numpy as np
    >>> sounding(np.array([0.0, 0.0, 0.1, 0.0]))
    array([0.1, 0. ])
    """
    sound = np.flatnonzero(waveform)
    return waveform[sound[0] :] if len(sound) else waveform


def speed(waveform: Waveform, level: float, _surroundings: Surroundings) -> Waveform:
    """Played so many times as fast: pitch and formants move along.

    Examples
    --------
    >>> from benchmarks.conditions.condition import Surroundings
    >>> import numpy as np
    >>> speed(np.zeros(16000), 2.0, Surroundings(np.random.default_rng(0))).shape
    (8000,)
    """
    import soxr

    return soxr.resample(waveform, round(RATE * level), RATE)
