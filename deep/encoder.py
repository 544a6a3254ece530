"""A speech encoder as a network: built from its configuration, with random weights or around a given model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import torch

from deep.configuration import EncoderConfig
from deep.mel_encoder import MelEncoder
from deep.runtime import quiet
from deep.waveform_encoder import WaveformEncoder
from features.errors import ModelError

Encoder = WaveformEncoder | MelEncoder
Network = TypeVar("Network", bound=torch.nn.Module)


def wrap(model: Any, preprocessor: Mapping[str, Any]) -> Encoder:
    """Wrap a model of `transformers` so that clips of a batch do not affect each other.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        Wav2Vec2Model, HubertModel, WavLMModel or WhisperModel.
    preprocessor : mapping
        Content of `preprocessor_config.json`.

    Returns
    -------
    WaveformEncoder or MelEncoder
        In float32 and in training mode.
    """
    model = model.float().train()
    if model.config.model_type == "whisper":
        return MelEncoder(model.encoder, preprocessor)
    return WaveformEncoder(model, preprocessor)


def build_encoder(config: EncoderConfig, *, seed: int) -> Encoder:
    """Build an encoder with random weights; the state of torch's generator is not changed.

    Parameters
    ----------
    config : EncoderConfig
        Its architecture.
    seed : int
        Seed of the weights.

    Returns
    -------
    WaveformEncoder or MelEncoder
    """
    from transformers import CONFIG_MAPPING, AutoModel

    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModel.from_config(CONFIG_MAPPING[config.family].from_dict(dict(config.model)))
    return wrap(model, config.preprocessor)


def configuration_of(encoder: Encoder) -> EncoderConfig:
    """Return the configuration that `build_encoder` makes an encoder of the same architecture from."""
    return EncoderConfig(encoder.model.config.to_dict(), encoder.preprocessor)


@dataclass(frozen=True)
class RandomInit:
    """An encoder that starts with random weights.

    Attributes
    ----------
    name : str
        Name in reports.
    configuration : callable
        `() -> EncoderConfig`, its architecture.
    """

    name: str
    configuration: Callable[[], EncoderConfig]

    def build(self, *, seed: int) -> Encoder:
        """Draw the weights."""
        return build_encoder(self.configuration(), seed=seed)


def with_weights(network: Network, tensors: Mapping[str, torch.Tensor]) -> Network:
    """Return the network with given weights, in evaluation mode; a ModelError where they do not fit it."""
    try:
        network.load_state_dict(dict(tensors))
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise ModelError(f"weights that do not fit their configuration ({reason})") from error
    return network.eval()
