"""Late fusion: one answer from the probabilities of several pipelines, with weights learnt on inner folds only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from classical.tuning import balanced_weights
from features.errors import PipelineError

SMALLEST = 1e-4  # a member that is wrong and sure costs the others at most this factor
PRIOR_ROWS = 25.0  # the pull towards equal weights is as strong as this many rows


def combine(probabilities: Sequence[NDArray], weights: NDArray) -> NDArray[np.float64]:
    """Pool the probabilities of several pipelines: the product of their powers, brought to sum to 1.

    This is a weighted sum of log odds, the pool that adds up evidence: where weights sum to more than 1, two pipelines
    that lean the same way for different reasons give a surer answer than either. A weighted mean never could, and so
    answers less surely than it should (G. Hinton, "Training products of experts", Neural Computation 2002).

    Parameters
    ----------
    probabilities
        One array (n_utterances, n_classes) a pipeline, same rows and columns; rows of NaN stay NaN.
    weights : (n_pipelines,)
        At least 0.

    Returns
    -------
    pooled : (n_utterances, n_classes)

    Raises
    ------
    PipelineError
        If shapes differ.
    """
    return softmax(np.tensordot(np.asarray(weights, dtype=float), _logarithms(probabilities), axes=1), axis=1)


def learn_weights(inner_probabilities: Sequence[NDArray], y: NDArray, classes: NDArray) -> NDArray[np.float64]:
    """Learn how much to trust each pipeline, from clips that none of them was fitted on.

    The weights minimise the class-balanced log loss of the pool, plus a pull towards equal weights that sum to 1. The
    pull is worth a fixed number of rows, so that few rows leave the weights near equal.

    Parameters
    ----------
    inner_probabilities
        One array (n_utterances, n_classes) a pipeline, each row from a fit that did not see that row's speaker; a row
        that is NaN in any of them is left out.
    y : (n_utterances,)
        Labels.
    classes : (n_classes,)
        Labels of the columns.

    Returns
    -------
    weights : (n_pipelines,)
        At least 0; equal and summing to 1 where there is nothing to learn from.

    Raises
    ------
    PipelineError
        If shapes differ or y holds a label that is not among the classes.
    """
    logarithms = _logarithms(inner_probabilities)
    n_pipelines = len(logarithms)
    position = {str(label): column for column, label in enumerate(classes)}
    unknown = {str(label) for label in y} - set(position)
    if unknown:
        raise PipelineError(f"label {sorted(unknown)[0]!r} is not among {', '.join(position)}: fuse runs of one corpus")
    codes = np.array([position[str(label)] for label in y])
    known = ~np.isnan(logarithms).any(axis=(0, 2))
    equal = np.full(n_pipelines, 1.0 / n_pipelines)
    if n_pipelines == 1 or not known.any():
        return equal
    logarithms, codes = logarithms[:, known], codes[known]
    balance, rows = balanced_weights(codes, len(classes)), np.arange(len(codes))

    def loss(weights: NDArray) -> tuple[float, NDArray]:
        pooled = np.tensordot(weights, logarithms, axes=1)
        own = log_softmax(pooled, axis=1)
        expected = np.einsum("mnk,nk->mn", logarithms, np.exp(own))
        slope = (balance * (expected - logarithms[:, rows, codes])).sum(axis=1)
        away = weights - equal
        value = -(balance * own[rows, codes]).sum() + PRIOR_ROWS * n_pipelines * (away**2).sum()
        return value / len(rows), (slope + 2 * PRIOR_ROWS * n_pipelines * away) / len(rows)

    return minimize(loss, equal, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * n_pipelines).x


def _logarithms(probabilities: Sequence[NDArray]) -> NDArray[np.float64]:
    shapes = {np.shape(own) for own in probabilities}
    if len(shapes) != 1:
        found = ", ".join(str(shape) for shape in sorted(shapes)) or "none"
        raise PipelineError(f"probabilities of shapes {found}: fusion needs the same utterances and classes of each")
    return np.log(np.clip(np.stack([np.asarray(own, dtype=np.float64) for own in probabilities]), SMALLEST, 1.0))


class FusionClassifier(ClassifierMixin, BaseEstimator):
    """Pipelines on the utterances table that answer together; to train a fusion that is kept.

    Parameters
    ----------
    members
        Named pipelines, each with `predict_proba` and, to be weighted, `inner_probability_` after `fit`.
    random_state, n_jobs, device
        Given to every member that has such a parameter.

    Attributes
    ----------
    classes_ : ndarray of str
    members_ : list of (name, fitted pipeline)
    weights_ : ndarray of shape (n_members,)
    chosen_, n_settings_, tuning_cpu_seconds_, notes_, inner_probability_
        Of all members together; `chosen_` holds the weights too.
    """

    def __init__(
        self, members: Sequence[tuple[str, Any]], *, random_state: int = 0, n_jobs: int = 1, device: str = "auto"
    ) -> None:
        self.members = members
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.device = device

    def fit(self, X: Any, y: Any) -> FusionClassifier:
        """Fit every member, then learn the weights from their inner folds.

        Parameters
        ----------
        X
            Utterances table.
        y : (n_utterances,)
            Labels.

        Raises
        ------
        PipelineError
            If there are no members, or one cannot be fitted.
        """
        if not self.members:
            raise PipelineError("a fusion of no pipelines: give at least one member")
        given = {"random_state": self.random_state, "n_jobs": self.n_jobs, "device": self.device}
        self.members_ = []
        for name, member in self.members:
            own = clone(member)
            own.set_params(**{key: value for key, value in given.items() if key in own.get_params(deep=False)})
            self.members_.append((name, own.fit(X, y)))
        self.classes_ = self.members_[0][1].classes_
        missing = np.full((len(X), len(self.classes_)), np.nan)
        inner = [getattr(own, "inner_probability_", missing) for _, own in self.members_]
        self.weights_ = learn_weights(inner, np.asarray(y).astype(str), self.classes_)
        self.inner_probability_ = combine(inner, self.weights_)
        self.chosen_ = {name: getattr(own, "chosen_", {}) for name, own in self.members_}
        self.chosen_["weights"] = {name: float(weight) for (name, _), weight in zip(self.members_, self.weights_)}
        self.n_settings_ = sum(getattr(own, "n_settings_", 1) for _, own in self.members_)
        self.tuning_cpu_seconds_ = float(sum(getattr(own, "tuning_cpu_seconds_", 0.0) for _, own in self.members_))
        self.notes_ = [f"{name}: {note}" for name, own in self.members_ for note in getattr(own, "notes_", [])]
        if np.isnan(self.inner_probability_).all():
            self.notes_.append("a member has no answers from inner folds: all weigh the same")
        return self

    def predict_proba(self, X: Any, *, speakers: NDArray | None = None) -> NDArray[np.float64]:
        """Pooled probability of every class, shape (n_utterances, n_classes).

        `speakers`, shape (n_utterances,), says who speaks where X does not; not every kind of member asks.
        """
        check_is_fitted(self, "weights_")
        known = {} if speakers is None else {"speakers": speakers}
        return self.pool([own.predict_proba(X, **known) for _, own in self.members_])

    def pool(self, probabilities: Sequence[NDArray]) -> NDArray[np.float64]:
        """Pool what the members say, one array (n_utterances, n_classes) a member in their order."""
        return combine(probabilities, self.weights_)

    def predict(self, X: Any, *, speakers: NDArray | None = None) -> NDArray[np.str_]:
        """Label with the highest probability, shape (n_utterances,)."""
        return self.classes_[self.predict_proba(X, speakers=speakers).argmax(axis=1)]
