"""What every classifier has in common that is trained by epochs: rows that validate, and the epoch that is kept."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from deep import runtime
from deep.validation import validation_rows
from features.clips import Clip, clips_from
from features.errors import PipelineError

if TYPE_CHECKING:
    from deep.predictor import Predictor


class EpochClassifier(ClassifierMixin, BaseEstimator):
    """A classifier that is trained for some epochs, of which the best on the validation speakers is kept.

    A subclass has the parameters named here, says how it is trained (`_train`), and leaves a `predictor_`.

    Parameters
    ----------
    epochs : int
        Number of epochs.
    patience : int, optional
        Stop after so many epochs without a better UAR on the validation speakers; None trains them all.
    n_jobs : int, optional
        CPU threads; None leaves torch's own choice.
    random_state : int
        Seed of everything that is random.
    work_dir : Path, optional
        Folder of this training alone: checkpoints, so that it can be resumed, and `history.csv` and `history.svg`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    predictor_ : Predictor
        The trained network.
    history_ : list of dict
        One row per epoch.
    best_params_ : dict
        The selected epoch and its UAR on validation speakers.
    n_trained_ : int
        How many numbers were trained.
    oof_proba_ : ndarray of shape (n_clips, n_classes)
        Probabilities of the validation rows, NaN in the others.
    notes_ : list of str
        What a reader of the result must know.
    """

    epochs: int
    patience: int | None
    n_jobs: int | None
    random_state: int
    work_dir: Path | None
    predictor_: Predictor

    def fit(self, X: Any, y: Sequence[str], *, valid: np.ndarray | None = None) -> Self:
        """Train.

        Parameters
        ----------
        X : DataFrame, or list of paths or (waveform, rate), of length n_clips
            Utterances.
        y : sequence of str of length n_clips
            Their labels.
        valid : bool ndarray of shape (n_clips,), default=None
            Rows that the epoch is selected on instead of being trained on. None holds a fifth of the speakers out, or a
            fifth of each label's clips where fewer than two speakers are known.

        Returns
        -------
        EpochClassifier
            Itself.

        Raises
        ------
        PipelineError
            If rows, labels and `valid` do not fit, or nothing would be left to train or to validate on.
        ModelError
            If the encoder or the device is not here.
        AudioError
            If a file cannot be read.
        """
        truth = np.asarray(y, dtype=str)
        clips = clips_from(X)
        if len(truth) != len(clips) or not len(clips):
            raise PipelineError(f"{len(clips)} clips and {len(truth)} labels; expected a label for each clip, and some")
        self._check()
        self.classes_ = np.unique(truth)
        rows, self.notes_ = validation_rows(X, truth, valid, seed=self.random_state)
        with runtime.threads(self.n_jobs), torch.random.fork_rng(), runtime.quiet():
            self._train(X, clips, np.searchsorted(self.classes_, truth), rows)
            probability = self._validated(X, clips, rows)
        self.oof_proba_ = np.full((len(clips), len(self.classes_)), np.nan)
        self.oof_proba_[rows] = probability
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities, float64 of shape (n_clips, n_classes), columns as `classes_`."""
        check_is_fitted(self, "predictor_")
        with runtime.threads(self.n_jobs), runtime.quiet():
            return self.predictor_.predict_proba(X)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of every clip."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _check(self) -> None:
        """Raise a PipelineError where a parameter cannot be."""
        if self.epochs < 1:
            raise PipelineError(f"epochs={self.epochs}; expected at least 1")
        if self.patience is not None and self.patience < 1:
            raise PipelineError(f"patience={self.patience}; expected at least 1, or None for all epochs")

    @abstractmethod
    def _train(self, X: Any, clips: list[Clip], targets: np.ndarray, valid: np.ndarray) -> None:
        """Train on the rows that do not validate; `targets` are positions among `classes_`."""

    def _validated(self, _X: Any, clips: list[Clip], rows: np.ndarray) -> np.ndarray:
        """Return the probabilities of the rows that validate."""
        return self.predictor_.predict_proba([clips[index] for index in np.flatnonzero(rows)])

    def _keep(self, network: Any, history: list[dict[str, float]], epoch: int) -> None:
        """Remember what the training came to."""
        self.history_ = history
        self.best_params_: dict[str, Any] = {"epoch": epoch, "valid_uar": history[epoch - 1]["valid_uar"]}
        self.n_trained_ = sum(tensor.numel() for some in network.trained_parameters().values() for tensor in some)
