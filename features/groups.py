"""Groups and presets of features, and the columns that they stand for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.descriptors import MODULES
from features.errors import FeatureError

GROUPS: tuple[str, ...] = tuple(MODULES)

PRESETS: dict[str, tuple[str, ...]] = {
    "prosodic": ("pitch", "energy", "timing"),
    "spectral": ("mfcc", "spectrum"),
    "all": GROUPS,
}


def groups_of(spec: str) -> tuple[str, ...]:
    """Groups that a text such as 'all', 'prosodic' or 'pitch,voice' stands for, in the order of `GROUPS`.

    Raises
    ------
    FeatureError
        If a part of the text is neither a group nor a preset.

    Examples
    --------
    >>> groups_of("voice,prosodic")
    ('pitch', 'energy', 'timing', 'voice')
    """
    groups: set[str] = set()
    for part in (piece.strip() for piece in spec.split(",")):
        if part not in GROUPS and part not in PRESETS:
            raise FeatureError(
                f"unknown feature group {part!r}; expected some of {', '.join((*GROUPS, *PRESETS))}, joined by commas"
            )
        groups.update(PRESETS.get(part, (part,)))
    return tuple(group for group in GROUPS if group in groups)


def select(names: Sequence[str], spec: str) -> np.ndarray:
    """Positions of the columns that belong to a group, a preset or a comma-joined list of them.

    Parameters
    ----------
    names : sequence of str
        Column names, each beginning with its group: `pitch.f0_semitone.p80.voiced`.
    spec : str
        As for `groups_of`.

    Returns
    -------
    ndarray of shape (n_selected,)
        int64, ascending.

    Raises
    ------
    FeatureError
        If a group is unknown, or no column belongs to it.

    Examples
    --------
    >>> select(["pitch.f0_hz.mean.voiced", "mfcc.c00.mean.all"], "spectral")
    array([1])
    """
    groups = set(groups_of(spec))
    positions = np.array([i for i, name in enumerate(names) if name.partition(".")[0] in groups], dtype=np.int64)
    if not positions.size:
        raise FeatureError(f"none of {len(names)} columns belongs to {spec!r}; expected names such as pitch.f0_hz.mean")
    return positions
