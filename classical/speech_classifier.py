"""Features to class probabilities: one estimator on the utterances table around any model on arrays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from classical.adaptation import CORPUS_SCOPES, corpora_of
from classical.enrolment import COLUMN, draw_enrolment, enrolling_clips, ranks_of
from classical.inner_folds import uar
from classical.labels import encode
from classical.normalise import Normaliser, Scope
from features.deprecation import RenamedResults
from features.errors import PipelineError
from features.extractors.joined import member_of
from features.groups import group_of, kind_of

_LAYER = re.compile(r"layer\d+")


class Features(Protocol):
    """What turns utterances into numbers: `features.FeatureExtractor`, a frozen encoder, a table of one's own."""

    def transform(self, X: Any) -> NDArray:
        """Values of shape (n_utterances, n_features), NaN where a statistic has nothing to be computed on."""
        ...

    def get_feature_names_out(self) -> NDArray:
        """Names of the features."""
        ...


@dataclass(frozen=True)
class _Choice:
    """A model fitted to some of the columns, and its UAR on inner folds."""

    group: str
    columns: NDArray[np.intp]
    model: Any
    oof_proba: NDArray[np.float64]
    uar: float


class SpeechClassifier(RenamedResults, ClassifierMixin, BaseEstimator):
    """Extract, standardise and classify utterances.

    Parameters
    ----------
    features : Features
        Stateless transformer from utterances to an array of shape (n_utterances, n_features).
    model : estimator
        Classifier on arrays, such as `classical.svm.SvmClassifier`; its ``fit`` gets the speakers as ``groups`` where
        it has such a parameter, and a parameter ``blocks`` of it is set by `block_of`.
    normalise : {'global', 'speaker', 'enrol-1', 'enrol-3', 'enrol-5', 'enrol-10', 'corpus', 'coral', 'subspace'}
        See `classical.normalise.Normaliser`. With 'enrol-K' the table's column `enrol` ranks the clips that enrol their
        speaker; for training they are drawn by `random_state` where there is no such column.
    random_state, n_jobs : int
        Seed and number of threads, given to a model that has such parameters.
    device : str
        ``'auto'``, ``'cpu'`` or ``'cuda'``, given to a model that can use a GPU.
    choose_group : bool
        Use only the features of the one group, by the names up to the first dot, that does best on inner folds: so one
        layer is chosen among all of a speech encoder.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted labels, of the type that `y` had.
    normaliser_ : Normaliser
    model_ : estimator
        The fitted model.
    columns_ : ndarray of shape (n_features used,)
        Indices, among the columns that the normaliser keeps, of those that the model uses.
    feature_names_ : ndarray of str
        Names of the features that the model uses, in its order.
    best_params_, n_candidates_, search_time_, notes_, oof_proba_
        As learnt by the model, see `classical.tuning.TunedClassifier`.

    Examples
    --------
    >>> from classical.svm import SvmClassifier
    >>> from features import FeatureExtractor
    >>> pipeline = SpeechClassifier(FeatureExtractor("prosodic"), SvmClassifier())
    >>> pipeline.set_params(model__n_inner=3).model.n_inner
    3

    On a corpus:

    >>> from benchmarks import corpora  # doctest: +SKIP
    >>> table = corpora.load("manifest", "my.csv").utterances  # doctest: +SKIP
    >>> pipeline = pipeline.fit(table, table["label"])  # doctest: +SKIP
    >>> pipeline.predict(table[:2]), pipeline.predict_proba(table[:2])  # doctest: +SKIP
    >>> pipeline.standardise(table[:2]).shape  # what the model gets  # doctest: +SKIP
    """

    def __init__(
        self,
        features: Features,
        model: BaseEstimator,
        *,
        normalise: Scope = "global",
        random_state: int = 0,
        n_jobs: int = 1,
        device: str = "auto",
        choose_group: bool = False,
    ) -> None:
        self.features = features
        self.model = model
        self.normalise = normalise
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.device = device
        self.choose_group = choose_group

    def fit(self, X: Any, y: Any, *, groups: Any = None) -> Self:
        """Train on an utterances table.

        Parameters
        ----------
        X : DataFrame
            Utterances table; the columns path, start and end are all that counts, and enrol where speakers enrol.
        y : array-like of shape (n_utterances,)
            Labels.
        groups : array-like of shape (n_utterances,), optional
            Who speaks; by default the level 'speaker' of the table's index.

        Returns
        -------
        self

        Raises
        ------
        PipelineError
            If there are fewer than two classes, labels are missing, lengths differ, or nobody says who speaks.
        """
        if y is None or len(X) != len(y):
            n_labels = "no" if y is None else len(y)
            raise PipelineError(f"{len(X)} utterances but {n_labels} labels: give one label each")
        classes, codes = encode(y)
        speakers = speakers_of(X) if groups is None else np.asarray(groups)
        if speakers is None:
            raise PipelineError(
                "training needs an utterances table whose index has the level 'speaker', or the speakers as groups"
            )
        if len(speakers) != len(X):
            raise PipelineError(f"{len(X)} utterances but {len(speakers)} groups: give one speaker each")
        self.classes_ = classes
        self.normaliser_ = Normaliser(self.normalise)
        ranks = self._training_ranks(X, speakers)
        owners = self._owners(X, speakers)
        values = self.normaliser_.fit_transform(self.features.transform(X), groups=owners, ranks=ranks)
        names = np.asarray(self.features.get_feature_names_out())[self.normaliser_.kept_].astype(str)
        self._fit_model(values, names, codes, speakers)
        self.feature_names_ = names[self.columns_]
        self.notes_ = [*self.normaliser_.fallbacks(owners, ranks), *getattr(self.model_, "notes_", [])]
        return self

    def _owners(self, X: Any, speakers: NDArray | None) -> NDArray | None:
        """Whose statistics standardise each utterance: its speaker's, or its corpus's."""
        return corpora_of(X) if self.normalise in CORPUS_SCOPES else speakers

    def _training_ranks(self, X: Any, speakers: NDArray) -> NDArray | None:
        if not enrolling_clips(self.normalise):
            return None
        ranks = ranks_of(X)
        if ranks is not None:
            return ranks
        ids = X.index.get_level_values("id") if isinstance(X, pd.DataFrame) and "id" in X.index.names else range(len(X))
        return draw_enrolment(speakers, list(ids), random_state=self.random_state)

    def _fit_model(self, values: NDArray, names: NDArray, codes: NDArray, speakers: NDArray) -> None:
        """Fit the model, with `choose_group` to every group of columns, and keep the best by UAR on inner folds."""
        columns = {"": np.arange(len(names))}
        if self.choose_group:
            groups = np.array([name.partition(".")[0] for name in names])
            columns = {str(group): np.flatnonzero(groups == group) for group in dict.fromkeys(groups)}
        choices = [self._fit_columns(group, values, names, which, codes, speakers) for group, which in columns.items()]
        best = max(choices, key=lambda choice: choice.uar)
        self.model_, self.columns_, self.oof_proba_ = best.model, best.columns, best.oof_proba
        self.best_params_ = {**({"group": best.group} if best.group else {}), **getattr(best.model, "best_params_", {})}
        self.n_candidates_ = sum(getattr(choice.model, "n_candidates_", 1) for choice in choices)
        self.search_time_ = float(sum(getattr(choice.model, "search_time_", 0.0) for choice in choices))

    def _fit_columns(
        self, group: str, values: NDArray, names: NDArray, columns: NDArray, codes: NDArray, speakers: NDArray
    ) -> _Choice:
        model = clone(self.model)
        blocks = np.array([block_of(name) for name in names[columns]])
        shared = {
            "random_state": self.random_state,
            "n_jobs": self.n_jobs,
            "device": self.device,
            "blocks": blocks if len(set(blocks)) > 1 else None,
        }
        model.set_params(**{name: value for name, value in shared.items() if name in model.get_params()})
        metadata = {"groups": speakers} if has_fit_parameter(model, "groups") else {}
        model.fit(values[:, columns], self.classes_[codes], **metadata)
        oof_proba = getattr(model, "oof_proba_", np.full((len(codes), len(self.classes_)), np.nan))
        return _Choice(group, columns, model, oof_proba, float(np.nan_to_num(uar(codes, oof_proba))))

    def standardise(self, X: Any, *, speakers: NDArray | None = None) -> NDArray[np.float64]:
        """Features as the model sees them.

        Parameters
        ----------
        X, speakers
            As for `predict_proba`.

        Returns
        -------
        ndarray of shape (n_utterances, n_features used)
        """
        check_is_fitted(self)
        speakers = speakers_of(X) if speakers is None else np.asarray(speakers)
        by_corpus = self.normalise in CORPUS_SCOPES
        if self.normalise != "global" and not by_corpus and (speakers is None or (speakers == "").any()):
            raise PipelineError(
                "this model standardises each speaker by their own clips, and not all of these have a speaker: "
                "give a manifest with the column speaker, or say that it is one speaker"
            )
        ranks, n_clips = ranks_of(X), enrolling_clips(self.normalise)
        if n_clips and ranks is None:
            raise PipelineError(
                f"this model standardises each speaker by {n_clips} of their clips that enrol, and none of these does: "
                f"mark them in the column {COLUMN} of the manifest, with 1 in their rows"
            )
        owners = self._owners(X, speakers)
        values = self.normaliser_.transform(self.features.transform(X), groups=owners, ranks=ranks)
        return values[:, self.columns_]

    def predict_proba(self, X: Any, *, speakers: NDArray | None = None) -> NDArray[np.float64]:
        """Probability of every class.

        Parameters
        ----------
        X : DataFrame or sequence
            Utterances table, paths, or (waveform, rate) pairs.
        speakers : ndarray of shape (n_utterances,), optional
            Who speaks; by default what a table's index says. Needed with per-speaker normalisation.

        Returns
        -------
        ndarray of shape (n_utterances, n_classes)
            Rows sum to 1; columns as `classes_`.

        Raises
        ------
        PipelineError
            If speakers are needed and not known, or the features are not those of training.
        """
        return self.model_.predict_proba(self.standardise(X, speakers=speakers))

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


def block_of(name: str) -> str:
    """The block that a feature belongs to: a member of joined features, a layer of an encoder, or a kind of features.

    Parameters
    ----------
    name : str

    Examples
    --------
    >>> block_of("layer2.mean.007"), block_of("mfcc.shape.c01.d04k028"), block_of("pitch.f0_hz.mean.voiced")
    ('layer2', 'shape', 'statistics')
    """
    group, member = group_of(name), member_of(name)
    if member:
        return member
    return group if _LAYER.fullmatch(group) else kind_of(name)


def speakers_of(X: Any) -> NDArray[np.str_] | None:
    """Speaker of each utterance of a table.

    Parameters
    ----------
    X : DataFrame or sequence

    Returns
    -------
    ndarray of shape (n_utterances,), or None
        None for what names no speakers.

    Examples
    --------
    >>> import pandas as pd
    >>> speakers_of(["a.wav"]) is None
    True
    >>> index = pd.MultiIndex.from_tuples([("ann", "1"), ("bob", "1")], names=["speaker", "id"])
    >>> speakers_of(pd.DataFrame({"path": ["a.wav", "b.wav"]}, index=index)).tolist()
    ['ann', 'bob']
    """
    if isinstance(X, pd.DataFrame) and "speaker" in X.index.names:
        return X.index.get_level_values("speaker").to_numpy().astype(str)
    return None
