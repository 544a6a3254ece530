"""Learning rates and number of epochs chosen on inner folds, as classical pipelines choose their settings."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils.validation import check_is_fitted

from features.errors import PipelineError

RATES = ("rate", "head_rate", "encoder_rate")
"""Parameters of classifiers that are learning rates."""

_OWN = ("classifier", "factors", "n_inner")


class TunedRates(ClassifierMixin, BaseEstimator):
    """A deep classifier whose learning rates and epochs are chosen on inner folds of the training speakers.

    For each factor the classifier is trained on every inner fold with its rates times the factor, and the UAR on the
    fold's held-out speakers is noted after each epoch. The factor and the epoch with the highest mean are kept, and the
    classifier is trained once more with these, on what it would have been trained on without a search. The parameters
    of the classifier are this one's too, without a prefix.

    Parameters
    ----------
    classifier : estimator
        With `epochs`, `work_dir`, `random_state` and learning rates among its parameters, and `history_` after `fit`.
    factors : tuple of float
        What all learning rates are multiplied by, to try.
    n_inner : int
        Number of inner folds.

    Attributes
    ----------
    fitted_ : estimator
        The classifier as it was trained last; its attributes are this one's too.
    best_params_ : dict
        The rates and the number of epochs that were chosen, beside what the classifier says itself.
    n_candidates_ : int
        Factors times epochs: the settings among which was chosen.
    search_time_ : float
        CPU seconds that choosing took.

    Examples
    --------
    >>> from deep import FineTunedClassifier
    >>> tuned = TunedRates(FineTunedClassifier("FOLDER", epochs=5))
    >>> tuned.set_params(epochs=3).get_params()["epochs"]
    3

    With a small encoder in a folder, on a corpus of one's own:

    >>> from benchmarks import corpora  # doctest: +SKIP
    >>> from deep import FrozenEncoder, LinearProbe  # doctest: +SKIP
    >>> table = corpora.load("manifest", "my.csv").utterances  # doctest: +SKIP
    >>> tuned = TunedRates(LinearProbe(FrozenEncoder("FOLDER", device="cpu"), epochs=1), n_inner=2)  # doctest: +SKIP
    >>> tuned.fit(table, table["label"]).best_params_["epochs"]  # doctest: +SKIP
    1
    >>> tuned.features.encoder, tuned.predictor_.predict_proba(["clip.wav"]).shape  # doctest: +SKIP
    ('FOLDER', (1, 2))
    >>> tuned.predict(table[:2]), tuned.predict_proba(table[:2])  # doctest: +SKIP
    """

    def __init__(self, classifier: Any, *, factors: tuple[float, ...] = (1 / 3, 1.0, 3.0), n_inner: int = 3) -> None:
        self.classifier = classifier
        self.factors = factors
        self.n_inner = n_inner

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, with `deep` those of the classifier too."""
        own = {name: getattr(self, name) for name in _OWN}
        return {**self.classifier.get_params(), **own} if deep else own

    def set_params(self, **params: Any) -> TunedRates:
        """Set parameters, the classifier's too."""
        for name in set(params) & set(_OWN):
            setattr(self, name, params[name])
        others = {name: value for name, value in params.items() if name not in _OWN}
        if others:
            self.classifier.set_params(**others)
        return self

    @property
    def features(self) -> Any:
        """What the classifier reads."""
        return self.classifier.features

    @property
    def predictor_(self) -> Any:
        """The trained network."""
        check_is_fitted(self, "fitted_")
        return self.fitted_.predictor_

    def fit(self, X: Any, y: Sequence[str], *, valid: np.ndarray | None = None) -> TunedRates:
        """Choose, then train.

        Parameters
        ----------
        X, y, valid
            As of the classifier; `valid` is for the last training alone.

        Returns
        -------
        TunedRates

        Raises
        ------
        PipelineError
            If there is nothing to choose among, or too few clips for inner folds.
        """
        if not self.factors or self.n_inner < 2:
            raise PipelineError(
                f"factors {self.factors}, {self.n_inner} inner folds; expected a factor or more, and 2 folds or more"
            )
        truth = np.asarray(y, dtype=str)
        began = time.process_time()
        curves = {factor: self._curve(X, truth, factor) for factor in self.factors}
        self.search_time_ = time.process_time() - began
        factor = max(curves, key=lambda one: curves[one].max())
        epochs = int(curves[factor].argmax()) + 1
        self.n_candidates_ = sum(map(len, curves.values()))
        self.fitted_ = self._scaled(factor, "last").set_params(epochs=epochs).fit(X, truth, valid=valid)
        for name, value in vars(self.fitted_).items():
            if name.endswith("_") and name != "predictor_":
                setattr(self, name, value)
        rates = {name: self.fitted_.get_params()[name] for name in self._rates()}
        self.best_params_: dict[str, Any] = {**self.fitted_.best_params_, **rates, "epochs": epochs}
        return self

    def _curve(self, X: Any, truth: np.ndarray, factor: float) -> np.ndarray:
        """Mean over inner folds of the UAR on held-out speakers after each epoch, none of them left out."""
        histories: list[list[Mapping[str, float]]] = []
        for number, held_out in enumerate(self._inner(X, truth)):
            tried = self._scaled(factor, f"factor{factor:.3g}-fold{number}").set_params(patience=None)
            histories.append(tried.fit(X, truth, valid=held_out).history_)
        return np.mean([[row["valid_uar"] for row in history] for history in histories], axis=0)

    def _inner(self, X: Any, truth: np.ndarray) -> list[np.ndarray]:
        """Held-out rows of each inner fold: other speakers, where two or more are known."""
        names = getattr(getattr(X, "index", None), "names", ())
        speakers = np.asarray(X.index.get_level_values("speaker"), dtype=str) if "speaker" in names else np.array([])
        n_folds = min(self.n_inner, max(len(set(speakers)), 2))
        kind = StratifiedGroupKFold if len(set(speakers)) > 1 else StratifiedKFold
        splitter = kind(n_folds, shuffle=True, random_state=self.classifier.get_params()["random_state"])
        try:
            folds = list(splitter.split(truth, truth, speakers if len(speakers) else None))
        except ValueError as error:
            raise PipelineError(f"{len(truth)} clips cannot be split into {n_folds} inner folds ({error})") from error
        return [np.isin(np.arange(len(truth)), held_out) for _, held_out in folds]

    def _scaled(self, factor: float, name: str) -> Any:
        """The classifier with its rates times a factor, and a folder of its own."""
        classifier = clone(self.classifier)
        params = classifier.get_params()
        values = {rate: params[rate] * factor for rate in self._rates()}
        folder = params.get("work_dir")
        return classifier.set_params(**values, work_dir=None if folder is None else Path(folder) / name)

    def _rates(self) -> list[str]:
        params = self.classifier.get_params(deep=False)
        return [rate for rate in RATES if rate in params]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities, float64 of shape (n_clips, n_classes), columns as `classes_`."""
        check_is_fitted(self, "fitted_")
        return self.fitted_.predict_proba(X)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of every clip."""
        check_is_fitted(self, "fitted_")
        return self.fitted_.predict(X)
