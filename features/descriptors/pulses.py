"""Glottal pulses, found by matching each period with its neighbour, and jitter and shimmer from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.audio import RATE
from features.compiled import compiled
from features.descriptors.frames import FRAMES_PER_SECOND, HOP

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
    waveform : ndarray of shape (n_samples,)
        float32 at 16 kHz.
    f0 : ndarray of shape (n_frames,)
        Hz, NaN where unvoiced.
    """
    positions = pulses(waveform, f0)
    return Perturbation(*_perturbation(positions, _amplitudes(waveform, positions)))


def pulses(waveform: np.ndarray, f0: np.ndarray) -> np.ndarray:
    """Positions of the glottal pulses in samples, ascending, of shape (n_pulses,) float64.

    From the strongest extremum near the middle of each voiced stretch, the best match of one period is sought 0.8 to
    1.25 periods away, to the left and to the right (Praat's manual, "Sound & Pitch: To PointProcess (cc)").
    """
    voiced = ~np.isnan(f0)
    changes = np.flatnonzero(np.diff(np.concatenate([[False], voiced, [False]]).astype(np.int8)))
    most = int(np.nansum(f0) / FRAMES_PER_SECOND * 2) + 4 * len(changes) + 16
    positions = np.empty(most)
    begins, ends = np.ascontiguousarray(changes.reshape(-1, 2).T)  # one layout, so that numba compiles once
    count = _pulses(waveform, f0, begins, ends, positions)
    return positions[:count]


@compiled(fastmath=True)
def match(
    waveform: np.ndarray, position: float, length: float, nearest: float, farthest: float
) -> tuple[float, float, float]:
    """Best match of the stretch around `position` among those around `nearest` to `farthest` (samples).

    Returns
    -------
    tuple of float
        Its position, refined by a parabola; its normalised cross-correlation, -1 where there is none; its peak.
    """
    half = 0.5 * length
    first = round(position - half)
    count = round(position + half) - first + 1
    low, high = int(np.floor(nearest - half)), int(np.ceil(farthest - half))
    if first < 0 or first + count > len(waveform):
        return position, -1.0, 0.0
    low, high = max(low, 0), min(high, len(waveform) - count)
    if high - low < 2:
        return position, -1.0, 0.0
    energy, other_energy = np.float32(0.0), np.float32(0.0)
    for i in range(count):
        energy += waveform[first + i] * waveform[first + i]
        other_energy += waveform[low + i] * waveform[low + i]
    best, best_start, left, right = -1.0, low, 0.0, 0.0
    before, last = 0.0, 0.0
    for start in range(low, high + 1):
        product = np.float32(0.0)
        for i in range(count):
            product += waveform[first + i] * waveform[start + i]
        square = energy * other_energy
        value = product / np.sqrt(square) if square > 1e-20 else 0.0
        if start >= low + 2 and last > best and last >= before and last >= value:
            best, best_start, left, right = last, start - 1, before, value
        before, last = last, value
        if start < high:
            other_energy += waveform[start + count] ** 2 - waveform[start] ** 2
    if best == -1.0:
        return position, -1.0, 0.0
    peak = 0.0
    for i in range(count):
        peak = max(peak, abs(waveform[best_start + i]))
    bend = 2 * best - left - right
    shift = 0.5 * (right - left) / bend if bend > 0 else 0.0
    return position + (best_start - first) + shift, min(best + 0.25 * (right - left) * shift, 1.0), peak


@compiled()
def _f0_at(f0: np.ndarray, sample: float) -> float:
    """F0 at a sample, linear between voiced frames, the nearest one's at the edge of a voiced stretch."""
    frame = sample / HOP
    low = min(max(int(np.floor(frame)), 0), len(f0) - 1)
    high = min(low + 1, len(f0) - 1)
    a, b = f0[low], f0[high]
    if a != a:
        return b
    if b != b:
        return a
    return a + (b - a) * min(max(frame - low, 0.0), 1.0)


@compiled()
def _pulses(waveform: np.ndarray, f0: np.ndarray, begins: np.ndarray, ends: np.ndarray, positions: np.ndarray) -> int:
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
        strongest = low
        for i in range(low + 1, high):
            if abs(waveform[i]) > abs(waveform[strongest]):
                strongest = i
        seed = float(strongest)
        started = count
        for direction in (-1, 1):
            if direction == 1:
                for i in range((count - started) // 2):
                    other = count - 1 - i
                    positions[started + i], positions[other] = positions[other], positions[started + i]
                if count < len(positions):
                    positions[count] = seed
                    count += 1
                    newest = seed
            position = seed
            while count < len(positions):
                frequency = _f0_at(f0, position)
                if frequency != frequency:
                    break
                period = RATE / frequency
                a, b = position + direction * 0.8 * period, position + direction * 1.25 * period
                matched, correlation, peak = match(waveform, position, period, min(a, b), max(a, b))
                position = matched if correlation > -1 else position + direction * period
                outside = position < left or position > right
                needed, floor = (0.7, 0.023333 * loudest) if outside else (0.3, 0.01 * loudest)
                if correlation > needed and peak > floor and (direction == 1 or position - newest > 0.8 * period):
                    positions[count] = position
                    count += 1
                    if direction == 1:
                        newest = position
                if outside:
                    break
    return count


@compiled()
def _amplitudes(waveform: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Root mean square under a Hann window of a fifth of a period on either side of each pulse; NaN where irregular."""
    result = np.full(len(positions), np.nan)
    for i in range(1, len(positions) - 1):
        before, after = positions[i] - positions[i - 1], positions[i + 1] - positions[i]
        if not _regular(before, after):
            continue
        low = max(int(np.ceil(positions[i] - 0.2 * before)), 0)
        high = min(int(np.floor(positions[i] + 0.2 * after)), len(waveform) - 1)
        if high - low < 2:
            continue
        total, weights = 0.0, 0.0
        for k in range(low, high + 1):
            width = 0.2 * (before if k < positions[i] else after)
            weight = 0.5 + 0.5 * np.cos(np.pi * (k - positions[i]) / width)
            total += (waveform[k] * weight) ** 2
            weights += weight * weight
        result[i] = np.sqrt(total / weights)
    return result


@compiled()
def _regular(first: float, second: float) -> bool:
    """Whether two neighbouring periods (samples) belong to one voiced stretch."""
    shorter, longer = min(first, second), max(first, second)
    return shorter >= _SHORTEST * RATE and longer <= _LONGEST * RATE and longer <= _PERIOD_FACTOR * shorter


@compiled()
def _perturbation(positions: np.ndarray, amplitudes: np.ndarray) -> tuple[float, float, float, float, float]:
    period_sum, n_periods, step_sum, n_steps, bend_sum, n_bends = 0.0, 0, 0.0, 0, 0.0, 0
    for i in range(1, len(positions)):
        period = positions[i] - positions[i - 1]
        if period <= _LONGEST * RATE:
            period_sum += period
            n_periods += 1
        if i >= 2 and _regular(positions[i - 1] - positions[i - 2], period):
            step_sum += abs(period - (positions[i - 1] - positions[i - 2]))
            n_steps += 1
            before = positions[i - 2] - positions[i - 3] if i >= 3 else 0.0
            if i >= 3 and _regular(before, positions[i - 1] - positions[i - 2]):
                bend_sum += abs(period - 2 * (positions[i - 1] - positions[i - 2]) + before)
                n_bends += 1
    level_sum, n_levels, loss_sum, loss_db, n_losses, smooth_sum, n_smooth = 0.0, 0, 0.0, 0.0, 0, 0.0, 0
    for i in range(len(amplitudes)):
        level = amplitudes[i]
        if level != level or level <= 0:
            continue
        level_sum += level
        n_levels += 1
        before = amplitudes[i - 1] if i > 0 else np.nan
        if before == before and before > 0 and max(level, before) <= _AMPLITUDE_FACTOR * min(level, before):
            loss_sum += abs(level - before)
            loss_db += abs(20 * np.log10(level / before))
            n_losses += 1
            after = amplitudes[i + 1] if i + 1 < len(amplitudes) else np.nan
            if after == after and after > 0 and max(level, after) <= _AMPLITUDE_FACTOR * min(level, after):
                smooth_sum += abs(level - (before + level + after) / 3)
                n_smooth += 1
    mean_period = period_sum / n_periods if n_periods else np.nan
    mean_level = level_sum / n_levels if n_levels else np.nan
    return (
        step_sum / n_steps / mean_period if n_steps else np.nan,
        bend_sum / n_bends / mean_period if n_bends else np.nan,
        loss_sum / n_losses / mean_level if n_losses else np.nan,
        loss_db / n_losses if n_losses else np.nan,
        smooth_sum / n_smooth / mean_level if n_smooth else np.nan,
    )
