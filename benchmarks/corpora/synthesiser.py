"""A small source-filter synthesiser of emotional speech, with a known difference between the emotions.

A glottal pulse train with jitter and shimmer, tilted by a low-pass filter, goes through the formants of each vowel;
fricatives are filtered noise; pauses are quiet. What an emotion changes is in `EMOTIONS`, in its own units: anger and
happiness share every prosodic setting and differ in the spectrum; sadness and neutral share every spectral setting and
differ in prosody, most of all in how far F0 falls, which a spectrum averaged over time hardly shows. Each utterance
draws its own deviation around these settings (`SPREAD`), so the emotions overlap and no model can be perfect.

References
----------
G. Fant, Acoustic Theory of Speech Production, 1960. D. Klatt, Software for a cascade/parallel formant synthesizer,
J. Acoust. Soc. Am. 67, 1980 (digital resonators). G. Peterson, H. Barney, Control methods used in a study of the
vowels, J. Acoust. Soc. Am. 24, 1952 (formant frequencies).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace

import numpy as np
from scipy.signal import lfilter

from features.audio import RATE

VOWELS: Mapping[str, tuple[float, float, float]] = {
    "a": (730.0, 1090.0, 2440.0),
    "e": (530.0, 1840.0, 2480.0),
    "i": (270.0, 2290.0, 3010.0),
    "o": (570.0, 840.0, 2410.0),
    "u": (300.0, 870.0, 2240.0),
}
"""First three formants in Hz, of a man (Peterson and Barney 1952)."""

FRICATIVES: Mapping[str, tuple[float, float]] = {"s": (5500.0, 1500.0), "x": (3000.0, 1200.0), "f": (4200.0, 4000.0)}
"""Centre and bandwidth of the noise in Hz."""

BANDWIDTHS = (80.0, 100.0, 140.0)


@dataclass(frozen=True)
class Manner:
    """How an utterance is spoken.

    Attributes
    ----------
    pitch : float
        Mean F0 above the speaker's own, in semitones.
    span : float
        Deviation of F0 inside the utterance, in semitones.
    fall : float
        How far F0 falls from the first syllable to the last, in semitones.
    level : float
        Level above the speaker's own, in dB.
    rate : float
        Syllables a second, relative to 4.5.
    brightness : float
        Spectral tilt of the source: 0 is modal, positive is tense, in dB an octave.
    smile : float
        Shift of the formants, in per cent: a spread mouth shortens the vocal tract.
    breath : float
        Noise in the vowels, in dB relative to modal voice.
    """

    pitch: float
    span: float
    fall: float
    level: float
    rate: float
    brightness: float
    smile: float
    breath: float


EMOTIONS: Mapping[str, Manner] = {
    "ang": Manner(pitch=4.0, span=3.0, fall=3.0, level=5.0, rate=1.15, brightness=3.5, smile=-2.0, breath=-4.0),
    "hap": Manner(pitch=4.0, span=3.0, fall=3.0, level=5.0, rate=1.15, brightness=0.0, smile=5.0, breath=0.0),
    "sad": Manner(pitch=-1.5, span=1.2, fall=7.0, level=-1.0, rate=0.8, brightness=0.0, smile=0.0, breath=0.0),
    "neu": Manner(pitch=0.0, span=1.6, fall=0.0, level=0.0, rate=1.0, brightness=0.0, smile=0.0, breath=0.0),
}
"""The planted truth."""

SPREAD = Manner(pitch=1.3, span=0.5, fall=2.0, level=2.5, rate=0.10, brightness=2.0, smile=3.5, breath=4.0)
"""Standard deviation from utterance to utterance around an emotion's setting."""


@dataclass(frozen=True)
class Voice:
    """A speaker: mean F0 in Hz, formants relative to a man's, level in dB re full scale, cycle-to-cycle jitter."""

    f0: float
    tract: float
    level: float
    jitter: float


def draw_voice(gender: str, rng: np.random.Generator) -> Voice:
    """A speaker's own voice; women about an octave higher and with a tract some 15 % shorter."""
    female = gender == "female"
    return Voice(
        f0=float((200.0 if female else 115.0) * 2.0 ** (rng.normal(0.0, 1.2) / 12.0)),
        tract=float((1.16 if female else 1.0) * np.exp(rng.normal(0.0, 0.025))),
        level=float(-26.0 + rng.normal(0.0, 1.5)),
        jitter=float(0.006 + 0.004 * rng.random()),
    )


def draw_manner(emotion: str, rng: np.random.Generator) -> Manner:
    """How one utterance of an emotion is spoken: the emotion's setting and a deviation of its own."""
    values = rng.normal(astuple(EMOTIONS[emotion]), astuple(SPREAD))
    manner = Manner(*(float(value) for value in values))
    return replace(manner, span=max(manner.span, 0.3), rate=max(manner.rate, 0.6))


def draw_text(rng: np.random.Generator) -> str:
    """Two or three words of two or three open syllables, e.g. `sami xofe`; `m` stands for no consonant noise."""
    words = [
        "".join(rng.choice(["s", "x", "f", "m", "m"]) + rng.choice(list(VOWELS)) for _ in range(rng.integers(2, 4)))
        for _ in range(rng.integers(2, 4))
    ]
    return " ".join(words)


def _resonator(wave: np.ndarray, frequency: float, bandwidth: float) -> np.ndarray:
    """Klatt's digital resonator, gain one at 0 Hz."""
    radius = np.exp(-np.pi * bandwidth / RATE)
    first, second = 2.0 * radius * np.cos(2.0 * np.pi * frequency / RATE), -(radius**2)
    return np.asarray(lfilter([1.0 - first - second], [1.0, -first, -second], wave))


def _pulses(f0: np.ndarray, jitter: float, rng: np.random.Generator) -> np.ndarray:
    """One impulse a period, its place kept to a fraction of a sample; period and height vary a little."""
    train = np.zeros(len(f0) + 1)
    place = 0.0
    while place < len(f0):
        index = int(place)
        height = 1.0 + 0.03 * rng.normal()
        train[index] += height * (1.0 - (place - index))
        train[index + 1] += height * (place - index)
        place += RATE / f0[index] * (1.0 + jitter * rng.normal())
    return train[:-1]


def _source(f0: np.ndarray, voice: Voice, manner: Manner, rng: np.random.Generator) -> np.ndarray:
    """Glottal flow after radiation: pulses through two low-passes whose corner sets the tilt, plus breath noise."""
    corner = 500.0 * 2.0 ** (manner.brightness / 2.0)
    pole = np.exp(-2.0 * np.pi * corner / RATE)
    voiced = lfilter([1.0 - pole], [1.0, -pole], _pulses(f0, voice.jitter, rng))
    voiced = voiced / (np.sqrt(np.mean(voiced**2)) + 1e-12)
    noise = lfilter([1.0, -0.9], [1.0], rng.normal(size=len(f0)))
    return np.asarray(voiced + 10.0 ** ((manner.breath - 32.0) / 20.0) * noise)


def _ramp(length: int, edge: int) -> np.ndarray:
    """Ones with a raised-cosine rise and fall of `edge` samples."""
    shape = np.ones(length)
    edge = min(edge, length // 2)
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / edge)
    shape[:edge], shape[length - edge :] = rise, rise[::-1]
    return shape


def _vowel(wave: np.ndarray, vowel: str, shift: float) -> np.ndarray:
    for frequency, bandwidth in zip(VOWELS[vowel], BANDWIDTHS, strict=True):
        wave = _resonator(wave, frequency * shift, bandwidth)
    wave = wave * _ramp(len(wave), 400)
    return np.asarray(wave / (np.sqrt(np.mean(wave**2)) + 1e-12))


def _fricative(consonant: str, length: int, shift: float, rng: np.random.Generator) -> np.ndarray:
    frequency, bandwidth = FRICATIVES[consonant]
    noise = _resonator(rng.normal(size=length), frequency * shift, bandwidth) * _ramp(length, 300)
    return np.asarray(0.25 * noise / (np.sqrt(np.mean(noise**2)) + 1e-12))


def _contour(lengths: list[int], voice: Voice, manner: Manner, rng: np.random.Generator) -> np.ndarray:
    """F0 in Hz for every sample of speech: one accent a syllable on a line that falls."""
    total = sum(lengths)
    accents = rng.normal(size=len(lengths) + 1)
    accents = (accents - accents.mean()) / (accents.std() + 1e-9) * manner.span
    targets = manner.pitch + accents + np.linspace(0.5, -0.5, len(lengths) + 1) * manner.fall
    knots = np.concatenate([[0], np.cumsum(lengths)])
    semitones = np.interp(np.arange(total), knots, targets)
    return np.asarray(np.clip(voice.f0 * 2.0 ** (semitones / 12.0), 55.0, 500.0))


def speak(text: str, voice: Voice, manner: Manner, rng: np.random.Generator) -> np.ndarray:
    """Speak a text of open syllables.

    Parameters
    ----------
    text : str
        Words of syllables: a consonant of `FRICATIVES` or `m` (none), then a vowel of `VOWELS`.
    voice : Voice
    manner : Manner
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray
        Shape (n_samples,), 16 kHz, within -1 and 1.
    """
    syllables = [word[place : place + 2] for word in text.split() for place in range(0, len(word), 2)]
    ends = set(np.cumsum([len(word) // 2 for word in text.split()]).tolist())
    lengths = [int(RATE / (4.5 * manner.rate) * rng.uniform(0.8, 1.2)) for _ in syllables]
    f0 = _contour(lengths, voice, manner, rng)
    source = _source(f0, voice, manner, rng)
    shift = voice.tract * (1.0 + manner.smile / 100.0)
    pieces, place = [], 0
    for number, (syllable, length) in enumerate(zip(syllables, lengths, strict=True), 1):
        consonant = int(0.4 * length) if syllable[0] in FRICATIVES else int(0.12 * length)
        if syllable[0] in FRICATIVES:
            pieces.append(_fricative(syllable[0], consonant, shift, rng))
        else:
            pieces.append(np.zeros(consonant))
        pieces.append(_vowel(source[place + consonant : place + length], syllable[1], shift))
        if number in ends:
            pieces.append(np.zeros(int(RATE / manner.rate * rng.uniform(0.06, 0.14))))
        place += length
    wave = np.concatenate([np.zeros(RATE // 10), *pieces, np.zeros(RATE // 20)])
    speech = np.sqrt(np.mean(wave[wave != 0.0] ** 2))
    wave = wave / speech * 10.0 ** ((voice.level + manner.level) / 20.0)
    room = 10.0 ** (-66.0 / 20.0) * rng.normal(size=len(wave))
    return np.asarray(np.clip(wave + room, -1.0, 1.0))
