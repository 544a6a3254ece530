"""The deep models as pipelines; nothing here imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.pipelines.feature_sets import EncoderSet, find_feature_set
from benchmarks.pipelines.flags import Flag
from benchmarks.pipelines.heard import marks_of, told_of
from benchmarks.pipelines.names import RELEASED, Part
from benchmarks.pipelines.pipeline import Pipeline
from features.errors import PipelineError

if TYPE_CHECKING:
    from benchmarks.pipelines.options import PipelineOptions
    from deep.models import DeepModel


def names() -> Sequence[str]:
    """Names of the models."""
    from deep.models import MODELS

    return list(MODELS)


def describe(model: str) -> str:
    """What a model is, in a line."""
    from deep.models import MODELS

    return MODELS[model].description


def availability(model: str, options: PipelineOptions) -> str | None:
    """Why a model cannot run here, apart from the corpus's labels; None where it can."""
    from deep.models import MODELS, RELEASED_LABELS

    return MODELS[model].availability(options, RELEASED_LABELS)


def build(part: Part, labels: Sequence[str], corpus: str, options: PipelineOptions) -> Pipeline:
    """A deep pipeline, with the reason where it cannot run on this corpus here.

    Raises
    ------
    PipelineError
        If the name asks for features or a normalisation: a deep model reads the waveform.
    """
    from deep.hub import version_of
    from deep.models import MODELS

    model = MODELS[part.model]
    if model.on_features or model.on_frames:
        return _on_features(model, part, corpus, options)
    if part.features != "all" or part.normalise != "global":
        raise PipelineError(
            f"pipeline {part.name!r}: {part.model} hears the waveform; leave @features and :normalise out"
        )
    source = options.released if part.model == RELEASED else options.encoder
    source = None if model.random_init else source
    pretrained = None if model.random_init else source or model.source
    sources = (pretrained,) if pretrained else ()
    flags, about = marks_of(sources, corpus, options.heard)
    if corpus in model.contaminated_on and told_of(str(pretrained), options.heard) is None:
        flags = (Flag.CONTAMINATED,)
    flags += (Flag.RANDOM_INIT,) if model.random_init else ()
    description = model.description + (f" ({source})" if source else "") + "".join(f"; {words}" for words in about)
    description += _how_trained(model, options) if part.model != RELEASED else ""
    reason = model.availability(options, labels)
    if reason is not None:
        return Pipeline(part.name, description, flags=flags, reason=reason, package="deep")
    versions = {name: version_of(name, hub_kind=model.hub_kind) for name in sources}
    return Pipeline(
        part.name,
        description,
        estimator=model.estimator(options),
        flags=flags,
        package="deep",
        identity=" ".join(versions.values()),
        pretrained=versions,
    )


def _on_features(model: DeepModel, part: Part, corpus: str, options: PipelineOptions) -> Pipeline:
    """A deep pipeline on a frozen encoder: on a table of its layers, extracted once for all folds, or on its frames."""
    from deep.hub import version_of

    layers = replace(options, layer="all") if options.layer == "auto" else options
    features = find_feature_set(part.features, layers)
    if not isinstance(features, EncoderSet) or part.normalise != "global":
        raise PipelineError(
            f"pipeline {part.name!r}: {part.model} reads the layers of a speech encoder; name one behind the @, such "
            f"as {part.model}@encoder, and leave :normalise out"
        )
    if layers.layer != "all":
        raise PipelineError(f"pipeline {part.name!r}: layer {layers.layer}; expected no choice, {part.model} needs all")
    name = Part(part.model, features.name if model.on_features else features.name.removesuffix("/all")).name
    marks, about = marks_of(features.pretrained, corpus, options.heard)
    of = ", ".join(filter(None, [name.partition("@")[2], model.settings(options)]))
    description = f"{model.description} ({of})" + "".join(f"; {words}" for words in about)
    description += _how_trained(model, options)
    flags = (*features.flags, *marks)
    reason = features.availability()
    chosen = replace(options, encoder=features.source, random_init=features.depends_on_seed)
    reason = reason or model.needs(chosen, ())
    if reason is not None:
        return Pipeline(name, description, flags=flags, reason=reason, package="deep")
    return Pipeline(
        name,
        description,
        estimator=model.estimator(chosen),
        features=part.features if model.on_features else "",
        flags=flags,
        package="deep",
        identity=version_of(str(features.source)) if model.on_frames else "",
        pretrained={source: version_of(source) for source in features.pretrained},
    )


def _how_trained(model: DeepModel, options: PipelineOptions) -> str:
    words = "; learning rates and epochs chosen on inner folds" if options.tune_deep else ""
    if options.patience is not None:
        words += f"; stopped after {options.patience} epochs without a better UAR on validation speakers"
    if options.precision == "auto" or model.on_features:  # a probe of means is too small to gain
        return words
    return f"{words}; trained in {options.precision}"
