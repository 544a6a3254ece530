"""Glottal pulses, found by matching each period with its neighbour, and what they tell of the voice."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from features.audio import RATE
from features.descriptors.frames import FRAMES_A_SECOND, HOP

# Limits of Praat's manual, "Voice 2. Jitter" and "Voice 3. Shimmer".
_SHORTEST, _LONGEST = 0.0001, 0.02
_PERIOD_FACTOR, _AMPLITUDE_FACTOR = 1.3, 1.6


@dataclass(frozen=True)
class Perturbation:
    """Irregularity of an utterance's glottal periods; NaN where fewer pulses were found than the formula needs."""

    jitter_local: float
    jitter_ddp: float
    shimmer_local: float
    shimmer_local_db: float
    shimmer_apq3: float


def perturbation(waveform: np.ndarray, f0: np.ndarray) -> Perturbation:
    """Jitter and shimmer of an utterance.

    Parameters
    ----------
    waveform : np.ndarray
        [shape=(n_samples,)] float32 at 16 kHz.
    f0 : np.ndarray
        [shape=(n_frames,)] Hz, NaN where unvoiced.
    """
    found = pulses(waveform, f0)
    return Perturbation(*_perturbation(found, _amplitudes(waveform, found)))


def pulses(waveform: np.ndarray, f0: np.ndarray) -> np.ndarray:
    """Places of the glottal pulses in samples, ascending, [shape=(n_pulses,)] float64.

    From the strongest extremum near the middle of each voiced stretch, the best match of one period is sought 0.8 to
    1.25 periods away, to the left and to the right (Praat's manual, "Sound & Pitch: To PointProcess (cc)").
    """
    voiced = ~np.isnan(f0)
    changes = np.flatnonzero(np.diff(np.concatenate([[False], voiced, [False]]).astype(np.int8)))
    room = int(np.nansum(f0) / FRAMES_A_SECOND * 2) + 4 * len(changes) + 16
    places = np.empty(room)
    begins, ends = np.ascontiguousarray(changes.reshape(-1, 2).T)  # one layout, so that numba compiles once
    count = _pulses(waveform, f0, begins, ends, places)
    return places[:count]


@numba.njit(cache=True, nogil=True, fastmath=True)
def match(
    waveform: np.ndarray, place: float, length: float, nearest: float, farthest: float
) -> tuple[float, float, float]:
    """Best match of the stretch around `place` among those around `nearest` to `farthest` (samples).

    Returns
    -------
    tuple of float
        Where, refined by a parabola; the normalised cross-correlation there, -1 where none was found; the matching
        stretch's peak.
    """
    half = 0.5 * length
    first = round(place - half)
    count = round(place + half) - first + 1
    low, high = int(np.floor(nearest - half)), int(np.ceil(farthest - half))
    if first < 0 or first + count > len(waveform):
        return place, -1.0, 0.0
    low, high = max(low, 0), min(high, len(waveform) - count)
    if high - low < 2:
        return place, -1.0, 0.0
    here, other = np.float32(0.0), np.float32(0.0)
    for i in range(count):
        here += waveform[first + i] * waveform[first + i]
        other += waveform[low + i] * waveform[low + i]
    best, where, left, right = -1.0, low, 0.0, 0.0
    before, last = 0.0, 0.0
    for start in range(low, high + 1):
        product = np.float32(0.0)
        for i in range(count):
            product += waveform[first + i] * waveform[start + i]
        energy = here * other
        value = product / np.sqrt(energy) if energy > 1e-20 else 0.0
        if start >= low + 2 and last > best and last >= before and last >= value:
            best, where, left, right = last, start - 1, before, value
        before, last = last, value
        if start < high:
            other += waveform[start + count] ** 2 - waveform[start] ** 2
    if best == -1.0:
        return place, -1.0, 0.0
    peak = 0.0
    for i in range(count):
        peak = max(peak, abs(waveform[where + i]))
    bend = 2 * best - left - right
    shift = 0.5 * (right - left) / bend if bend > 0 else 0.0
    return place + (where - first) + shift, min(best + 0.25 * (right - left) * shift, 1.0), peak


@numba.njit(cache=True, nogil=True)
def _f0_at(f0: np.ndarray, place: float) -> float:
    """F0 at a sample, linear between voiced frames, the nearest one's at the edge of a voiced stretch."""
    position = place / HOP
    low = min(max(int(np.floor(position)), 0), len(f0) - 1)
    high = min(low + 1, len(f0) - 1)
    a, b = f0[low], f0[high]
    if a != a:
        return b
    if b != b:
        return a
    return a + (b - a) * min(max(position - low, 0.0), 1.0)


@numba.njit(cache=True, nogil=True)
def _pulses(waveform: np.ndarray, f0: np.ndarray, begins: np.ndarray, ends: np.ndarray, places: np.ndarray) -> int:
    loudest = 0.0
    for value in waveform:
        loudest = max(loudest, abs(value))
    count = 0
    newest = -1e30
    for segment in range(len(begins)):
        left, right = (begins[segment] - 0.5) * HOP, (ends[segment] - 0.5) * HOP
        middle = 0.5 * (left + right)
        period = RATE / _f0_at(f0, middle)
        low, high = max(int(middle - period / 2), 0), min(int(middle + period / 2) + 1, len(waveform))
        if high - low < 3:
            continue
        seed = float(low + np.argmax(np.abs(waveform[low:high])))
        started = count
        for direction in (-1, 1):
            if direction == 1:
                places[started:count] = places[started:count][::-1].copy()
                if count < len(places):
                    places[count] = seed
                    count += 1
                    newest = seed
            here = seed
            while count < len(places):
                frequency = _f0_at(f0, here)
                if frequency != frequency:
                    break
                period = RATE / frequency
                a, b = here + direction * 0.8 * period, here + direction * 1.25 * period
                there, correlation, peak = match(waveform, here, period, min(a, b), max(a, b))
                here = there if correlation > -1 else here + direction * period
                outside = here < left or here > right
                needed, floor = (0.7, 0.023333 * loudest) if outside else (0.3, 0.01 * loudest)
                if correlation > needed and peak > floor and (direction == 1 or here - newest > 0.8 * period):
                    places[count] = here
                    count += 1
                    if direction == 1:
                        newest = here
                if outside:
                    break
    return count


@numba.njit(cache=True, nogil=True)
def _amplitudes(waveform: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Root mean square under a Hann window of a fifth of a period on either side of each pulse; NaN where irregular."""
    result = np.full(len(places), np.nan)
    for i in range(1, len(places) - 1):
        before, after = places[i] - places[i - 1], places[i + 1] - places[i]
        if not _regular(before, after):
            continue
        low = max(int(np.ceil(places[i] - 0.2 * before)), 0)
        high = min(int(np.floor(places[i] + 0.2 * after)), len(waveform) - 1)
        if high - low < 2:
            continue
        total, weights = 0.0, 0.0
        for k in range(low, high + 1):
            width = 0.2 * (before if k < places[i] else after)
            weight = 0.5 + 0.5 * np.cos(np.pi * (k - places[i]) / width)
            total += (waveform[k] * weight) ** 2
            weights += weight * weight
        result[i] = np.sqrt(total / weights)
    return result


@numba.njit(cache=True, nogil=True)
def _regular(first: float, second: float) -> bool:
    """Whether two neighbouring periods (samples) belong to one voiced stretch."""
    shorter, longer = min(first, second), max(first, second)
    return shorter >= _SHORTEST * RATE and longer <= _LONGEST * RATE and longer <= _PERIOD_FACTOR * shorter


@numba.njit(cache=True, nogil=True)
def _perturbation(places: np.ndarray, amplitudes: np.ndarray) -> tuple[float, float, float, float, float]:
    period_sum, n_periods, step_sum, n_steps, bend_sum, n_bends = 0.0, 0, 0.0, 0, 0.0, 0
    for i in range(1, len(places)):
        period = places[i] - places[i - 1]
        if period <= _LONGEST * RATE:
            period_sum += period
            n_periods += 1
        if i >= 2 and _regular(places[i - 1] - places[i - 2], period):
            step_sum += abs(period - (places[i - 1] - places[i - 2]))
            n_steps += 1
            before = places[i - 2] - places[i - 3] if i >= 3 else 0.0
            if i >= 3 and _regular(before, places[i - 1] - places[i - 2]):
                bend_sum += abs(period - 2 * (places[i - 1] - places[i - 2]) + before)
                n_bends += 1
    level_sum, n_levels, loss_sum, loss_db, n_losses, smooth_sum, n_smooth = 0.0, 0, 0.0, 0.0, 0, 0.0, 0
    for i in range(len(amplitudes)):
        here = amplitudes[i]
        if here != here or here <= 0:
            continue
        level_sum += here
        n_levels += 1
        before = amplitudes[i - 1] if i > 0 else np.nan
        if before == before and before > 0 and max(here, before) <= _AMPLITUDE_FACTOR * min(here, before):
            loss_sum += abs(here - before)
            loss_db += abs(20 * np.log10(here / before))
            n_losses += 1
            after = amplitudes[i + 1] if i + 1 < len(amplitudes) else np.nan
            if after == after and after > 0 and max(here, after) <= _AMPLITUDE_FACTOR * min(here, after):
                smooth_sum += abs(here - (before + here + after) / 3)
                n_smooth += 1
    period = period_sum / n_periods if n_periods else np.nan
    level = level_sum / n_levels if n_levels else np.nan
    return (
        step_sum / n_steps / period if n_steps else np.nan,
        bend_sum / n_bends / period if n_bends else np.nan,
        loss_sum / n_losses / level if n_losses else np.nan,
        loss_db / n_losses if n_losses else np.nan,
        smooth_sum / n_smooth / level if n_smooth else np.nan,
    )
