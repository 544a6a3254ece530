"""Low-rank adaptation of a speech encoder (LoRA, by the library `peft`), as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from deep.frames import FrameDataset
from deep.frozen_start import FrozenStart
from deep.network import EmotionNetwork
from deep.trainer import Recipe
from deep.upper_layers import UpperLayers
from features.errors import PipelineError

TARGETS = ("q_proj", "v_proj")
WAVLM_TARGETS = ("intermediate_dense", "output_dense")
"""WavLM's attention reads the weights of its projections without calling them, where an adapter would hear nothing."""
UNHEARD = frozenset({"q_proj", "k_proj", "v_proj", "out_proj"})


class LoraClassifier(FrozenStart):
    """A speech encoder that learns a low-rank change of some of its matrices, with a linear head on its last layer.

    Beside a frozen matrix W stands a product B A of rank `rank`, B at first 0, and both are added up: W + B A. After
    the training the sum takes the place of W, so that the network that is kept is a plain one and needs no `peft`. What
    lies below the first layer is frozen, and what it makes of a clip is computed once and kept in the cache as float32.
    The loss weighs classes by the inverse of their frequency; the epoch with the best UAR on the validation speakers is
    kept.

    Parameters
    ----------
    features : FrozenEncoder
        The encoder, with the cache that keeps its frames; its choice of layer does not matter.
    rank : int
        Rank of a change.
    targets : sequence of str
        Names of the linear maps that are changed, in every layer; none for `q_proj` and `v_proj`, which are the queries
        and values of the attention, and in WavLM for `intermediate_dense` and `output_dense`, its feed-forward part.
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
        Seed of the first weights, of dropout and of the order of the batches.
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

    References
    ----------
    Hu et al. (2021), LoRA: Low-Rank Adaptation of Large Language Models, https://arxiv.org/abs/2106.09685; for emotions
    in speech Feng and Narayanan (2023), PEFT-SER, https://arxiv.org/abs/2306.05350, whose learning rate this is

    Examples
    --------
    >>> from deep import FrozenEncoder, LoraClassifier
    >>> LoraClassifier(FrozenEncoder("facebook/hubert-base-ls960"), rank=16).get_params()["rank"]
    16

    With a small encoder in a folder, on a corpus of one's own:

    >>> from benchmarks import corpora  # doctest: +SKIP
    >>> table = corpora.load("manifest", "my.csv").utterances  # doctest: +SKIP
    >>> adapted = LoraClassifier(FrozenEncoder("FOLDER"), epochs=1).fit(table, table["label"])  # doctest: +SKIP
    >>> adapted.predict(table[:2]), adapted.predict_proba(table[:2])  # doctest: +SKIP
    """

    def __init__(
        self,
        features: Any,
        *,
        rank: int = 8,
        targets: Sequence[str] = (),
        epochs: int = 10,
        patience: int | None = None,
        head_rate: float = 1e-3,
        encoder_rate: float = 5e-4,
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
        self.rank = rank
        self.targets = targets
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

    def _check(self) -> None:
        super()._check()
        if self.rank < 1:
            raise PipelineError(f"rank={self.rank}; expected at least 1, such as --lora-rank 8")

    def _frames(self, encoder: Any) -> tuple[Any, tuple[int, ...], str]:
        def encode(waveforms: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
            return encoder.before_layer(waveforms, lengths, 0)[0]

        targets_of(encoder, self.targets)  # refused before any clip is decoded
        return encode, (encoder.width,), "input of layer 0"

    def _trained(self, encoder: Any, _training: FrameDataset) -> AdaptedLayers:
        network = EmotionNetwork(encoder, len(self.classes_), output_norm=self.output_norm)
        return AdaptedLayers(network, rank=self.rank, targets=targets_of(encoder, self.targets))

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
        return network.merged()


class AdaptedLayers(UpperLayers):
    """All layers of a network with low-rank matrices beside some of their own; these alone and the head are trained.

    Parameters
    ----------
    network : EmotionNetwork
        Whose encoder is changed in place, until `merged`.
    rank : int
    targets : sequence of str
        Names of linear maps.
    """

    def __init__(self, network: EmotionNetwork, *, rank: int, targets: Sequence[str]) -> None:
        from peft import LoraConfig, LoraModel
        from peft.tuners.lora import LoraLayer

        config = LoraConfig(r=rank, lora_alpha=rank, target_modules=list(targets))
        tuner = LoraModel(network.encoder.model, config, "lora")
        adapters = [module for module in network.encoder.modules() if isinstance(module, LoraLayer)]
        super().__init__(network, 0, [matrix for one in adapters for matrix in (one.lora_A, one.lora_B)])
        self._tuner = (tuner,)

    def merged(self) -> EmotionNetwork:
        """Add the changes to the matrices, and return the network without adapters."""
        self._tuner[0].merge_and_unload(safe_merge=True)
        return self.network


def targets_of(encoder: Any, targets: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the linear maps that are changed: those asked for, or the usual ones of the encoder.

    Raises
    ------
    PipelineError
        If a layer has none of that name, or it would not be heard.
    """
    wavlm = encoder.model.config.model_type == "wavlm"
    linear = [
        name
        for layer in encoder.layers
        for name, module in layer.named_modules()
        if isinstance(module, torch.nn.Linear)
    ]
    names = {name.rpartition(".")[2] for name in linear}
    names -= UNHEARD if wavlm else set()
    chosen = tuple(targets) or (WAVLM_TARGETS if wavlm else TARGETS)
    unknown = [name for name in chosen if name not in names]
    if unknown:
        why = ": its attention does not call the others" if wavlm else ""
        raise PipelineError(
            f"targets {', '.join(unknown)}; expected linear maps of the encoder's layers, --lora-targets with some of "
            f"{' '.join(sorted(names))}{why}"
        )
    return chosen
