"""A trained network with its labels: sound in, probabilities out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from deep import runtime as devices
from deep.batches import Batch, ClipDataset, LengthBuckets, loader, rounded_up
from deep.memory import within_memory
from deep.network import EmotionNetwork
from features.audio import RATE
from features.clips import clips_from

SECONDS_A_BATCH = {"cpu": 16.0, "cuda": 320.0}
LEAST_SHARE = {"cpu": 0.98, "cuda": 0.5}
WORKERS = {"cpu": 0, "cuda": 4}


class Recogniser:
    """Answers for sound files with a trained network.

    Parameters
    ----------
    network : EmotionNetwork
        Trained.
    labels : sequence of str
        One an output of the network, in its order.
    device : str
        `auto`, `cpu`, `cuda` or `cuda:N`.
    precision : str
        `float32`, `bfloat16`, or `auto`: bfloat16 on a GPU that has it.
    batch_seconds : float, optional
        Seconds of sound in a batch, padding included; by default 16 on a CPU and 320 on a GPU.
    pad_seconds : float
        Pad every batch to a multiple of this, as `deep.classifier.FineTunedClassifier` does.

    Attributes
    ----------
    classes_ : np.ndarray
        The labels, in the order of the columns.
    """

    def __init__(
        self,
        network: EmotionNetwork,
        labels: Sequence[str],
        *,
        device: str = "auto",
        precision: str = "auto",
        batch_seconds: float | None = None,
        pad_seconds: float = 0.0,
    ) -> None:
        self.device = devices.resolve(device)
        self.network = network.to(self.device).eval()
        self.classes_ = np.array(labels, dtype=str)
        self.precision = precision
        self.batch_seconds = batch_seconds
        self.pad_seconds = pad_seconds

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of every label for every clip.

        Parameters
        ----------
        X : list of str or Path, list of (waveform, rate), or pandas.DataFrame
            Sound files, waveforms, or an utterances table.

        Returns
        -------
        np.ndarray
            float64, shape (n_clips, n_classes), in the order given, columns as `classes_`; rows sum to 1.

        Raises
        ------
        AudioError
            When a file cannot be read.
        """
        dataset = ClipDataset(clips_from(X))
        logits = np.zeros((len(dataset), len(self.classes_)))
        for batch, found in self._answers(dataset):
            logits[batch.positions.numpy()] = found
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of every clip, shape (n_clips,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def classify_file(self, path: str | Path) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, list[str]]:
        """Answer for one file as SpeechBrain's `foreign_class(...).classify_file` does.

        Returns
        -------
        probability : torch.Tensor
            float32, shape (1, n_classes), columns as `classes_`.
        score, index : torch.Tensor
            Shape (1,): the highest probability, and its column.
        label : list of str
            The label of that column.
        """
        probability = torch.from_numpy(self.predict_proba([path])).float()
        score, index = probability.max(dim=-1)
        return probability, score, index, [str(self.classes_[int(index)])]

    def _answers(self, dataset: ClipDataset) -> Iterator[tuple[Batch, np.ndarray]]:
        kind = self.device.type
        seconds = SECONDS_A_BATCH[kind] if self.batch_seconds is None else self.batch_seconds
        step = max(1, round(self.pad_seconds * RATE))
        widths = rounded_up(dataset.n_samples, step)
        buckets = LengthBuckets(widths, budget=round(seconds * RATE), least_share=LEAST_SHARE[kind])
        workers = WORKERS[kind] if len(buckets) > WORKERS[kind] else 0
        for batch in loader(dataset, buckets, workers=workers, pinned=kind == "cuda", step=step):
            yield batch, within_memory(batch, self._logits)

    @torch.inference_mode()
    def _logits(self, pieces: Sequence[Batch]) -> np.ndarray:
        parts = []
        for piece in pieces:
            there = piece.to(self.device)
            with devices.autocast(self.precision, self.device):
                parts.append(self.network(there.waveforms, there.lengths).float().cpu().numpy())
        return np.concatenate(parts)
