"""Every feature with its group, unit, formula and source, made from what the groups declare.

`python -m features.catalogue` writes the catalogue that stands in docs/features.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from features.descriptors import MODULES
from features.descriptors.analysis import Analysis
from features.descriptors.specs import ALL, UNVOICED, VOICED, Descriptor
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
class _Pick:
    """Features that are functionals over one kind of frames: of which contours, which ones, to which columns."""

    frames: str
    contours: np.ndarray
    cells: tuple[np.ndarray, np.ndarray]
    columns: np.ndarray


@dataclass(frozen=True)
class _Plan:
    """How the columns of some groups are filled."""

    modules: tuple[Any, ...]
    features: tuple[Feature, ...]
    picks: tuple[_Pick, ...]
    numbers: np.ndarray
    n_contours: int


def catalogue(groups: tuple[str, ...] = GROUPS) -> tuple[Feature, ...]:
    """All features of these groups, in the order of the columns."""
    return _plan(groups).features


def names_of(groups: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the features of these groups, in the order of the columns."""
    return tuple(feature.name for feature in catalogue(groups))


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
    analysis, plan = Analysis(waveform), _plan(groups)
    contours = np.empty((plan.n_contours, analysis.n_frames), dtype=np.float32)
    row = np.empty(len(plan.features), dtype=np.float32)
    filled, numbers = 0, []
    for module in plan.modules:
        described, of_the_whole = module.describe(analysis)
        contours[filled : filled + len(described)] = described
        filled += len(described)
        numbers.append(of_the_whole)
    row[plan.numbers] = np.concatenate(numbers)
    masks = {ALL: analysis.extent, VOICED: analysis.voiced, UNVOICED: analysis.extent & ~analysis.voiced}
    for pick in plan.picks:
        row[pick.columns] = functionals(contours, masks[pick.frames], pick.contours)[pick.cells]
    return row


@lru_cache(maxsize=64)
def _plan(groups: tuple[str, ...]) -> _Plan:
    modules = tuple(import_module(MODULES[group]) for group in groups)
    order = list(FUNCTIONALS)
    features: list[Feature] = []
    numbers: list[int] = []
    cells: dict[str, list[tuple[int, int, int]]] = {}
    n_contours = 0
    for group, module in zip(groups, modules):
        for descriptor in module.DESCRIPTORS:
            for frames, chosen in descriptor.over.items():
                for functional in chosen:
                    cells.setdefault(frames, []).append((n_contours, order.index(functional), len(features)))
                    features.append(_feature(group, descriptor, functional, frames))
            n_contours += 1
        for number in module.NUMBERS:
            numbers.append(len(features))
            features.append(Feature(f"{group}.{number.name}", group, number.unit, number.formula, number.source))
    picks = tuple(_pick(frames, chosen) for frames, chosen in cells.items())
    return _Plan(modules, tuple(features), picks, np.array(numbers, dtype=np.int64), n_contours)


def _pick(frames: str, cells: list[tuple[int, int, int]]) -> _Pick:
    rows, functional, columns = (np.array(part) for part in zip(*cells))
    used, compact = np.unique(rows, return_inverse=True)
    return _Pick(frames, used, (compact, functional), columns)


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


def as_markdown() -> str:
    """The catalogue as a Markdown document: one table a group."""
    parts = [
        "# Catalogue of features\n\n"
        "Made by `python -m features.catalogue`; do not edit. Frames lie every 10 ms. `all` and `unvoiced` frames are "
        "taken from the\nfirst to the last active frame of the utterance; a statistic without frames is NaN.\n"
    ]
    for group in GROUPS:
        found = catalogue((group,))
        rows = "".join(f"| `{f.name}` | {f.unit} | {f.formula} | {f.source} |\n" for f in found)
        parts.append(f"## {group}: {len(found)}\n\n| name | unit | formula | source |\n|---|---|---|---|\n{rows}")
    return "\n".join(parts)


def build_parser() -> argparse.ArgumentParser:
    """Options of the command."""
    return argparse.ArgumentParser(
        prog="python -m features.catalogue",
        description="Print the catalogue of features, with unit, formula and source, as Markdown.",
        epilog="example: python -m features.catalogue > features.md",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Print the catalogue; 0."""
    build_parser().parse_args(argv)
    sys.stdout.write(as_markdown())
    return 0


if __name__ == "__main__":
    sys.exit(main())
