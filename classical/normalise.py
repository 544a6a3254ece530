"""Standardise and impute feature values inside a fold: by the training clips, a speaker's own, or a corpus's own."""

from __future__ import annotations

import warnings
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from classical.adaptation import CORPUS_SCOPES, MOST_AXES, Axes, CorpusScope, aligned_subspace, coral
from classical.enrolment import EnrolScope, SpeakerSpread, enrolling_clips, short_of_clips
from classical.tuning import check_arrays
from features.errors import PipelineError

Scope = Literal["global", "speaker"] | EnrolScope | CorpusScope
SCOPES: tuple[Scope, ...] = ("global", "speaker", *get_args(EnrolScope), *CORPUS_SCOPES)


class FallbackWarning(UserWarning):
    """A speaker was standardised by the training clips, for having too few of their own."""


class Normaliser(TransformerMixin, BaseEstimator):
    """Standardise every feature, fill what is missing, and drop what says nothing.

    Columns without a finite training value, or with one and the same value throughout training, are dropped. The others
    become ``(x - mean) / deviation`` over finite values; what is missing afterwards gets the training median of the
    standardised column, and values beyond `limit` deviations are brought back to it, so that one broken measurement
    cannot decide a prediction.

    Parameters
    ----------
    scope : {'global', 'speaker', 'enrol-1', 'enrol-3', 'enrol-5', 'enrol-10', 'corpus', 'coral', 'subspace'}
        ``'global'``: mean and deviation of the training clips. ``'speaker'``: of each speaker's own clips, in training
        and in use alike. This needs no labels, but it is transductive: a speaker's predictions depend on which of their
        clips are looked at together. ``'enrol-K'``: by K clips of each speaker that are known before, in training and
        in use alike, trusted as far as K clips go; see `classical.enrolment.SpeakerSpread`. ``'corpus'``: of each
        corpus's clips, in training and in use alike; ``'coral'`` and ``'subspace'`` bring the clips of each corpus
        that is tested nearer to the training clips after that, see `classical.adaptation`.
    min_clips : int
        Under scope 'speaker' and those of corpora, a speaker or a corpus with fewer clips than this is standardised
        globally. Measured on drawn clips of EmoDB and RAVDESS, a speaker's own statistics were ahead from 6 clips on,
        level at 4, and far behind at 2.
    limit : float
        Largest absolute standardised value.

    Attributes
    ----------
    kept_ : ndarray of shape (n_kept,)
        Indices of the columns that are used.
    mean_, deviation_, median_ : ndarray of shape (n_kept,)
        Training mean, training deviation, and median of the standardised training column.
    axes_, variances_ : ndarray of shape (n_axes, n_kept) and (n_axes,)
        Under the scopes 'coral' and 'subspace' the principal axes of the training clips.
    within_, between_, prior_clips_
        Under a scope 'enrol-K' how training speakers differ, as in `classical.enrolment.SpeakerSpread`.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only where `X` was a data frame whose columns have names.

    Examples
    --------
    >>> import numpy as np
    >>> Normaliser().fit_transform(np.array([[1.0, 5.0], [3.0, 5.0], [np.nan, 5.0]]))
    array([[-1.],
           [ 1.],
           [ 0.]])
    """

    def __init__(self, scope: Scope = "global", *, min_clips: int = 6, limit: float = 10.0) -> None:
        self.scope = scope
        self.min_clips = min_clips
        self.limit = limit

    def fit(self, X: Any, y: Any = None, *, groups: Any = None, ranks: Any = None) -> Self:
        """Learn means, deviations and medians from the training utterances.

        Parameters
        ----------
        X : array-like of shape (n_utterances, n_features)
            Feature values; what is not finite is missing.
        y : None
            Not looked at.
        groups : array-like of shape (n_utterances,), optional
            Who speaks, or under the scopes of corpora which corpus it is of; needed under all scopes but 'global'.
        ranks : array-like of shape (n_utterances,), optional
            Which clips enrol their speaker, as `classical.enrolment.draw_enrolment` gives them; needed under 'enrol-K'.

        Returns
        -------
        self

        Raises
        ------
        PipelineError
            If the scope is unknown, speakers are needed and not given, or no column varies.
        """
        self.fit_transform(X, y, groups=groups, ranks=ranks)
        return self

    def fit_transform(self, X: Any, y: Any = None, *, groups: Any = None, ranks: Any = None) -> NDArray[np.float64]:
        """Learn from the training utterances and standardise them.

        Parameters
        ----------
        X, y, groups, ranks
            As for `fit`.

        Returns
        -------
        ndarray of shape (n_utterances, n_kept)
        """
        if self.scope not in SCOPES:
            raise PipelineError(f"normalisation {self.scope!r} is unknown: choose one of {', '.join(SCOPES)}")
        values = self._finite(X, groups, ranks, ensure_min_samples=2)
        mean, deviation = _moments(values)
        varies = deviation > 1e-7 * (np.abs(mean) + 1e-30)
        self.kept_ = np.flatnonzero(varies)
        if not len(self.kept_):
            raise PipelineError(
                f"none of the {values.shape[1]} features varies over the {len(values)} training clips: "
                "check the feature set and the audio"
            )
        self.mean_, self.deviation_ = mean[self.kept_], deviation[self.kept_]
        if enrolling_clips(self.scope):
            spread = SpeakerSpread.of((values[:, self.kept_] - self.mean_) / self.deviation_, np.asarray(groups))
            self.within_, self.between_, self.prior_clips_ = spread.within, spread.between, spread.prior_clips
        standardised = self._standardise(values[:, self.kept_], groups, ranks)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", category=RuntimeWarning)  # a column may be missing throughout
            self.median_ = np.nan_to_num(np.nanmedian(standardised, axis=0))
        filled = self._fill(standardised)
        if self.scope in ("coral", "subspace"):
            axes = Axes.of(filled - filled.mean(axis=0))
            self.axes_, self.variances_ = axes.directions, axes.variances
            return filled if self.scope == "coral" else filled @ axes.first(MOST_AXES).T @ axes.first(MOST_AXES)
        return filled

    def transform(self, X: Any, *, groups: Any = None, ranks: Any = None) -> NDArray[np.float64]:
        """Standardise utterances; under scope 'speaker' each speaker by their utterances in `X`, or those that enrol.

        Parameters
        ----------
        X : array-like of shape (n_utterances, n_features)
        groups : array-like of shape (n_utterances,), optional
            Who speaks; needed under all scopes but 'global'.
        ranks : array-like of shape (n_utterances,), optional
            As for `fit`.

        Returns
        -------
        ndarray of shape (n_utterances, n_kept)

        Warns
        -----
        FallbackWarning
            If a speaker has too few utterances and is standardised globally, or too few that enrol.
        """
        check_is_fitted(self)
        values = self._finite(X, groups, ranks, reset=False)
        for note in self.fallbacks(groups, ranks):
            warnings.warn(note, FallbackWarning, stacklevel=2)
        filled = self._fill(self._standardise(values[:, self.kept_], groups, ranks))
        return self._aligned(filled, np.asarray(groups)) if self.scope in ("coral", "subspace") else filled

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Names of the columns that are kept.

        Parameters
        ----------
        input_features : array-like of shape (n_features,), optional
            Names of all columns; by default `feature_names_in_`, or x0, x1 and so on.

        Returns
        -------
        ndarray of shape (n_kept,)
        """
        check_is_fitted(self)
        return _check_feature_names_in(self, input_features)[self.kept_]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fallbacks(self, groups: Any, ranks: Any = None) -> list[str]:
        """Say which speakers have too few utterances for their own mean and deviation.

        Parameters
        ----------
        groups : array-like of shape (n_utterances,)
        ranks : array-like of shape (n_utterances,), optional
            As for `fit`.

        Returns
        -------
        list of str
            At most one sentence.
        """
        if self.scope == "global":
            return []
        n_clips = enrolling_clips(self.scope)
        if n_clips:
            short = short_of_clips(groups, np.asarray(ranks), n_clips)
            reason = f"fewer than {n_clips} clips that enrol, so standardised nearer to the training clips"
        else:
            names, counts = np.unique(np.asarray(groups), return_counts=True)
            short = {str(name): count for name, count in zip(names, counts) if count < self.min_clips}
            reason = f"fewer than {self.min_clips} clips, so standardised by the training clips instead"
        whose = "corpus" if self.scope in CORPUS_SCOPES else "speaker"
        few = [f"{name} ({count})" for name, count in short.items()]
        if not few:
            return []
        shown = ", ".join(few[:5]) + (f" and {len(few) - 5} more" if len(few) > 5 else "")
        return [f"{reason}: {whose} {shown}"]

    def _finite(self, X: Any, groups: Any, ranks: Any, **options: Any) -> NDArray[np.float64]:
        """X as checked numbers, NaN for what is not finite."""
        X = check_arrays(self, X, groups=groups, dtype=np.float64, ensure_all_finite=False, **options)
        if self.scope != "global" and groups is None:
            raise PipelineError(
                f"normalisation {self.scope!r} needs to know who speaks: give groups, one speaker per row"
            )
        if enrolling_clips(self.scope) and (ranks is None or len(ranks) != len(X)):
            raise PipelineError(
                f"normalisation {self.scope!r} needs to know which clips enrol their speaker: give ranks, one per row, "
                "0 for clips that do not"
            )
        return np.where(np.isfinite(X), X, np.nan)

    def _standardise(self, values: NDArray, groups: Any, ranks: Any) -> NDArray[np.float64]:
        result = (values - self.mean_) / self.deviation_
        if self.scope == "global":
            return result
        speakers, n_clips = np.asarray(groups), enrolling_clips(self.scope)
        if n_clips:
            spread = SpeakerSpread(self.within_, self.between_, self.prior_clips_)
            return spread.standardise(result, speakers, np.asarray(ranks), n_clips)
        for speaker in np.unique(speakers):
            rows = np.flatnonzero(speakers == speaker)
            if len(rows) < self.min_clips:
                continue
            mean, deviation = _moments(result[rows])
            # A column that a speaker never varies in is at that speaker's mean, not infinitely far from it.
            result[rows] = (result[rows] - mean) / np.where(deviation > 1e-6, deviation, np.inf)
        return result

    def _aligned(self, filled: NDArray[np.float64], corpora: NDArray) -> NDArray[np.float64]:
        """Clips of each corpus moved towards the training clips; a corpus of few clips stays."""
        align = coral if self.scope == "coral" else aligned_subspace
        source, result = Axes(self.axes_, self.variances_), filled.copy()
        for corpus in np.unique(corpora):
            rows = np.flatnonzero(corpora == corpus)
            if len(rows) >= self.min_clips:
                mean = filled[rows].mean(axis=0)
                result[rows] = np.clip(align(filled[rows] - mean, source), -self.limit, self.limit)
        return result

    def _fill(self, standardised: NDArray[np.float64]) -> NDArray[np.float64]:
        filled = np.where(np.isnan(standardised), self.median_, standardised)
        return np.clip(filled, -self.limit, self.limit)


def _moments(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation of the finite values of each column; NaN and 0 where there are none."""
    present = ~np.isnan(values)
    count = present.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(present, values, 0.0).sum(axis=0) / count
        square = (np.where(present, values - mean, 0.0) ** 2).sum(axis=0) / count
    return mean, np.sqrt(np.nan_to_num(square))
