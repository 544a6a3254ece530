"""Pipelines by name: `model[@features][:normalise]`, fused with `+`.

The text is the pipeline's name in every table. Models are registered in the room that holds them: `classical.pipelines.MODELS`
and, in `FAMILIES` here, further rooms.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from benchmarks.feature_sets import find_kind
from benchmarks.options import PipelineOptions
from features.errors import PipelineError

NORMALISE = ("global", "speaker")
TRANSDUCTIVE = "transductive"
CONTAMINATED = "contaminated"
MARKS: Mapping[str, str] = {
    TRANSDUCTIVE: "each speaker is standardised by that speaker's own unlabelled clips, so a clip's answer needs the others",
    CONTAMINATED: "the model has seen these speakers in its own training: not a test result, kept out of every ranking",
}


@dataclass(frozen=True)
class Part:
    """One pipeline's name, taken apart."""

    model: str
    features: str = "all"
    normalise: str = "global"

    @property
    def name(self) -> str:
        """The name with defaults left out."""
        features = f"@{self.features}" if self.features != "all" else ""
        return self.model + features + (f":{self.normalise}" if self.normalise != "global" else "")


@dataclass(frozen=True)
class Pipeline:
    """A pipeline that the harness can run.

    Attributes
    ----------
    name : str
        Its name in every table.
    description : str
        One line for the report.
    estimator : scikit-learn estimator or None
        None for a fusion, and where it is not available.
    features : str
        The feature set that the estimator looks up; empty where it reads the audio itself.
    parts : tuple of Pipeline
        The fused pipelines.
    marks : tuple of str
        Of `MARKS`.
    reason : str
        Why it cannot run here; empty where it can.
    room : str
        The package whose code decides its result.
    identity : str
        What else determines its result, such as a hash of pretrained weights.
    """

    name: str
    description: str
    estimator: Any = None
    features: str = ""
    parts: tuple[Pipeline, ...] = ()
    marks: tuple[str, ...] = ()
    reason: str = ""
    room: str = "classical"
    identity: str = ""


@dataclass(frozen=True)
class Family:
    """Models of one room.

    Attributes
    ----------
    models : callable
        Their names.
    describe : callable
        What a model is, in a line.
    unavailable : callable
        `(model, options)` to the reason why it cannot run here whatever the corpus; empty where it can.
    build : callable
        `(part, labels, corpus, options) -> Pipeline`.
    """

    models: Callable[[], Sequence[str]]
    describe: Callable[[str], str]
    unavailable: Callable[[str, PipelineOptions], str]
    build: Callable[[Part, Sequence[str], str, PipelineOptions], Pipeline]


def _classical_models() -> Sequence[str]:
    from classical.pipelines import MODELS

    return list(MODELS)


def _describe_classical(model: str) -> str:
    """The first line of the docstring of the model's class."""
    from classical.pipelines import MODELS

    module, _, name = MODELS[model].partition(":")
    return (inspect.getdoc(getattr(import_module(module), name)) or "").partition("\n")[0]


def _build_classical(part: Part, labels: Sequence[str], corpus: str, options: PipelineOptions) -> Pipeline:
    from classical.pipelines import build

    kind = find_kind(part.features)
    marks = (TRANSDUCTIVE,) if part.normalise == "speaker" else ()
    words = f"{part.model} on {part.features} features, standardised per {_scale(part.normalise)}"
    reason = kind.unavailable(part.features, options)
    if reason:
        return Pipeline(part.name, words, marks=marks, reason=reason)
    extractor = kind.make(part.features, options)
    estimator = build(part.model, features=extractor, normalise=part.normalise)  # type: ignore[arg-type]
    return Pipeline(part.name, words, estimator=estimator, features=part.features, marks=marks)


def _scale(normalise: str) -> str:
    return "speaker" if normalise == "speaker" else "training set"


FAMILIES: dict[str, Family] = {"classical": Family(_classical_models, _describe_classical, lambda *_: "", _build_classical)}


def known_models() -> dict[str, str]:
    """Every model's name, and the family that builds it."""
    return {model: name for name, family in FAMILIES.items() for model in family.models()}


def parse(text: str) -> tuple[Part, ...]:
    """Take a pipeline's name apart; more than one part is a fusion.

    Raises
    ------
    PipelineError
        If it names no known model, or an unknown way to normalise.
    """
    models = known_models()
    alternatives = "|".join(re.escape(model) for model in sorted(models, key=len, reverse=True))
    pieces = re.split(rf"\+(?=(?:{alternatives})(?:[@:+]|$))", text)
    return tuple(_parse_part(piece, text, models) for piece in pieces)


def _parse_part(piece: str, text: str, models: Mapping[str, str]) -> Part:
    rest, mark, normalise = piece.rpartition(":")
    if not mark or normalise not in NORMALISE:
        if mark and "@" not in piece:
            raise PipelineError(f"pipeline {text!r}: unknown normalisation {normalise!r}; expected {' or '.join(NORMALISE)}")
        rest, normalise = piece, "global"
    model, mark, features = rest.partition("@")
    if model not in models:
        raise PipelineError(f"unknown pipeline {text!r}: no model {model!r}; expected one of {', '.join(models)}")
    if mark and not features:
        raise PipelineError(f"pipeline {text!r}: nothing behind the @; expected a feature set, such as svm@prosodic")
    return Part(model, features or "all", normalise)


def build(text: str, *, labels: Sequence[str], corpus: str, options: PipelineOptions) -> Pipeline:
    """Build the pipeline that a text names; one that cannot run here says why in `reason`.

    Parameters
    ----------
    text : str
        Such as `svm`, `xgboost:speaker`, `svm@egemaps`, `svm+xgboost`.
    labels : sequence of str
        The corpus's labels.
    corpus : str
        The corpus's name.
    options : PipelineOptions

    Raises
    ------
    PipelineError, FeatureError
        If the text names nothing known.
    """
    models = known_models()
    parts = tuple(FAMILIES[models[part.model]].build(part, labels, corpus, options) for part in parse(text))
    if len(parts) == 1:
        return parts[0]
    name = "+".join(part.name for part in parts)
    if len({part.name for part in parts}) < len(parts):
        raise PipelineError(f"pipeline {text!r} fuses a pipeline with itself; name different ones")
    return Pipeline(
        name,
        f"late fusion of {', '.join(part.name for part in parts)}, weights from inner folds",
        parts=parts,
        marks=tuple(dict.fromkeys(mark for part in parts for mark in part.marks)),
        reason="; ".join(f"{part.name}: {part.reason}" for part in parts if part.reason),
    )


def wrap(name: str, estimator: Any) -> Pipeline:
    """A scikit-learn estimator of the user's own as a pipeline.

    Raises
    ------
    PipelineError
        If it cannot give probabilities.
    """
    if not hasattr(estimator, "fit") or not hasattr(estimator, "predict_proba"):
        raise PipelineError(f"pipeline {name!r}: {type(estimator).__name__} has no fit and predict_proba; expected an estimator")
    return Pipeline(name, f"{type(estimator).__name__}, given from Python", estimator=estimator, room="")
