"""Models saved by this toolkit: tensors as safetensors, everything else as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from deep.configuration import EncoderConfig
from deep.encoder import Encoder
from deep.hub import SAVED_MARKER as DESCRIPTION
from deep.network import EmotionNetwork, restored
from deep.probe_network import ProbeNetwork, restored_probe
from features.errors import ModelError

FORMAT = 2
TENSORS = "model.safetensors"


def read_network(folder: Path) -> tuple[EmotionNetwork | ProbeNetwork, list[str]]:
    """Read a saved network and its labels.

    Parameters
    ----------
    folder : Path
        Holds `model.json` and `model.safetensors`.

    Returns
    -------
    network : EmotionNetwork or ProbeNetwork
    labels : list of str

    Raises
    ------
    ModelError
        If a file is missing, damaged or of another format, or the files do not fit together.
    """
    description = read_description(folder)
    try:
        labels = [str(label) for label in description["labels"]]
        config = EncoderConfig(description["encoder"]["config"], description["encoder"]["preprocessor"])
        tensors = _read_tensors(folder / TENSORS, whisper=config.family == "whisper")
        network = _network(description, config, len(labels), tensors)
    except ModelError:
        raise
    except Exception as error:  # a damaged description may lead transformers and torch to raise anything
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ModelError(f"{folder / DESCRIPTION} is damaged ({reason}); copy it again") from error
    return network, labels


def _network(
    description: Mapping[str, Any], config: EncoderConfig, n_classes: int, tensors: Mapping[str, torch.Tensor]
) -> EmotionNetwork | ProbeNetwork:
    if "projection" in description:
        attention = description.get("attention")
        return restored_probe(
            config,
            n_classes,
            tensors,
            projection=int(description["projection"]),
            attention=None if attention is None else int(attention),
        )
    return restored(config, n_classes, description["output_norm"], tensors)


def read_encoder(folder: Path) -> Encoder:
    """Read the encoder of a saved model; raises as `read_network`."""
    return read_network(folder)[0].encoder


def read_description(folder: Path) -> dict[str, Any]:
    """Return the content of `model.json`.

    Raises
    ------
    ModelError
        If it is missing, damaged, or of another format.
    """
    path = folder / DESCRIPTION
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read ({error}); expected a model saved by this toolkit") from error
    if not isinstance(description, dict) or description.get("format") not in range(1, FORMAT + 1):
        made = description.get("toolkit", "an unknown version") if isinstance(description, dict) else "something else"
        raise ModelError(f"{path} was written by {made} in another format; expected format {FORMAT}: save it again")
    if not isinstance(description.get("versions", {}), dict):
        raise ModelError(f"{path} is damaged (versions is no object); copy it again")
    return description


def _read_tensors(path: Path, *, whisper: bool) -> dict[str, torch.Tensor]:
    """Read tensors under the names of this version; format 1 had SpeechBrain's class around the encoder."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors: Mapping[str, torch.Tensor] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} cannot be read ({error}); expected the model's tensors: copy it again") from error
    old = "encoder.lobe.model.encoder." if whisper else "encoder.lobe.model."
    renamed = {name.replace(old, "encoder.model.", 1): tensor for name, tensor in tensors.items()}
    return {name: tensor for name, tensor in renamed.items() if name != "encoder.lobe._mel_filters"}
