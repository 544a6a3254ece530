"""Classifiers whose encoder is frozen up to a layer: what that makes of a clip is computed once, then trained on."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from deep import runtime
from deep.batches import LengthBuckets, loader
from deep.checkpoints import WholeCheckpointer
from deep.estimator import EpochClassifier
from deep.frames import FrameDataset, FrozenFrames, kept_in
from deep.predictor import Predictor, softmax
from deep.trainer import EmotionBrain, Recipe
from deep.training import balanced_weights, identity_of, train
from features.audio import RATE
from features.clips import Clip
from features.errors import FeatureError, PipelineError


class FrozenStart(EpochClassifier):
    """Base of the classifiers that are trained on the frames of a frozen encoder, or of its lower layers.

    A subclass has the parameters named here, and says which frames it reads (`_frames`), what is trained on them
    (`_trained`, by which `_recipe`), and how both become one network from sound to logits (`_whole`).

    Parameters
    ----------
    features : FrozenEncoder
        The encoder; its cache keeps the frames. Without one they go with the training.
    batch_seconds : float
        Seconds of sound in a training batch, padding included.
    cached : bool
        Whether frames are computed once and kept; otherwise on every access, slower and with the same answers.
    device : str
        `auto`, `cpu`, `cuda` or `cuda:N`.
    precision : str
        Number type of the training: `float32`, `bfloat16`, or `auto`, bfloat16 on a GPU that has it. Frames and answers
        are computed in float32.

    Attributes
    ----------
    train_proba_ : ndarray of shape (n_clips, n_classes)
        Probabilities of the rows that were trained on, from their frames, NaN in the others.
    """

    features: Any
    batch_seconds: float
    cached: bool
    device: str
    precision: str

    @abstractmethod
    def _frames(self, encoder: Any) -> tuple[Any, tuple[int, ...], str]:
        """Return `encode` of `FrozenFrames`, the shape of a frame, and in words the part of the encoder that it is."""

    @abstractmethod
    def _trained(self, encoder: Any, training: FrameDataset) -> torch.nn.Module:
        """Return the network that is trained, from frames to logits; random numbers are seeded."""

    @abstractmethod
    def _recipe(self) -> Recipe:
        """Return how it is trained."""

    @abstractmethod
    def _whole(self, encoder: Any, network: Any) -> Any:
        """Return the encoder and what was trained as one network that `Predictor` takes and `deep.save` keeps."""

    def _check(self) -> None:
        super()._check()
        if not self.batch_seconds > 0:
            raise PipelineError(f"batch_seconds={self.batch_seconds}; expected more than 0")
        if not hasattr(self.features, "load"):
            raise FeatureError(
                f"features is {type(self.features).__name__}, which holds no encoder; expected a FrozenEncoder"
            )

    def _train(self, _X: Any, clips: list[Clip], targets: np.ndarray, valid: np.ndarray) -> None:
        device = runtime.resolve(self.device)
        encoder = self.features.load().to(device).eval()
        for parameter in encoder.parameters():
            parameter.requires_grad = False
        encode, shape, part = self._frames(encoder)
        with kept_in(self.features.cache) if self.cached else nullcontext() as cache:
            frames = FrozenFrames(
                encode, shape=shape, identity=f"{part} of {self.features.identity()}", cache=cache, device=device
            )
            training, validation = (_of(frames, clips, targets, rows) for rows in (~valid, valid))
            network, history, epoch = train(
                partial(self._brain, encoder, training, targets[~valid], len(validation), device=device),
                training,
                validation,
                budget=self._budget(),
                device=device,
                seed=self.random_state,
                work_dir=self.work_dir,
                identity=identity_of(
                    self.get_params(deep=False) | {"features": f"{part} of {self.features.identity()}"},
                    clips,
                    targets,
                    valid,
                ),
            )
            self._keep(network, history, epoch)
            network.eval()
            self._valid_proba = self._answers(network, validation, device)
            self.train_proba_ = np.full((len(clips), len(self.classes_)), np.nan)
            self.train_proba_[~valid] = self._answers(network, training, device)
        whole = self._whole(encoder, network)
        self.predictor_ = Predictor(whole, self.classes_.tolist(), device=str(device), precision="float32")

    def _brain(
        self,
        encoder: Any,
        training: FrameDataset,
        targets: np.ndarray,
        n_valid: int,
        folder: Path,
        *,
        device: torch.device,
    ) -> EmotionBrain:
        torch.manual_seed(self.random_state)
        return EmotionBrain(
            self._trained(encoder, training).to(device),
            recipe=self._recipe(),
            class_weights=balanced_weights(targets, len(self.classes_)),
            n_valid=n_valid,
            checkpointer=WholeCheckpointer(folder),
            device=device,
            dtype=runtime.number_type(self.precision, device),
        )

    def _budget(self) -> int:
        return round(self.batch_seconds * RATE)

    @torch.inference_mode()
    def _answers(self, network: Any, dataset: FrameDataset, device: torch.device) -> np.ndarray:
        """Return the probabilities of some clips from their frames."""
        logits = np.zeros((len(dataset), len(self.classes_)))
        for batch in loader(dataset, LengthBuckets(dataset.n_samples, budget=self._budget()), workers=0, pinned=False):
            batch = batch.to(device)
            logits[batch.positions.cpu().numpy()] = network(batch.waveforms, batch.lengths).float().cpu().numpy()
        return softmax(logits)

    def _validated(self, _X: Any, _clips: list[Clip], _rows: np.ndarray) -> np.ndarray:
        return self._valid_proba


def _of(frames: FrozenFrames, clips: list[Clip], targets: np.ndarray, rows: np.ndarray) -> FrameDataset:
    indices = np.flatnonzero(rows)
    return FrameDataset(frames, [clips[index] for index in indices], targets[indices].tolist())
