"""A pipeline's name, `model[@features][:normalise]`, fused with `+`, taken apart, and what it alone tells."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from benchmarks.pipelines.flags import Flag
from features.errors import PipelineError

NORMALISE = ("global", "speaker")

CHANCE = ("majority", "random")
"""Models that show what guessing scores."""


@dataclass(frozen=True)
class Part:
    """One pipeline's name."""

    model: str
    features: str = "all"
    normalise: str = "global"

    @property
    def name(self) -> str:
        """The name with defaults left out."""
        features = f"@{self.features}" if self.features != "all" else ""
        return self.model + features + (f":{self.normalise}" if self.normalise != "global" else "")


def parse(text: str, models: Collection[str]) -> tuple[Part, ...]:
    """Take a pipeline's name apart; more than one part is a fusion.

    Parameters
    ----------
    text : str
    models : collection of str
        The models' names that there are.

    Raises
    ------
    PipelineError
        If it names no known model, or an unknown way to normalise.

    Examples
    --------
    >>> [part.features for part in parse("svm@pitch,energy:speaker+xgboost", ["svm", "xgboost"])]
    ['pitch,energy', 'all']
    """
    alternatives = "|".join(re.escape(model) for model in sorted(models, key=len, reverse=True))
    pieces = re.split(rf"\+(?=(?:{alternatives})(?:[@:+]|$))", text)
    return tuple(_parse_part(piece, text, models) for piece in pieces)


def _parse_part(piece: str, text: str, models: Collection[str]) -> Part:
    rest, mark, normalise = piece.rpartition(":")
    if not mark or normalise not in NORMALISE:
        if mark and "@" not in piece:
            raise PipelineError(
                f"pipeline {text!r}: unknown normalisation {normalise!r}; expected {' or '.join(NORMALISE)}"
            )
        rest, normalise = piece, "global"
    model, mark, features = rest.partition("@")
    if model not in models:
        raise PipelineError(f"unknown pipeline {text!r}: no model {model!r}; expected one of {', '.join(models)}")
    if mark and not features:
        raise PipelineError(f"pipeline {text!r}: nothing behind the @; expected a feature set, such as svm@prosodic")
    return Part(model, features or "all", normalise)


def flags_by_name(name: str) -> tuple[Flag, ...]:
    """Flags that a pipeline's name alone tells, for predictions that have no record of their run.

    Examples
    --------
    >>> flags_by_name("majority:speaker"), flags_by_name("svm")
    ((<Flag.GUESSING: 'guessing'>,), ())
    """
    try:
        parse(name, CHANCE)
    except PipelineError:
        return ()
    return (Flag.GUESSING,)
