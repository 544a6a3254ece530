"""Small encoders in the exact file formats of the published ones, and sound to feed them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

if importlib.util.find_spec("speechbrain") is None:  # not imported here: that takes seconds
    pytest.skip("needs speechbrain: pip install -e '.[deep]' in the toolkit's folder", allow_module_level=True)

SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "conv_dim": (16,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}
LARGE = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}
KINDS = ("wav2vec2", "wav2vec2-large", "hubert", "hubert-large", "wavlm", "wavlm-large", "whisper")
PREPROCESSOR = {
    "feature_extractor_type": "Wav2Vec2FeatureExtractor",
    "feature_size": 1,
    "sampling_rate": 16000,
    "padding_value": 0.0,
    "do_normalize": True,
    "return_attention_mask": False,
}


def config(kind: str, **changed):
    """A transformers configuration of a few small layers; `-large` has the layer norms of the large models."""
    import transformers

    name, _, size = kind.partition("-")
    if name == "whisper":
        return transformers.WhisperConfig(
            **{
                "d_model": 32,
                "encoder_layers": 2,
                "encoder_attention_heads": 4,
                "encoder_ffn_dim": 64,
                "decoder_layers": 1,
                "decoder_attention_heads": 4,
                "decoder_ffn_dim": 32,
                "vocab_size": 64,
                "pad_token_id": 0,
                "bos_token_id": 1,
                "eos_token_id": 2,
                "decoder_start_token_id": 1,
                **changed,
            }
        )
    kinds = {"wav2vec2": "Wav2Vec2Config", "hubert": "HubertConfig", "wavlm": "WavLMConfig"}
    return getattr(transformers, kinds[name])(**{**SMALL, **(LARGE if size == "large" else {}), **changed})


def save(kind: str, folder: Path, *, seed: int = 0, **changed) -> Path:
    """Save a model with random weights, and its preprocessor, as `save_pretrained` does."""
    import torch
    import transformers

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = transformers.AutoModel.from_config(config(kind, **changed))
    model.save_pretrained(folder)
    if kind == "whisper":
        transformers.WhisperFeatureExtractor().save_pretrained(folder)
    else:
        transformers.Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=False).save_pretrained(folder)
    return folder


def voices(*seconds: float, seed: int = 0) -> list[np.ndarray]:
    """Buzzing of different pitch and loudness, one of each length."""
    rng = np.random.default_rng(seed)
    sounds = []
    for length in seconds:
        time = np.arange(round(length * 16000)) / 16000
        pitch = rng.uniform(90, 300) * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(1, 4) * time))
        buzz = np.sign(np.sin(2 * np.pi * np.cumsum(pitch) / 16000)) * rng.uniform(0.05, 0.3)
        sounds.append((buzz * (1 + np.sin(2 * np.pi * 3 * time)) + rng.normal(0, 0.01, len(time))).astype(np.float32))
    return sounds


def padded(sounds: list[np.ndarray]):
    """A padded batch and its lengths, as tensors."""
    import torch

    waveforms = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(sound) for sound in sounds], batch_first=True)
    return waveforms, torch.tensor([len(sound) for sound in sounds])
