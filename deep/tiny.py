"""The architecture of `wav2vec2-tiny`: wav2vec 2.0 with a few small layers, trained from random weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deep.configuration import EncoderConfig

TINY_RECIPE: Mapping[str, Any] = {
    "epochs": 16,
    "augment": True,  # without, so few clips are soon memorised
    "head_rate": 1e-3,
    "encoder_rate": 1e-3,
    "annealing_factor": 1.0,
    "batch_seconds": 12.0,
    "pad_seconds": 0.25,
    "freeze_front_end": False,
    "output_norm": False,
    "balanced": True,
}
"""Parameters of `deep.FineTunedClassifier`: everything is trained, at rates for random weights."""


def tiny_configuration() -> EncoderConfig:
    """Return the configuration of the encoder."""
    return narrow(
        hidden_size=64,
        intermediate_size=128,
        conv_dim=(64, 64, 64),
        conv_kernel=(400, 8, 4),
        conv_stride=(80, 4, 4),
        conv_bias=False,
        feat_extract_norm="group",
        do_stable_layer_norm=False,
        hidden_dropout=0.1,
    )


def narrow(*, hidden_dropout: float, **shape: Any) -> EncoderConfig:
    """Return a wav2vec 2.0 of two layers that masks nothing in training, nor drops anything but hidden states.

    Parameters
    ----------
    hidden_dropout : float
    **shape
        Widths, convolutions and norms, as `transformers.Wav2Vec2Config` names them.

    Examples
    --------
    >>> narrow(hidden_dropout=0.1, hidden_size=64).model["hidden_size"]
    64
    """
    from transformers import Wav2Vec2Config

    config = Wav2Vec2Config(
        **shape,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        layerdrop=0.0,
        mask_time_prob=0.0,
        hidden_dropout=hidden_dropout,
        attention_dropout=0.0,
        activation_dropout=0.0,
        feat_proj_dropout=0.0,
        feat_extract_activation="relu",
        hidden_act="relu",
        apply_spec_augment=False,
    )
    return EncoderConfig(config.to_dict())
