"""The classical models as pipelines: a feature set, standardised, under a model of `classical`."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from benchmarks.pipelines.feature_sets import find_kind
from benchmarks.pipelines.flags import TRANSDUCTIVE
from benchmarks.pipelines.names import Part
from benchmarks.pipelines.options import PipelineOptions
from benchmarks.pipelines.pipeline import Family, Pipeline


def models() -> Sequence[str]:
    """Names of the models."""
    from classical.models import MODELS

    return list(MODELS)


def describe(model: str) -> str:
    """The first line of the docstring of the model's class."""
    from classical.models import model_class

    return (inspect.getdoc(model_class(model)) or "").partition("\n")[0]


def build(part: Part, _labels: Sequence[str], _corpus: str, options: PipelineOptions) -> Pipeline:
    """A classical pipeline on its feature set; says why where the set cannot be had here."""
    from classical.models import build as build_estimator

    kind = find_kind(part.features)
    scale = "speaker" if part.normalise == "speaker" else "training set"
    words = f"{part.model} on the feature set {kind.label(part.features, options)}, standardised per {scale}"
    marks = (*((TRANSDUCTIVE,) if part.normalise == "speaker" else ()), *kind.marks(part.features, options))
    name = Part(part.model, kind.label(part.features, options), part.normalise).name
    reason = kind.unavailable(part.features, options)
    if reason:
        return Pipeline(name, words, marks=marks, reason=reason)
    extractor = kind.make(part.features, options)
    estimator = build_estimator(
        part.model,
        features=extractor,
        normalise=part.normalise,  # type: ignore[arg-type]
        choose_group=kind.choose_group(part.features, options),
    )
    return Pipeline(name, words, estimator=estimator, features=part.features, marks=marks)


FAMILY = Family(models, describe, lambda *_: "", build)
