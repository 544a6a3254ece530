"""A frozen speech encoder as a feature set under a classical model, its layer chosen on inner folds."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.metrics import balanced_accuracy_score

from benchmarks.options import PipelineOptions
from features.errors import PipelineError, SerError

TWIN = "~random"
"""Suffix of a set's name for the encoder's untrained twin."""


def matches(text: str) -> bool:
    """Whether a text names an encoder: `encoder`, a folder, or a hub name `owner/name`; `~random` for the twin."""
    return text.removesuffix(TWIN) == "encoder" or "/" in text


def source_of(text: str, options: PipelineOptions) -> str | None:
    """The hub name or folder; None where `encoder` is asked for and `--encoder` is not given."""
    plain = text.removesuffix(TWIN)
    return options.encoder if plain == "encoder" else plain


def is_twin(text: str, options: PipelineOptions) -> bool:
    """Whether the untrained twin is asked for."""
    return text.endswith(TWIN) or options.random_start


def label(text: str, options: PipelineOptions) -> str:
    """The encoder's and the layer's name, as a row shows them."""
    source = source_of(text, options)
    name = Path(source).name if source else "encoder"
    return f"{name}{TWIN if is_twin(text, options) else ''}/{options.layer}"


def unavailable(text: str, options: PipelineOptions) -> str:
    """Why it cannot be had here; empty where it can."""
    missing = [name for name in ("torch", "speechbrain", "transformers") if find_spec(name) is None]
    if missing:
        return f"needs {', '.join(missing)}: pip install 'speech-emotion-baselines[deep]'"
    if source_of(text, options) is None:
        return "no encoder given: name a local folder or a hub name with --encoder"
    try:
        make(text, options).names()
    except SerError as error:
        return str(error)
    return ""


def make(text: str, options: PipelineOptions) -> Any:
    """The extractor; with `--layer auto` it gives the columns of all layers."""
    from deep.frozen import FrozenEncoder

    layer = options.layer if options.layer == "auto" else int(options.layer)
    twin = is_twin(text, options)
    return FrozenEncoder(str(source_of(text, options)), layer=layer, random_start=twin, device=options.device)


def adapt(estimator: Any, options: PipelineOptions) -> Any:
    """The estimator as it is for one layer, under a choice of layers for `--layer auto`."""
    return LayerChoice(estimator, features=estimator.features) if options.layer == "auto" else estimator


class LayerColumns(TransformerMixin, BaseEstimator):
    """The columns of one layer of an extractor that gives all.

    Parameters
    ----------
    features : extractor
        Columns `layerN.*` for every layer.
    layer : int
        Which to keep.
    """

    def __init__(self, features: Any, layer: int) -> None:
        self.features = features
        self.layer = layer

    def fit(self, X: Any, y: Any = None) -> LayerColumns:
        """Learn nothing."""
        return self

    def transform(self, X: Any) -> np.ndarray:
        """The layer's columns, shape (n_utterances, n_columns)."""
        from deep.frozen import layer_positions

        return np.asarray(self.features.transform(X))[
            :, layer_positions(self.features.get_feature_names_out(), self.layer)
        ]

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the layer's columns."""
        from deep.frozen import layer_positions

        names = np.asarray(self.features.get_feature_names_out())
        return names[layer_positions(names, self.layer)]


class LayerChoice(ClassifierMixin, BaseEstimator):
    """Train a classical pipeline on every layer of an encoder and keep the layer that inner folds find best.

    Parameters
    ----------
    pipeline : classical.pipelines.SpeechClassifier
        What is trained on each layer.
    features : extractor
        Columns of all layers.
    random_state, n_jobs : int
        Given to the pipeline.

    Attributes
    ----------
    layer_ : int
        The layer whose inner probabilities have the highest UAR; the lower one where two are equal.
    best_ : classical.pipelines.SpeechClassifier
        Trained on it.
    classes_ : numpy.ndarray of str
    """

    def __init__(self, pipeline: Any, *, features: Any, random_state: int = 0, n_jobs: int = 1) -> None:
        self.pipeline = pipeline
        self.features = features
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: pd.DataFrame, y: Any) -> LayerChoice:
        """Train on an utterances table; see `classical.pipelines.SpeechClassifier.fit`.

        Raises
        ------
        PipelineError
            If the pipeline's model gives no inner probabilities to choose by.
        """
        from deep.frozen import layers_of

        truth = np.asarray(y).astype(str)
        given = {"random_state": self.random_state, "n_jobs": self.n_jobs}
        scores: dict[int, float] = {}
        fitted: dict[int, Any] = {}
        for layer in layers_of(self.features.get_feature_names_out().tolist()):
            part = clone(self.pipeline.set_params(features=None)).set_params(**given)
            fitted[layer] = part.set_params(features=LayerColumns(self.features, layer)).fit(X, truth)
            scores[layer] = _inner_uar(fitted[layer], truth)
        self.layer_ = max(scores, key=lambda layer: (scores[layer], -layer))
        self.best_ = fitted[self.layer_]
        self.classes_ = self.best_.classes_
        self.chosen_ = {"layer": self.layer_, **self.best_.chosen_}
        self.n_settings_ = sum(part.n_settings_ for part in fitted.values())
        self.tuning_cpu_seconds_ = sum(part.tuning_cpu_seconds_ for part in fitted.values())
        self.notes_ = self.best_.notes_
        self.inner_probability_ = self.best_.inner_probability_
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities, columns as `classes_`."""
        return np.asarray(self.best_.predict_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """Labels."""
        return np.asarray(self.best_.predict(X))


def _inner_uar(fitted: Any, truth: np.ndarray) -> float:
    inner = np.asarray(fitted.inner_probability_)
    known = ~np.isnan(inner).any(axis=1)
    if not known.any():
        raise PipelineError("--layer auto needs a model with inner probabilities; name a layer, or use svm or xgboost")
    return float(balanced_accuracy_score(truth[known], fitted.classes_[inner[known].argmax(axis=1)]))
