"""What a user may set for the pipelines of a run beyond their names."""

from __future__ import annotations

import argparse
from dataclasses import dataclass


@dataclass(frozen=True)
class PipelineOptions:
    """Options that reach the pipelines which know them.

    Attributes
    ----------
    encoder : str or None
        Hub name or local folder of a speech encoder, for frozen features and for fine-tuning.
    layer : str
        Layer of a frozen encoder: a number, or `auto` for the one that inner folds choose.
    released : str or None
        Hub name or local folder of the published emotion model; None for SpeechBrain's own.
    random_start : bool
        The untrained twin of a frozen encoder.
    device : str
        `auto`, `cpu`, `cuda` or `cuda:N`.
    augment : bool
        Augment the training clips of deep pipelines.
    epochs : int or None
        Epochs of fine-tuning; None for the recipe's.
    """

    encoder: str | None = None
    layer: str = "auto"
    released: str | None = None
    random_start: bool = False
    device: str = "auto"
    augment: bool = False
    epochs: int | None = None


def at_least_one(text: str) -> int:
    """Read a whole number of at least 1 from a command line.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is none.
    """
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a whole number of at least 1")
    return int(text)
