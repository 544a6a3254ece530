"""Noise at a ratio of powers: white, pink, and the babble of other speakers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features.sampling import RATE

if TYPE_CHECKING:
    from benchmarks.conditions.condition import Surroundings, Waveform

BABBLING = 5
"""Voices that speak at once."""


def white(waveform: Waveform, level: float, surroundings: Surroundings) -> Waveform:
    """White noise at a ratio of speech to noise in dB, both over the whole clip.

    Examples
    --------
    >>> from benchmarks.conditions.condition import Surroundings
    >>> tone = np.sin(np.arange(16000) / 20)
    >>> noise = white(tone, 10, Surroundings(np.random.default_rng(0))) - tone
    >>> round(float(10 * np.log10(np.var(tone) / np.mean(noise**2))), 6)
    10.0
    """
    return mixed(waveform, surroundings.rng.standard_normal(len(waveform)), level)


def pink(waveform: Waveform, level: float, surroundings: Surroundings) -> Waveform:
    """Noise whose power falls by 3 dB an octave, from 20 Hz on.

    Examples
    --------
    >>> from benchmarks.conditions.condition import Surroundings
    >>> pink(np.ones(1600), 0, Surroundings(np.random.default_rng(0))).shape
    (1600,)
    """
    spectrum = np.fft.rfft(surroundings.rng.standard_normal(len(waveform)))
    frequencies = np.fft.rfftfreq(len(waveform), 1 / RATE)
    spectrum /= np.sqrt(np.maximum(frequencies, 20.0))
    spectrum[0] = 0
    return mixed(waveform, np.fft.irfft(spectrum, len(waveform)), level)


def babble(waveform: Waveform, level: float, surroundings: Surroundings) -> Waveform:
    """Five of the other speakers' clips at once, each equally loud, from a drawn place on and repeated where short.

    Examples
    --------
    >>> from benchmarks.conditions.condition import Surroundings
    >>> voices = [np.sin(np.arange(900) * pitch) for pitch in (0.1, 0.2)]
    >>> babble(np.ones(1600), 0, Surroundings(np.random.default_rng(0), voices)).shape
    (1600,)
    """
    rng, voices = surroundings.rng, surroundings.voices
    chosen = rng.choice(len(voices), size=min(BABBLING, len(voices)), replace=False)
    noise = np.zeros(len(waveform))
    for index in chosen:
        voice = np.roll(voices[index], int(rng.integers(len(voices[index]))))
        voice = np.resize(voice, len(waveform))
        noise += voice / max(float(np.sqrt(np.mean(voice**2))), 1e-9)
    return mixed(waveform, noise, level)


def mixed(waveform: Waveform, noise: Waveform, level: float) -> Waveform:
    """Speech and noise at a ratio of their powers in dB.

    Parameters
    ----------
    waveform, noise : ndarray of shape (n_samples,)
        The speech's mean is no part of its power.
    level : float

    Examples
    --------
    >>> mixed(np.array([1.0, -1.0]), np.array([3.0, 3.0]), 0)
    array([2., 0.])
    """
    power, noise_power = float(np.var(waveform)), float(np.mean(noise**2))
    return waveform + noise * np.sqrt(power / max(noise_power, 1e-20) / 10 ** (level / 10))
