"""What a title of the course may say of a difference: its size, its interval, and whether it is shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from benchmarks.scoring.intervals import Interval

LEVEL = 0.95


def claim(effect: Interval, unit: str = "points of UAR") -> str:
    """Say how large a difference is, and that it is not shown where its interval holds 0.

    Parameters
    ----------
    effect : Interval
        A difference; of UAR between -1 and 1, else in its unit.
    unit : str, default="points of UAR"
        Points are hundredths.

    Examples
    --------
    >>> claim(Interval(0.234, 0.125, 0.343, 0.95, 10))
    '+23.4 points of UAR [+12.5, +34.3]'
    >>> claim(Interval(0.4, -0.3, 1.1, 0.95, 10), "semitones")
    '+0.4 semitones [-0.3, +1.1], not shown with 10 speakers'
    """
    scale = 100 if unit.startswith("points") else 1
    size, low, high = (f"{scale * value:+.1f}" for value in (effect.estimate, effect.low, effect.high))
    settled = effect.low > 0 or effect.high < 0
    return f"{size} {unit} [{low}, {high}]" + ("" if settled else f", not shown with {effect.n_speakers} speakers")


def over_speakers(differences: ArrayLike) -> Interval:
    """Mean of one difference a speaker, with its 95 % t interval.

    Parameters
    ----------
    differences : array-like of shape (n_speakers,)
        In any unit.

    Examples
    --------
    >>> claim(over_speakers([2.0, 3.0, 4.0]), "dB")
    '+3.0 dB [+0.5, +5.5]'
    """
    values = np.asarray(differences, dtype=float)
    n = len(values)
    half = student.ppf((1 + LEVEL) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    return Interval(float(values.mean()), float(values.mean() - half), float(values.mean() + half), LEVEL, n)


def replicated(effects: Sequence[Interval]) -> Interval:
    """Mean of the same difference measured on several corpora, each with speakers of its own.

    Their errors are independent, so that the squares of the errors add up; the t quantile has the speakers of all
    corpora less one a corpus. It says something of these corpora's kind of speaker, not of how corpora differ.

    Parameters
    ----------
    effects : sequence of Interval
        One a corpus, of the same level, 2 speakers or more each.

    Examples
    --------
    >>> one = Interval(0.09, -0.01, 0.19, 0.95, 10)
    >>> claim(one), claim(replicated([one, one, one]))
    ('+9.0 points of UAR [-1.0, +19.0], not shown with 10 speakers', '+9.0 points of UAR [+3.8, +14.2]')
    """
    level = effects[0].level
    errors = [
        (effect.high - effect.low) / 2 / student.ppf((1 + level) / 2, effect.n_speakers - 1) for effect in effects
    ]
    estimate = float(np.mean([effect.estimate for effect in effects]))
    n_speakers = sum(effect.n_speakers for effect in effects)
    quantile = student.ppf((1 + level) / 2, n_speakers - len(effects))
    half = float(quantile * np.sqrt(np.sum(np.square(errors))) / len(effects))
    return Interval(estimate, estimate - half, estimate + half, level, n_speakers)
