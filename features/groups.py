"""Groups, kinds and presets of features, and the columns that they stand for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.descriptors import MODULES
from features.errors import FeatureError
from features.frozen_sets import FROZEN
from features.kinds import CONTOURS, KINDS

GROUPS: tuple[str, ...] = tuple(MODULES)

PRESETS: dict[str, tuple[str, ...]] = {
    "prosodic": ("pitch", "energy", "timing"),
    "spectral": ("mfcc", "spectrum"),
    "all": GROUPS,
}

PARTS: tuple[str, ...] = (
    *GROUPS,
    *(f"{group}.{kind}" for kind in KINDS[1:] for group in GROUPS if CONTOURS[kind].get(group)),
)
"""Every kind of every group: a group's name stands for its statistics, `mfcc.covariance` for another kind."""


def parts_of(spec: str) -> tuple[str, ...]:
    """Parts that a text such as 'all', 'prosodic', 'shape' or 'pitch,mfcc.covariance' stands for, as in `PARTS`.

    A group or a preset of groups stands for all kinds of features of these groups, a kind for all groups, and
    `group.kind` for one, and the name of a frozen set (`features.frozen_sets`) for what it was made of.

    Parameters
    ----------
    spec : str

    Raises
    ------
    FeatureError
        If a piece of the text is neither a group nor a kind nor a preset, or a group has no features of that kind.

    Examples
    --------
    >>> parts_of("energy"), parts_of("mfcc.statistics,covariance")
    (('energy', 'energy.covariance', 'energy.shape'), ('mfcc', 'pitch.covariance', 'energy.covariance', \
'mfcc.covariance'))
    """
    chosen = {part for piece in spec.split(",") for part in _parts_of(piece.strip())}
    return tuple(part for part in PARTS if part in chosen)


def _parts_of(piece: str) -> tuple[str, ...]:
    group, _, kind = piece.partition(".")
    if piece in FROZEN:
        return FROZEN[piece].parts
    if piece in KINDS:
        return tuple(part for part in PARTS if kind_of(part) == piece)
    if kind and group in GROUPS and kind in KINDS:
        found = tuple(part for part in PARTS if group_of(part) == group and kind_of(part) == kind)
        if not found:
            having = ", ".join(CONTOURS[kind])
            raise FeatureError(f"feature group {piece!r}: {group} has no {kind}; expected one of {having}")
        return found
    if piece not in GROUPS and piece not in PRESETS:
        names = ", ".join((*GROUPS, *PRESETS, *KINDS, *FROZEN))
        raise FeatureError(
            f"unknown feature group {piece!r}; expected some of {names}, or such as mfcc.covariance, joined by commas"
        )
    return tuple(part for part in PARTS if group_of(part) in PRESETS.get(piece, (piece,)))


def groups_of(spec: str) -> tuple[str, ...]:
    """Groups that a text says something of, in the order of `GROUPS`; see `parts_of`.

    Parameters
    ----------
    spec : str

    Raises
    ------
    FeatureError
        As for `parts_of`.

    Examples
    --------
    >>> groups_of("voice,prosodic")
    ('pitch', 'energy', 'timing', 'voice')
    """
    named = {group_of(part) for part in parts_of(spec)}
    return tuple(group for group in GROUPS if group in named)


def matches(spec: str) -> bool:
    """Whether a text is one that `parts_of` takes.

    Examples
    --------
    >>> matches("pitch,energy"), matches("egemaps")
    (True, False)
    """
    try:
        parts_of(spec)
    except FeatureError:
        return False
    return True


def group_of(name: str) -> str:
    """The group of a part or of a column.

    Examples
    --------
    >>> group_of("mfcc.covariance.c01.c02")
    'mfcc'
    """
    return name.partition(".")[0]


def kind_of(name: str) -> str:
    """The kind of a part or of a column.

    Examples
    --------
    >>> kind_of("mfcc.covariance.c01.c02"), kind_of("mfcc"), kind_of("mfcc.c01.mean.all")
    ('covariance', 'statistics', 'statistics')
    """
    second = name.split(".", 2)[1:2]
    return second[0] if second and second[0] in KINDS[1:] else KINDS[0]


def part_of(name: str) -> str:
    """The part that a column belongs to.

    Examples
    --------
    >>> part_of("mfcc.covariance.c01.c02"), part_of("mfcc.c01.mean.all")
    ('mfcc.covariance', 'mfcc')
    """
    kind = kind_of(name)
    return group_of(name) if kind == KINDS[0] else f"{group_of(name)}.{kind}"


def select(names: Sequence[str], spec: str) -> np.ndarray:
    """Positions of the columns that belong to a group, a kind, a preset or a comma-joined list of them.

    Parameters
    ----------
    names : sequence of str
        Column names, each beginning with its group: `pitch.f0_semitone.p80.voiced`.
    spec : str
        As for `parts_of`.

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
    parts = set(parts_of(spec))
    positions = np.array([i for i, name in enumerate(names) if part_of(name) in parts], dtype=np.int64)
    if not positions.size:
        raise FeatureError(f"none of {len(names)} columns belongs to {spec!r}; expected names such as pitch.f0_hz.mean")
    return positions
