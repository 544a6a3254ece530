"""The shape of `wav2vec2-tiny`: wav2vec 2.0 with a few small layers, trained from a random start."""

from __future__ import annotations

from typing import Any

from deep.classifier import FineTunedClassifier
from deep.encoder import WAVEFORM_PREPROCESSOR, RandomStart


def tiny_configuration() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the configuration of the encoder and of its preprocessor."""
    from transformers import Wav2Vec2Config

    config = Wav2Vec2Config(
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        conv_dim=(64, 64, 64),
        conv_kernel=(400, 8, 4),
        conv_stride=(80, 4, 4),
        conv_bias=False,
        feat_extract_norm="group",
        do_stable_layer_norm=False,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        layerdrop=0.0,
        mask_time_prob=0.0,
        hidden_dropout=0.1,
        attention_dropout=0.0,
        activation_dropout=0.0,
        feat_proj_dropout=0.0,
        feat_extract_activation="relu",
        hidden_act="relu",
        apply_spec_augment=False,
    )
    return config.to_dict(), dict(WAVEFORM_PREPROCESSOR)


def tiny_classifier(*, epochs: int = 16, augment: bool = True, **parameters: Any) -> FineTunedClassifier:
    """Return the classifier of `wav2vec2-tiny`: everything is trained, at rates for a random start.

    Parameters
    ----------
    epochs : int
        Number of epochs.
    augment : bool
        Augment the training clips: without, so few of them are soon learnt by heart.
    **parameters
        Further parameters of `FineTunedClassifier`.
    """
    return FineTunedClassifier(
        RandomStart("wav2vec2-tiny", tiny_configuration),
        epochs=epochs,
        augment=augment,
        head_rate=1e-3,
        encoder_rate=1e-3,
        annealing_factor=1.0,
        batch_seconds=12.0,
        pad_seconds=0.25,
        freeze_front_end=False,
        output_norm=False,
        balanced=True,
        **parameters,
    )
