"""Fine-tune a network by SpeechBrain's recipe for IEMOCAP, and select the epoch with the best UAR."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import speechbrain as sb
import torch
from sklearn.metrics import balanced_accuracy_score
from speechbrain.nnet.schedulers import NewBobScheduler, update_learning_rate

from deep.batches import Batch, retry_on_oom
from deep.checkpoints import WholeCheckpointer
from deep.epochs import Epochs, History
from deep.runtime import settle_lazy_modules

settle_lazy_modules()
LONG = 300.0
"""Seconds of training from which on an estimate is logged."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """How a network is fine-tuned.

    Attributes
    ----------
    epochs : int
        Number of epochs.
    patience : int or None
        Stop after so many epochs without a better UAR on the validation speakers; None trains them all.
    head_rate, encoder_rate : float
        Learning rates of the two Adams.
    annealing_factor, improvement_threshold : float
        NewBob: both rates are multiplied by the factor when the error rate (1 - UAR) on validation speakers improves
        by less than this part of itself.
    warm_up : int
        Epochs in which both rates rise from step to step, up to their full values; 0 begins with these.
    seed : int
        Of dropout, augmentation and the order of the batches.
    """

    epochs: int = 30
    patience: int | None = None
    head_rate: float = 1e-4
    encoder_rate: float = 1e-5
    annealing_factor: float = 0.9
    improvement_threshold: float = 0.0025
    warm_up: int = 0
    seed: int = 0


class EmotionBrain(sb.Brain):
    """Trains a network with cross entropy, one Adam for the encoder and one for the head.

    Parameters
    ----------
    network : torch.nn.Module
        Maps a batch to logits, and says in `trained_parameters()` what is trained at which rate; changed in place.
    recipe : Recipe
        How to train.
    class_weights : sequence of float
        Weight of each class in the loss, 1 on average over the training clips.
    n_valid : int
        Number of validation clips.
    checkpointer : WholeCheckpointer
        Stores epochs; an interrupted training resumes from the last one in it.
    augment : torch.nn.Module, optional
        Maps (waveforms, lengths) of a training batch to augmented ones.
    device : torch.device
        Where to train.
    dtype : torch.dtype
        float32, or bfloat16 for autocast.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        *,
        recipe: Recipe,
        class_weights: Sequence[float],
        n_valid: int,
        checkpointer: WholeCheckpointer,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        augment: torch.nn.Module | None = None,
    ) -> None:
        precision = "bf16" if dtype == torch.bfloat16 else "fp32"
        super().__init__(
            modules={"network": network},
            run_opts={
                "device": str(device),
                "precision": precision,
                "eval_precision": precision,
                "noprogressbar": True,
            },
            checkpointer=checkpointer,
        )
        self.recipe = recipe
        self.augment = augment
        self.history = History()
        self.epochs = Epochs(recipe.epochs, patience=recipe.patience, history=self.history)
        self.schedulers = {
            "encoder": self._scheduler(recipe.encoder_rate),
            "head": self._scheduler(recipe.head_rate),
        }
        self._class_weights = torch.tensor(class_weights, dtype=torch.float32, device=device)
        self._valid_logits = np.zeros((n_valid, len(class_weights)))
        self._valid_targets = np.zeros(n_valid, dtype=int)
        self._train_loss = float("nan")
        self._began = time.perf_counter()

    def _scheduler(self, rate: float) -> NewBobScheduler:
        return NewBobScheduler(
            rate,
            annealing_factor=self.recipe.annealing_factor,
            improvement_threshold=self.recipe.improvement_threshold,
        )

    def init_optimizers(self) -> None:
        """Make the two Adams, and register with the checkpointer what belongs to an epoch."""
        network = self.modules.network
        parameters = network.trained_parameters()
        self.optimizers_dict = {
            name: torch.optim.Adam(trained, lr=getattr(self.recipe, f"{name}_rate"))
            for name, trained in parameters.items()
            if trained
        }
        recoverables = {"network": network, "epochs": self.epochs, "history": self.history}
        recoverables |= {f"adam_{name}": adam for name, adam in self.optimizers_dict.items()}
        recoverables |= {f"rate_{name}": self.schedulers[name] for name in self.optimizers_dict}
        self.checkpointer.add_recoverables(recoverables)

    def on_fit_start(self) -> None:
        """Start afresh, or resume from the last whole epoch."""
        self.init_optimizers()
        self.checkpointer.recover_if_possible(importance_key=latest)

    def on_stage_start(self, stage: sb.Stage, epoch: int | None = None) -> None:
        """Draw this epoch's random numbers from the seed and the epoch alone, so that a resumed run repeats them."""
        if stage == sb.Stage.TRAIN:
            self._began = time.perf_counter()
            torch.manual_seed(self.recipe.seed * 100_003 + int(epoch or 0))

    def compute_forward(self, batch: Batch, stage: sb.Stage) -> torch.Tensor:
        """Return logits, shape (n_clips, n_classes)."""
        waveforms, lengths = batch.waveforms, batch.lengths
        if stage == sb.Stage.TRAIN and self.augment is not None:
            waveforms, lengths = self.augment(waveforms, lengths)
        return self.modules.network(waveforms, lengths)

    def compute_objectives(self, predictions: torch.Tensor, batch: Batch, stage: sb.Stage) -> torch.Tensor:
        """Return the mean over clips of the weighted cross entropy."""
        losses = torch.nn.functional.cross_entropy(predictions, batch.targets, reduction="none")
        if stage == sb.Stage.VALID:
            positions = batch.positions.cpu().numpy()
            self._valid_logits[positions] = predictions.float().cpu().numpy()
            self._valid_targets[positions] = batch.targets.cpu().numpy()
        return (losses * self._class_weights[batch.targets]).mean()

    def fit_batch(self, batch: Batch) -> torch.Tensor:
        """Make one step; a batch that does not fit into memory is split, with the same gradient."""
        self._warm_up()
        loss = retry_on_oom(batch, self._accumulate)
        self.optimizers_step()
        return loss

    def _warm_up(self) -> None:
        """Set the rates of this step, which the epoch and the step alone determine."""
        epoch, last = self.epochs.current, self.recipe.warm_up
        if not 1 <= epoch <= last:
            return
        n_steps = len(self.train_sampler)
        share = (epoch - 1 + min(self.step / n_steps, 1.0)) / last
        for name, adam in self.optimizers_dict.items():
            update_learning_rate(adam, share * self.schedulers[name].hyperparam_value)

    def evaluate_batch(self, batch: Batch, stage: sb.Stage) -> torch.Tensor:
        """Return the loss of a validation batch."""
        return retry_on_oom(batch, lambda pieces: self._evaluate(pieces, stage))

    def _accumulate(self, pieces: Sequence[Batch]) -> torch.Tensor:
        self.zero_grad(set_to_none=True)
        total = sum(len(piece) for piece in pieces)
        mean = torch.zeros(())
        for piece in pieces:
            batch = piece.to(self.device)
            with self.training_ctx:
                loss = self.compute_objectives(self.compute_forward(batch, sb.Stage.TRAIN), batch, sb.Stage.TRAIN)
            share = loss * (len(piece) / total)
            self.check_loss_isfinite(share)
            share.backward()
            mean = mean + share.detach().cpu()
        return mean

    @torch.no_grad()
    def _evaluate(self, pieces: Sequence[Batch], stage: sb.Stage) -> torch.Tensor:
        total = sum(len(piece) for piece in pieces)
        mean = torch.zeros(())
        for piece in pieces:
            batch = piece.to(self.device)
            with self.evaluation_ctx:
                loss = self.compute_objectives(self.compute_forward(batch, stage), batch, stage)
            mean = mean + loss.cpu() * (len(piece) / total)
        return mean

    def on_stage_end(self, stage: sb.Stage, stage_loss: float, epoch: int | None = None) -> None:
        """Record the epoch, anneal the rates, keep the checkpoints of the last and the best epoch."""
        if stage == sb.Stage.TRAIN:
            self._train_loss = float(stage_loss)
            return
        uar = self._valid_uar()
        row = {"epoch": int(epoch or 0), "train_loss": self._train_loss, "valid_loss": float(stage_loss)}
        row["valid_uar"] = uar
        for name, adam in self.optimizers_dict.items():
            old, new = self.schedulers[name](1.0 - uar)
            update_learning_rate(adam, new)
            row[f"{name}_rate"] = old
        row["seconds"] = time.perf_counter() - self._began
        self.history.rows.append(row)
        left = row["seconds"] * (self.recipe.epochs - row["epoch"])
        if row["epoch"] == 1 and left > LONG:
            logger.warning("fine-tuning on %s takes about %s more", self.device, spoken(left))
        self.checkpointer.save_and_keep_only(
            meta={"epoch": row["epoch"], "uar": uar, "loss": float(stage_loss)},
            name=f"epoch-{row['epoch']:04d}",
            importance_keys=[best, latest],
            keep_recent=False,
        )

    def _valid_uar(self) -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a class that no validation speaker has does not count
            return float(balanced_accuracy_score(self._valid_targets, self._valid_logits.argmax(axis=1)))

    def load_best(self) -> int:
        """Give the network the weights of its best epoch, and return which that was."""
        checkpoint = self.checkpointer.find_checkpoint(importance_key=best)
        weights = torch.load(checkpoint.paramfiles["network"], map_location=self.device, weights_only=True)
        self.modules.network.load_state_dict(weights)
        return int(checkpoint.meta["epoch"])


def spoken(seconds: float) -> str:
    """Return a duration for people.

    Examples
    --------
    >>> spoken(5400)
    '1.5 h'
    >>> spoken(400)
    '7 min'
    """
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


def best(checkpoint: Any) -> tuple[float, float, int]:
    """Sort checkpoints by UAR on validation speakers, then by their loss, then the earlier epoch."""
    return checkpoint.meta["uar"], -checkpoint.meta["loss"], -checkpoint.meta["epoch"]


def latest(checkpoint: Any) -> int:
    """Sort checkpoints by epoch."""
    return checkpoint.meta["epoch"]
