"""How a group of features declares what it computes: the names and the catalogue are made from these entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Frames that functionals run over; all and unvoiced ones from the first to the last active frame of the utterance.
ALL, VOICED, UNVOICED = "all", "voiced", "unvoiced"


@dataclass(frozen=True)
class Descriptor:
    """One contour on the 10 ms grid and the functionals that are taken of it.

    Attributes
    ----------
    name, unit, formula, source : str
        For the catalogue; `source` is the paper or manual of the formula.
    over : mapping of str to tuple of str
        Functionals by the frames that they are taken over: 'all', 'voiced', 'unvoiced'.
    """

    name: str
    unit: str
    formula: str
    source: str
    over: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Number:
    """One feature that is computed from the utterance as a whole."""

    name: str
    unit: str
    formula: str
    source: str
