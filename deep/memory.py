"""Go on where a batch does not fit into the device's memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from deep.batches import Batch
from features.audio import RATE
from features.errors import ModelError

Result = TypeVar("Result")


def within_memory(batch: Batch, work: Callable[[Sequence[Batch]], Result]) -> Result:
    """Do some work on a batch, in as few pieces as the device's memory allows.

    Parameters
    ----------
    batch : Batch
        Given whole at first, then in halves, quarters, ...
    work : callable
        Takes the pieces; started afresh after it ran out of memory, so it must undo what an earlier try left.

    Raises
    ------
    ModelError
        When a single clip does not fit.
    """
    pieces = [batch]
    while True:
        try:
            return work(pieces)
        except torch.OutOfMemoryError as error:
            if max(len(piece) for piece in pieces) == 1:
                seconds = batch.waveforms.shape[1] / RATE
                message = f"a clip of {seconds:.1f} s does not fit into the device's memory: cut it, or use device=cpu"
                raise ModelError(message) from error
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        pieces = [half for piece in pieces for half in (piece.halves() if len(piece) > 1 else (piece,))]
