"""Late fusion: one prediction from the probabilities of several pipelines, with weights learnt on inner folds only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.base import ClassifierMixin, clone
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from classical.labels import balanced_weights, encode
from features.deprecation import RenamedResults
from features.errors import PipelineError

SMALLEST = 1e-4  # a member that is wrong and sure costs the others at most this factor
PRIOR_ROWS = 25.0  # the pull towards equal weights is as strong as this many rows


def combine(probabilities: Sequence[NDArray], weights: NDArray) -> NDArray[np.float64]:
    """Pool the probabilities of several pipelines: the product of their powers, brought to sum to 1.

    This is a weighted sum of log odds, the pool that adds up evidence: where weights sum to more than 1, two pipelines
    that lean the same way for different reasons are surer together than either. A weighted mean never could, and so
    is less sure than it should be (G. Hinton, "Training products of experts", Neural Computation 2002).

    Parameters
    ----------
    probabilities : sequence of ndarray of shape (n_utterances, n_classes)
        One array per pipeline, same rows and columns; rows of NaN stay NaN.
    weights : ndarray of shape (n_pipelines,)
        At least 0.

    Returns
    -------
    ndarray of shape (n_utterances, n_classes)

    Raises
    ------
    PipelineError
        If shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> combine([np.array([[0.8, 0.2]]), np.array([[0.8, 0.2]])], np.array([1.0, 1.0])).round(3)
    array([[0.941, 0.059]])
    """
    return softmax(np.tensordot(np.asarray(weights, dtype=float), _logarithms(probabilities), axes=1), axis=1)


def learn_weights(oof_probabilities: Sequence[NDArray], y: Any, classes: Any) -> NDArray[np.float64]:
    """Learn how much to trust each pipeline, from utterances that none of them was fitted on.

    The weights minimise the class-balanced log loss of the pool, plus a pull towards equal weights that sum to 1. The
    pull is worth a fixed number of rows, so that few rows leave the weights near equal.

    Parameters
    ----------
    oof_probabilities : sequence of ndarray of shape (n_utterances, n_classes)
        One array per pipeline, each row from a fit that did not see that row's speaker; a row that is NaN in any of
        them is left out.
    y : array-like of shape (n_utterances,)
        Labels.
    classes : array-like of shape (n_classes,)
        Labels of the columns.

    Returns
    -------
    ndarray of shape (n_pipelines,)
        At least 0; equal and summing to 1 where there is nothing to learn from.

    Raises
    ------
    PipelineError
        If shapes differ or y holds a label that is not among the classes.

    Examples
    --------
    >>> import numpy as np
    >>> right, wrong = np.array([[0.9, 0.1], [0.1, 0.9]] * 50), np.array([[0.1, 0.9], [0.9, 0.1]] * 50)
    >>> weights = learn_weights([right, wrong], ["hap", "sad"] * 50, ["hap", "sad"])
    >>> bool(weights[0] > weights[1])
    True
    """
    logarithms = _logarithms(oof_probabilities)
    n_pipelines = len(logarithms)
    codes = pd.Index(classes).get_indexer(pd.Index(y))
    if (codes < 0).any():
        unknown = np.asarray(y)[codes < 0].tolist()[0]
        among = ", ".join(str(label) for label in classes)
        raise PipelineError(f"label {unknown!r} is not among {among}: fuse runs of one corpus")
    judged = ~np.isnan(logarithms).any(axis=(0, 2))
    equal = np.full(n_pipelines, 1.0 / n_pipelines)
    if n_pipelines == 1 or not judged.any():
        return equal
    logarithms, codes = logarithms[:, judged], codes[judged]
    balance, rows = balanced_weights(codes, len(classes)), np.arange(len(codes))

    def loss(weights: NDArray) -> tuple[float, NDArray]:
        log_pool = log_softmax(np.tensordot(weights, logarithms, axes=1), axis=1)
        expected = np.einsum("mnk,nk->mn", logarithms, np.exp(log_pool))
        slope = (balance * (expected - logarithms[:, rows, codes])).sum(axis=1)
        away = weights - equal
        value = -(balance * log_pool[rows, codes]).sum() + PRIOR_ROWS * n_pipelines * (away**2).sum()
        return value / len(rows), (slope + 2 * PRIOR_ROWS * n_pipelines * away) / len(rows)

    return minimize(loss, equal, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * n_pipelines).x


def _logarithms(probabilities: Sequence[NDArray]) -> NDArray[np.float64]:
    shapes = {np.shape(array) for array in probabilities}
    if len(shapes) != 1:
        listed = ", ".join(str(shape) for shape in sorted(shapes)) or "none"
        raise PipelineError(f"probabilities of shapes {listed}: fusion needs the same utterances and classes of each")
    return np.log(np.clip(np.stack([np.asarray(array, dtype=np.float64) for array in probabilities]), SMALLEST, 1.0))


class FusionClassifier(RenamedResults, ClassifierMixin, _BaseComposition):
    """Pipelines whose predictions are pooled, with weights learnt on inner folds.

    Parameters
    ----------
    members : sequence of (str, estimator)
        Named pipelines, each with `predict_proba` and, to be weighted, `oof_proba_` after `fit`: on the utterances
        table or on arrays. A member and its parameters can be set by name: ``set_params(svm__n_inner=3)``.
    random_state, n_jobs, device
        Given to every member that has such a parameter.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    members_ : list of (str, estimator)
        Fitted.
    weights_ : ndarray of shape (n_members,)
    n_features_in_, feature_names_in_
        Of the first member, where it has them.
    best_params_, n_candidates_, search_time_, notes_, oof_proba_
        Of all members together; `best_params_` holds the weights too.

    Examples
    --------
    >>> import numpy as np
    >>> from classical.logistic import LogisticClassifier
    >>> from classical.svm import SvmClassifier
    >>> X, y = np.repeat([[-1.0, 0.0], [1.0, 0.0]], 4, axis=0), np.repeat(["sad", "hap"], 4)
    >>> fusion = FusionClassifier([("svm", SvmClassifier()), ("logistic", LogisticClassifier())])
    >>> fusion.fit(X, y, groups=np.tile(["ann", "bob"], 4)).predict([[0.7, 0.1]]).tolist()
    ['hap']
    >>> fusion.predict_proba([[0.7, 0.1]]).shape
    (1, 2)
    >>> fusion.pool([np.array([[0.2, 0.8]]), np.array([[0.4, 0.6]])]).argmax()
    np.int64(1)
    """

    def __init__(
        self, members: Sequence[tuple[str, Any]] = (), *, random_state: int = 0, n_jobs: int = 1, device: str = "auto"
    ) -> None:
        self.members = members
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.device = device

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters, with ``deep`` also the members and theirs, by name."""
        return self._get_params("members", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, members by name, or parameters of members such as ``svm__n_inner``."""
        self._set_params("members", **params)
        return self

    def fit(self, X: Any, y: Any, *, groups: Any = None, valid: Any = None) -> Self:
        """Fit every member, then learn the weights from their inner folds.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_utterances, n_features)
            Utterances table, or what else the members take.
        y : array-like of shape (n_utterances,)
            Labels.
        groups : array-like of shape (n_utterances,), optional
            Speakers, given to every member whose ``fit`` takes them.
        valid : array-like of shape (n_utterances,), optional
            Which rows validate, given to every member whose ``fit`` takes them, as deep ones do.

        Returns
        -------
        self

        Raises
        ------
        PipelineError
            If there are no members, or one cannot be fitted.
        """
        if not self.members:
            raise PipelineError("a fusion of no pipelines: give at least one member")
        self._validate_names([name for name, _ in self.members])
        given = {name: value for name, value in {"groups": groups, "valid": valid}.items() if value is not None}
        self.members_ = [(name, self._fit_member(member, X, y, given)) for name, member in self.members]
        fitted = [member for _, member in self.members_]
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(fitted[0], name):
                setattr(self, name, getattr(fitted[0], name))
        self.classes_, codes = encode(y)
        missing = np.full((len(codes), len(self.classes_)), np.nan)
        oof = [getattr(member, "oof_proba_", missing) for member in fitted]
        self.weights_ = learn_weights(oof, codes, np.arange(len(self.classes_)))
        self.oof_proba_ = combine(oof, self.weights_)
        self.best_params_ = {name: getattr(member, "best_params_", {}) for name, member in self.members_}
        self.best_params_["weights"] = {name: float(weight) for (name, _), weight in zip(self.members_, self.weights_)}
        self.n_candidates_ = sum(getattr(member, "n_candidates_", 1) for member in fitted)
        self.search_time_ = float(sum(getattr(member, "search_time_", 0.0) for member in fitted))
        self.notes_ = [f"{name}: {note}" for name, member in self.members_ for note in getattr(member, "notes_", [])]
        if np.isnan(self.oof_proba_).all():
            self.notes_.append("a member has no probabilities from inner folds: all weigh the same")
        return self

    def _fit_member(self, member: Any, X: Any, y: Any, metadata: Mapping[str, Any]) -> Any:
        fresh = clone(member)
        shared = {"random_state": self.random_state, "n_jobs": self.n_jobs, "device": self.device}
        params = fresh.get_params(deep=False)
        fresh.set_params(**{name: value for name, value in shared.items() if name in params})
        return fresh.fit(X, y, **{name: value for name, value in metadata.items() if has_fit_parameter(fresh, name)})

    def predict_proba(self, X: Any, *, speakers: NDArray | None = None) -> NDArray[np.float64]:
        """Pooled probability of every class.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_utterances, n_features)
            As in `fit`.
        speakers : ndarray of shape (n_utterances,), optional
            Who speaks where X does not say, for members that ask.

        Returns
        -------
        ndarray of shape (n_utterances, n_classes)
            Rows sum to 1; columns as `classes_`.
        """
        check_is_fitted(self)
        metadata = {} if speakers is None else {"speakers": speakers}
        return self.pool([member.predict_proba(X, **metadata) for _, member in self.members_])

    def pool(self, probabilities: Sequence[NDArray]) -> NDArray[np.float64]:
        """Pool probabilities of the members.

        Parameters
        ----------
        probabilities : sequence of ndarray of shape (n_utterances, n_classes)
            One array per member, in their order.

        Returns
        -------
        ndarray of shape (n_utterances, n_classes)
        """
        return combine(probabilities, self.weights_)

    def predict(self, X: Any, *, speakers: NDArray | None = None) -> NDArray:
        """Label with the highest probability.

        Parameters
        ----------
        X, speakers
            As for `predict_proba`.

        Returns
        -------
        ndarray of shape (n_utterances,)
        """
        probability = self.predict_proba(X, speakers=speakers)
        return self.classes_[probability.argmax(axis=1)]


def parts(model: Any) -> Iterator[Any]:
    """Every `SpeechClassifier` inside a model."""
    if hasattr(model, "members_"):
        for _, member in model.members_:
            yield from parts(member)
    else:
        yield model
