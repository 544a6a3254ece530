"""The epochs of a training: what is remembered of each, and after which one it stops."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from speechbrain.utils.checkpoints import mark_as_loader, mark_as_saver, register_checkpoint_hooks
from speechbrain.utils.epoch_loop import EpochCounter


@register_checkpoint_hooks
class History:
    """One row per epoch, saved and recovered with the checkpoints."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    @mark_as_saver
    def save(self, path: Path) -> None:
        """Write the rows as JSON."""
        Path(path).write_text(json.dumps(self.rows), encoding="utf-8")

    @mark_as_loader
    def load(self, path: Path, end_of_epoch: bool = True) -> None:
        """Read the rows back."""
        self.rows = json.loads(Path(path).read_text(encoding="utf-8"))


class Epochs(EpochCounter):
    """The numbers of the epochs, up to the last, or until some have passed without a better UAR.

    SpeechBrain's own counter with a stopper forgets, when a training goes on, that it had stopped; this one asks the
    history, which is recovered with the rest.

    Parameters
    ----------
    limit : int
        How many there are at most.
    patience : int or None
        How many may pass without a better UAR on the validation speakers; None is any number.
    history : History
        Of this training.
    """

    def __init__(self, limit: int, *, patience: int | None, history: History) -> None:
        super().__init__(limit)
        self._patience = patience
        self._history = history

    def __next__(self) -> int:
        if self._patience is not None and without_gain(self._history.rows) >= self._patience:
            raise StopIteration
        return int(super().__next__())


def without_gain(rows: Sequence[Mapping[str, float]]) -> int:
    """Count the last epochs that did not raise the best UAR on the validation speakers.

    Examples
    --------
    >>> without_gain([{"valid_uar": uar} for uar in (0.4, 0.6, 0.5, 0.6)])
    2
    """
    uars = [row["valid_uar"] for row in rows]
    return len(uars) - 1 - uars.index(max(uars)) if uars else 0
