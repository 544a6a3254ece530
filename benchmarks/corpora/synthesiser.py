"""A small source-filter synthesiser of emotional speech, with a known difference between the emotions.

Every glottal pulse rings with the formants of its moment (the impulse response of Klatt's cascade), so that formants
move from sound to sound; consonants are murmurs, friction and bursts. The whole is radiated, which leaves no constant,
and rings in a room. Before it and after it samples are 0.

What an emotion changes is in `EMOTIONS`, in its own units: anger and happiness share every prosodic setting and differ
in the spectrum; sadness and neutral share every spectral setting and differ in prosody, most of all in how far F0
falls, which a spectrum averaged over time hardly shows. Every speaker has a voice and a way with emotions of their own
(`PERSONAL`), and every utterance deviates from that (`SPREAD`): the emotions overlap, no model is perfect, and a
speaker who was heard in training is easier to read.

References
----------
G. Fant, Acoustic Theory of Speech Production, 1960. D. Klatt, Software for a cascade/parallel formant synthesizer,
J. Acoust. Soc. Am. 67, 1980 (digital resonators). G. Peterson, H. Barney, Control methods used in a study of the
vowels, J. Acoust. Soc. Am. 24, 1952 (formant frequencies).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
import scipy  # its `signal` is imported at first use: `--list` makes no sound

from features.audio import RATE

BANDWIDTHS = (80.0, 100.0, 140.0, 220.0, 300.0)
"""Of the five formants, in Hz."""

_FOURTH, _FIFTH = 3500.0, 4500.0
_GLOTTAL_HZ = 100.0
_SHELF_HZ = 5200.0
_LEAD, _PAUSE, _EDGE = 0.05, 0.18, 0.02
_GRID = 80
_RING, _FINE = 400, 20


@dataclass(frozen=True)
class Phone:
    """A speech sound.

    Attributes
    ----------
    formants : tuple of float
        First three formants of a man in Hz; of a sound without voice, those that its neighbours move to.
    seconds : float
        Length at a rate of 1.
    voice : float
        Amplitude of the voice relative to a vowel's.
    noise : float
        Amplitude of the noise relative to a vowel's.
    band : tuple of float
        Centre and bandwidth of the noise in Hz.
    stop : bool
        Whether its noise is the burst after a closure.
    """

    formants: tuple[float, float, float]
    seconds: float
    voice: float = 0.0
    noise: float = 0.0
    band: tuple[float, float] = (4000.0, 1000.0)
    stop: bool = False


VOWELS: Mapping[str, Phone] = {
    "a": Phone((730.0, 1090.0, 2440.0), 0.12, voice=1.0),
    "e": Phone((530.0, 1840.0, 2480.0), 0.11, voice=1.0),
    "i": Phone((270.0, 2290.0, 3010.0), 0.10, voice=1.3),
    "o": Phone((570.0, 840.0, 2410.0), 0.11, voice=1.0),
    "u": Phone((300.0, 870.0, 2240.0), 0.10, voice=1.2),
}
"""Formants as of Peterson and Barney (1952)."""

CONSONANTS: Mapping[str, Phone] = {
    "m": Phone((270.0, 1000.0, 2200.0), 0.065, voice=0.4),
    "n": Phone((270.0, 1500.0, 2500.0), 0.06, voice=0.4),
    "l": Phone((360.0, 1250.0, 2700.0), 0.06, voice=0.55),
    "f": Phone((330.0, 1100.0, 2300.0), 0.085, noise=0.04, band=(4200.0, 4000.0)),
    "s": Phone((330.0, 1700.0, 2600.0), 0.095, noise=0.09, band=(5500.0, 1500.0)),
    "x": Phone((330.0, 1800.0, 2500.0), 0.095, noise=0.11, band=(3000.0, 1200.0)),
    "p": Phone((330.0, 850.0, 2200.0), 0.075, noise=0.2, band=(900.0, 1500.0), stop=True),
    "t": Phone((330.0, 1700.0, 2700.0), 0.075, noise=0.16, band=(4500.0, 2500.0), stop=True),
    "k": Phone((330.0, 1900.0, 2300.0), 0.075, noise=0.2, band=(1800.0, 900.0), stop=True),
}
"""`x` stands for the sound of *ship*."""

SENTENCES = (
    "sami lofe, tuna",
    "nelu xamo, kifa",
    "pola mesi, tanu",
    "fimo lane, sulo",
    "kuna mixe, foli",
    "tosa nimu, pexa",
)
"""What is said: everybody says every sentence in every emotion, as in an acted corpus."""


@dataclass(frozen=True)
class Manner:
    """How an utterance is spoken; the first six settings are prosodic, the last two spectral.

    Attributes
    ----------
    pitch : float
        Mean F0 above the speaker's own, in semitones.
    span : float
        Height of the accents of F0, in semitones.
    fall : float
        How far F0 falls from the first syllable to the last, in semitones.
    level : float
        Level above the speaker's own, in dB.
    fade : float
        How far the level falls from the first sound to the last, in dB.
    rate : float
        Speed relative to the speaker's own.
    brightness : float
        Level of the voice above 5 kHz relative to the speaker's own, in dB: 0 is modal, positive is tense.
    smile : float
        Shift of the formants above the first, in per cent: a spread mouth shortens the vocal tract.
    """

    pitch: float
    span: float
    fall: float
    level: float
    fade: float
    rate: float
    brightness: float
    smile: float


N_PROSODIC = 6

EMOTIONS: Mapping[str, Manner] = {
    "ang": Manner(pitch=3.2, span=2.7, fall=3.0, level=3.6, fade=4.0, rate=1.1, brightness=9.0, smile=-0.5),
    "hap": Manner(pitch=3.2, span=2.7, fall=3.0, level=3.6, fade=4.0, rate=1.1, brightness=-6.0, smile=0.5),
    "sad": Manner(pitch=0.0, span=1.5, fall=7.0, level=0.0, fade=4.5, rate=0.94, brightness=0.0, smile=0.0),
    "neu": Manner(pitch=0.0, span=1.8, fall=1.0, level=0.0, fade=3.0, rate=1.0, brightness=0.0, smile=0.0),
}
"""The planted truth."""

PERSONAL = Manner(pitch=1.0, span=0.4, fall=0.9, level=1.4, fade=0.6, rate=0.04, brightness=1.5, smile=1.0)
"""Standard deviation from speaker to speaker around an emotion's setting. What two emotions share, they share in
everybody: the prosody of anger and happiness, the spectrum of sadness and neutral."""

SPREAD = Manner(pitch=1.1, span=0.5, fall=1.2, level=1.6, fade=0.9, rate=0.05, brightness=3.6, smile=1.2)
"""Standard deviation from utterance to utterance around a speaker's setting."""


@dataclass(frozen=True)
class Voice:
    """A speaker.

    Attributes
    ----------
    f0 : float
        Mean F0 in Hz.
    formants : tuple of float
        Each of the five formants relative to a man's.
    level : float
        Level in dB re full scale.
    rate : float
        Speed, 1 on average.
    brightness : float
        Level of the voice above 5 kHz in dB, 0 on average.
    breath : float
        Noise of breath in dB relative to the voice.
    jitter : float
        Deviation of a pulse from its place, in periods.
    manners : mapping of str to Manner
        How the speaker expresses each emotion.
    """

    f0: float
    formants: tuple[float, ...]
    level: float
    rate: float
    brightness: float
    breath: float
    jitter: float
    manners: Mapping[str, Manner]


def draw_voice(gender: str, rng: np.random.Generator) -> Voice:
    """A speaker's own voice; women about an octave higher and with a tract some 15 % shorter."""
    female = gender == "female"
    tract = (1.16 if female else 1.0) * np.exp(rng.normal(0.0, 0.04))
    return Voice(
        f0=float((200.0 if female else 115.0) * 2.0 ** (rng.normal(0.0, 2.1) / 12.0)),
        formants=tuple(float(tract * ratio) for ratio in np.exp(rng.normal(0.0, 0.025, size=len(BANDWIDTHS)))),
        level=float(-30.0 + rng.normal(0.0, 2.2)),
        rate=float(np.exp(rng.normal(0.0, 0.09))),
        brightness=float(rng.normal(0.0, 2.0)),
        breath=float(-30.0 + rng.normal(0.0, 2.0)),
        jitter=float(0.004 + 0.004 * rng.random()),
        manners=_draw_manners(rng),
    )


def _draw_manners(rng: np.random.Generator) -> Mapping[str, Manner]:
    deviations = rng.normal(size=(len(EMOTIONS), len(astuple(PERSONAL)))) * astuple(PERSONAL)
    ang, hap, sad, neu = range(len(EMOTIONS))
    deviations[hap, :N_PROSODIC] = deviations[ang, :N_PROSODIC]
    deviations[neu, N_PROSODIC:] = deviations[sad, N_PROSODIC:]
    return {
        emotion: Manner(*(float(value) for value in np.array(astuple(setting)) + deviation))
        for (emotion, setting), deviation in zip(EMOTIONS.items(), deviations, strict=True)
    }


def draw_manner(emotion: str, voice: Voice, rng: np.random.Generator) -> Manner:
    """How one utterance of an emotion is spoken: the speaker's setting and a deviation of its own."""
    values = rng.normal(astuple(voice.manners[emotion]), astuple(SPREAD))
    manner = Manner(*(float(value) for value in values))
    return replace(manner, span=max(manner.span, 0.3), rate=max(manner.rate, 0.6))


def draw_room(rng: np.random.Generator) -> np.ndarray:
    """Impulse response of a small room: the direct sound, and a tail that is cut where it has fallen by 60 dB."""
    decay, below = rng.uniform(0.12, 0.28), rng.uniform(3.0, 10.0)
    time = np.arange(int(decay * RATE)) / RATE
    tail = scipy.signal.lfilter([0.5], [1.0, -0.5], rng.normal(size=len(time))) * 10.0 ** (-3.0 * time / decay)
    tail[: int(0.002 * RATE)] = 0.0
    response = tail * 10.0 ** (-below / 20.0) / np.sqrt(np.sum(tail**2))
    response[0] = 1.0
    return np.asarray(response)


@dataclass(frozen=True)
class _Segment:
    """A phone in its time, in seconds; `amplitude` is its syllable's, 0 in a pause."""

    phone: Phone
    start: float
    end: float
    amplitude: float
    stressed: bool


def speak(text: str, voice: Voice, manner: Manner, room: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Speak a text.

    Parameters
    ----------
    text : str
        Words of open syllables, a letter of `CONSONANTS` and one of `VOWELS` each; a comma is a pause.
    voice : Voice
    manner : Manner
    room : ndarray of shape (n_taps,)
        Impulse response.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (n_samples,)
        int16 at 16 kHz; its sum is 0.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> voice = draw_voice("female", rng)
    >>> wave = speak("sami lofe, tuna", voice, draw_manner("hap", voice, rng), draw_room(rng), rng)
    >>> wave.dtype, int(wave.sum(dtype=np.int64)), bool(wave[:400].any())
    (dtype('int16'), 0, False)
    """
    segments = _lay_out(text, voice.rate * manner.rate, manner.fade, rng)
    n_samples = int((segments[-1].end + 0.05) * RATE)
    wave = _voiced(segments, voice, manner, n_samples, rng)
    for segment in segments:
        if segment.phone.noise and segment.amplitude:
            noise, first = _noise(segment, voice.formants[-1], rng), int(segment.start * RATE)
            wave[first : first + len(noise)] += noise
    wave = np.diff(wave, prepend=0.0)
    seconds = sum(segment.end - segment.start for segment in segments if segment.amplitude)
    wave *= 10.0 ** ((voice.level + manner.level) / 20.0) / np.sqrt(wave @ wave / (seconds * RATE))
    return _quantised(scipy.signal.fftconvolve(wave, room))


def _lay_out(text: str, rate: float, fade: float, rng: np.random.Generator) -> list[_Segment]:
    """Lay a text out in time: the first syllable of a word is longer and louder, the last of all is the longest."""
    segments: list[_Segment] = []
    clock = _LEAD
    phones = [(word, place) for word in text.split() for place in range(len(word))]
    for number, (word, place) in enumerate(phones):
        phone = VOWELS.get(word[place]) or CONSONANTS.get(word[place])
        stressed, last = place < 2, number >= len(phones) - 2
        amplitude = 10.0 ** ((2.0 * stressed - fade * number / len(phones)) / 20.0) if phone else 0.0
        length = phone.seconds * (1.2 if stressed else 0.95) * (1.3 if last else 1.0) if phone else _PAUSE
        length *= rng.uniform(0.92, 1.08) / rate
        segments.append(_Segment(phone or segments[-1].phone, clock, clock + length, amplitude, stressed))
        clock += length
    return segments


def _track(segments: Sequence[_Segment], values: Sequence[float], times: np.ndarray) -> np.ndarray:
    """Values of segments, held inside each and linear for 20 ms on both sides of a border."""
    knots = []
    for segment in segments:
        edge = min(_EDGE, (segment.end - segment.start) / 3.0)
        knots += [segment.start + edge, segment.end - edge]
    return np.interp(times, knots, np.repeat(values, 2))


def _contour(segments: list[_Segment], times: np.ndarray, manner: Manner, rng: np.random.Generator) -> np.ndarray:
    """F0 in semitones above the speaker's own: up on stressed syllables, down on others, on a line that falls."""
    vowels = [segment for segment in segments if segment.amplitude and segment.phone in VOWELS.values()]
    accents = np.array([1.0 if vowel.stressed else -0.6 for vowel in vowels]) * rng.normal(1.0, 0.25, size=len(vowels))
    targets = manner.pitch + manner.span * accents + np.linspace(0.5, -0.5, len(vowels)) * manner.fall
    contour = np.interp(times, [0.6 * vowel.start + 0.4 * vowel.end for vowel in vowels], targets)
    bell = np.hanning(23)[1:-1]
    return np.convolve(np.pad(contour, len(bell) // 2, mode="edge"), bell / bell.sum(), mode="valid")


def _voiced(
    segments: list[_Segment], voice: Voice, manner: Manner, n_samples: int, rng: np.random.Generator
) -> np.ndarray:
    """The voice and its breath before radiation, shape (n_samples,); after it the level is 1 in a vowel."""
    times = np.arange(0, n_samples + 2 * _GRID, _GRID) / RATE
    f0 = np.clip(voice.f0 * 2.0 ** (_contour(segments, times, manner, rng) / 12.0), 62.0, 560.0)
    phase = np.cumsum(f0) * (_GRID / RATE)
    count = np.arange(1, int(phase[-1]))
    pulses = np.interp(count + voice.jitter * rng.normal(size=len(count)), phase, times)
    first, last = segments[0], segments[-1]
    whole = [replace(first, start=0.0, end=first.start), *segments, replace(last, start=last.end, end=n_samples / RATE)]
    amplitudes = [0.0, *(segment.amplitude * segment.phone.voice for segment in segments), 0.0]
    heights = _track(whole, amplitudes, pulses) * rng.normal(1.0, 0.03, size=len(pulses))
    pulses, heights = pulses[heights > 0.003], heights[heights > 0.003]
    smile = 1.0 + manner.smile / 100.0
    shift = np.array(voice.formants) * [1.0, smile, smile, smile, smile]
    moving = [_track(segments, [segment.phone.formants[k] for segment in segments], pulses) for k in range(3)]
    still = np.convolve(_denominator(_FOURTH * shift[3], BANDWIDTHS[3]), _denominator(_FIFTH * shift[4], BANDWIDTHS[4]))
    still = np.convolve(still, _denominator(0.0, 2.0 * _GLOTTAL_HZ))
    wave = scipy.signal.lfilter([1.0], still, _rings(pulses, heights, np.stack(moving, axis=1) * shift[:3], n_samples))
    envelope = _between(_track(whole, amplitudes, times))[:n_samples]
    breath = scipy.signal.lfilter(
        [1.0], np.convolve(_denominator(3000.0, 2500.0), [1.0, -0.9]), rng.normal(size=n_samples)
    )
    breath *= envelope
    wave = wave / _radiated(wave) + 10.0 ** (voice.breath / 20.0) * breath / _radiated(breath)
    wave = _shelf(wave, voice.brightness + manner.brightness)
    return np.asarray(wave * np.sqrt(envelope @ envelope) / _radiated(wave))


def _rings(times: np.ndarray, heights: np.ndarray, formants: np.ndarray, n_samples: int) -> np.ndarray:
    """Pulses, each followed by the impulse response of resonators in cascade with the formants of its moment.

    Parameters
    ----------
    times, heights : ndarray of shape (n_pulses,)
        In seconds, kept to a fraction of a sample; amplitudes.
    formants : ndarray of shape (n_pulses, 3)
        In Hz.
    n_samples : int
    """
    damping = -np.pi * np.array(BANDWIDTHS[:3]) / RATE
    angles = 2.0 * np.pi / RATE * formants
    poles = np.exp(damping + 1j * angles)
    own = np.arange(poles.shape[1])
    factors = 1.0 - np.concatenate([poles, poles.conj()], axis=1)[:, None, :] / poles[:, :, None]
    factors[:, own, own] = 1.0
    residues = np.abs(1.0 - poles).prod(axis=1, keepdims=True) ** 2 / factors.prod(axis=2)
    first = np.ceil(times * RATE)
    residues *= 2.0 * heights[:, None] * np.exp((damping + 1j * angles) * (first - times * RATE)[:, None])
    # pole^(i + j) = pole^i pole^j: a table of few powers of each, and one product.
    columns = _powers(poles, _FINE)
    rows = residues[:, :, None] * _powers(columns[:, :, -1] * poles, _RING // _FINE)
    rows, columns = np.concatenate([rows.real, -rows.imag], 1), np.concatenate([columns.real, columns.imag], 1)
    rings = rows.transpose(0, 2, 1) @ columns
    places = first.astype(int)[:, None] + np.arange(_RING)
    return np.bincount(places.ravel(), rings.ravel(), minlength=n_samples)[:n_samples]


def _powers(base: np.ndarray, count: int) -> np.ndarray:
    """From 0 to `count` - 1, along a new last axis."""
    factors = np.repeat(base[:, :, None], count, axis=2)
    factors[:, :, 0] = 1.0
    return np.cumprod(factors, axis=2)


def _between(values: np.ndarray) -> np.ndarray:
    """Values of the grid, and on lines between them, a sample each."""
    return (values[:-1, None] + np.diff(values)[:, None] * (np.arange(_GRID) / _GRID)).ravel()


def _noise(segment: _Segment, shift: float, rng: np.random.Generator) -> np.ndarray:
    """Friction, or the burst at the end of a stop, before radiation."""
    length = int((segment.end - segment.start) * RATE)
    sounding, rise, fall = (min(length, 400), 16, 240) if segment.phone.stop else (length, 400, 400)
    frequency, bandwidth = segment.phone.band
    noise = scipy.signal.lfilter(
        [1.0], _denominator(min(frequency * shift, 7000.0), bandwidth), rng.normal(size=sounding)
    )
    noise *= np.minimum(np.arange(sounding) / rise, np.arange(sounding)[::-1] / fall).clip(0.0, 1.0)
    noise = scipy.signal.lfilter([1.0], [1.0, -0.9], noise)
    noise *= segment.phone.noise * np.sqrt(sounding) / _radiated(noise)
    return np.concatenate([np.zeros(length - sounding), noise])


def _denominator(frequency: float, bandwidth: float) -> np.ndarray:
    """Of Klatt's digital resonator."""
    radius = np.exp(-np.pi * bandwidth / RATE)
    return np.array([1.0, -2.0 * radius * np.cos(2.0 * np.pi * frequency / RATE), radius**2])


def _shelf(wave: np.ndarray, decibels: float) -> np.ndarray:
    """Raise what lies above 5 kHz."""
    gain, tangent = 10.0 ** (decibels / 40.0), np.tan(np.pi * _SHELF_HZ / RATE)
    half, pole = np.array([tangent + gain, tangent - gain]) / (tangent + 1.0), (1.0 - tangent) / (1.0 + tangent)
    return np.asarray(scipy.signal.lfilter(np.convolve(half, half), [1.0, -2.0 * pole, pole**2], wave))


def _radiated(wave: np.ndarray) -> float:
    """Root of the energy that a wave has after radiation."""
    change = np.diff(wave)
    return float(np.sqrt(change @ change))


def _quantised(wave: np.ndarray) -> np.ndarray:
    """Round to 16 bits, below full scale; what the sum is goes from samples that are loud, one step each."""
    samples = np.rint(32767.0 * wave / max(1.0, np.abs(wave).max() / 0.98)).astype(np.int16)
    excess = int(samples.sum(dtype=np.int64))
    samples[np.flatnonzero(np.abs(samples) > 99)[: abs(excess)]] -= np.int16(np.sign(excess))
    return samples
