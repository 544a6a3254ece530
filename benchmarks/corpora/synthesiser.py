"""A small source-filter synthesiser of emotional speech, with a known difference between the emotions.

Every glottal pulse rings with the formants of its moment (the impulse response of Klatt's cascade, so that formants
move from sound to sound); consonants are murmurs, filtered noise and bursts; the whole is radiated, which takes every
constant away, and rings in a room. Where nothing sounds, samples are 0.

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

from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace

import numpy as np
from scipy.signal import fftconvolve, lfilter

RATE = 16_000
BANDWIDTHS = (80.0, 100.0, 140.0, 220.0, 300.0)
HIGHER_FORMANTS = (3500.0, 4500.0)
LEAD = 0.06
PAUSE = 0.2
GLOTTIS = float(np.exp(-2.0 * np.pi * 100.0 / RATE))
"""Double pole of the glottal pulse, at 100 Hz."""
SMOOTHING = 10
RING, FINE = 480, 16
SHELF_HZ = 3800.0
"""Corner of the shelf by which brightness lifts the spectrum above."""


@dataclass(frozen=True)
class Phone:
    """A speech sound.

    Attributes
    ----------
    formants : tuple of float
        First three formants of a man in Hz; of a sound without voice, those that its neighbours move to.
    voice : float
        Amplitude of the voice relative to a vowel's.
    noise : float
        Amplitude of the noise relative to a vowel's.
    band : tuple of float
        Centre and bandwidth of the noise in Hz.
    seconds : float
        Length at rate 1.
    """

    formants: tuple[float, float, float]
    voice: float = 0.0
    noise: float = 0.0
    band: tuple[float, float] = (4000.0, 1000.0)
    seconds: float = 0.07


VOWELS: Mapping[str, Phone] = {
    "a": Phone((730.0, 1090.0, 2440.0), voice=1.0, seconds=0.13),
    "e": Phone((530.0, 1840.0, 2480.0), voice=1.0, seconds=0.12),
    "i": Phone((270.0, 2290.0, 3010.0), voice=1.0, seconds=0.11),
    "o": Phone((570.0, 840.0, 2410.0), voice=1.0, seconds=0.12),
    "u": Phone((300.0, 870.0, 2240.0), voice=1.0, seconds=0.11),
}
"""Formants of Peterson and Barney (1952)."""

CONSONANTS: Mapping[str, Phone] = {
    "m": Phone((270.0, 1000.0, 2200.0), voice=0.4, seconds=0.07),
    "n": Phone((270.0, 1500.0, 2500.0), voice=0.4, seconds=0.06),
    "l": Phone((360.0, 1250.0, 2700.0), voice=0.55, seconds=0.06),
    "f": Phone((330.0, 1100.0, 2300.0), noise=0.06, band=(4200.0, 4000.0), seconds=0.09),
    "s": Phone((330.0, 1700.0, 2600.0), noise=0.16, band=(5500.0, 1500.0), seconds=0.10),
    "x": Phone((330.0, 1800.0, 2500.0), noise=0.20, band=(3000.0, 1200.0), seconds=0.10),
    "p": Phone((330.0, 850.0, 2200.0), noise=0.30, band=(900.0, 1500.0), seconds=0.08),
    "t": Phone((330.0, 1700.0, 2700.0), noise=0.25, band=(4500.0, 2500.0), seconds=0.08),
    "k": Phone((330.0, 1900.0, 2300.0), noise=0.30, band=(1800.0, 900.0), seconds=0.08),
}
STOPS = "ptk"
"""Consonants of a closure, in which nothing sounds, and a burst."""

SENTENCES = (
    "sami lofe, tuna",
    "nelu xamo, kifa",
    "pola mesi, tanu",
    "fimo lane, sulo",
    "kuna mixe, foli",
    "tosa nimu, pexa",
)
"""What is said: everybody says every sentence in every emotion."""


@dataclass(frozen=True)
class Manner:
    """How an utterance is spoken.

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
        Level above 1.8 kHz relative to the speaker's own, in dB: 0 is modal, positive is tense.
    smile : float
        Shift of the formants, in per cent: a spread mouth shortens the vocal tract.
    breath : float
        Noise of breath in the voice relative to the speaker's own, in dB.
    """

    pitch: float
    span: float
    fall: float
    level: float
    fade: float
    rate: float
    brightness: float
    smile: float
    breath: float


EMOTIONS: Mapping[str, Manner] = {
    "ang": Manner(3.0, 2.6, 3.0, 3.5, 4.0, 1.08, brightness=11.0, smile=-1.5, breath=0.0),
    "hap": Manner(3.0, 2.6, 3.0, 3.5, 4.0, 1.08, brightness=-6.0, smile=1.5, breath=0.0),
    "sad": Manner(0.0, 1.5, 9.0, 0.0, 5.5, 0.92, brightness=0.0, smile=0.0, breath=0.0),
    "neu": Manner(0.0, 1.8, 1.0, 0.0, 3.0, 1.0, brightness=0.0, smile=0.0, breath=0.0),
}
"""The planted truth."""

PERSONAL = Manner(0.8, 0.4, 1.0, 1.2, 0.8, 0.04, brightness=1.0, smile=1.0, breath=1.5)
"""Standard deviation from speaker to speaker around an emotion's setting. What two emotions share, they share in
everybody: the prosody of anger and happiness, the spectrum of sadness and neutral."""

SPREAD = Manner(1.2, 0.5, 1.7, 1.8, 1.2, 0.06, brightness=3.5, smile=1.2, breath=1.5)
"""Standard deviation from utterance to utterance around a speaker's setting."""

N_PROSODIC = 6
"""The first fields of a `Manner` are prosodic, the others spectral."""


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
        Level above 1.8 kHz in dB, 0 on average.
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
        f0=float((200.0 if female else 115.0) * 2.0 ** (rng.normal(0.0, 1.6) / 12.0)),
        formants=tuple(float(tract * ratio) for ratio in np.exp(rng.normal(0.0, 0.03, size=len(BANDWIDTHS)))),
        level=float(-26.0 + rng.normal(0.0, 2.0)),
        rate=float(np.exp(rng.normal(0.0, 0.08))),
        brightness=float(rng.normal(0.0, 2.0)),
        breath=float(-30.0 + rng.normal(0.0, 3.0)),
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
    """Impulse response of a small room: the direct sound and a tail that falls by 60 dB in 0.12 to 0.3 s, cut there."""
    decay, ratio = rng.uniform(0.12, 0.3), rng.uniform(2.0, 10.0)
    time = np.arange(int(decay * RATE)) / RATE
    tail = lfilter([0.5], [1.0, -0.5], rng.normal(size=len(time))) * 10.0 ** (-3.0 * time / decay)
    tail[: int(0.002 * RATE)] = 0.0
    response = tail * 10.0 ** (-ratio / 20.0) / np.sqrt(np.sum(tail**2))
    response[0] = 1.0
    return np.asarray(response)


@dataclass(frozen=True)
class _Segment:
    """A phone in its place, or a pause: times in seconds, amplitude of its voice, whether its syllable is stressed."""

    phone: Phone | None
    symbol: str
    start: float
    end: float
    loud: float
    stressed: bool


def _segments(text: str, rate: float, fade: float, rng: np.random.Generator) -> list[_Segment]:
    """Lay out a text in time: stressed syllables are longer and louder, the last one is longest, a comma is a pause."""
    letters = [letter for letter in text if letter != " "]
    firsts = {len(text[:place].replace(" ", "")) for place in range(len(text)) if place == 0 or text[place - 1] == " "}
    found, clock, since = [], LEAD, 9
    for place, letter in enumerate(letters):
        since = 0 if place in firsts else since + 1
        stressed, last = since < 2, place >= len(letters) - 2
        phone = VOWELS.get(letter) or CONSONANTS.get(letter)
        length = phone.seconds * (1.2 if stressed else 0.95) * (1.3 if last else 1.0) if phone else PAUSE
        length *= rng.uniform(0.92, 1.08) / rate
        loud = 10.0 ** ((2.0 * stressed - fade * place / len(letters)) / 20.0)
        found.append(_Segment(phone, letter, clock, clock + length, loud, stressed))
        clock += length
    return found


def _contour(segments: list[_Segment], times: np.ndarray, manner: Manner, rng: np.random.Generator) -> np.ndarray:
    """F0 over time in semitones above the speaker's own: an accent on every stressed syllable, on a line that falls."""
    vowels = [segment for segment in segments if segment.symbol in VOWELS]
    accents = np.array([1.0 if vowel.stressed else -0.6 for vowel in vowels]) * rng.normal(1.0, 0.25, size=len(vowels))
    targets = manner.pitch + manner.span * accents + np.linspace(0.5, -0.5, len(vowels)) * manner.fall
    contour = np.interp(times, [0.6 * vowel.start + 0.4 * vowel.end for vowel in vowels], targets)
    bell = np.hanning(2 * SMOOTHING + 3)[1:-1]
    return np.convolve(np.pad(contour, SMOOTHING, mode="edge"), bell / bell.sum(), mode="valid")


def _track(segments: list[_Segment], values: list[float], times: np.ndarray) -> np.ndarray:
    """Values of segments, held in each and linear over 20 ms on both sides of a border."""
    edges = [min(0.02, (segment.end - segment.start) / 3) for segment in segments]
    knots = [[one.start + edge, one.end - edge] for one, edge in zip(segments, edges, strict=True)]
    return np.interp(times, np.ravel(knots), np.repeat(values, 2))


def _rings(times: np.ndarray, loud: np.ndarray, formants: np.ndarray, n_samples: int) -> np.ndarray:
    """Pulses, each followed by the impulse response of a cascade of resonators with the formants of its moment.

    Parameters
    ----------
    times, loud : ndarray of shape (n_pulses,)
        In seconds, kept to a fraction of a sample; amplitudes.
    formants : ndarray of shape (n_pulses, 3)
        In Hz.
    n_samples : int
    """
    damping = -np.pi * np.array(BANDWIDTHS[:3]) / RATE
    angles = 2.0 * np.pi / RATE * formants
    poles = np.exp(damping + 1j * angles)
    both = np.concatenate([poles, poles.conj()], axis=1)
    factors = 1.0 - both[:, None, :] / poles[:, :, None]
    own = np.arange(poles.shape[1])
    factors[:, own, own] = 1.0
    weights = 2.0 * loud[:, None] * np.abs(1.0 - poles).prod(axis=1, keepdims=True) ** 2 / factors.prod(axis=2)
    first = np.ceil(times * RATE)
    weights *= np.exp((damping + 1j * angles) * (first - times * RATE)[:, None])
    fine, coarse = np.arange(FINE), FINE * np.arange(RING // FINE)
    rows = weights[:, :, None] * np.exp(damping[:, None] * coarse) * _turns(angles, coarse)
    columns = np.exp(damping[:, None] * fine) * _turns(angles, fine)
    left = np.concatenate([rows.real, -rows.imag], axis=1).transpose(0, 2, 1)
    rings = left @ np.concatenate([columns.real, columns.imag], axis=1)
    places = first.astype(int)[:, None] + np.arange(RING)
    return np.bincount(places.ravel(), rings.ravel(), minlength=n_samples)[:n_samples]


def _turns(angles: np.ndarray, steps: np.ndarray) -> np.ndarray:
    phases = angles[:, :, None] * steps
    return np.cos(phases) + 1j * np.sin(phases)


def _resonator(wave: np.ndarray, frequency: float, bandwidth: float) -> np.ndarray:
    """Klatt's digital resonator, gain one at 0 Hz."""
    radius = np.exp(-np.pi * bandwidth / RATE)
    first, second = 2.0 * radius * np.cos(2.0 * np.pi * frequency / RATE), -(radius**2)
    return np.asarray(lfilter([1.0 - first - second], [1.0, -first, -second], wave))


def _voiced(
    segments: list[_Segment], voice: Voice, manner: Manner, n_samples: int, rng: np.random.Generator
) -> np.ndarray:
    """The voice and its breath, of level one in a vowel, before radiation."""
    times = np.arange(0.0, n_samples / RATE, 0.005)
    f0 = np.clip(voice.f0 * 2.0 ** (_contour(segments, times, manner, rng) / 12.0), 62.0, 560.0)
    phase = np.cumsum(f0) * 0.005
    count = np.arange(1, int(phase[-1]))
    pulses = np.interp(count + voice.jitter * rng.normal(size=len(count)), phase, times)
    ends = [replace(segments[0], start=0.0, end=segments[0].start), *segments]
    ends.append(replace(segments[-1], start=segments[-1].end, end=n_samples / RATE))
    amplitudes = [0.0, *(segment.loud * segment.phone.voice if segment.phone else 0.0 for segment in segments), 0.0]
    loud = _track(ends, amplitudes, pulses) * rng.normal(1.0, 0.03, size=len(pulses))
    pulses, loud = pulses[loud > 0.003], loud[loud > 0.003]
    spoken = [segment for segment in segments if segment.phone]
    moving = [_track(spoken, [segment.phone.formants[k] for segment in spoken], pulses) for k in range(3)]
    stretch = 1.0 + manner.smile / 100.0
    formants = np.stack(moving, axis=1) * np.array(voice.formants[:3]) * [1.0, stretch, stretch]
    fixed = [1.0, -2.0 * GLOTTIS, GLOTTIS**2]
    for k, frequency in enumerate(HIGHER_FORMANTS, 3):
        radius = np.exp(-np.pi * BANDWIDTHS[k] / RATE)
        angle = 2.0 * np.pi * min(frequency * voice.formants[k] * stretch, 7000.0) / RATE
        fixed = np.convolve(fixed, [1.0, -2.0 * radius * np.cos(angle), radius**2])
    gain = 10.0 ** ((voice.brightness + manner.brightness) / 40.0)
    pole = np.exp(-2.0 * np.pi * SHELF_HZ / RATE)
    shelf = [gain + (1.0 - gain) * (1.0 - pole), -gain * pole]
    wave = lfilter([1.0], fixed, _rings(pulses, loud, formants, n_samples))
    envelope = np.interp(np.arange(n_samples) / RATE, times, _track(ends, amplitudes, times))
    breath = lfilter([1.0], [1.0, -0.9], _resonator(rng.normal(size=n_samples), 3000.0, 2500.0) * envelope)
    share = 10.0 ** ((voice.breath + manner.breath) / 20.0) / np.sqrt(np.sum(np.diff(breath) ** 2))
    wave = wave / np.sqrt(np.sum(np.diff(wave) ** 2)) + share * breath
    wave = lfilter(np.convolve(shelf, shelf), [1.0, -2.0 * pole, pole**2], wave)
    return wave * np.sqrt(np.sum(envelope**2) / np.sum(np.diff(wave) ** 2))


def _noise(segment: _Segment, shift: float, rng: np.random.Generator) -> np.ndarray:
    """Friction, or the burst that ends a stop."""
    length = int((segment.end - segment.start) * RATE)
    frequency, bandwidth = segment.phone.band
    noise = _resonator(rng.normal(size=length), min(frequency * shift, 7000.0), bandwidth)
    noise = lfilter([1.0], [1.0, -0.9], noise)
    noise /= np.sqrt(np.mean(np.diff(noise)**2))
    rise, fall = (16, 240) if segment.symbol in STOPS else (400, 400)
    burst = 400 if segment.symbol in STOPS else length
    shape = np.minimum(np.arange(burst) / rise, np.arange(burst)[::-1] / fall).clip(0.0, 1.0)
    noise[: length - burst] = 0.0
    noise[length - burst :] *= shape
    return segment.phone.noise * noise


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
        int16 at 16 kHz, whose sum is 0.
    """
    segments = _segments(text, voice.rate * manner.rate, manner.fade, rng)
    n_samples = int(segments[-1].end * RATE) + RATE // 20
    wave = _voiced(segments, voice, manner, n_samples, rng)
    shift = voice.formants[-1]
    for segment in segments:
        if segment.phone and segment.phone.noise:
            noise, first = _noise(segment, shift, rng), int(segment.start * RATE)
            wave[first : first + len(noise)] += noise
    wave = np.diff(wave, prepend=0.0)
    seconds = sum(segment.end - segment.start for segment in segments if segment.phone)
    wave *= 10.0 ** ((voice.level + manner.level) / 20.0) / np.sqrt(np.sum(wave**2) / (seconds * RATE))
    return _quantised(fftconvolve(wave, room))


def _quantised(wave: np.ndarray) -> np.ndarray:
    """Round to 16 bits, and take what the sum is away from the loudest samples, one step each."""
    samples = np.rint(32767.0 * np.clip(wave, -1.0, 1.0)).astype(np.int16)
    excess = int(samples.sum(dtype=np.int64))
    loudest = np.flatnonzero(np.abs(samples) > 99)[: abs(excess)]
    samples[loudest] -= np.int16(np.sign(excess))
    return samples
