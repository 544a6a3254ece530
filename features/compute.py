"""From a waveform to its features: descriptors give contours, functionals sum them up."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from itertools import accumulate
from pkgutil import iter_modules
from types import SimpleNamespace
from typing import Any

import numpy as np

from features import covariance, shape
from features.blas import one_blas_thread
from features.clips import Clip
from features.compiled import REMEDY, keeps, meanwhile, to_be_compiled
from features.descriptors import MODULES
from features.descriptors.analysis import Analysis
from features.descriptors.f0 import Track
from features.descriptors.specs import ALL, UNVOICED, VOICED, Descriptor
from features.errors import Note
from features.functionals import FUNCTIONALS, functionals
from features.groups import PARTS, group_of, kind_of
from features.kinds import CONTOURS
from features.sampling import RATE

TARGET_RMS = 0.05


@dataclass(frozen=True)
class Feature:
    """One named number per utterance.

    Attributes
    ----------
    name : str
        `group.descriptor.functional.frames`, `group.name` for a number of the whole utterance, or
        `group.covariance.descriptor.descriptor` and `group.shape.descriptor.kernel`.
    group, unit, formula, source : str
        Its group, unit, how it is computed, and who described it.
    """

    name: str
    group: str
    unit: str
    formula: str
    source: str


@dataclass(frozen=True)
class _Kind:
    """A kind of features that is computed of several contours at once."""

    names: Callable[[str, Sequence[str]], tuple[str, ...]]
    compute: Callable[[np.ndarray, np.ndarray], np.ndarray]
    formula: str
    source: str


_WHOLE = {
    "covariance": _Kind(
        covariance.covariance_names,
        covariance.covariances,
        "element of the matrix logarithm of the covariance of contours and their deltas over all frames; off the "
        "diagonal times the square root of 2",
        "Arsigny et al. 2006",
    ),
    "shape": _Kind(
        shape.shape_names,
        shape.shapes,
        "share of all frames in which the standardised contour follows a kernel of nine weights, 2 at three positions "
        "and -1 elsewhere, so many frames apart",
        "Dempster et al. 2021 (MiniRocket)",
    ),
}


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
class _Whole:
    """Features of several contours of a group at once: `columns` are filled by `compute` from the `contours`."""

    compute: Callable[[np.ndarray, np.ndarray], np.ndarray]
    contours: np.ndarray
    columns: slice


@dataclass(frozen=True)
class _Plan:
    """How the columns of some parts are filled; `numbers` says where those of each module go."""

    modules: tuple[Any, ...]
    features: tuple[Feature, ...]
    blocks: tuple[_Block, ...]
    numbers: tuple[np.ndarray | None, ...]
    wholes: tuple[_Whole, ...]
    n_contours: int


def features_in(parts: tuple[str, ...] = PARTS) -> tuple[Feature, ...]:
    """All features of some parts, in the order of the columns.

    Examples
    --------
    >>> features_in(("timing",))[0].name
    'timing.duration'
    """
    return _plan(parts).features


def names_of(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the features of some parts, in the order of the columns.

    Examples
    --------
    >>> len(names_of(("timing",)))
    20
    """
    return tuple(feature.name for feature in features_in(parts))


def features_of(waveform: np.ndarray, parts: tuple[str, ...]) -> np.ndarray:
    """Compute the features of one waveform, the same bytes on any number of cores.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        float32 at 16 kHz, as `features.audio.load` gives it.
    parts : tuple of str
        See `features.groups.parts_of`.

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
    return features_and_contours(waveform, parts)[0]


def features_and_contours(waveform: np.ndarray, parts: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Compute the features of one waveform, and the contours that they sum up.

    Parameters
    ----------
    waveform, parts
        As of `features_of`.

    Returns
    -------
    features : ndarray of shape (n_features,)
        As `features_of` gives them.
    contours : ndarray of shape (n_contours, n_frames)
        float32, each in its own unit, 10 ms a frame; NaN where one has no value, as F0 without voice.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 200 * np.arange(16000) / 16000).astype(np.float32)
    >>> features_and_contours(tone, ("pitch",))[1].shape
    (3, 101)
    """
    with one_blas_thread():
        return _row(Analysis(waveform), _plan(parts))


def _row(analysis: Analysis, plan: _Plan) -> tuple[np.ndarray, np.ndarray]:
    contours = np.empty((plan.n_contours, analysis.n_frames), dtype=np.float32)
    row = np.empty(len(plan.features), dtype=np.float32)
    filled = 0
    for module, columns in zip(plan.modules, plan.numbers):
        module_contours, module_numbers = module.describe(analysis)
        contours[filled : filled + len(module_contours)] = module_contours
        filled += len(module_contours)
        if columns is not None:
            row[columns] = module_numbers
    masks = {ALL: analysis.extent, VOICED: analysis.voiced, UNVOICED: analysis.extent & ~analysis.voiced}
    for block in plan.blocks:
        table = functionals(contours, masks[block.frames], block.contours)
        row[block.columns] = table[block.rows, block.functionals]
    for whole in plan.wholes:
        row[whole.columns] = whole.compute(contours[whole.contours], analysis.extent)
    return row, contours


def timed_row(clip: Clip, parts: tuple[str, ...], normalise_level: bool) -> tuple[np.ndarray, float]:
    """Features of one clip, ndarray of shape (n_features,), and the seconds that reading and computing took."""
    warm_up()
    start = time.perf_counter()
    waveform = clip.samples()
    if normalise_level:
        waveform = level_normalised(waveform)
    return features_of(waveform, parts), time.perf_counter() - start


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
        with meanwhile(__name__, compile_voice_and_shapes.__name__):
            features_of(_tone(), tuple(part for part in PARTS if not _is_compiled_elsewhere(part)))
        warm_up()
        return
    warnings.warn(Note(f"{what} in every process, some 10 s each, as they can be kept nowhere: {REMEDY}"), stacklevel=3)
    if n_jobs == 1:
        warm_up()


def _compiled_modules() -> list[str]:
    package = import_module("features.descriptors")
    return [
        "features.functionals",
        "features.shape",
        *(f"{package.__name__}.{found.name}" for found in iter_modules(package.__path__)),
    ]


@lru_cache(maxsize=1)
def warm_up() -> None:
    """Compile, or load from numba's cache, what every clip needs; once per process so that timings exclude it."""
    features_of(_tone(), PARTS)


def _tone() -> np.ndarray:
    return np.sin(2 * np.pi * 150 * np.arange(RATE // 2) / RATE).astype(np.float32)


def compile_voice_and_shapes() -> None:
    """Compile and keep what the group voice and the shapes alone need: about half of all, for another process.

    Track and spectrum are made up, of the types that they have, so that nothing else is compiled for them.
    """
    analysis = Analysis(_tone())
    ones = np.ones(analysis.n_frames, dtype=np.float32)
    made_up = {"track": Track(150 * ones, ones), "stft": SimpleNamespace(third_formant=ones)}
    vars(analysis).update(made_up)
    contours, _ = import_module(MODULES["voice"]).describe(analysis)
    shape.shapes(contours, analysis.voiced)


def _is_compiled_elsewhere(part: str) -> bool:
    return group_of(part) == "voice" or kind_of(part) == "shape"


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
def _plan(parts: tuple[str, ...]) -> _Plan:
    groups = tuple(group for group in MODULES if group in {group_of(part) for part in parts})
    modules = {group: import_module(MODULES[group]) for group in groups}
    first = dict(zip(groups, accumulate((len(modules[group].DESCRIPTORS) for group in groups), initial=0)))
    features: list[Feature] = []
    numbers: dict[str, np.ndarray] = {}
    by_frames: dict[str, list[tuple[int, int, int]]] = {}
    wholes: list[_Whole] = []
    for part in parts:
        group = group_of(part)
        if part == group:
            numbers[group] = _add_statistics(group, modules[group], first[group], features, by_frames)
        else:
            wholes.append(_add_whole(part, modules[group], first[group], features))
    blocks = tuple(_block(frames, entries) for frames, entries in by_frames.items())
    n_contours = sum(len(module.DESCRIPTORS) for module in modules.values())
    columns = tuple(numbers.get(group) for group in groups)
    return _Plan(tuple(modules.values()), tuple(features), blocks, columns, tuple(wholes), n_contours)


def _add_statistics(
    group: str, module: Any, first: int, features: list[Feature], by_frames: dict[str, list[tuple[int, int, int]]]
) -> np.ndarray:
    """Add a group's statistics and numbers; return the columns of the numbers."""
    order = list(FUNCTIONALS)
    for contour, descriptor in enumerate(module.DESCRIPTORS, start=first):
        for frames, names in descriptor.over.items():
            for name in names:
                by_frames.setdefault(frames, []).append((contour, order.index(name), len(features)))
                features.append(_feature(group, descriptor, name, frames))
    columns = np.arange(len(features), len(features) + len(module.NUMBERS))
    features += [Feature(f"{group}.{n.name}", group, n.unit, n.formula, n.source) for n in module.NUMBERS]
    return columns


def _add_whole(part: str, module: Any, first: int, features: list[Feature]) -> _Whole:
    """Add the features of a part that are computed of several contours at once."""
    group, kind = group_of(part), _WHOLE[kind_of(part)]
    chosen = CONTOURS[kind_of(part)][group]
    names = kind.names(group, chosen)
    order = [descriptor.name for descriptor in module.DESCRIPTORS]
    columns = slice(len(features), len(features) + len(names))
    features += [Feature(name, group, "1", kind.formula, kind.source) for name in names]
    return _Whole(kind.compute, first + np.array([order.index(name) for name in chosen]), columns)


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
