"""F0 tracker: normalised autocorrelation at 8 kHz, and the cheapest path through its candidates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft

from features.compiled import compiled
from features.descriptors.frames import HOP, n_frames
from features.descriptors.hum import is_own_voice, persists, quiet_and_loud, steady
from features.descriptors.stft import squared
from features.sampling import RATE

F0_MIN = 60.0
F0_MAX = 800.0
_RATE = 8000
_HOP = HOP * _RATE // RATE
_WINDOW = 400
_STEP = HOP // 2
_STEPS = 6
_FFT = 512
_FINER = 2
_LAGS = int(_FINER * _RATE / F0_MIN) + 3
_SHORTEST = int(_FINER * _RATE / F0_MAX)
_CANDIDATES = 7
_LEAST_HEIGHT = 0.15
_BLOCK = 256
# Weights of the bins, Hz: rising between the first two, falling between the last two. F0 is sought where a voice is
# strongest; how periodic it is, is measured in a wider band, where breath shows.
_RISE, _FALL = (15.0, 40.0), (300.0, 2200.0)
_WIDE_RISE, _WIDE_FALL = (20.0, 50.0), (1800.0, 3000.0)
LEAST_RANGE = 2.0**-13
"""Difference between the largest and the smallest sample of a frame of digital silence: below four steps of 16 bits."""
_BINS = int(_FALL[1] * _FFT / _RATE) + 1
_WIDE_BINS = int(_WIDE_FALL[1] * _FFT / _RATE) + 1
_OVERSUBTRACTION = np.float32(2.0)
_LEAST_SHARE = np.float32(1e-6 * (_WINDOW / 2) ** 2)
_ABOVE = 3000.0
"""Hz: periods are sought up to here, so that a voice above the range is found there, not at half of its F0."""
# Costs as in Boersma 1993 and Praat's manual ("Sound: To Pitch (ac)..."), at its time step of 10 ms; only a jump costs
# more than Praat's 0.35.
_VOICING_THRESHOLD = 0.45
_SILENCE_THRESHOLD = 0.03
_OCTAVE_COST = 0.01
_JUMP_COST = 0.5
_CHANGE_COST = 0.14
# The autocorrelation at long lags rests on less of the window, and errs by more: in comparisons heights are multiplied
# by the window's own autocorrelation to this power. A peak at a multiple of the period may yet stand above the period's
# own by chance, by the more, the less periodic the frame is.
_TRUST = 0.3
_CHANCE, _CHANCE_WHERE_HIGH, _CHANCE_PER_NOISE = 0.015, 0.03, 0.2
_MULTIPLE = 0.15
_RELEVANT = 0.5
# From so many Hz on few harmonics make a voice, and a formant below the first makes much of what is uneven in it; and a
# maximum may be a formant of a lower voice of uneven periods, unless it is near 1.
_HIGH, _RINGS, _EXACT = 450.0, 0.8, 0.9


@dataclass(frozen=True)
class Track:
    """F0 of an utterance on the common grid.

    Attributes
    ----------
    f0 : ndarray of shape (n_frames,)
        float32, Hz; NaN where unvoiced.
    periodicity : ndarray of shape (n_frames,)
        float32, 0 to 1: normalised autocorrelation below 3 kHz at the period, or at the best candidate
        within the range where unvoiced.
    """

    f0: np.ndarray
    periodicity: np.ndarray

    @property
    def voiced(self) -> np.ndarray:
        """Frames with an F0, of shape (n_frames,) bool."""
        return ~np.isnan(self.f0)


def track(waveform: np.ndarray) -> Track:
    """Follow F0 between 60 and 800 Hz.

    The autocorrelation of 50 ms under a Hann window, divided by that of the window (Boersma 1993), gives up to seven
    candidates per frame, refined by parabolic interpolation; Viterbi's algorithm finds the path with the least cost of
    octave jumps and of changes of voicing. A multiple of a period counts for no more than the period where chance may
    have raised it, and a high F0 that twice its period does not confirm for less: it may be a formant. What is found
    above 800 Hz is unvoiced. A steady hum is taken out of every frame's spectrum, and counts half as noise. Frames of
    digital silence have no candidates, whatever their level: once the clip's mean is removed they are a constant, whose
    autocorrelation is all rounding.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        float32 at 16 kHz.
    """
    low = np.pad(halved(waveform), _WINDOW // 2)
    total = n_frames(len(waveform))
    f0 = np.full((total, _CANDIDATES), np.nan, dtype=np.float32)
    strength = np.full((total, _CANDIDATES), -np.inf, dtype=np.float32)
    values = np.full((total, _CANDIDATES), -np.inf, dtype=np.float32)
    peaks = np.empty(total, dtype=np.float32)
    extent = ranges(waveform)
    hum, tables = _hum(low, extent), _tables()
    for first in range(0, total, _BLOCK):
        block = np.arange(first, min(first + _BLOCK, total))
        powers, peaks[block] = _powers(low, block)
        low_powers = powers[:, :_BINS].sum(axis=1)
        powers[low_powers < _LEAST_SHARE * peaks[block] ** 2] = 0  # a whistle above all weights, and its skirts
        _candidates(_lags(powers[:, :_BINS], hum), tables.trust, f0[first:], values[first:])
        rest = powers if hum is None else _without(powers, hum)
        _periodicities(rest, powers, tables.wide, f0[first:], strength[first:])
    silent = extent < LEAST_RANGE
    f0[silent], strength[silent], values[silent] = np.nan, -np.inf, -np.inf
    path = _path(f0, values, peaks / max(peaks.max(), np.float32(1e-10)))
    candidate = np.maximum(path, 0)[:, None]
    frequency = np.take_along_axis(f0, candidate, axis=1)[:, 0]
    unvoiced = (path < 0) | (frequency > F0_MAX)
    periodicity = np.where(unvoiced, strength.max(axis=1), np.take_along_axis(strength, candidate, axis=1)[:, 0])
    return Track(
        np.where(unvoiced, np.float32(np.nan), frequency).astype(np.float32),
        np.clip(periodicity, 0, 1).astype(np.float32),
    )


def ranges(waveform: np.ndarray) -> np.ndarray:
    """Difference between the largest and the smallest sample in the 30 ms about the middle of each frame.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        At 16 kHz; what lies outside of it does not count.

    Returns
    -------
    ndarray of shape (n_frames,)

    Examples
    --------
    >>> ranges(np.repeat(np.float32([0.25, 1.0]), 480))
    array([0.  , 0.  , 0.75, 0.75, 0.75, 0.  , 0.  ], dtype=float32)
    """
    total, starts = n_frames(len(waveform)), np.arange(0, len(waveform), _STEP)
    highest = np.pad(np.maximum.reduceat(waveform, starts), _STEPS, constant_values=-np.inf)
    lowest = np.pad(np.minimum.reduceat(waveform, starts), _STEPS, constant_values=np.inf)
    first = _STEPS // 2  # where the first frame's steps begin in what is padded
    views = [slice(k, k + 2 * total - 1, 2) for k in range(first, first + _STEPS)]
    high, low = highest[views[0]].copy(), lowest[views[0]].copy()
    for view in views[1:]:
        np.maximum(high, highest[view], out=high)
        np.minimum(low, lowest[view], out=low)
    return high - low


def halved(waveform: np.ndarray) -> np.ndarray:
    """Every second sample of a waveform after a half-band filter (Kaiser, 31 taps, -60 dB above 5 kHz).

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        float32.

    Returns
    -------
    ndarray of shape (ceil(n_samples / 2),)
        float32; sample i lies where sample 2 i lay.
    """
    taps = _half_band()
    even = waveform[::2]
    odd = np.zeros(len(even) + 2 * len(taps), dtype=np.float32)
    odd[len(taps) : len(taps) + len(waveform) // 2] = waveform[1::2]
    result = np.float32(0.5) * even
    for k, tap in enumerate(taps):
        result += tap * odd[len(taps) + k : len(taps) + k + len(even)]
        result += tap * odd[len(taps) - 1 - k : len(taps) - 1 - k + len(even)]
    return result


@lru_cache(maxsize=1)
def _half_band() -> np.ndarray:
    """Taps on one side of the filter's middle that are not zero (every second one), of shape (8,)."""
    offsets = 2 * np.arange(8) + 1
    taps = np.sin(np.pi * offsets / 2) / (np.pi * offsets) * np.kaiser(33, 6.0)[16 + offsets]
    return (taps * 0.25 / taps.sum()).astype(np.float32)


def _hum(low: np.ndarray, extent: np.ndarray) -> np.ndarray | None:
    """What is to be taken from every frame's power, of shape (_BINS,); None where nothing hums."""
    chosen = quiet_and_loud(extent, LEAST_RANGE)
    if chosen is None:
        return None
    quiet, loud = (_powers(low, positions)[0][:, :_BINS] for positions in chosen)
    weights = _tables().weights
    hum = steady(quiet, weights)
    if hum is None or not persists(hum, quiet, loud, weights):
        return None
    if is_own_voice(_lags(hum[None])[0], _lags(loud), _SHORTEST):
        return None
    return _OVERSUBTRACTION * hum


def _powers(low: np.ndarray, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared magnitudes up to where the weights end, and the largest distance of each frame from its mean.

    Parameters
    ----------
    low : ndarray of shape (n_samples,)
        At 8 kHz, with half a window of zeros on either side.
    positions : ndarray of shape (n_frames,)
        Which frames.
    """
    padded = np.zeros((len(positions), _FFT), dtype=np.float32)
    peaks = np.empty(len(positions), dtype=np.float32)
    _windowed(low, positions, _tables().window, padded, peaks)
    return squared(scipy.fft.rfft(padded, axis=1, overwrite_x=True)[:, :_WIDE_BINS]), peaks


@compiled(fastmath=True)
def _windowed(
    low: np.ndarray, positions: np.ndarray, window: np.ndarray, padded: np.ndarray, peaks: np.ndarray
) -> None:
    """Write each frame without its mean, windowed: a pause that has a mean is no low voice."""
    whole = np.float32(0.0)
    for weight in window:
        whole += weight
    for i in range(len(positions)):
        first = positions[i] * _HOP
        total, peak = np.float32(0.0), np.float32(0.0)
        for k in range(_WINDOW):
            total += window[k] * low[first + k]
        mean = total / whole
        for k in range(_WINDOW):
            value = low[first + k] - mean
            peak = max(peak, abs(value))
            padded[i, k] = window[k] * value
        peaks[i] = peak


def _lags(powers: np.ndarray, hum: np.ndarray | None = None) -> np.ndarray:
    """Normalised autocorrelation at half-sample lags, of shape (n_frames, _LAGS); a hum that is taken counts half."""
    cosines = _tables().cosines
    rest = powers if hum is None else _without(powers, hum)
    lags: np.ndarray = rest @ cosines
    energy = lags[:, :1].copy() if hum is None else 0.5 * (lags[:, :1] + powers @ cosines[:, :1])
    lags /= np.maximum(energy, np.float32(1e-20))
    return lags


def _without(powers: np.ndarray, hum: np.ndarray) -> np.ndarray:
    """Powers of shape (n_frames, n_bins) without the hum's, whose bins are as many or fewer."""
    rest = powers.copy()
    below = rest[:, : len(hum)]
    np.maximum(below - hum, np.float32(0), out=below)
    return rest


@dataclass(frozen=True)
class _Tables:
    """Window; weights of the bins; matrix from powers to autocorrelations relative to the window's own; trust in lags.

    The matrix `wide`, of shape (_LAGS, _WIDE_BINS), is the same for the wider band.

    Half-sample lags and the weights cost nothing this way, and few lags are cheaper than a transform. Low frequencies
    weigh more: they stay the same where one period differs from the next, and a voice is stronger there than noise.
    """

    window: np.ndarray
    weights: np.ndarray
    cosines: np.ndarray
    trust: np.ndarray
    wide: np.ndarray


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(_WINDOW) + 0.5) / _WINDOW)
    bins = np.arange(_FFT // 2 + 1)
    frequencies = bins * _RATE / _FFT
    weights, wide = _band(frequencies, _RISE, _FALL), _band(frequencies, _WIDE_RISE, _WIDE_FALL)
    cosines = np.cos(np.pi * np.outer(bins, np.arange(_LAGS)) / (_FFT // 2 * _FINER)) * 2
    cosines[[0, -1]] /= 2
    expected = (np.abs(np.fft.rfft(window, _FFT)) ** 2) @ cosines
    expected /= expected[0]
    cosines /= expected
    single = np.float32
    return _Tables(
        window.astype(single),
        weights[:_BINS].astype(single),
        (weights[:, None] * cosines)[:_BINS].astype(single),
        expected**_TRUST,
        np.ascontiguousarray((wide[:, None] * cosines)[:_WIDE_BINS].T.astype(single)),
    )


def _band(frequencies: np.ndarray, rise: tuple[float, float], fall: tuple[float, float]) -> np.ndarray:
    """Weights that rise from 0 to 1, and fall to 0, linearly between the two frequencies of each."""
    (low, high), (flat, end) = rise, fall
    return np.clip((frequencies - low) / (high - low), 0, 1) * np.clip((end - frequencies) / (end - flat), 0, 1)


@compiled()
def _candidates(lags: np.ndarray, trust: np.ndarray, f0: np.ndarray, values: np.ndarray) -> None:
    """The best maxima of each frame's autocorrelation, refined by a parabola through three points."""
    frequencies, compared = np.empty(_LAGS), np.empty(_LAGS)
    for t in range(lags.shape[0]):
        count = _maxima(lags[t], trust, frequencies, compared)
        least = -1.0
        for i in range(count):
            least = max(least, compared[i] - _RELEVANT)
        for i in range(count):
            height = compared[i]
            if height > least:
                height = _without_chance(frequencies, compared, i)
            # A small preference for high F0 decides between octaves.
            value = height + _OCTAVE_COST * np.log2(frequencies[i] / F0_MIN)
            weakest = 0  # by a loop: numba compiles np.argmin for a tenth of a second and more
            for c in range(1, values.shape[1]):
                if values[t, c] < values[t, weakest]:
                    weakest = c
            if value > values[t, weakest]:
                values[t, weakest] = value
                f0[t, weakest] = frequencies[i]


@compiled(fastmath=True)
def _periodicities(
    rest: np.ndarray, powers: np.ndarray, wide: np.ndarray, f0: np.ndarray, strength: np.ndarray
) -> None:
    """Write each candidate's normalised autocorrelation in the wider band; none above the range counts.

    `rest` is `powers` without the hum, of which half counts in the energy.
    """
    for t in range(rest.shape[0]):
        energy = np.float32(0.0)
        for i in range(rest.shape[1]):
            energy += np.float32(0.5) * (rest[t, i] + powers[t, i]) * wide[0, i]
        for c in range(f0.shape[1]):
            if not f0[t, c] <= F0_MAX or energy <= 1e-20:
                continue
            k = min(int(np.round(_FINER * _RATE / f0[t, c])), _LAGS - 2)
            before, at, after = np.float32(0.0), np.float32(0.0), np.float32(0.0)
            for i in range(rest.shape[1]):
                before += rest[t, i] * wide[k - 1, i]
                at += rest[t, i] * wide[k, i]
                after += rest[t, i] * wide[k + 1, i]
            bend = 2 * at - before - after
            if bend > 0 and abs(after - before) <= bend:
                at += (after - before) ** 2 / (8 * bend)
            else:
                at = max(before, at, after)
            strength[t, c] = min(at / energy, energy / at) if at > 0 else 0.0


@compiled()
def _maxima(row: np.ndarray, trust: np.ndarray, frequencies: np.ndarray, compared: np.ndarray) -> int:
    """Write each maximum's frequency and the height to compare, highest frequency first; count them."""
    count = 0
    for k in range(int(np.floor(_FINER * _RATE / _ABOVE)), _LAGS - 1):
        if row[k] > _LEAST_HEIGHT and row[k] > row[k - 1] and row[k] >= row[k + 1]:
            slope = 0.5 * (row[k + 1] - row[k - 1])
            bend = 2 * row[k] - row[k - 1] - row[k + 1]
            shift = slope / bend
            frequency = _FINER * _RATE / (k + shift)
            if not F0_MIN <= frequency <= _ABOVE:  # the parabola's top may lie beyond the last lag of the range
                continue
            height = row[k] + 0.5 * slope * shift
            if height > 1:
                height = 1 / height
            frequencies[count], compared[count] = frequency, height * trust[k]
            if frequency > _HIGH:
                compared[count] = _without_ringing(row, trust, 2 * (k + shift), compared[count])
            count += 1
    return count


@compiled()
def _without_ringing(row: np.ndarray, trust: np.ndarray, twice: float, height: float) -> float:
    """Height of a maximum, or of that at twice its lag: a formant rings down, where a voice goes on.

    A voice among its formants has the exact period; one in noise has it at twice the lag no less.
    """
    k = int(np.round(twice))
    again = max(row[k - 1], row[k], row[k + 1]) * trust[k]
    exact = min(max((height - _RINGS) / (_EXACT - _RINGS), 0.0), 1.0)
    return height if again > height else exact * height + (1 - exact) * again


@compiled()
def _without_chance(frequencies: np.ndarray, heights: np.ndarray, i: int) -> float:
    """Height of a maximum, or of the shorter period that it may be a multiple of if that is lower by mere chance."""
    height = heights[i]
    by_noise = _CHANCE_PER_NOISE * (1 - height)
    lowest = height
    for j in range(i):
        by_chance = _CHANCE if frequencies[j] < _HIGH else _CHANCE_WHERE_HIGH
        if height - by_chance - by_noise <= heights[j] < lowest:
            ratio = frequencies[j] / frequencies[i]
            multiple = np.round(ratio)
            if multiple >= 2 and abs(ratio - multiple) < _MULTIPLE:
                lowest = heights[j]
    return lowest


@compiled()
def _path(f0: np.ndarray, values: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Candidate of each frame on the best path, -1 for unvoiced, of shape (n_frames,) int64."""
    n_frames, n_candidates = f0.shape
    score, new_score = np.empty(n_candidates + 1), np.empty(n_candidates + 1)
    for c in range(n_candidates + 1):
        score[c] = -np.inf
    octave = np.empty((n_frames, n_candidates), dtype=np.float32)
    for t in range(n_frames):  # not np.log2(f0): numba compiles a loop over scalars in half the time
        for c in range(n_candidates):
            octave[t, c] = np.log2(f0[t, c])
    back = np.empty((n_frames, n_candidates + 1), dtype=np.int8)
    for t in range(n_frames):
        quiet = level[t] * (1 + _VOICING_THRESHOLD) / _SILENCE_THRESHOLD
        unvoiced = _VOICING_THRESHOLD + max(0.0, 2.0 - quiet)
        for c in range(n_candidates + 1):
            local = unvoiced if c == n_candidates else values[t, c]
            best, previous = -np.inf, n_candidates
            if local > -np.inf and t > 0:
                for b in range(n_candidates + 1):
                    if score[b] == -np.inf:
                        continue
                    if c == n_candidates and b == n_candidates:
                        cost = 0.0
                    elif c == n_candidates or b == n_candidates:
                        cost = _CHANGE_COST
                    else:
                        cost = _JUMP_COST * abs(octave[t, c] - octave[t - 1, b])
                    if score[b] - cost > best:
                        best, previous = score[b] - cost, b
            new_score[c] = local if t == 0 else local + best
            back[t, c] = previous
        for c in range(n_candidates + 1):  # not score[:] = new_score: numba compiles seconds of shape checks for that
            score[c] = new_score[c]
    path = np.empty(n_frames, dtype=np.int64)
    state = 0
    for c in range(n_candidates + 1):
        if score[c] > score[state]:
            state = c
    for t in range(n_frames - 1, -1, -1):
        path[t] = -1 if state == n_candidates else state
        state = back[t, state]
    return path
