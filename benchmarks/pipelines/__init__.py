"""Pipelines by name: `model[@features][:normalise]`, fused with `+`; the text is the name in every table.

Models are registered in the package that holds them, `classical.speech_classifier.MODELS` and
`deep.models.PIPELINES`; another package is one module here and one line in `FAMILIES`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.pipelines import classical_models, deep_models
from benchmarks.pipelines.names import Part, parse
from benchmarks.pipelines.options import PipelineOptions
from benchmarks.pipelines.pipeline import Family, Pipeline
from features.errors import PipelineError

__all__ = [
    "FAMILIES",
    "Family",
    "Part",
    "Pipeline",
    "build",
    "known_models",
    "wrap",
]

FAMILIES: dict[str, Family] = {"classical": classical_models.FAMILY, "deep": deep_models.FAMILY}


def known_models() -> dict[str, Family]:
    """Every model's name, and the family that builds it."""
    return {model: family for family in FAMILIES.values() for model in family.models()}


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
    parts = tuple(models[part.model].build(part, labels, corpus, options) for part in parse(text, models))
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
        raise PipelineError(
            f"pipeline {name!r}: {type(estimator).__name__} has no fit and predict_proba; expected an estimator"
        )
    return Pipeline(name, f"{type(estimator).__name__}, given from Python", estimator=estimator, room="")
