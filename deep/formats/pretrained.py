"""Encoders in Hugging Face format: every weight is read from the file, none is filled in."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch

from deep.configuration import read_configuration
from deep.encoder import Encoder, wrap
from deep.runtime import quiet
from features.errors import ModelError

NAMED = 6
"""How many missing tensors an error names."""


def read_encoder(folder: Path) -> Encoder:
    """Read an encoder and its weights.

    Parameters
    ----------
    folder : Path
        Holds `config.json`, `preprocessor_config.json`, and weights as `*.safetensors` or `pytorch_model*.bin`.

    Returns
    -------
    WaveformEncoder or MelEncoder

    Raises
    ------
    ModelError
        If a file is missing or damaged, or the weights lack a tensor of the encoder. What the encoder does not use
        may be missing: Whisper's decoder, and the vector that masks spectra in pretraining.
    """
    from safetensors import SafetensorError
    from transformers import AutoModel

    config = read_configuration(folder)
    try:
        with quiet():
            loaded: Any = AutoModel.from_pretrained(
                folder, dtype=torch.float32, local_files_only=True, output_loading_info=True
            )
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        message = f"{folder} cannot be loaded as a {config.family} encoder ({reason}): check that its files are whole"
        raise ModelError(message) from error
    model, report = loaded
    encoder = wrap(model, config.preprocessor)
    missing = [name for name in sorted(report["missing_keys"]) if not _is_unused(name)]
    if missing:
        raise ModelError(_incomplete(folder, missing, len(encoder.state_dict()), report["unexpected_keys"]))
    return encoder


def _is_unused(name: str) -> bool:
    return name.startswith("decoder.") or name.endswith("masked_spec_embed")


def _incomplete(folder: Path, missing: list[str], total: int, others: Collection[str]) -> str:
    """Say in one line which tensors are missing, and under which other prefix the file has them."""
    more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    lack = f"{folder} lacks the weights of {len(missing)} of the encoder's {total} tensors"
    prefixes = {name.removesuffix(missing[0]) for name in others if name.endswith(f".{missing[0]}")}
    remedy = "fetch the weights again"
    if prefixes:
        remedy = f"the file has tensors of these names behind {min(prefixes)!r}: save the encoder alone, without it"
    return f"{lack}: {', '.join(missing[:NAMED])}{more}; {remedy}"
