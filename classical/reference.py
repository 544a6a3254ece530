"""Points of reference: what is reached without listening."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted


class MajorityClassifier(ClassifierMixin, BaseEstimator):
    """Answers every utterance with the training shares of the classes, and so with the largest class.

    Attributes
    ----------
    classes_ : ndarray of str
    shares_ : ndarray of shape (n_classes,)
    """

    def fit(self, X: NDArray, y: NDArray, *, groups: NDArray | None = None) -> MajorityClassifier:
        """Count the classes of y, shape (n_utterances,)."""
        self.classes_, counts = np.unique(np.asarray(y).astype(str), return_counts=True)
        self.shares_ = counts / counts.sum()
        return self

    def predict_proba(self, X: NDArray) -> NDArray[np.float64]:
        """Training shares for every row, shape (n_utterances, n_classes)."""
        check_is_fitted(self, "shares_")
        return np.tile(self.shares_, (len(X), 1))

    def predict(self, X: NDArray) -> NDArray[np.str_]:
        """Largest class of training for every row, shape (n_utterances,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class RandomClassifier(ClassifierMixin, BaseEstimator):
    """Answers every utterance with probabilities drawn evenly from all that sum to 1: an even draw of class.

    Parameters
    ----------
    random_state
        Seed; the same utterances in the same order get the same answers.

    Attributes
    ----------
    classes_ : ndarray of str
    """

    def __init__(self, *, random_state: int = 0) -> None:
        self.random_state = random_state

    def fit(self, X: NDArray, y: NDArray, *, groups: NDArray | None = None) -> RandomClassifier:
        """Note the classes of y, shape (n_utterances,)."""
        self.classes_ = np.unique(np.asarray(y).astype(str))
        return self

    def predict_proba(self, X: NDArray) -> NDArray[np.float64]:
        """Draws from the flat Dirichlet distribution, shape (n_utterances, n_classes)."""
        check_is_fitted(self, "classes_")
        return np.random.default_rng(self.random_state).dirichlet(np.ones(len(self.classes_)), size=len(X))

    def predict(self, X: NDArray) -> NDArray[np.str_]:
        """Class of the highest draw, shape (n_utterances,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
