"""SpeechBrain's published emotion model: read as plain data and tensors, none of its repository's code is run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from deep.configuration import EncoderConfig, read_configuration
from deep.encoder import Encoder, build_encoder
from deep.formats.hyperparams import describe, read_labels
from deep.hub import hub_folder
from deep.network import EmotionNetwork
from features.errors import ModelError

BASE = "facebook/wav2vec2-base"


def read_network(folder: Path) -> tuple[EmotionNetwork, list[str]]:
    """Read the published model, or one of the same form.

    Parameters
    ----------
    folder : Path
        Holds `hyperparams.yaml`, `label_encoder.txt`, `model.ckpt` and `wav2vec2.ckpt`.

    Returns
    -------
    network : EmotionNetwork
    labels : list of str
        In the order of `label_encoder.txt`.

    Raises
    ------
    ModelError
        If a file is missing or damaged, or the files do not fit together.
    """
    described = describe(folder)
    labels = read_labels(folder / "label_encoder.txt")
    if len(labels) != described.n_classes:
        counts = f"{len(labels)} labels in label_encoder.txt, out_n_neurons={described.n_classes} in hyperparams.yaml"
        raise ModelError(f"{folder}: {counts}")
    network = EmotionNetwork(read_encoder(folder), len(labels), output_norm=described.output_norm)
    path = folder / "model.ckpt"
    _fill(network.head, {"weight": _head_weight(path)}, path)
    return network, labels


def read_encoder(folder: Path) -> Encoder:
    """Build the encoder that the folder describes, with the weights of `wav2vec2.ckpt`.

    Raises
    ------
    ModelError
        If its configuration is unknown, or the weights do not fit it.
    """
    described = describe(folder)
    encoder = build_encoder(_configuration(described.hub, folder), seed=0)
    if encoder.width != described.width:
        widths = f"hyperparams.yaml says encoder_dim={described.width}, but {described.hub} is {encoder.width} wide"
        raise ModelError(f"{folder}: {widths}")
    path = folder / "wav2vec2.ckpt"
    _fill(encoder, read_tensors(path), path)
    return encoder


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Read the tensors of a checkpoint and nothing else.

    Raises
    ------
    ModelError
        If it is missing or holds anything but named tensors.
    """
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ModelError(f"{path}: no such file; fetch it with the rest of the published model") from None
    except Exception as error:  # torch raises whatever a foreign or damaged file leads it to
        raise ModelError(f"{path} holds more than tensors, or is damaged: refused; fetch it again") from error
    if not isinstance(tensors, dict) or not all(isinstance(value, torch.Tensor) for value in tensors.values()):
        raise ModelError(f"{path} is not a table of tensors; expected a checkpoint of SpeechBrain")
    return {_current_name(name): tensor for name, tensor in tensors.items()}


def _current_name(name: str) -> str:
    """Return a tensor's name as torch 2 writes it; older checkpoints have weight norm as `weight_g`, `weight_v`."""
    for number, old in enumerate(("weight_g", "weight_v")):
        if name.endswith(f"conv.{old}"):
            return f"{name.removesuffix(old)}parametrizations.weight.original{number}"
    return name


def _head_weight(path: Path) -> torch.Tensor:
    tensors = read_tensors(path)
    if len(tensors) != 1 or next(iter(tensors.values())).ndim != 2:
        raise ModelError(f"{path} holds {sorted(tensors)}; expected one matrix, a linear layer without bias")
    return next(iter(tensors.values()))


def _fill(module: torch.nn.Module, tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    """Load tensors into a module; one that only pretraining or masking needs may be missing."""
    try:
        missing, unexpected = module.load_state_dict(dict(tensors), strict=False)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise ModelError(f"{path} does not fit the model that hyperparams.yaml describes ({reason})") from error
    missing = [name for name in missing if not name.endswith("masked_spec_embed")]
    unexpected = [name for name in unexpected if not name.endswith("masked_spec_embed")]
    if missing or unexpected:
        names = ", ".join([*missing, *unexpected][:3])
        raise ModelError(
            f"{path} does not fit: {len(missing)} tensors missing, {len(unexpected)} not expected ({names}, ...)"
        )


def _configuration(hub: str, folder: Path) -> EncoderConfig:
    """Return the encoder's configuration: of a local folder, or wav2vec2-base's, which is built in."""
    for local in (Path(hub).expanduser(), folder / hub):
        if (local / "config.json").is_file():
            return read_configuration(local)
    if hub == BASE:
        from transformers import Wav2Vec2Config

        return EncoderConfig(Wav2Vec2Config().to_dict())
    return read_configuration(hub_folder(hub, ("config.json", "preprocessor_config.json")))
