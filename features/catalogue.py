"""Every feature with its group, unit, formula and source, made from what the groups declare."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from features.descriptors import MODULES
from features.descriptors.analysis import Analysis
from features.functionals import FUNCTIONALS, functionals
from features.groups import GROUPS


@dataclass(frozen=True)
class Feature:
    """One named number an utterance."""

    name: str
    group: str
    unit: str
    formula: str
    source: str


@dataclass(frozen=True)
class _Plan:
    """Where a group's features come from: (frames, rows of contours, columns of functionals), then numbers."""

    module: Any
    features: tuple[Feature, ...]
    picks: tuple[tuple[str, np.ndarray, np.ndarray, np.ndarray], ...]


@lru_cache(maxsize=1)
def catalogue() -> tuple[Feature, ...]:
    """All features, in the order of the columns."""
    return tuple(feature for group in GROUPS for feature in _plan(group).features)


def names_of(groups: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the features of these groups, in the order of the columns."""
    return tuple(feature.name for feature in catalogue() if feature.group in groups)


def features_of(waveform: np.ndarray, groups: tuple[str, ...]) -> np.ndarray:
    """Features of one waveform.

    Parameters
    ----------
    waveform : np.ndarray
        [shape=(n_samples,)] float32 at 16 kHz, as `features.audio.load` gives it.
    groups : tuple of str
        See `features.groups.groups_of`.

    Returns
    -------
    np.ndarray
        [shape=(n_features,)] float32; NaN where a statistic has no frames to be computed on.
    """
    analysis = Analysis(waveform)
    return np.concatenate([_row(analysis, _plan(group)) for group in groups])


def _row(analysis: Analysis, plan: _Plan) -> np.ndarray:
    contours, numbers = plan.module.describe(analysis)
    row = np.empty(len(plan.features), dtype=np.float32)
    for frames, rows, used, places in plan.picks:
        masks = {"all": None, "voiced": analysis.voiced, "unvoiced": ~analysis.voiced}
        row[places] = functionals(contours[used], masks[frames])[rows[0], rows[1]]
    row[len(row) - len(numbers) :] = numbers
    return row


@lru_cache(maxsize=len(GROUPS))
def _plan(group: str) -> _Plan:
    module = import_module(MODULES[group])
    columns = {name: column for column, name in enumerate(FUNCTIONALS)}
    features: list[Feature] = []
    picks: dict[str, list[tuple[int, int, int]]] = {}
    for row, descriptor in enumerate(module.DESCRIPTORS):
        for frames, chosen in descriptor.over.items():
            for functional in chosen:
                picks.setdefault(frames, []).append((row, columns[functional], len(features)))
                features.append(_feature(group, descriptor, functional, frames))
    for number in module.NUMBERS:
        features.append(Feature(f"{group}.{number.name}", group, number.unit, number.formula, number.source))
    return _Plan(module, tuple(features), tuple(_pick(frames, cells) for frames, cells in picks.items()))


def _pick(frames: str, cells: list[tuple[int, int, int]]) -> tuple[str, np.ndarray, np.ndarray, np.ndarray]:
    rows, columns, places = (np.array(part) for part in zip(*cells))
    used, compact = np.unique(rows, return_inverse=True)
    return frames, np.stack([compact, columns]), used, places


def _feature(group: str, descriptor: Any, functional: str, frames: str) -> Feature:
    kind = FUNCTIONALS[functional]
    return Feature(
        name=f"{group}.{descriptor.name}.{functional}.{frames}",
        group=group,
        unit=_unit(kind.unit, descriptor.unit),
        formula=f"{kind.formula} over {frames} frames of: {descriptor.formula}",
        source=descriptor.source,
    )


def _unit(pattern: str, unit: str) -> str:
    if pattern == "u/s":
        return f"{unit}/s" if unit != "1" else "1/s"
    return unit if pattern == "u" else pattern
