"""Fine-tuning as a scikit-learn estimator on the utterances table."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from deep import runtime as devices
from deep.augmentation import Augmentation
from deep.batches import ClipDataset, LengthBuckets, loader, rounded_up
from deep.checkpoints import WholeCheckpointer, own_folder
from deep.encoder import Pretrained, RandomStart
from deep.estimate import announce, seconds_a_step
from deep.history import write_csv, write_plot
from deep.network import EmotionNetwork
from deep.predictor import WORKERS, Recogniser
from deep.quiet import quiet
from deep.sides import validation_rows
from deep.trainer import EmotionBrain, Recipe
from features.audio import RATE
from features.clips import Clip, clips_from
from features.errors import PipelineError


class FineTunedClassifier(ClassifierMixin, BaseEstimator):
    """A speech encoder with a linear head, fine-tuned on the training side of a fold.

    The defaults are those of SpeechBrain's recipe for IEMOCAP, apart from the batch: clips of like length share one, up
    to `batch_seconds` of sound. The epoch with the best UAR on the validation speakers is kept.

    Parameters
    ----------
    encoder : str, Pretrained or RandomStart
        Hub name or local folder of a pretrained encoder (wav2vec 2.0, HuBERT, WavLM, Whisper, or the released emotion
        model), or one with random weights.
    epochs : int
        Number of epochs.
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
        Change training clips by SpeechBrain's speed perturbation, noise, and dropped stretches and frequencies.
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
    classes_ : np.ndarray
        The labels, sorted.
    recogniser_ : Recogniser
        The trained network.
    history_ : list of dict
        A row an epoch: losses, learning rates, UAR on validation speakers, seconds.
    chosen_ : dict
        The epoch that was kept and its UAR on validation speakers.
    inner_probability_ : np.ndarray
        Shape (n_clips, n_classes): probabilities of the validation rows, NaN in the others.
    notes_ : list of str
        What a reader of the result must know.

    References
    ----------
    Wang, Boumadane and Heba (2021), A Fine-tuned Wav2vec 2.0/HuBERT Benchmark, https://arxiv.org/abs/2111.02735
    """

    def __init__(
        self,
        encoder: str | Pretrained | RandomStart = "facebook/wav2vec2-base",
        *,
        epochs: int = 30,
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

    def fit(self, X: Any, y: Sequence[str]) -> FineTunedClassifier:
        """Fine-tune.

        Parameters
        ----------
        X : pandas.DataFrame, or list of paths or (waveform, rate)
            Utterances; a column `side` says which rows are for validation, or else some speakers are held out.
        y : sequence of str
            Their labels.

        Raises
        ------
        PipelineError
            When rows and labels do not fit, or one side has no clip.
        ModelError
            When the encoder is not here, or the device is not.
        AudioError
            When a file cannot be read.
        """
        truth = np.asarray(y, dtype=str)
        clips = clips_from(X)
        if len(truth) != len(clips) or not len(clips):
            raise PipelineError(f"{len(clips)} clips and {len(truth)} labels; expected a label for each clip, and some")
        if self.epochs < 1:
            raise PipelineError(f"epochs={self.epochs}; expected at least 1")
        self.classes_ = np.unique(truth)
        valid, self.notes_ = validation_rows(X, truth, seed=self.random_state)
        with devices.threads(self.n_jobs), torch.random.fork_rng(), quiet():
            self._fine_tune(clips, np.searchsorted(self.classes_, truth), valid)
            found = self.recogniser_.predict_proba([clips[row] for row in np.flatnonzero(valid)])
        self.inner_probability_ = np.full((len(clips), len(self.classes_)), np.nan)
        self.inner_probability_[valid] = found
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities, float64 of shape (n_clips, n_classes), columns as `classes_`."""
        check_is_fitted(self, "recogniser_")
        with devices.threads(self.n_jobs), quiet():
            return self.recogniser_.predict_proba(X)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of every clip."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _fine_tune(self, clips: list[Clip], targets: np.ndarray, valid: np.ndarray) -> None:
        device = devices.resolve(self.device)
        kind = device.type
        training = self._dataset(clips, targets, ~valid, keep=kind == "cpu")
        validation = self._dataset(clips, targets, valid, keep=kind == "cpu")
        budget, step = round(self.batch_seconds * RATE), max(1, round(self.pad_seconds * RATE))
        buckets = LengthBuckets(rounded_up(training.n_samples, step), budget=budget, seed=self.random_state)
        fixed = LengthBuckets(rounded_up(validation.n_samples, step), budget=budget)
        with tempfile.TemporaryDirectory() as temporary:
            work = Path(temporary) if self.work_dir is None else Path(self.work_dir)
            folder = own_folder(work, identity=self._identity(clips, targets, valid))
            brain = self._brain(targets[~valid], len(validation), folder, device)
            brain.train_sampler = buckets
            announce(seconds_a_step(brain, training, buckets) * len(buckets) * self.epochs, device)
            workers, pinned = WORKERS[kind], kind == "cuda"
            brain.fit(
                brain.epochs,
                loader(training, buckets, workers=workers, pinned=pinned, step=step),
                loader(validation, fixed, workers=workers, pinned=pinned, step=step),
            )
            kept = brain.load_best()
            shutil.rmtree(folder)
        self.history_ = brain.history.rows
        if self.work_dir is not None:
            write_csv(self.history_, Path(self.work_dir) / "history.csv")
            write_plot(self.history_, Path(self.work_dir) / "history.svg")
        self.chosen_ = {"epoch": kept, "valid_uar": self.history_[kept - 1]["valid_uar"]}
        network = brain.modules.network
        self.recogniser_ = Recogniser(
            network,
            self.classes_.tolist(),
            device=str(device),
            precision=self.precision,
            pad_seconds=self.pad_seconds,
        )

    def _dataset(self, clips: list[Clip], targets: np.ndarray, rows: np.ndarray, *, keep: bool) -> ClipDataset:
        chosen = np.flatnonzero(rows)
        return ClipDataset([clips[row] for row in chosen], targets[chosen].tolist(), keep=keep)

    def _brain(self, targets: np.ndarray, n_valid: int, folder: Path, device: torch.device) -> EmotionBrain:
        encoder = Pretrained(self.encoder) if isinstance(self.encoder, str) else self.encoder
        torch.manual_seed(self.random_state)
        network = EmotionNetwork(
            encoder.build(seed=self.random_state), len(self.classes_), output_norm=self.output_norm
        )
        if self.freeze_front_end:
            network.encoder.freeze_front_end()
        return EmotionBrain(
            network,
            recipe=Recipe(
                epochs=self.epochs,
                head_rate=self.head_rate,
                encoder_rate=self.encoder_rate,
                annealing_factor=self.annealing_factor,
                seed=self.random_state,
            ),
            class_weights=self._class_weights(targets),
            n_valid=n_valid,
            checkpointer=WholeCheckpointer(folder),
            device=device,
            dtype=devices.number_type(self.precision, device),
            augment=Augmentation() if self.augment else None,
        )

    def _class_weights(self, targets: np.ndarray) -> list[float]:
        counts = np.bincount(targets, minlength=len(self.classes_))
        if not self.balanced:
            return [1.0] * len(counts)
        present = np.maximum(counts, 1)
        return (len(targets) / (np.count_nonzero(counts) * present)).tolist()

    def _identity(self, clips: list[Clip], targets: np.ndarray, valid: np.ndarray) -> str:
        """Text that determines the training, for the name of its checkpoints' folder."""
        parameters = {name: value for name, value in self.get_params().items() if name not in {"work_dir", "n_jobs"}}
        rows = [
            (clip.name, clip.start, clip.end, int(target), bool(held))
            for clip, target, held in zip(clips, targets, valid, strict=True)
        ]
        return repr((sorted((name, str(value)) for name, value in parameters.items()), rows))
