"""A condition: a kind of disturbance at one level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Waveform = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What a disturbance may draw from.

    Attributes
    ----------
    rng : numpy.random.Generator
    voices : sequence of ndarray
        Waveforms of other speakers.
    """

    rng: np.random.Generator
    voices: Sequence[Waveform] = ()


@dataclass(frozen=True)
class Kind:
    """A kind of disturbance.

    Attributes
    ----------
    title : str
        Such as `white noise`.
    unit : str
        Of the level, as it stands behind the number; empty where there is but one level.
    levels : tuple of float
        From mild to severe.
    change : callable
        `(waveform, level, surroundings)` to the waveform under the condition, at 16 kHz.
    needs : str
        Module that has to be installed; empty for none.

    Examples
    --------
    >>> Kind("attenuation", "dB", (20, 40), lambda waveform, level, _: waveform * 10 ** (-level / 20)).levels
    (20, 40)
    """

    title: str
    unit: str
    levels: tuple[float, ...]
    change: Callable[[Waveform, float, Surroundings], Waveform]
    needs: str = ""


@dataclass(frozen=True)
class Condition:
    """A kind at one level.

    Attributes
    ----------
    kind : str
        Name in `benchmarks.conditions.registry.KINDS`; `clean` for none.
    level : float
    title, unit : str
        As of the kind.

    Examples
    --------
    >>> str(Condition("white", 10, "white noise", "dB"))
    'white noise 10 dB'
    """

    kind: str
    level: float
    title: str
    unit: str

    def __str__(self) -> str:
        return f"{self.title} {self.level:g} {self.unit}" if self.unit else self.title


CLEAN = Condition("clean", 0, "clean", "")
