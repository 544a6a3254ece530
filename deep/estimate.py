"""How long a training will take, said before it begins."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import speechbrain as sb
import torch

from deep.batches import Batch, ClipDataset, LengthBuckets, collate
from deep.memory import within_memory
from deep.trainer import EmotionBrain

LONG = 300.0
PATIENCE = 10.0
logger = logging.getLogger(__name__)


def seconds_a_step(brain: EmotionBrain, dataset: ClipDataset, buckets: LengthBuckets) -> float:
    """Return how long one batch takes, forwards and backwards, measured on one; nothing is changed by it."""
    batches = list(buckets)
    batch = collate([dataset[position] for position in batches[len(batches) // 2]])
    brain.modules.train()
    rounds: list[float] = []
    while len(rounds) < 2 and sum(rounds) < PATIENCE:  # the first round chooses kernels and allocates memory
        began = time.perf_counter()
        within_memory(batch, lambda pieces: _forwards_and_backwards(brain, pieces))
        rounds.append(time.perf_counter() - began)
    brain.modules.zero_grad(set_to_none=True)
    return min(rounds)


def _forwards_and_backwards(brain: EmotionBrain, pieces: Sequence[Batch]) -> None:
    for piece in pieces:
        there = piece.to(brain.device)
        with brain.training_ctx:
            loss = brain.compute_objectives(brain.compute_forward(there, sb.Stage.TRAIN), there, sb.Stage.TRAIN)
        loss.backward()
    if brain.device_type == "cuda":
        torch.cuda.synchronize(brain.device)


def announce(seconds: float, device: torch.device) -> None:
    """Say how long it will take, where that is long (over five minutes)."""
    if seconds > LONG:
        logger.warning("fine-tuning on %s takes about %s", device, spoken(seconds))


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
