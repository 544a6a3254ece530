"""One training from its first batch to its best epoch: it can be interrupted, and goes on where it was."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from deep.batches import WORKERS, LengthBuckets, SizedClips, loader, rounded_up
from deep.checkpoints import training_folder
from deep.history import plot_history, write_csv
from features.clips import Clip


def train(
    brain_in: Callable[[Path], Any],
    training: SizedClips,
    validation: SizedClips,
    *,
    budget: int,
    step: int = 1,
    device: torch.device,
    seed: int,
    work_dir: Path | None,
    identity: str,
) -> tuple[Any, list[dict[str, float]], int]:
    """Train a network and give it the weights of its best epoch.

    Parameters
    ----------
    brain_in : callable
        `(folder) -> EmotionBrain`, which keeps its checkpoints in that folder.
    training, validation : SizedClips
        What is trained on, and what the epoch is selected on.
    budget : int
        Samples in a batch, padding included.
    step : int, default=1
        Pad every batch to a multiple of this many samples.
    device : torch.device
        Where.
    seed : int
        Of the order of the batches.
    work_dir : Path or None
        Folder of this training alone: checkpoints, `history.csv` and `history.svg`; None keeps nothing.
    identity : str
        Text that determines the training; see `identity_of`.

    Returns
    -------
    network : torch.nn.Module
    history : list of dict
        One row per epoch.
    epoch : int
        The best one, from 1.
    """
    shuffled = LengthBuckets(rounded_up(training.n_samples, step), budget=budget, seed=seed)
    fixed = LengthBuckets(rounded_up(validation.n_samples, step), budget=budget)
    workers, pinned = WORKERS[device.type] if training.decodes else 0, device.type != "cpu"
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary) if work_dir is None else Path(work_dir)
        folder = training_folder(work, identity=identity)
        brain = brain_in(folder)
        brain.train_sampler = shuffled
        brain.fit(
            brain.epochs,
            loader(training, shuffled, workers=workers, pinned=pinned, step=step),
            loader(validation, fixed, workers=workers, pinned=pinned, step=step),
        )
        epoch = brain.load_best()
        shutil.rmtree(folder)
    history = brain.history.rows
    if work_dir is not None:
        write_csv(history, Path(work_dir) / "history.csv")
        plot_history(history).save(Path(work_dir) / "history.svg")
    return brain.modules.network, history, epoch


def balanced_weights(targets: np.ndarray, n_classes: int) -> list[float]:
    """Return a weight for each class, the inverse of its frequency and 1 on average over the clips.

    Examples
    --------
    >>> balanced_weights(np.array([0, 0, 0, 1]), 2)
    [0.6666666666666666, 2.0]
    """
    counts = np.bincount(targets, minlength=n_classes)
    return (len(targets) / (np.count_nonzero(counts) * np.maximum(counts, 1))).tolist()


def identity_of(parameters: Mapping[str, Any], clips: Sequence[Clip], targets: np.ndarray, valid: np.ndarray) -> str:
    """Return text that determines a training, for the name of its checkpoints' folder."""
    rows = [
        (clip.name, clip.start, clip.end, int(target), bool(validates))
        for clip, target, validates in zip(clips, targets, valid, strict=True)
    ]
    told = sorted((name, str(value)) for name, value in parameters.items() if name not in {"work_dir", "n_jobs"})
    return repr((told, rows))
