"""The last layers of a speech encoder, tuned above frozen ones, as a scikit-learn estimator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from deep.configuration import too_many
from deep.frames import FrameDataset
from deep.frozen_start import FrozenStart
from deep.network import EmotionNetwork
from deep.trainer import Recipe
from deep.upper_layers import UpperLayers
from features.errors import PipelineError


class LastLayersClassifier(FrozenStart):
    """A speech encoder of which the last layers alone are tuned, with a linear head on the mean of the last.

    What the frozen layers make of a clip is computed once, for all epochs and all folds, and kept in the cache as
    float32 (0.08 MB for a second of Whisper tiny, 0.15 MB for one of a base model). It is computed without dropout; in
    the layers that are tuned dropout is on, and no layer is dropped. The network that is kept is whole: it answers from
    sound. The loss weighs classes by the inverse of their frequency, and the epoch with the best UAR on the validation
    speakers is kept.

    Parameters
    ----------
    features : FrozenEncoder
        The encoder, with the cache that keeps its frames; its choice of layer does not matter.
    last_layers : int
        How many layers are tuned, of the transformer, from the last on.
    epochs : int
        Number of epochs.
    patience : int, optional
        Stop after so many epochs without a better UAR on the validation speakers; None trains them all.
    head_rate, encoder_rate : float
        Learning rates of the two Adams.
    warm_up : int
        Epochs in which both rates rise to these.
    annealing_factor : float
        What NewBob multiplies both rates by where the error on validation speakers hardly improves; 1 keeps them.
    batch_seconds : float
        Seconds of sound in a training batch, padding included.
    output_norm : bool
        Normalise the encoder's output over each clip's own frames.
    cached : bool
        Whether frames are computed once and kept; otherwise on every access, slower and with the same answers.
    device : str
        `auto`, `cpu`, `cuda` or `cuda:N`.
    precision : str
        Number type of the training: `float32`, `bfloat16`, or `auto`, bfloat16 on a GPU that has it. It answers in
        float32.
    n_jobs : int, optional
        CPU threads; None leaves torch's own choice.
    random_state : int
        Seed of the head's first weights, of dropout and of the order of the batches.
    work_dir : Path, optional
        Folder of this training alone: checkpoints, so that it can be resumed, and `history.csv` and `history.svg`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    predictor_ : Predictor
        The whole network, which `deep.save` keeps.
    history_ : list of dict
        One row per epoch: losses, learning rates, UAR on validation speakers, seconds.
    best_params_ : dict
        The selected epoch and its UAR on validation speakers.
    n_trained_ : int
        How many numbers were trained.
    oof_proba_, train_proba_ : ndarray of shape (n_clips, n_classes)
        Probabilities of the validation rows, and of the rows that were trained on; NaN in the others.
    notes_ : list of str
        What a reader of the result must know.

    Examples
    --------
    >>> from deep import FrozenEncoder, LastLayersClassifier
    >>> LastLayersClassifier(FrozenEncoder("microsoft/wavlm-base"), last_layers=4).get_params()["last_layers"]
    4

    With a small encoder in a folder, on a corpus of one's own:

    >>> from benchmarks import corpora  # doctest: +SKIP
    >>> table = corpora.load("manifest", "my.csv").utterances  # doctest: +SKIP
    >>> tuned = LastLayersClassifier(FrozenEncoder("FOLDER"), last_layers=1, epochs=1)  # doctest: +SKIP
    >>> tuned = tuned.fit(table, table["label"])  # doctest: +SKIP
    >>> tuned.predict(table[:2]), tuned.predict_proba(table[:2])  # doctest: +SKIP
    """

    def __init__(
        self,
        features: Any,
        *,
        last_layers: int = 2,
        epochs: int = 10,
        patience: int | None = None,
        head_rate: float = 1e-3,
        encoder_rate: float = 1e-4,
        warm_up: int = 1,
        annealing_factor: float = 0.9,
        batch_seconds: float = 32.0,
        output_norm: bool = True,
        cached: bool = True,
        device: str = "auto",
        precision: str = "auto",
        n_jobs: int | None = None,
        random_state: int = 0,
        work_dir: Path | None = None,
    ) -> None:
        self.features = features
        self.last_layers = last_layers
        self.epochs = epochs
        self.patience = patience
        self.head_rate = head_rate
        self.encoder_rate = encoder_rate
        self.warm_up = warm_up
        self.annealing_factor = annealing_factor
        self.batch_seconds = batch_seconds
        self.output_norm = output_norm
        self.cached = cached
        self.device = device
        self.precision = precision
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.work_dir = work_dir

    def _first(self, encoder: Any) -> int:
        """Return the first layer that is tuned."""
        reason = too_many(self.last_layers, len(encoder.layers))
        if reason:
            raise PipelineError(reason)
        return len(encoder.layers) - self.last_layers

    def _frames(self, encoder: Any) -> tuple[Any, tuple[int, ...], str]:
        first = self._first(encoder)

        def encode(waveforms: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
            return encoder.before_layer(waveforms, lengths, first)[0]

        return encode, (encoder.width,), f"input of layer {first}"

    def _trained(self, encoder: Any, _training: FrameDataset) -> UpperLayers:
        first = self._first(encoder)
        tuned = encoder.tuned_from(first)
        for module in tuned:
            module.requires_grad_(True)
        return UpperLayers(EmotionNetwork(encoder, len(self.classes_), output_norm=self.output_norm), first, tuned)

    def _recipe(self) -> Recipe:
        return Recipe(
            epochs=self.epochs,
            patience=self.patience,
            head_rate=self.head_rate,
            encoder_rate=self.encoder_rate,
            annealing_factor=self.annealing_factor,
            warm_up=self.warm_up,
            seed=self.random_state,
        )

    def _whole(self, _encoder: Any, network: Any) -> EmotionNetwork:
        return network.network
