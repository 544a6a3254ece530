"""The options that pipelines understand, whichever package builds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PipelineOptions:
    """Options of a run beyond the names of its pipelines; each pipeline takes those that it understands.

    Attributes
    ----------
    encoder : str or None, default=None
        Hub name or local folder of a speech encoder, for frozen features and for fine-tuning.
    layer : str, default="auto"
        Layer of a frozen encoder: a number, `auto` for the one that inner folds choose, or `all`, weighted on them.
    released : str or None, default=None
        Hub name or local folder of the published emotion model; None for SpeechBrain's.
    random_init : bool, default=False
        Initialise a frozen encoder at random instead of reading its weights.
    device : str, default="auto"
        `auto`, `cpu`, `cuda` or `cuda:N`.
    precision : str, default="auto"
        Number type that networks are trained in: `float32`, `bfloat16`, or `auto`, bfloat16 on a GPU that has it.
    augment : bool, default=False
        Augment the training clips of deep pipelines.
    epochs : int or None, default=None
        Epochs of fine-tuning; None for the pipeline's own number.
    patience : int or None, default=None
        Stop fine-tuning after so many epochs without a better UAR on the validation speakers; None trains them all.
    tune_deep : bool, default=False
        Choose learning rates and epochs of what is trained by epochs on inner folds (`deep.tuned_rates`).
    last_layers : int, default=2
        How many of an encoder's layers `last-layers` tunes.
    lora_rank : int, default=8
        Rank of what `lora` adds to a matrix.
    lora_targets : sequence of str, default=()
        Names of the linear maps that it adds to; none for `q_proj` and `v_proj` (WavLM: its feed-forward part).
    join_names : bool, default=False
        Take ids of a feature table that differ from the corpus's only in case, space or leading zeros for the same.

    heard : sequence of str, default=()
        What pretrained models have heard of the corpus, above what the register says: `no`, `sound`, `labels` or
        `unknown`, for all models or, with `MODEL=` before it, for one.

    Examples
    --------
    >>> from deep import PipelineOptions
    >>> PipelineOptions(encoder="facebook/hubert-base-ls960", epochs=3).device
    'auto'
    """

    encoder: str | None = None
    layer: str = "auto"
    released: str | None = None
    random_init: bool = False
    device: str = "auto"
    precision: str = "auto"
    augment: bool = False
    epochs: int | None = None
    patience: int | None = None
    tune_deep: bool = False
    last_layers: int = 2
    lora_rank: int = 8
    lora_targets: Sequence[str] = ()
    join_names: bool = False
    heard: Sequence[str] = ()
