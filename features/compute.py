"""From a waveform to its features: descriptors give contours, functionals sum them up."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import numpy as np

from features.blas import one_blas_thread
from features.clips import Clip
from features.compiled import REMEDY, keeps, to_be_compiled
from features.descriptors import MODULES
from features.descriptors.analysis import Analysis
from features.descriptors.specs import ALL, UNVOICED, VOICED, Descriptor
from features.errors import Note
from features.functionals import FUNCTIONALS, functionals
from features.groups import GROUPS
from features.sampling import RATE

TARGET_RMS = 0.05


@dataclass(frozen=True)
class Feature:
    """One named number per utterance.

    Attributes
    ----------
    name : str
        `group.descriptor.functional.frames`, or `group.name` for a number of the whole utterance.
    group, unit, formula, source : str
        Its group, unit, how it is computed, and who described it.
    """

    name: str
    group: str
    unit: str
    formula: str
    source: str


@dataclass(frozen=True)
class _Block:
    """Features that are functionals over the same frames.

    `contours` are the rows of the matrix of contours that are needed; `rows` and `functionals` say where in the table
    of their functionals each feature stands, and `columns` where it goes.
    """

    frames: str
    contours: np.ndarray
    rows: np.ndarray
    functionals: np.ndarray
    columns: np.ndarray


@dataclass(frozen=True)
class _Plan:
    """How the columns of some groups are filled."""

    modules: tuple[Any, ...]
    features: tuple[Feature, ...]
    blocks: tuple[_Block, ...]
    number_columns: np.ndarray
    n_contours: int


def features_in(groups: tuple[str, ...] = GROUPS) -> tuple[Feature, ...]:
    """All features of some groups, in the order of the columns.

    Examples
    --------
    >>> features_in(("timing",))[0].name
    'timing.duration'
    """
    return _plan(groups).features


def names_of(groups: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the features of some groups, in the order of the columns.

    Examples
    --------
    >>> len(names_of(("timing",)))
    20
    """
    return tuple(feature.name for feature in features_in(groups))


def features_of(waveform: np.ndarray, groups: tuple[str, ...]) -> np.ndarray:
    """Compute the features of one waveform, the same bytes on any number of cores.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        float32 at 16 kHz, as `features.audio.load` gives it.
    groups : tuple of str
        See `features.groups.groups_of`.

    Returns
    -------
    ndarray of shape (n_features,)
        float32; NaN where a statistic has no frames to be computed on.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 200 * np.arange(16000) / 16000).astype(np.float32)
    >>> features_of(tone, ("timing",)).shape
    (20,)
    """
    with one_blas_thread():
        return _row(Analysis(waveform), _plan(groups))


def _row(analysis: Analysis, plan: _Plan) -> np.ndarray:
    contours = np.empty((plan.n_contours, analysis.n_frames), dtype=np.float32)
    row = np.empty(len(plan.features), dtype=np.float32)
    filled, numbers = 0, []
    for module in plan.modules:
        module_contours, module_numbers = module.describe(analysis)
        contours[filled : filled + len(module_contours)] = module_contours
        filled += len(module_contours)
        numbers.append(module_numbers)
    row[plan.number_columns] = np.concatenate(numbers)
    masks = {ALL: analysis.extent, VOICED: analysis.voiced, UNVOICED: analysis.extent & ~analysis.voiced}
    for block in plan.blocks:
        table = functionals(contours, masks[block.frames], block.contours)
        row[block.columns] = table[block.rows, block.functionals]
    return row


def timed_row(clip: Clip, groups: tuple[str, ...], normalise_level: bool) -> tuple[np.ndarray, float]:
    """Features of one clip, ndarray of shape (n_features,), and the seconds that reading and computing took."""
    warm_up()
    start = time.perf_counter()
    waveform = clip.samples()
    if normalise_level:
        waveform = level_normalised(waveform)
    return features_of(waveform, groups), time.perf_counter() - start


def prepare(*, n_jobs: int = 1) -> None:
    """Compile what was not compiled before, and warn that this takes a while, before any clip is heard.

    Parameters
    ----------
    n_jobs : int
        Processes that will compute; several find what this one has compiled.

    Warns
    -----
    Note
        What is compiled, and where it is kept.
    """
    names = to_be_compiled(import_module(name) for name in _compiled_modules())
    if not names:
        return
    what = f"compiling {len(names)} functions of the features"
    if keeps():
        warnings.warn(Note(f"{what}, once after installation: some 10 s"), stacklevel=3)
        warm_up()
        return
    warnings.warn(Note(f"{what} in every process, some 10 s each, as they can be kept nowhere: {REMEDY}"), stacklevel=3)
    if n_jobs == 1:
        warm_up()


def _compiled_modules() -> list[str]:
    package = import_module("features.descriptors")
    return ["features.functionals", *(f"{package.__name__}.{found.name}" for found in iter_modules(package.__path__))]


@lru_cache(maxsize=1)
def warm_up() -> None:
    """Compile, or load from numba's cache, what every clip needs; once per process so that timings exclude it."""
    time_axis = np.arange(RATE // 2) / RATE
    features_of(np.sin(2 * np.pi * 150 * time_axis).astype(np.float32), GROUPS)


def level_normalised(waveform: np.ndarray) -> np.ndarray:
    """Scale a waveform to a root mean square of 0.05 (-26 dB); silence is left as it is.

    Examples
    --------
    >>> level_normalised(np.array([0.5, -0.5], dtype=np.float32))
    array([ 0.05, -0.05], dtype=float32)
    """
    rms = float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))
    return waveform if rms == 0 else waveform * np.float32(TARGET_RMS / rms)


@lru_cache(maxsize=64)
def _plan(groups: tuple[str, ...]) -> _Plan:
    modules = tuple(import_module(MODULES[group]) for group in groups)
    order = list(FUNCTIONALS)
    features: list[Feature] = []
    number_columns: list[int] = []
    by_frames: dict[str, list[tuple[int, int, int]]] = {}
    n_contours = 0
    for group, module in zip(groups, modules):
        for descriptor in module.DESCRIPTORS:
            for frames, names in descriptor.over.items():
                for name in names:
                    by_frames.setdefault(frames, []).append((n_contours, order.index(name), len(features)))
                    features.append(_feature(group, descriptor, name, frames))
            n_contours += 1
        for number in module.NUMBERS:
            number_columns.append(len(features))
            features.append(Feature(f"{group}.{number.name}", group, number.unit, number.formula, number.source))
    blocks = tuple(_block(frames, entries) for frames, entries in by_frames.items())
    return _Plan(modules, tuple(features), blocks, np.array(number_columns, dtype=np.int64), n_contours)


def _block(frames: str, entries: list[tuple[int, int, int]]) -> _Block:
    contours, functional, columns = (np.array(part) for part in zip(*entries))
    needed, rows = np.unique(contours, return_inverse=True)
    return _Block(frames, needed, rows, functional, columns)


def _feature(group: str, descriptor: Descriptor, functional: str, frames: str) -> Feature:
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
