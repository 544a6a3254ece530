"""Features to class probabilities: one estimator on the utterances table around any model on arrays."""

from __future__ import annotations

import importlib
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from classical.normalise import Normaliser, Scope
from classical.tuning import uar
from features.errors import PipelineError

MODELS = {
    "svm": "classical.svm:SvmClassifier",
    "xgboost": "classical.boosting:BoostingClassifier",
    "logistic": "classical.logistic:LogisticClassifier",
    "majority": "classical.reference:MajorityClassifier",
    "random": "classical.reference:RandomClassifier",
}


class Features(Protocol):
    """What turns utterances into numbers: `features.FeatureExtractor`, a frozen encoder, a table of one's own."""

    def transform(self, X: Any) -> NDArray:
        """Values of shape (n_utterances, n_features), NaN where a statistic has nothing to be computed on."""
        ...

    def get_feature_names_out(self) -> NDArray:
        """Names of the features."""
        ...


class SpeechClassifier(ClassifierMixin, BaseEstimator):
    """Extract, standardise and classify utterances.

    Parameters
    ----------
    features
        Transformer from utterances to an array (n_utterances, n_features). It learns nothing, so it is used as it is.
    model
        Estimator on arrays with ``fit(X, y, groups=speakers)``, such as `classical.svm.SvmClassifier`.
    normalise
        ``'global'`` or ``'speaker'``; see `classical.normalise.Normaliser`.
    random_state
        Seed given to the model.
    n_jobs
        Threads given to the model.
    device
        ``'auto'``, ``'cpu'`` or ``'cuda'``, given to a model that can use a GPU.
    choose_group
        Use only the features of the one group, by the names up to the first dot, that does best on inner folds: so one
        layer is chosen among all of a speech encoder.

    Attributes
    ----------
    classes_ : ndarray of str
        Sorted labels.
    normaliser_ : Normaliser
    model_ : estimator
        The fitted model.
    columns_ : ndarray of shape (n_features used,)
        Positions, among the columns that the normaliser keeps, of those that the model uses.
    feature_names_ : ndarray of str
        Names of the features that the model uses, in its order.
    chosen_, n_settings_, tuning_cpu_seconds_, notes_, inner_probability_
        As learnt by the model; `inner_probability_` has shape (n_utterances of fit, n_classes) and NaN where there is
        none.
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

    def fit(self, X: pd.DataFrame, y: Any) -> SpeechClassifier:
        """Train on an utterances table whose index has the level 'speaker'.

        Parameters
        ----------
        X
            Utterances table; the columns path, start and end are all that counts.
        y : (n_utterances,)
            Labels.

        Raises
        ------
        PipelineError
            If there are fewer than two labels, lengths differ, or X names no speakers.
        """
        y = np.asarray(y).astype(str)
        if len(X) != len(y):
            raise PipelineError(f"{len(X)} utterances but {len(y)} labels: give one label each")
        speakers = speakers_of(X)
        if speakers is None:
            raise PipelineError("training needs an utterances table whose index has the level 'speaker'")
        self.normaliser_ = Normaliser(self.normalise)
        values = self.normaliser_.fit_transform(self.features.transform(X), speakers)
        names = np.asarray(self.features.get_feature_names_out())[self.normaliser_.kept_].astype(str)
        self._learn(values, names, y, speakers)
        self.feature_names_ = names[self.columns_]
        self.classes_ = self.model_.classes_
        self.notes_ = [*self.normaliser_.fallbacks(speakers), *getattr(self.model_, "notes_", [])]
        return self

    def _learn(self, values: NDArray, names: NDArray, y: NDArray, speakers: NDArray) -> None:
        """Fit the model to every choice of columns and keep the best by UAR on inner folds."""
        groups = np.array([name.partition(".")[0] for name in names])
        choices = (
            {group: np.flatnonzero(groups == group) for group in dict.fromkeys(groups)} if self.choose_group else {}
        )
        highest, self.n_settings_, self.tuning_cpu_seconds_ = -np.inf, 0, 0.0
        for group, columns in (choices or {"": np.arange(len(names))}).items():
            model = self._new_model().fit(values[:, columns], y, groups=speakers)
            missing = np.full((len(y), len(model.classes_)), np.nan)
            inner: NDArray[np.float64] = getattr(model, "inner_probability_", missing)
            reached = uar(np.searchsorted(model.classes_, y), inner)
            self.n_settings_ += int(getattr(model, "n_settings_", 1))
            self.tuning_cpu_seconds_ += float(getattr(model, "tuning_cpu_seconds_", 0.0))
            if np.isneginf(highest) or reached > highest:
                highest, self.model_, self.columns_, self.inner_probability_ = (
                    np.nan_to_num(reached),
                    model,
                    columns,
                    inner,
                )
                self.chosen_ = {**({"group": group} if group else {}), **getattr(model, "chosen_", {})}

    def _new_model(self) -> Any:
        model = clone(self.model)
        given = {"random_state": self.random_state, "n_jobs": self.n_jobs, "device": self.device}
        return model.set_params(**{name: value for name, value in given.items() if name in model.get_params()})

    def standardise(self, X: Any, *, speakers: NDArray | None = None) -> NDArray[np.float64]:
        """Features as the model sees them, shape (n_utterances, n_features used); see `predict_proba`."""
        check_is_fitted(self, "model_")
        if speakers is None:
            speakers = speakers_of(X)
        if self.normalise == "speaker" and (speakers is None or (speakers == "").any()):
            raise PipelineError(
                "this model standardises each speaker by their own clips, and not all of these have a speaker: "
                "give a manifest with the column speaker, or say that it is one speaker"
            )
        known = np.full(len(X), "") if speakers is None else speakers
        return self.normaliser_.transform(self.features.transform(X), known)[:, self.columns_]

    def predict_proba(self, X: Any, *, speakers: NDArray | None = None) -> NDArray[np.float64]:
        """Probability of every class.

        Parameters
        ----------
        X
            Utterances table, paths, or (waveform, rate) pairs.
        speakers : (n_utterances,), optional
            Who speaks; by default what a table's index says. Needed with per-speaker normalisation.

        Returns
        -------
        probabilities : (n_utterances, n_classes)
            Rows sum to 1; columns as `classes_`.

        Raises
        ------
        PipelineError
            If speakers are needed and not known, or the features are not those of training.
        """
        return self.model_.predict_proba(self.standardise(X, speakers=speakers))

    def predict(self, X: Any, *, speakers: NDArray | None = None) -> NDArray[np.str_]:
        """Label with the highest probability, shape (n_utterances,)."""
        return self.classes_[self.predict_proba(X, speakers=speakers).argmax(axis=1)]


def speakers_of(X: Any) -> NDArray[np.str_] | None:
    """Speaker of each utterance of a table; None for what names no speakers."""
    if isinstance(X, pd.DataFrame) and "speaker" in X.index.names:
        return X.index.get_level_values("speaker").to_numpy().astype(str)
    return None


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
    model_name
        One of `MODELS`.
    features, normalise, random_state, n_jobs, choose_group
        As for `SpeechClassifier`.

    Raises
    ------
    PipelineError
        If there is no such model.
    """
    if model_name not in MODELS:
        raise PipelineError(f"model {model_name!r} is unknown: choose one of {', '.join(MODELS)}")
    module, _, name = MODELS[model_name].partition(":")
    model = getattr(importlib.import_module(module), name)()
    return SpeechClassifier(
        features, model, normalise=normalise, random_state=random_state, n_jobs=n_jobs, choose_group=choose_group
    )
