"""From scores to probabilities by one temperature, which never changes who wins."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import ClassifierMixin

SHARPEST, BLUNTEST = 30.0, 0.02


def learn_sharpness(scores: NDArray, codes: NDArray) -> float:
    """Factor on the scores whose softmax has the smallest log loss: the inverse of a temperature.

    C. Guo et al., "On calibration of modern neural networks", ICML 2017. One factor for all classes keeps the order of
    the classes in every row, so UAR stays what it was.

    Parameters
    ----------
    scores : (n_utterances, n_classes)
        Scores of clips that were not fitted on; rows of NaN are left out.
    codes : (n_utterances,)
        True classes, 0 to n_classes - 1.

    Returns
    -------
    sharpness
        Between 0.02 and 30; 1 where there is nothing to learn from.
    """
    known = ~np.isnan(scores).any(axis=1)
    if not known.any():
        return 1.0
    scores, rows, truth = scores[known], np.arange(known.sum()), codes[known]

    def log_loss(logarithm: float) -> float:
        return -float(log_softmax(scores * np.exp(logarithm), axis=1)[rows, truth].mean())

    found = minimize_scalar(log_loss, bounds=(np.log(BLUNTEST), np.log(SHARPEST)), method="bounded")
    return float(np.exp(found.x))


def probabilities(scores: NDArray, sharpness: float) -> NDArray[np.float64]:
    """Softmax of the sharpened scores, shape (n_utterances, n_classes); rows of NaN stay NaN."""
    return softmax(np.asarray(scores, dtype=np.float64) * sharpness, axis=1)


class CalibratedMixin(ClassifierMixin, ABC):
    """Probabilities and labels of a classifier that has `decision_function`, `sharpness_` and `classes_`."""

    classes_: NDArray[np.str_]
    sharpness_: float

    @abstractmethod
    def decision_function(self, X: NDArray) -> NDArray[np.float64]:
        """Score of every class before calibration, shape (n_utterances, n_classes)."""

    def predict_proba(self, X: NDArray) -> NDArray[np.float64]:
        """Probability of every class, shape (n_utterances, n_classes)."""
        return probabilities(self.decision_function(X), self.sharpness_)

    def predict(self, X: NDArray) -> NDArray[np.str_]:
        """Label with the highest probability, shape (n_utterances,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
