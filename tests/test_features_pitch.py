"""F0 of voices of known F0: from 60 to 800 Hz, in noise, with jitter, beside a hum, and above the range."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, lfilter

from features.descriptors.f0 import track
from features.descriptors.frames import n_frames
from features.sampling import RATE

VOWELS = {"a": (750, 1250, 2600), "i": (300, 2250, 2950), "u": (330, 800, 2300), "e": (500, 1850, 2550)}
EDGE = 4


def level(f0: float, seconds: float) -> np.ndarray:
    return np.full(int(seconds * RATE), float(f0))


def voice(f0: np.ndarray, vowel: str = "a", *, jitter: float = 0.0, seed: int = 0) -> np.ndarray:
    """Glottal pulses of some F0 (one value a sample) through three formants; peak 0.3."""
    rng, pulses, place = np.random.default_rng(seed), np.zeros(len(f0) + 1), 8.0
    while place < len(f0) - 1:
        whole = int(place)
        pulses[whole : whole + 2] += (1 - (place - whole), place - whole)
        place += max(RATE / f0[whole] * (1 + jitter * rng.standard_normal()), 8)
    sound = lfilter([1, -1], np.convolve([1, -0.98], [1, -0.9]), pulses[:-1])
    size = 1.0 if f0.mean() < 200 else 1.15 if f0.mean() < 350 else 1.3  # high voices have short vocal tracts
    for frequency, bandwidth in zip(VOWELS[vowel], (70, 90, 130)):
        radius = np.exp(-np.pi * bandwidth / RATE)
        turn = 2 * radius * np.cos(2 * np.pi * size * frequency / RATE)
        sound = lfilter([1], [1, -turn, radius**2], sound)
    return 0.3 * sound / np.abs(sound).max()


def noisy(sound: np.ndarray, snr_db: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=len(sound))
    return sound + noise * np.sqrt(np.mean(sound**2) / 10 ** (snr_db / 10))


def followed(sound: np.ndarray, f0: np.ndarray) -> tuple[float, float]:
    """Share of frames voiced, and of these 20 % off; frames at the ends do not count."""
    found = track(sound.astype(np.float32)).f0[EDGE:-EDGE]
    true = f0[np.minimum(np.arange(n_frames(len(sound))) * 160, len(f0) - 1)][EDGE:-EDGE]
    voiced = ~np.isnan(found)
    wrong = np.abs(found[voiced] / true[voiced] - 1) > 0.2
    return float(voiced.mean()), float(wrong.mean()) if wrong.size else 0.0


@pytest.mark.parametrize("vowel", VOWELS)
@pytest.mark.parametrize("hertz", [62, 80, 110, 150, 210, 300, 420, 510, 590, 610, 650, 700, 750, 790])
def test_f0_of_a_clean_voice_is_exact(hertz: float, vowel: str) -> None:
    f0 = level(hertz, 0.5)
    found = track(voice(f0, vowel).astype(np.float32)).f0[EDGE:-EDGE]
    assert not np.isnan(found).any()
    np.testing.assert_allclose(found, hertz, rtol=0.015)


@pytest.mark.parametrize("snr_db", [10, 5, 0])
@pytest.mark.parametrize("hertz", [100, 200, 300, 400, 500, 600, 700])
def test_noise_moves_f0_to_no_other_octave(hertz: float, snr_db: float) -> None:
    f0 = level(hertz, 0.5)
    shares = [followed(noisy(voice(f0, vowel), snr_db, seed), f0) for seed, vowel in enumerate("aieaie")]
    voiced, wrong = np.mean(shares, axis=0)
    assert voiced > (0.95 if hertz <= 600 else 0.7)
    assert wrong < (0.03 if hertz <= 600 or snr_db > 0 else 0.2)


@pytest.mark.parametrize(("low", "high"), [(80, 200), (150, 450), (250, 780)])
@pytest.mark.parametrize("snr_db", [40, 5])
def test_glides_are_followed_in_noise(low: float, high: float, snr_db: float) -> None:
    for ends in ((low, high), (high, low)):
        f0 = np.geomspace(*ends, RATE)
        voiced, wrong = followed(noisy(voice(f0), snr_db), f0)
        assert voiced > 0.95
        assert wrong < 0.02


@pytest.mark.parametrize(
    ("hertz", "jitter"), [(f0, jitter) for f0 in (90, 130, 200, 300) for jitter in (0.01, 0.03, 0.05)] + [(450, 0.03)]
)
def test_uneven_periods_are_another_octave_for_few_frames(hertz: float, jitter: float) -> None:
    f0 = level(hertz, 1.0)
    shares = [followed(voice(f0, vowel, jitter=jitter, seed=seed), f0) for seed, vowel in enumerate("aeuiae")]
    voiced, wrong = np.mean(shares, axis=0)
    assert voiced > (0.9 if jitter < 0.05 else 0.8)
    assert wrong < (0.05 if jitter < 0.05 else 0.1)


@pytest.mark.parametrize("hertz", [830, 900, 1000, 1250, 1600, 2100, 3000, 5000])
def test_what_lies_above_the_range_is_not_found_below_it(hertz: float) -> None:
    sounds = [0.3 * np.sin(2 * np.pi * hertz * np.arange(RATE // 2) / RATE)]
    if hertz < 1300:
        sounds += [voice(level(hertz, 0.5), vowel) for vowel in "ai"]
    for sound in sounds:
        assert followed(sound, level(hertz, 0.5))[0] < 0.05


def phrase(f0: float) -> tuple[np.ndarray, np.ndarray]:
    """Five vowels that fall in pitch, a pause behind each; F0, NaN in the pauses."""
    rng, sounds, contours = np.random.default_rng(int(f0)), [], []
    fade = np.clip(np.minimum(np.arange(4800), np.arange(4800)[::-1]) / 800, 0, 1)
    for vowel in "aieua":
        contour = f0 * np.geomspace(1.2, 0.9, 4800) * (1 + 0.05 * rng.standard_normal())
        sounds += [voice(contour, vowel) * fade, np.zeros(4800)]
        contours += [contour, np.full(4800, np.nan)]
    sound = np.concatenate(sounds)
    return sound + 1e-4 * rng.standard_normal(len(sound)), np.concatenate(contours)


def hum(hertz: float, harmonics: int, samples: int) -> np.ndarray:
    """Power 1."""
    numbers = np.arange(1, harmonics + 1)[:, None]
    waves = np.sin(2 * np.pi * numbers * hertz * np.arange(samples) / RATE + numbers**2) / numbers
    return waves.sum(axis=0) / np.sqrt(np.mean(waves.sum(axis=0) ** 2))


@pytest.mark.parametrize("harmonics", [1, 6])
@pytest.mark.parametrize("level_db", [-10, -20, -30])
@pytest.mark.parametrize("hertz", [50, 60, 100, 120, 180, 400])
def test_a_hum_in_the_pauses_is_no_voice_and_moves_none(hertz: float, level_db: float, harmonics: int) -> None:
    for f0 in (115, 225, 330):
        sound, contour = phrase(f0)
        spoken = np.sqrt(np.mean(sound[~np.isnan(contour)] ** 2))
        sound = sound + spoken * 10 ** (level_db / 20) * hum(hertz, harmonics, len(sound))
        found = track(sound.astype(np.float32)).f0
        true = contour[np.minimum(np.arange(len(found)) * 160, len(contour) - 1)]
        voiced, speech = ~np.isnan(found), ~np.isnan(true)
        inside = [np.convolve(kind, np.ones(11), "same") == 11 for kind in (speech, ~speech)]
        assert voiced[inside[0]].mean() > 0.95
        assert (np.abs(found / true - 1)[voiced & inside[0]] > 0.2).mean() < 0.1
        assert voiced[inside[1]].mean() < 0.02


def test_a_hum_is_found_whatever_noise_and_silence_are_beside_it() -> None:
    sound = phrase(210)[0]
    sound = sound + 0.01 * hum(100, 4, len(sound)) + 0.003 * np.random.default_rng(0).normal(size=len(sound))
    gated = np.concatenate([np.zeros(RATE), sound, np.zeros(RATE)])
    for clip, first in ((sound, 0), (gated, 100)):
        voiced = ~np.isnan(track(clip.astype(np.float32)).f0)
        pauses = np.concatenate([np.arange(first + k + 36, first + k + 54) for k in range(0, 300, 60)])
        assert not voiced[pauses].any()
    assert not voiced[:95].any()
    assert not voiced[-95:].any()


TIMES = np.arange(2 * RATE) / RATE
HELD = {
    "steady": np.ones(2 * RATE),
    "swelling": 10 ** (-0.6 * (0.5 - 0.5 * np.cos(3 * np.pi * TIMES))),
    "growing by 20 dB": 10 ** (TIMES / 2 - 1),
    "loud, then soft": np.where(TIMES < 1, 1, 0.25),
    "with pauses": np.where(TIMES % 0.8 < 0.5, 1.0, 0.0),
}


@pytest.mark.parametrize("shape", HELD)
@pytest.mark.parametrize("hertz", [100, 220, 440])
def test_a_held_note_is_no_hum(hertz: float, shape: str) -> None:
    f0, envelope = level(hertz, 2.0), HELD[shape]
    sung = voice(f0) * envelope
    sounds = [sung, sung + 1e-4 * np.random.default_rng(0).normal(size=len(sung))]
    if not shape.startswith("growing"):  # its beginning would be below the noise
        sounds += [noisy(sung, 10)]
    for sound in sounds:
        found = track(sound.astype(np.float32)).f0
        loud = envelope[np.minimum(np.arange(len(found)) * 160, len(envelope) - 1)] > 0
        loud = np.convolve(loud, np.ones(9), "same") == 9
        assert np.mean(~np.isnan(found[loud])) > 0.97
        assert np.nanmax(np.abs(found[loud] / hertz - 1)) < 0.1


@pytest.mark.parametrize("noise_db", [60, 10])
@pytest.mark.parametrize("hertz", [100, 180, 300])
def test_a_monotone_speaker_without_a_pause_is_no_hum(hertz: float, noise_db: float) -> None:
    loudness = 10 ** (-np.array([0, 8, 12, 3, 6, 10, 0, 5]) / 20)
    sounds = [gain * voice(level(hertz, 0.3), vowel) for gain, vowel in zip(loudness, "aiueaeui")]
    voiced, wrong = followed(noisy(np.concatenate(sounds), noise_db), level(hertz, 2.4))
    assert voiced > 0.97
    assert wrong < 0.02


def test_a_soft_vowel_behind_a_loud_one_is_no_hum() -> None:
    glide = np.geomspace(180, 260, RATE)
    for hertz in (150, 200, 330):
        for gain in (0.25, 0.08):
            sound = np.concatenate([voice(glide), gain * voice(level(hertz, 1.0), "e")])
            assert followed(sound, np.concatenate([glide, level(hertz, 1.0)]))[0] > 0.97


def test_periodicity_hears_breath_above_two_kilohertz_and_takes_no_whistle_for_a_voice() -> None:
    f0, rng = level(120, 1.0), np.random.default_rng(0)
    breath = lfilter(*butter(4, (2000, 3400), "bandpass", fs=RATE), rng.standard_normal(RATE))
    clean = voice(f0, "i")
    breathy = clean + 0.5 * breath * np.std(clean) / np.std(breath)
    plain, mixed = (track(sound.astype(np.float32)) for sound in (clean, breathy))
    np.testing.assert_allclose(mixed.f0[EDGE:-EDGE], 120, rtol=0.02)
    assert np.median(mixed.periodicity) < np.median(plain.periodicity) - 0.05
    whistle = track((0.3 * np.sin(2 * np.pi * 1700 * np.arange(RATE) / RATE)).astype(np.float32))
    assert np.isnan(whistle.f0[EDGE:-EDGE]).all()
    noise = lfilter(*butter(4, (1500, 2100), "bandpass", fs=RATE), rng.standard_normal(RATE))
    assert np.median(track(noise.astype(np.float32)).periodicity) < 0.6
