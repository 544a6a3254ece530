"""Attentive statistics pooling over a frozen speech encoder, as a scikit-learn estimator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from deep.attentive_head import AttentiveHead
from deep.frames import FrameDataset
from deep.frozen_start import FrozenStart
from deep.probe_network import ProbeNetwork
from deep.trainer import Recipe
from features.errors import PipelineError


class AttentiveProbe(FrozenStart):
    """A learnt sum of a frozen encoder's layers, pooled over frames by learnt weights: their mean and deviation.

    The linear probe with Okabe's pooling in place of the plain mean: which layers, and which frames, are learnt. The
    loss weighs classes by the inverse of their frequency, and the epoch with the best UAR on the validation speakers is
    kept. The encoder is run once for each clip; the frames of all its layers are kept in the cache, 4 bytes a value
    (0.4 MB for a second of Whisper tiny, 2 MB for one of a base model).

    Parameters
    ----------
    features : FrozenEncoder
        The encoder, with the cache that keeps its frames; its choice of layer does not matter.
    epochs : int
        Number of epochs.
    patience : int, optional
        Stop after so many epochs without a better UAR on the validation speakers; None trains them all.
    rate : float
        Learning rate of Adam.
    batch_seconds : float
        Seconds of sound in a training batch, padding included.
    projection : int
        Values of a frame that are pooled.
    attention : int
        Values between the two linear maps that give a frame's weight.
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
        Seed of the first weights and of the order of the batches.
    work_dir : Path, optional
        Folder of this training alone: checkpoints, so that it can be resumed, and `history.csv` and `history.svg`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    predictor_ : Predictor
        The encoder and what was learnt as one network, which `deep.save` keeps.
    layer_weights_ : ndarray of shape (n_layers,)
        Weight of each layer; they sum to 1.
    history_ : list of dict
        One row per epoch: losses, learning rate, UAR on validation speakers, seconds.
    best_params_ : dict
        The selected epoch, its UAR on validation speakers, and the weights of the layers.
    n_trained_ : int
        How many numbers were trained.
    oof_proba_, train_proba_ : ndarray of shape (n_clips, n_classes)
        Probabilities of the validation rows, and of the rows that were trained on; NaN in the others.
    notes_ : list of str
        What a reader of the result must know.

    References
    ----------
    Okabe, Koshinaka and Shinoda (2018), Attentive Statistics Pooling for Deep Speaker Embedding,
    https://arxiv.org/abs/1803.10963

    Examples
    --------
    >>> from deep import AttentiveProbe, FrozenEncoder
    >>> AttentiveProbe(FrozenEncoder("microsoft/wavlm-base"), epochs=5).get_params()["attention"]
    128

    With a small encoder in a folder, on a corpus of one's own:

    >>> from benchmarks import corpora  # doctest: +SKIP
    >>> table = corpora.load("manifest", "my.csv").utterances  # doctest: +SKIP
    >>> probe = AttentiveProbe(FrozenEncoder("FOLDER"), epochs=1).fit(table, table["label"])  # doctest: +SKIP
    >>> probe.predict(table[:2]), probe.predict_proba(table[:2]), probe.layer_weights_  # doctest: +SKIP
    """

    def __init__(
        self,
        features: Any,
        *,
        epochs: int = 30,
        patience: int | None = None,
        rate: float = 1e-3,
        batch_seconds: float = 64.0,
        projection: int = 256,
        attention: int = 128,
        cached: bool = True,
        device: str = "auto",
        precision: str = "auto",
        n_jobs: int | None = None,
        random_state: int = 0,
        work_dir: Path | None = None,
    ) -> None:
        self.features = features
        self.epochs = epochs
        self.patience = patience
        self.rate = rate
        self.batch_seconds = batch_seconds
        self.projection = projection
        self.attention = attention
        self.cached = cached
        self.device = device
        self.precision = precision
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.work_dir = work_dir

    def _check(self) -> None:
        super()._check()
        if self.projection < 1 or self.attention < 1:
            raise PipelineError(
                f"projection={self.projection}, attention={self.attention}; expected at least 1 of each"
            )

    def _frames(self, encoder: Any) -> tuple[Any, tuple[int, ...], str]:
        def encode(waveforms: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
            return encoder.every_layer(waveforms, lengths)[0].permute(1, 2, 0, 3)

        return encode, (len(encoder.layers) + 1, encoder.width), "all layers"

    def _trained(self, encoder: Any, training: FrameDataset) -> AttentiveHead:
        head = AttentiveHead(
            len(encoder.layers) + 1,
            encoder.width,
            len(self.classes_),
            projection=self.projection,
            attention=self.attention,
        )
        head.standardise_by(*_moments(training))
        return head

    def _recipe(self) -> Recipe:
        return Recipe(
            epochs=self.epochs,
            patience=self.patience,
            head_rate=self.rate,
            annealing_factor=1.0,
            seed=self.random_state,
        )

    def _whole(self, encoder: Any, network: Any) -> ProbeNetwork:
        self.layer_weights_ = network.layer_logits.detach().softmax(dim=0).cpu().numpy()
        self.best_params_["layer_weights"] = [round(float(weight), 4) for weight in self.layer_weights_]
        return ProbeNetwork(encoder, network)


def _moments(training: FrameDataset) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and deviation of every value over the frames of all clips, each of the shape of a frame."""
    n_frames = 0
    total = squares = torch.zeros(training.frames.shape, dtype=torch.float64)
    for position in range(len(training)):
        values = training[position][1].double()
        n_frames += len(values)
        total = total + values.sum(dim=0)
        squares = squares + values.square().sum(dim=0)
    mean = total / n_frames
    return mean.float(), (squares / n_frames - mean.square()).clamp(min=0).sqrt().float()
