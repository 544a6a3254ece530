"""The classical models as pipelines: a feature set, standardised, under a model of `classical`."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks.pipelines.feature_sets import find_feature_set
from benchmarks.pipelines.flags import flags_by_normalisation
from benchmarks.pipelines.heard import marks_of
from benchmarks.pipelines.names import Part, flags_by_name
from benchmarks.pipelines.pipeline import Pipeline

if TYPE_CHECKING:
    from benchmarks.pipelines.options import PipelineOptions

_SCALES = {
    "global": "per training set",
    "speaker": "per speaker",
    "enrol-1": "by 1 clip of each speaker",
    "corpus": "per corpus",
    "coral": "per corpus, its covariance brought to that of the training set",
    "subspace": "per corpus, its principal axes brought to those of the training set",
    **{f"enrol-{n}": f"by {n} clips of each speaker" for n in (3, 5, 10)},
}


def names() -> Sequence[str]:
    """Names of the models."""
    from classical.models import MODELS

    return list(MODELS)


def describe(model: str) -> str:
    """The first line of the docstring of the model's class."""
    from classical.models import model_class

    return (inspect.getdoc(model_class(model)) or "").partition("\n")[0]


def availability(_model: str, _options: PipelineOptions) -> str | None:
    """Every classical model is available; its feature set may not be, which `build` reports."""
    return None


def build(part: Part, _labels: Sequence[str], corpus: str, options: PipelineOptions) -> Pipeline:
    """A classical pipeline on its feature set, with the reason where the set cannot be extracted here."""
    from classical.models import build as build_estimator
    from deep.hub import version_of

    features = find_feature_set(part.features, options)
    name = Part(part.model, features.name, part.normalise).name
    description = f"{part.model} on the feature set {features.name}, standardised {_SCALES[part.normalise]}"
    marks, about = marks_of(features.pretrained, corpus, options.heard)
    description += "".join(f"; {words}" for words in about)
    flags = (*flags_by_name(part.model), *flags_by_normalisation(part.normalise), *features.flags, *marks)
    reason = features.availability()
    if reason is not None:
        return Pipeline(name, description, flags=flags, reason=reason)
    estimator = build_estimator(
        part.model,
        features=features.extractor(),
        normalise=part.normalise,  # type: ignore[arg-type]
        choose_group=features.chooses_group,
    )
    pretrained = {source: version_of(source) for source in features.pretrained}
    return Pipeline(name, description, estimator=estimator, features=part.features, flags=flags, pretrained=pretrained)
