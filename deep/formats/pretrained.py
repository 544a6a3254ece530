"""Encoders in Hugging Face format: every weight is read from the file, none is filled in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import torch

from deep.configuration import EncoderConfig, read_configuration
from deep.encoder import Encoder, wrap
from deep.runtime import quiet
from features.errors import ModelError

NAMED = 6
"""How many tensors an error names."""

GIT_LFS = b"version https://git-lfs"
LARGEST_POINTER = 1000
"""Bytes; pointers have some 130."""


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
        If a file is missing or damaged, or the weights are not those that the configuration describes: one lacks, has
        another shape, holds NaN or infinity, or is of a layer that the configuration does not have. What the encoder
        does not use may be missing: Whisper's decoder, and the vector that masks spectra in pretraining.
    """
    from transformers import AutoModel

    config = read_configuration(folder)
    try:
        with quiet():
            loaded: Any = AutoModel.from_pretrained(
                folder,
                dtype=torch.float32,
                local_files_only=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # they are refused below, where they are named
            )
        model, report = loaded
        encoder = wrap(model, config.preprocessor)
    except Exception as error:  # transformers, safetensors and torch raise whatever a damaged file leads them to
        reason = _pointer(folder) or next(iter(str(error).strip().splitlines()), type(error).__name__)
        message = f"{folder} cannot be loaded as a {config.family} encoder ({reason}): check that its files are whole"
        raise ModelError(message) from error
    _check_complete(folder, report, len(encoder.state_dict()))
    _check_layers(folder, report["unexpected_keys"], config)
    broken = [name for name, values in encoder.state_dict().items() if not bool(torch.isfinite(values).all())]
    if broken:
        raise ModelError(
            f"{folder}: {len(broken)} of the encoder's {len(encoder.state_dict())} tensors hold NaN or infinity: "
            f"{_some(broken)}; fetch the weights again"
        )
    return encoder


def _pointer(folder: Path) -> str:
    """Say that weights are a git-lfs pointer where they are one: cloned without git-lfs."""
    for file in sorted(path for pattern in ("*.safetensors", "*.bin") for path in folder.glob(pattern)):
        if file.is_file() and file.stat().st_size < LARGEST_POINTER and file.read_bytes().startswith(GIT_LFS):
            return f"{file.name} is a git-lfs pointer, not the weights: run `git lfs pull` where it was cloned"
    return ""


def _check_complete(folder: Path, report: Any, total: int) -> None:
    """Refuse weights that lack a tensor of the encoder, or have one of another shape: it would be drawn at random."""
    missing = [name for name in sorted(report["missing_keys"]) if not _is_unused(name)]
    if missing:
        raise ModelError(_incomplete(folder, missing, total, report["unexpected_keys"]))
    shapes = {name: (tuple(found), tuple(asked)) for name, found, asked in report["mismatched_keys"]}
    wrong = sorted(name for name in shapes if not _is_unused(name))
    if wrong:
        found, asked = shapes[wrong[0]]
        raise ModelError(
            f"{folder}: {len(wrong)} of the encoder's {total} tensors have another shape than config.json asks for: "
            f"{_some(wrong)} ({wrong[0]} is {_size(found)}, expected {_size(asked)}); fetch both files again"
        )


def _check_layers(folder: Path, unexpected: Iterable[str], config: EncoderConfig) -> None:
    """Refuse weights of more layers than the configuration has: one of the two is of another encoder."""
    found = (re.match(r"(?:.*\.)?encoder\.layers\.(\d+)\.", name) for name in unexpected)
    layers = sorted({int(match[1]) for match in found if match and int(match[1]) >= config.n_layers})
    if layers:
        raise ModelError(
            f"{folder}: the weights have {layers[-1] + 1} layers, config.json says {config.n_layers}; fetch both "
            "again, or save the encoder with the layers that you want"
        )


def _is_unused(name: str) -> bool:
    return name.startswith("decoder.") or name.endswith("masked_spec_embed")


def _incomplete(folder: Path, missing: list[str], total: int, others: Collection[str]) -> str:
    """Say in one line which tensors are missing, and under which other prefix the file has them."""
    prefixes = {other.removesuffix(name) for other in others for name in missing if other.endswith(f".{name}")}
    remedy = "fetch the weights again"
    if prefixes:
        remedy = f"the file has tensors of these names behind {min(prefixes)!r}: save the encoder alone, without it"
    return f"{folder} lacks the weights of {len(missing)} of the encoder's {total} tensors: {_some(missing)}; {remedy}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a number"
