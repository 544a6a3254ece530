"""A pipeline's name, `model[@features][:normalise]`, fused with `+`, taken apart, and what it alone tells."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from benchmarks.pipelines.flags import Flag, flags_by_normalisation
from features.errors import PipelineError

NORMALISE = ("global", "speaker", "enrol-1", "enrol-3", "enrol-5", "enrol-10", "corpus", "coral", "subspace")

CHANCE = ("majority", "random")
"""Models that show what guessing scores."""

RELEASED = "speechbrain-released"
"""The published emotion model, which is fitted to no utterance here."""


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


def with_normalisation(text: str, normalise: str, models: Collection[str]) -> str:
    """The name of a pipeline under another normalisation, every part of a fusion alike.

    Parameters
    ----------
    text : str
    normalise : str
        One of `NORMALISE`.
    models : collection of str
        The models' names that there are.

    Raises
    ------
    PipelineError
        If the text names no known model.

    Examples
    --------
    >>> with_normalisation("svm@prosodic+xgboost", "enrol-3", ["svm", "xgboost"])
    'svm@prosodic:enrol-3+xgboost:enrol-3'
    """
    return "+".join(replace(part, normalise=normalise).name for part in parse(text, models))


def _parse_part(piece: str, text: str, models: Collection[str]) -> Part:
    rest, mark, normalise = piece.rpartition(":")
    if not mark or normalise not in NORMALISE:
        if mark and ("@" not in piece or re.fullmatch(r"enrol-\d*", normalise)):
            raise PipelineError(
                f"pipeline {text!r}: unknown normalisation {normalise!r}; expected one of {', '.join(NORMALISE)}"
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
    >>> flags_by_name("majority"), flags_by_name("svm"), flags_by_name("svm+logistic:enrol-3")
    ((<Flag.GUESSING: 'guessing'>,), (), (<Flag.ENROLLED: 'enrolled'>,))
    >>> flags_by_name("svm:coral")
    (<Flag.ADAPTED: 'adapted'>,)
    """
    scales = dict.fromkeys(re.findall(rf":({'|'.join(NORMALISE[1:])}|enrol-\d+)(?=\+|$)", name))
    by_scale = tuple(dict.fromkeys(flag for scale in scales for flag in flags_by_normalisation(scale)))
    try:
        parse(name, CHANCE)
    except PipelineError:
        return by_scale
    return (Flag.GUESSING, *by_scale)
