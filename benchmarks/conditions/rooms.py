"""Rooms: reverberation by image sources, for a speaker and a microphone somewhere in a room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features.sampling import RATE

if TYPE_CHECKING:
    from benchmarks.conditions.condition import Surroundings, Waveform

_SMALLEST, _LARGEST = (4.0, 3.0, 2.5), (9.0, 7.0, 3.5)
_WALL, _NEAREST = 0.5, 1.0


def reverberation(waveform: Waveform, level: float, surroundings: Surroundings) -> Waveform:
    """A room of some reverberation time, in s, whose size and places are drawn; as long and as loud as before.

    Rooms are shoeboxes of 4 x 3 x 2.5 to 9 x 7 x 3.5 m whose walls absorb so much that sound falls by 60 dB in that
    time (Sabine); impulse responses come from image sources (Allen & Berkley, JASA 65, 1979), by pyroomacoustics,
    reflected 40 times at most: at 1.2 s the time that is measured is 0.7 to 1.2 s.

    Examples
    --------
    >>> from benchmarks.conditions.condition import Surroundings
    >>> clip = np.random.default_rng(0).standard_normal(1600)
    >>> reverberation(clip, 0.3, Surroundings(np.random.default_rng(0))).shape  # doctest: +SKIP
    (1600,)
    """
    import pyroomacoustics
    from scipy.signal import fftconvolve

    rng = surroundings.rng
    size = rng.uniform(_SMALLEST, _LARGEST)
    absorption, order = pyroomacoustics.inverse_sabine(level, size)
    speaker, microphone = _places(rng, size)
    room = pyroomacoustics.ShoeBox(
        size, fs=RATE, materials=pyroomacoustics.Material(absorption), max_order=min(order, 40)
    )
    room.add_source(speaker)
    room.add_microphone(microphone)
    room.compute_rir()
    response = np.asarray(room.rir[0][0], dtype=float)
    direct = int(np.argmax(np.abs(response)))
    heard = fftconvolve(waveform, response)[direct : direct + len(waveform)]
    return heard * np.sqrt(np.var(waveform) / max(float(np.var(heard)), 1e-20))


def _places(rng: np.random.Generator, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the speaker and the microphone are: half a metre from every wall, a metre from each other."""
    while True:
        speaker, microphone = rng.uniform(_WALL, size - _WALL), rng.uniform(_WALL, size - _WALL)
        if np.linalg.norm(speaker - microphone) >= _NEAREST:
            return speaker, microphone
