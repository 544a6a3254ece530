"""The base of the classical models: choose parameters on inner speakers by UAR, calibrate, fit again."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from classical.calibration import learn_inverse_temperature, probabilities
from classical.inner_folds import InnerFolds, inner_folds, uar
from classical.labels import encode
from features.deprecation import RenamedResults
from features.errors import PipelineError


@dataclass(frozen=True)
class Candidate:
    """Parameters that a search tried.

    Attributes
    ----------
    params : mapping
        Names and values.
    scores : ndarray of shape (n_utterances, n_classes)
        Scores of every training utterance from a fit without its speaker; NaN where there are none.
    """

    params: Mapping[str, Any]
    scores: NDArray[np.float64]


class TunedClassifier(RenamedResults, ClassifierMixin, BaseEstimator, ABC):
    """Base class of classifiers that choose their parameters on inner folds of speakers.

    A subclass has the parameter ``n_inner`` and says three things: what it tries (`_search`), how it is fitted to all
    utterances (`_refit`), and how it scores (`_scores`). Checking arrays and labels, inner folds, the choice by UAR,
    calibration, and scikit-learn's contract are here.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted labels, of the type that `y` had.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only where `X` was a data frame whose columns have names.
    best_params_ : dict
        Parameters of the candidate with the highest UAR on inner folds.
    n_candidates_ : int
        Number of candidates tried.
    search_time_ : float
        CPU seconds of the search.
    notes_ : list of str
        Reservations that a reader must see.
    oof_proba_ : ndarray of shape (n_utterances, n_classes)
        Probabilities of every training utterance from a fit without its speaker; NaN where there are none.
    inverse_temperature_ : float
        See `classical.calibration.learn_inverse_temperature`.
    """

    n_inner: int
    _input: Mapping[str, Any] = {"dtype": np.float64}

    def fit(self, X: Any, y: Any, *, groups: Any = None) -> Self:
        """Choose parameters on inner folds and fit all utterances with them.

        Parameters
        ----------
        X : array-like of shape (n_utterances, n_features)
            Features, standardised and without gaps.
        y : array-like of shape (n_utterances,)
            Labels.
        groups : array-like of shape (n_utterances,), optional
            Speakers, which inner folds keep together.

        Returns
        -------
        self

        Raises
        ------
        PipelineError
            If `X` holds what is no number, lengths differ, or there are fewer than two classes.
        """
        X, y = check_arrays(self, X, y, groups=groups, **self._input)
        self.classes_, codes = encode(y)
        started = time.process_time()
        inner = inner_folds(codes, None if groups is None else np.asarray(groups), n_folds=self.n_inner)
        best = self._choose(X, codes, inner)
        self.search_time_ = time.process_time() - started
        self.best_params_ = dict(best.params)
        self.notes_ = list(inner.notes)
        self.inverse_temperature_ = learn_inverse_temperature(best.scores, codes)
        self.oof_proba_ = probabilities(best.scores, self.inverse_temperature_)
        self._refit(X, codes)
        return self

    def _choose(self, X: NDArray, codes: NDArray, inner: InnerFolds) -> Candidate:
        """First candidate with the highest UAR; the first of all where there are no inner folds."""
        best, highest, self.n_candidates_ = None, -1.0, 0
        for candidate in self._search(X, codes, inner):
            self.n_candidates_ += 1
            score = uar(codes, candidate.scores) if inner.folds else 0.0
            if score > highest + 1e-12:
                best, highest = candidate, score
        if best is None:
            raise PipelineError(f"{type(self).__name__} has no candidate to try: give at least one value of each")
        return best

    @abstractmethod
    def _search(self, X: NDArray, codes: NDArray, inner: InnerFolds) -> Iterable[Candidate]:
        """Score every candidate on the inner folds, the simplest candidate first."""

    @abstractmethod
    def _refit(self, X: NDArray, codes: NDArray) -> None:
        """Fit all utterances with `best_params_`."""

    @abstractmethod
    def _scores(self, X: NDArray) -> NDArray[np.float64]:
        """Score every class, shape (n_utterances, n_classes)."""

    def class_scores(self, X: Any) -> NDArray[np.float64]:
        """Score of every class before calibration.

        Parameters
        ----------
        X : array-like of shape (n_utterances, n_features)

        Returns
        -------
        ndarray of shape (n_utterances, n_classes)
        """
        check_is_fitted(self)
        return self._scores(check_arrays(self, X, reset=False, **self._input))

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Scores before calibration, as scikit-learn shapes them.

        Parameters
        ----------
        X : array-like of shape (n_utterances, n_features)

        Returns
        -------
        ndarray of shape (n_utterances, n_classes), or (n_utterances,) for two classes
            For two classes above 0 for the second.
        """
        scores = self.class_scores(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probability of every class.

        Parameters
        ----------
        X : array-like of shape (n_utterances, n_features)

        Returns
        -------
        ndarray of shape (n_utterances, n_classes)
            Rows sum to 1; columns as `classes_`.
        """
        return probabilities(self.class_scores(X), self.inverse_temperature_)

    def predict(self, X: Any) -> NDArray:
        """Label with the highest probability.

        Parameters
        ----------
        X : array-like of shape (n_utterances, n_features)

        Returns
        -------
        ndarray of shape (n_utterances,)
        """
        probability = self.predict_proba(X)
        return self.classes_[probability.argmax(axis=1)]


def check_arrays(estimator: Any, X: Any, y: Any = "no_validation", *, groups: Any = None, **options: Any) -> Any:
    """Check arrays as `sklearn.utils.validation.validate_data` does, with errors of the toolkit's family.

    Parameters
    ----------
    estimator : estimator
        Gets `n_features_in_` and, from a data frame, `feature_names_in_`; with ``reset=False`` these are compared.
    X : array-like of shape (n_utterances, n_features)
    y : array-like of shape (n_utterances,), optional
    groups : array-like of shape (n_utterances,), optional
        Checked for its length.
    **options
        Handed on to `validate_data`.

    Returns
    -------
    ndarray, or a pair of them where `y` is given

    Raises
    ------
    PipelineError
        If `validate_data` finds a fault; the text is scikit-learn's.
    """
    try:
        if groups is not None:
            check_consistent_length(X, groups)
        return validate_data(estimator, X, y, **options)
    except ValueError as error:
        raise PipelineError(str(error)) from error
