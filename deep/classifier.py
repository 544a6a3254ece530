"""Fine-tuning as a scikit-learn estimator on the utterances table."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from deep import runtime
from deep.augmentation import Augmentation
from deep.batches import ClipDataset
from deep.checkpoints import WholeCheckpointer
from deep.encoder import RandomInit
from deep.estimator import EpochClassifier
from deep.loading import load_encoder
from deep.network import EmotionNetwork
from deep.predictor import Predictor
from deep.trainer import EmotionBrain, Recipe
from deep.training import balanced_weights, identity_of, train
from features.audio import RATE
from features.clips import Clip
from features.deprecation import RenamedResults, renamed


class FineTunedClassifier(RenamedResults, EpochClassifier):
    """A speech encoder with a linear head, fine-tuned on the training clips of a fold.

    The defaults are those of SpeechBrain's recipe for IEMOCAP, apart from the batch: clips of like length share one, up
    to `batch_seconds` of sound. The epoch with the best UAR on the validation speakers is kept.

    Parameters
    ----------
    encoder : str or RandomInit
        Hub name or local folder of a pretrained encoder (wav2vec 2.0, HuBERT, WavLM, Whisper, or the published emotion
        model), or one with random weights.
    epochs : int
        Number of epochs.
    patience : int, optional
        Stop after so many epochs without a better UAR on the validation speakers; None trains them all.
    head_rate, encoder_rate : float
        Learning rates of the two Adams.
    annealing_factor : float
        What NewBob multiplies both rates by where the error on validation speakers hardly improves; 1 keeps them.
    batch_seconds : float
        Seconds of sound in a training batch, padding included.
    pad_seconds : float
        Pad every batch to a multiple of this. A CPU's kernels are compiled for every new width, which takes longer
        than to run a small network; 0 pads no further than to the longest clip.
    freeze_front_end : bool
        Keep the convolutions below the transformer as they are.
    output_norm : bool
        Normalise the encoder's output over each clip's own frames.
    balanced : bool
        Weight classes in the loss by the inverse of their frequency.
    augment : bool
        Augment training clips by SpeechBrain's speed perturbation, noise, and dropped segments and frequencies.
    device : str
        `auto`, `cpu`, `cuda` or `cuda:N`.
    precision : str
        `auto`, `float32` or `bfloat16`.
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
        One row per epoch: losses, learning rates, UAR on validation speakers, seconds.
    best_params_ : dict
        The selected epoch and its UAR on validation speakers.
    n_trained_ : int
        How many numbers were trained.
    oof_proba_ : ndarray of shape (n_clips, n_classes)
        Probabilities of the validation rows, NaN in the others.
    notes_ : list of str
        What a reader of the result must know.

    References
    ----------
    Wang, Boumadane and Heba (2021), A Fine-tuned Wav2vec 2.0/HuBERT Benchmark, https://arxiv.org/abs/2111.02735

    Examples
    --------
    >>> from deep import FineTunedClassifier
    >>> FineTunedClassifier("microsoft/wavlm-base", epochs=5).get_params()["epochs"]
    5

    With a small encoder in a folder, on a corpus of one's own:

    >>> from benchmarks import corpora  # doctest: +SKIP
    >>> table = corpora.load("manifest", "my.csv").utterances  # doctest: +SKIP
    >>> classifier = FineTunedClassifier("FOLDER", epochs=1, device="cpu")  # doctest: +SKIP
    >>> classifier = classifier.fit(table, table["label"])  # doctest: +SKIP
    >>> classifier.predict(table[:2]), classifier.predict_proba(table[:2])  # doctest: +SKIP
    """

    recogniser_ = renamed("recogniser_", "predictor_")

    def __init__(
        self,
        encoder: str | RandomInit = "facebook/wav2vec2-base",
        *,
        epochs: int = 30,
        patience: int | None = None,
        head_rate: float = 1e-4,
        encoder_rate: float = 1e-5,
        annealing_factor: float = 0.9,
        batch_seconds: float = 64.0,
        pad_seconds: float = 0.0,
        freeze_front_end: bool = True,
        output_norm: bool = True,
        balanced: bool = False,
        augment: bool = False,
        device: str = "auto",
        precision: str = "auto",
        n_jobs: int | None = None,
        random_state: int = 0,
        work_dir: Path | None = None,
    ) -> None:
        self.encoder = encoder
        self.epochs = epochs
        self.patience = patience
        self.head_rate = head_rate
        self.encoder_rate = encoder_rate
        self.annealing_factor = annealing_factor
        self.batch_seconds = batch_seconds
        self.pad_seconds = pad_seconds
        self.freeze_front_end = freeze_front_end
        self.output_norm = output_norm
        self.balanced = balanced
        self.augment = augment
        self.device = device
        self.precision = precision
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.work_dir = work_dir

    def _train(self, _X: Any, clips: list[Clip], targets: np.ndarray, valid: np.ndarray) -> None:
        device = runtime.resolve(self.device)
        on_cpu = device.type == "cpu"
        training = self._dataset(clips, targets, ~valid, keep=on_cpu)
        validation = self._dataset(clips, targets, valid, keep=on_cpu)
        network, history, epoch = train(
            partial(self._brain, targets[~valid], len(validation), device=device),
            training,
            validation,
            budget=round(self.batch_seconds * RATE),
            step=max(1, round(self.pad_seconds * RATE)),
            device=device,
            seed=self.random_state,
            work_dir=self.work_dir,
            identity=identity_of(self.get_params(), clips, targets, valid),
        )
        self._keep(network, history, epoch)
        self.predictor_ = Predictor(
            network,
            self.classes_.tolist(),
            device=str(device),
            precision=self.precision,
            pad_seconds=self.pad_seconds,
        )

    def _dataset(self, clips: list[Clip], targets: np.ndarray, rows: np.ndarray, *, keep: bool) -> ClipDataset:
        indices = np.flatnonzero(rows)
        return ClipDataset([clips[index] for index in indices], targets[indices].tolist(), keep=keep)

    def _brain(self, targets: np.ndarray, n_valid: int, folder: Path, *, device: torch.device) -> EmotionBrain:
        torch.manual_seed(self.random_state)
        if isinstance(self.encoder, RandomInit):
            encoder = self.encoder.build(seed=self.random_state)
        else:
            encoder = load_encoder(self.encoder)
        network = EmotionNetwork(encoder, len(self.classes_), output_norm=self.output_norm)
        if self.freeze_front_end:
            network.encoder.freeze_front_end()
        return EmotionBrain(
            network,
            recipe=Recipe(
                epochs=self.epochs,
                patience=self.patience,
                head_rate=self.head_rate,
                encoder_rate=self.encoder_rate,
                annealing_factor=self.annealing_factor,
                seed=self.random_state,
            ),
            class_weights=balanced_weights(targets, len(self.classes_))
            if self.balanced
            else [1.0] * len(self.classes_),
            n_valid=n_valid,
            checkpointer=WholeCheckpointer(folder),
            device=device,
            dtype=runtime.number_type(self.precision, device),
            augment=Augmentation() if self.augment else None,
        )
