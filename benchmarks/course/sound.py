"""Exercises of notebook 1: pitch, level and functionals."""

from __future__ import annotations

import numpy as np

from benchmarks.course.exercise import Exercise, same_as


def _semitones(low: float, high: float) -> float:
    return float(12 * np.log2(high / low))


def _level_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples))))


def _voiced_median(f0: np.ndarray, voiced: np.ndarray) -> float:
    return float(np.median(f0[voiced]))


def _contours(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    voiced = [np.array([False, True, True, True, False]), rng.random(40) > 0.4]
    return [(np.where(own, rng.uniform(100, 300, len(own)).round(), 0.0), own) for own in voiced]


EXERCISES = (
    Exercise(
        "semitones",
        lambda rng: [
            (100.0, 200.0),
            (200.0, 300.0),
            *((float(low), float(low) * 0.7) for low in rng.uniform(80, 300, 3)),
        ],
        same_as(_semitones),
        "pitch is heard in ratios, so an octave is 12 semitones wherever it lies.",
    ),
    Exercise(
        "level_db",
        lambda rng: [(np.array([0.5, -0.5]),), (np.array([1.0, 0.0, -1.0, 0.0]),), (rng.normal(0.1, 0.2, 50),)],
        same_as(_level_db),
        "the level is the mean power, on a scale of ratios: twice the amplitude is 6 dB more.",
    ),
    Exercise(
        "voiced_median",
        _contours,
        same_as(_voiced_median),
        "frames without a voice have no pitch; a functional must leave them out, not take them for 0 Hz.",
    ),
)
