"""Timing: how long, how much of it speech, in what pieces, and how fast."""

from __future__ import annotations

import numpy as np

from features.descriptors.analysis import Analysis
from features.descriptors.frames import FRAMES_PER_SECOND
from features.descriptors.segments import mean_and_std, runs, smooth, turning_points
from features.descriptors.specs import Number

_SHORTEST_PAUSE = 15
_NUCLEUS_DB = 2.0
_ACTIVE = "level within 25 dB of the 95th percentile"
_PAUSE = f"150 ms or more without activity ({_ACTIVE}), between active frames"
_NUCLEUS = "peaks of the smoothed loudness (2 dB above both valleys) in voiced frames"
_GEMAPS = "Eyben et al. 2016 (GeMAPS)"
_WEMPE = "de Jong & Wempe 2009"
_SCHERER = "Banse & Scherer 1996"

DESCRIPTORS = ()
NUMBERS = (
    Number("duration", "s", "length from the first to the last active frame and 50 ms about them", _SCHERER),
    Number("activity", "1", f"share of frames active: {_ACTIVE}", _SCHERER),
    Number("voiced_share", "1", "share of frames voiced", _GEMAPS),
    Number("voiced_rate", "1/s", "voiced stretches a second", _GEMAPS),
    Number("voiced_mean", "s", "mean length of voiced stretches", _GEMAPS),
    Number("voiced_std", "s", "deviation of the length of voiced stretches", _GEMAPS),
    Number("voiced_longest", "s", "longest voiced stretch", _GEMAPS),
    Number("unvoiced_mean", "s", "mean length of unvoiced stretches between voiced ones", _GEMAPS),
    Number("unvoiced_std", "s", "deviation of the length of unvoiced stretches between voiced ones", _GEMAPS),
    Number("pause_rate", "1/s", f"pauses a second; a pause is {_PAUSE}", _SCHERER),
    Number("pause_share", "1", "share of frames in pauses", _SCHERER),
    Number("pause_mean", "s", "mean length of pauses", _SCHERER),
    Number("pause_std", "s", "deviation of the length of pauses", _SCHERER),
    Number("pause_longest", "s", "longest pause", _SCHERER),
    Number("phrase_mean", "s", "mean length of the stretches between pauses", _SCHERER),
    Number("phrase_std", "s", "deviation of the length of the stretches between pauses", _SCHERER),
    Number("nucleus_rate", "1/s", f"syllable nuclei a second: {_NUCLEUS}", _WEMPE),
    Number("articulation_rate", "1/s", "syllable nuclei a second of activity", _WEMPE),
    Number("nucleus_gap_mean", "s", "mean time between syllable nuclei less than 0.5 s apart", _WEMPE),
    Number("nucleus_gap_std", "s", "deviation of the time between syllable nuclei less than 0.5 s apart", _WEMPE),
)


def describe(analysis: Analysis) -> tuple[np.ndarray, np.ndarray]:
    """No contours, and numbers of shape (20,)."""
    extent = analysis.extent
    active, voiced = analysis.active[extent], analysis.voiced[extent]
    parts = (
        [len(active) / FRAMES_PER_SECOND, active.mean()],
        _voicing(voiced),
        _pauses(active),
        _nuclei(analysis.loudness[extent], voiced, int(active.sum())),
    )
    empty = np.empty((0, analysis.n_frames), dtype=np.float32)
    return empty, np.concatenate(parts).astype(np.float32)


def _voicing(voiced: np.ndarray) -> list[float]:
    stretches = runs(voiced)
    lengths = (stretches[:, 1] - stretches[:, 0]) / FRAMES_PER_SECOND
    gaps = (stretches[1:, 0] - stretches[:-1, 1]) / FRAMES_PER_SECOND
    rate = len(lengths) / len(voiced) * FRAMES_PER_SECOND
    longest = lengths.max() if lengths.size else np.nan
    return [voiced.mean(), rate, *mean_and_std(lengths), longest, *mean_and_std(gaps)]


def _pauses(active: np.ndarray) -> list[float]:
    stretches = runs(active)
    gaps = stretches[1:, 0] - stretches[:-1, 1]
    pauses = gaps[gaps >= _SHORTEST_PAUSE] / FRAMES_PER_SECOND
    breaks = np.flatnonzero(gaps >= _SHORTEST_PAUSE)
    begins, ends = np.append(0, breaks + 1), np.append(breaks, len(stretches) - 1)
    phrases = (stretches[ends, 1] - stretches[begins, 0]) / FRAMES_PER_SECOND if len(stretches) else np.empty(0)
    seconds = len(active) / FRAMES_PER_SECOND
    longest = pauses.max() if pauses.size else np.nan
    return [len(pauses) / seconds, pauses.sum() / seconds, *mean_and_std(pauses), longest, *mean_and_std(phrases)]


def _nuclei(loudness: np.ndarray, voiced: np.ndarray, n_active: int) -> list[float]:
    contour = smooth(loudness, 5)
    points = turning_points(contour, _NUCLEUS_DB)
    is_peak = np.array([contour[p] > contour[q] for p, q in zip(points, np.roll(points, 1))], dtype=bool)
    peaks = points[is_peak] if len(points) > 1 else points[:0]
    nuclei = peaks[voiced[peaks]]
    gaps = np.diff(nuclei) / FRAMES_PER_SECOND
    rate = len(nuclei) / len(loudness) * FRAMES_PER_SECOND
    articulation = len(nuclei) / n_active * FRAMES_PER_SECOND if n_active else np.nan
    return [rate, articulation, *mean_and_std(gaps[gaps < 0.5])]
