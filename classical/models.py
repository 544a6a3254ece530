"""The registry of classical models, and pipelines by the name of a model."""

from __future__ import annotations

import importlib
import zlib
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.utils.validation import check_is_fitted

from classical.labels import encode
from classical.normalise import Scope
from classical.speech_classifier import Features, SpeechClassifier
from classical.tuning import check_arrays
from features.errors import PipelineError

MODELS = {
    "svm": "classical.svm:SvmClassifier",
    "svm~nystroem": "classical.nystroem:NystroemClassifier",
    "xgboost": "classical.boosting:BoostingClassifier",
    "xgboost~external": "classical.external_boosting:ExternalBoostingClassifier",
    "logistic": "classical.logistic:LogisticClassifier",
    "majority": "sklearn.dummy:DummyClassifier",
    "random": "classical.models:RandomClassifier",
}


def model_class(name: str) -> type[Any]:
    """Class of a model.

    Parameters
    ----------
    name : str
        One of `MODELS`.

    Returns
    -------
    type

    Raises
    ------
    PipelineError
        If there is no such model.

    Examples
    --------
    >>> model_class("svm").__name__
    'SvmClassifier'
    """
    if name not in MODELS:
        raise PipelineError(f"model {name!r} is unknown: choose one of {', '.join(MODELS)}")
    module, _, attribute = MODELS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def build(
    model_name: str,
    *,
    features: Features,
    normalise: Scope = "global",
    random_state: int = 0,
    n_jobs: int = 1,
    choose_group: bool = False,
) -> SpeechClassifier:
    """Put a pipeline together by the name of its model.

    Parameters
    ----------
    model_name : str
        One of `MODELS`.
    features, normalise, random_state, n_jobs, choose_group
        As for `SpeechClassifier`.

    Returns
    -------
    SpeechClassifier

    Raises
    ------
    PipelineError
        If there is no such model.

    Examples
    --------
    >>> from features import FeatureExtractor
    >>> build("svm", features=FeatureExtractor("prosodic"), normalise="speaker").normalise
    'speaker'
    """
    return SpeechClassifier(
        features,
        model_class(model_name)(),
        normalise=normalise,
        random_state=random_state,
        n_jobs=n_jobs,
        choose_group=choose_group,
    )


class RandomClassifier(ClassifierMixin, BaseEstimator):
    """Draws a class for every utterance by the shares of the classes in training.

    `sklearn.dummy.DummyClassifier` with the strategy ``'stratified'``, whose draws depend on the training speakers and
    labels too, so that every fold draws anew.

    Parameters
    ----------
    random_state : int
        Seed; the same training set and the same number of utterances get the same draws.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    dummy_ : sklearn.dummy.DummyClassifier

    Examples
    --------
    >>> import numpy as np
    >>> RandomClassifier().fit(np.zeros((4, 1)), [0, 1, 1, 1]).predict_proba(np.zeros((5, 1))).sum(axis=1)
    array([1., 1., 1., 1., 1.])
    """

    def __init__(self, *, random_state: int = 0) -> None:
        self.random_state = random_state

    def fit(self, X: Any, y: Any, *, groups: Any = None) -> Self:
        """Count the classes of y.

        Parameters
        ----------
        X : array-like of shape (n_utterances, n_features)
            Not looked at.
        y : array-like of shape (n_utterances,)
            Labels.
        groups : array-like of shape (n_utterances,), optional
            Speakers.

        Returns
        -------
        self
        """
        X, y = check_arrays(self, X, y, groups=groups)
        self.classes_, _ = encode(y)
        rows = np.column_stack([y, y if groups is None else groups]).astype(str)
        seed = zlib.crc32(f"{self.random_state} {rows.tolist()}".encode())
        self.dummy_ = DummyClassifier(strategy="stratified", random_state=seed).fit(X, y)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """1 for the class drawn, shape (n_utterances, n_classes)."""
        check_is_fitted(self)
        return self.dummy_.predict_proba(check_arrays(self, X, reset=False)).astype(np.float64)

    def predict(self, X: Any) -> NDArray:
        """Class drawn, shape (n_utterances,)."""
        probability = self.predict_proba(X)
        return self.classes_[probability.argmax(axis=1)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags
