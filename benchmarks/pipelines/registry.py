"""The registry of models, and the pipeline that a name stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from benchmarks.pipelines import classical_models, deep_models
from benchmarks.pipelines.flags import Flag, flags_by_normalisation
from benchmarks.pipelines.names import Part, parse
from benchmarks.pipelines.pipeline import Pipeline
from features.errors import PipelineError

if TYPE_CHECKING:
    from benchmarks.pipelines.options import PipelineOptions


class ModelRegistry(Protocol):
    """The models of one package: `classical_models` and `deep_models` are modules of this form."""

    def names(self) -> Sequence[str]:
        """Names of the models."""

    def describe(self, model: str, /) -> str:
        """What a model is, in a line."""

    def availability(self, model: str, options: PipelineOptions, /) -> str | None:
        """Why a model cannot run here, whatever the corpus; None where it can."""

    def build(self, part: Part, labels: Sequence[str], corpus: str, options: PipelineOptions, /) -> Pipeline:
        """The pipeline of one part of a name."""


def known_models() -> dict[str, ModelRegistry]:
    """Every model's name, and the registry that builds it.

    Examples
    --------
    >>> "svm" in known_models(), "wav2vec2" in known_models()
    (True, True)
    """
    registries: tuple[ModelRegistry, ...] = (classical_models, deep_models)
    return {model: registry for registry in registries for model in registry.names()}


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

    Returns
    -------
    Pipeline

    Raises
    ------
    PipelineError, FeatureError
        If the text names nothing known.

    Examples
    --------
    >>> from benchmarks.pipelines.options import PipelineOptions
    >>> fused = build("svm+xgboost@prosodic", labels=["ang", "sad"], corpus="emodb", options=PipelineOptions())
    >>> [part.name for part in fused.parts]
    ['svm', 'xgboost@prosodic']
    """
    models = known_models()
    parts = tuple(models[part.model].build(part, labels, corpus, options) for part in parse(text, models))
    if len(parts) == 1:
        return parts[0]
    names = [part.name for part in parts]
    if len(set(names)) < len(names):
        raise PipelineError(f"pipeline {text!r} fuses a pipeline with itself; name different ones")
    return Pipeline(
        "+".join(names),
        f"late fusion of {', '.join(names)}, weights from inner folds",
        parts=parts,
        flags=tuple(dict.fromkeys(flag for part in parts for flag in part.flags if flag is not Flag.GUESSING)),
        pretrained={source: version for part in parts for source, version in part.pretrained.items()},
        reason="; ".join(f"{part.name}: {part.reason}" for part in parts if part.reason) or None,
    )


def wrap(name: str, estimator: Any) -> Pipeline:
    """Make a pipeline of a scikit-learn estimator of the user's own.

    Parameters
    ----------
    name : str
        Its name in every table.
    estimator : scikit-learn classifier
        On the utterances table, with `predict_proba`.

    Returns
    -------
    Pipeline

    Raises
    ------
    PipelineError
        If it cannot give probabilities.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> wrap("prior", DummyClassifier()).description
    'DummyClassifier, given from Python'
    """
    if not hasattr(estimator, "fit") or not hasattr(estimator, "predict_proba"):
        raise PipelineError(
            f"pipeline {name!r}: {type(estimator).__name__} has no fit and predict_proba; expected an estimator"
        )
    return Pipeline(
        name,
        f"{type(estimator).__name__}, given from Python",
        estimator=estimator,
        flags=flags_by_normalisation(str(getattr(estimator, "normalise", ""))),
        package="",
    )
