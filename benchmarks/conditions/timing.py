"""How much of a clip is heard, and how fast it is spoken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.sampling import RATE

if TYPE_CHECKING:
    from benchmarks.conditions.condition import Surroundings, Waveform


def beginning(waveform: Waveform, level: float, _surroundings: Surroundings) -> Waveform:
    """The first so many seconds; a clip that is no longer stays whole.

    Examples
    --------
    >>> from benchmarks.conditions.condition import Surroundings
    >>> import numpy as np
    >>> beginning(np.zeros(32000), 0.5, Surroundings(np.random.default_rng(0))).shape
    (8000,)
    """
    return waveform[: round(level * RATE)]


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
