"""SpeechBrain's published emotion model as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from deep.hub import RELEASED
from deep.loading import load
from deep.runtime import quiet, threads
from features.deprecation import renamed
from features.errors import PipelineError


class ReleasedClassifier(ClassifierMixin, BaseEstimator):
    """The published emotion model as a pipeline: `fit` loads it and learns nothing.

    It was trained on a random split of IEMOCAP and has heard all ten speakers, so that no score on IEMOCAP is a test
    result.

    Parameters
    ----------
    source : str, default="speechbrain/emotion-recognition-wav2vec2-IEMOCAP"
        Hub name or local folder.
    device : str, default="auto"
        `auto`, `cpu`, `cuda` or `cuda:N`.
    precision : str, default="auto"
        `auto`, `float32` or `bfloat16`.
    n_jobs : int, default=None
        CPU threads; None leaves torch's own choice.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Its labels, sorted.
    predictor_ : Predictor
        The model.
    notes_ : list of str
        What a reader of the result must know.

    Examples
    --------
    >>> from deep import ReleasedClassifier
    >>> ReleasedClassifier(device="cpu").get_params()["source"]
    'speechbrain/emotion-recognition-wav2vec2-IEMOCAP'
    >>> classifier = ReleasedClassifier(device="cpu").fit(["a.wav"], ["ang"])  # learns nothing  # doctest: +SKIP
    >>> classifier.predict(["a.wav"]), classifier.predict_proba(["a.wav"]).shape  # doctest: +SKIP
    """

    recogniser_ = renamed("recogniser_", "predictor_")

    def __init__(
        self, source: str = RELEASED, *, device: str = "auto", precision: str = "auto", n_jobs: int | None = None
    ) -> None:
        self.source = source
        self.device = device
        self.precision = precision
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Sequence[str]) -> ReleasedClassifier:
        """Load the model and check the labels.

        Parameters
        ----------
        X : object
            Not used.
        y : sequence of str of length n_clips
            Labels, all among the model's.

        Returns
        -------
        ReleasedClassifier

        Raises
        ------
        PipelineError
            If a label is not one of the model's.
        ModelError
            If it cannot be loaded.
        """
        self.predictor_ = load(self.source, device=self.device, precision=self.precision)
        unknown = sorted(set(np.asarray(y, dtype=str)) - set(self.predictor_.classes_))
        if unknown:
            labels = ", ".join(self.predictor_.classes_)
            raise PipelineError(f"labels {', '.join(unknown)} are not the published model's, which are {labels}")
        self.classes_ = np.sort(self.predictor_.classes_)
        self.notes_ = ["not trained here: the published weights as they are"]
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities, float64 of shape (n_clips, n_classes), columns as `classes_`."""
        check_is_fitted(self, "predictor_")
        with threads(self.n_jobs), quiet():
            return self.predictor_.predict_proba(X)[:, np.argsort(self.predictor_.classes_)]

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of every clip."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
