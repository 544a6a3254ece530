"""A trained network with its labels: sound in, probabilities out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from deep import runtime
from deep.batches import Batch, ClipDataset, inference_loader, retry_on_oom
from deep.network import EmotionNetwork
from deep.probe_network import ProbeNetwork
from features.audio import RATE
from features.clips import clips_from


class Predictor:
    """Predict emotions of sound files with a trained network.

    Parameters
    ----------
    network : EmotionNetwork or ProbeNetwork
        Trained.
    labels : sequence of str
        One per output of the network, in its order.
    device : str, default="auto"
        `auto`, `cpu`, `cuda` or `cuda:N`.
    precision : str, default="auto"
        `float32`, `bfloat16`, or `auto`: bfloat16 on a GPU that has it.
    batch_seconds : float, default=None
        Seconds of sound in a batch, padding included; None for 16 on a CPU and 320 on a GPU.
    pad_seconds : float, default=0.0
        Pad every batch to a multiple of this, as `deep.FineTunedClassifier` does.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, in the order of the columns.
    notes_ : list of str
        What a user should know of the loaded model, such as other versions of libraries than it was made with.

    Examples
    --------
    >>> import deep
    >>> model = deep.load("model/")  # doctest: +SKIP
    >>> model.predict(["a.wav", "b.wav"]), model.predict_proba(["a.wav", "b.wav"])  # doctest: +SKIP
    >>> probability, score, index, label = model.classify_file("a.wav")  # as SpeechBrain's classes  # doctest: +SKIP
    """

    def __init__(
        self,
        network: EmotionNetwork | ProbeNetwork,
        labels: Sequence[str],
        *,
        device: str = "auto",
        precision: str = "auto",
        batch_seconds: float | None = None,
        pad_seconds: float = 0.0,
    ) -> None:
        self.device = runtime.resolve(device)
        self.network = network.to(self.device).eval()
        self.classes_ = np.array(labels, dtype=str)
        self.precision = precision
        self.batch_seconds = batch_seconds
        self.pad_seconds = pad_seconds
        self.notes_: list[str] = []

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of every label for every clip.

        Parameters
        ----------
        X : list of str or Path, list of (waveform, rate), or DataFrame
            Sound files, waveforms, or an utterances table.

        Returns
        -------
        ndarray of shape (n_clips, n_classes)
            float64, in the order of `X`, columns as `classes_`; rows sum to 1.

        Raises
        ------
        AudioError
            If a file cannot be read.
        """
        dataset = ClipDataset(clips_from(X))
        logits = np.zeros((len(dataset), len(self.classes_)))
        step = max(1, round(self.pad_seconds * RATE))
        for batch in inference_loader(dataset, self.device, batch_seconds=self.batch_seconds, step=step):
            logits[batch.positions.numpy()] = retry_on_oom(batch, self._logits)
        return softmax(logits)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of every clip, shape (n_clips,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def classify_file(self, path: str | Path) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, list[str]]:
        """Classify one file as SpeechBrain's `foreign_class(...).classify_file` does.

        Parameters
        ----------
        path : str or Path
            Sound file.

        Returns
        -------
        probability : float32 torch.Tensor of shape (1, n_classes)
            Columns as `classes_`.
        score, index : torch.Tensor of shape (1,)
            The highest probability, and its column.
        label : list of str
            The label of that column.
        """
        probability = torch.from_numpy(self.predict_proba([path])).float()
        score, index = probability.max(dim=-1)
        return probability, score, index, [str(self.classes_[int(index)])]

    @torch.inference_mode()
    def _logits(self, pieces: Sequence[Batch]) -> np.ndarray:
        logits = []
        for piece in pieces:
            batch = piece.to(self.device)
            # some versions of transformers draw a number per layer, whether or not layers are dropped
            with runtime.autocast(self.precision, self.device), torch.random.fork_rng(devices=[]):
                logits.append(self.network(batch.waveforms, batch.lengths).float().cpu().numpy())
        return np.concatenate(logits)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities of logits, both of shape (n_clips, n_classes)."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def __getattr__(name: str) -> Any:
    if name == "Recogniser":
        message = "deep.predictor.Recogniser is now Predictor; the old name goes with the next version"
        warnings.warn(message, FutureWarning, stacklevel=2)
        return Predictor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
