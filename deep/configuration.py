"""Configuration of a speech encoder: what `config.json` and `preprocessor_config.json` say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.audio import RATE
from features.errors import ModelError

FAMILIES = ("wav2vec2", "hubert", "wavlm", "whisper")
LARGEST = 65_536
"""Values in a frame, or layers, that no speech encoder has: more than that is a damaged configuration."""
WAVEFORM_PREPROCESSOR: Mapping[str, Any] = {
    "feature_extractor_type": "Wav2Vec2FeatureExtractor",
    "feature_size": 1,
    "sampling_rate": RATE,
    "padding_value": 0.0,
    "padding_side": "right",
    "do_normalize": True,
    "return_attention_mask": False,
}


@dataclass(frozen=True)
class EncoderConfig:
    """Architecture of a speech encoder and of what prepares its input.

    Attributes
    ----------
    model : mapping
        Content of `config.json`.
    preprocessor : mapping
        Content of `preprocessor_config.json`; wav2vec 2.0's by default.

    Examples
    --------
    >>> from deep.configuration import EncoderConfig
    >>> config = EncoderConfig({"model_type": "hubert", "hidden_size": 768, "num_hidden_layers": 12})
    >>> config.family, config.width, config.n_layers
    ('hubert', 768, 12)
    """

    model: Mapping[str, Any]
    preprocessor: Mapping[str, Any] = field(default_factory=lambda: dict(WAVEFORM_PREPROCESSOR))

    @property
    def family(self) -> str:
        """One of `wav2vec2`, `hubert`, `wavlm` and `whisper`."""
        return str(self.model["model_type"])

    @property
    def width(self) -> int:
        """Number of values in a frame."""
        return int(self.model[_size_names(self.family)[0]])

    @property
    def n_layers(self) -> int:
        """Number of transformer layers of the encoder."""
        return int(self.model[_size_names(self.family)[1]])


def read_configuration(folder: Path) -> EncoderConfig:
    """Read the configuration of an encoder in Hugging Face format.

    Parameters
    ----------
    folder : Path
        Holds `config.json` and `preprocessor_config.json`.

    Returns
    -------
    EncoderConfig

    Raises
    ------
    ModelError
        If one of the files is missing or damaged, or the model is of another family.
    """
    path = folder / "config.json"
    try:
        model = _read_object(path)
    except FileNotFoundError:
        raise ModelError(f"{folder} has no {path.name}: expected an encoder in Hugging Face format") from None
    if model.get("model_type") not in FAMILIES:
        message = f"{path} describes a {model.get('model_type')!r} model; expected one of {', '.join(FAMILIES)}"
        raise ModelError(message)
    try:
        preprocessor = _read_object(folder / "preprocessor_config.json")
    except FileNotFoundError:
        message = f"{folder} has no preprocessor_config.json: fetch it beside config.json"
        raise ModelError(message) from None
    _check_sizes(model, path)
    if preprocessor.get("sampling_rate", RATE) != RATE:
        found = preprocessor["sampling_rate"]
        raise ModelError(f"{folder}: sampling_rate is {found!r}; expected an encoder that hears sound at {RATE} Hz")
    return EncoderConfig(model, preprocessor)


def _size_names(family: str) -> tuple[str, str]:
    """What a family calls the width of its frames and the number of its layers."""
    return ("d_model", "encoder_layers") if family == "whisper" else ("hidden_size", "num_hidden_layers")


def _check_sizes(model: Mapping[str, Any], path: Path) -> None:
    for name in _size_names(str(model["model_type"])):
        value = model.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST:
            found = "missing" if value is None else repr(value)
            raise ModelError(f"{path}: {name} is {found}; expected a whole number of 1 to {LARGEST}; fetch it again")


def _read_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read ({error}): expected JSON; fetch it again") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} holds no JSON object: expected a configuration; fetch it again")
    return content


def too_many(last_layers: int, n_layers: int) -> str | None:
    """Say why so many layers cannot be tuned; None where they can.

    Examples
    --------
    >>> too_many(5, 4)
    'last_layers=5; expected 1 to 4, the layers of the encoder: --last-layers 2'
    """
    if 1 <= last_layers <= n_layers:
        return None
    return f"last_layers={last_layers}; expected 1 to {n_layers}, the layers of the encoder: --last-layers 2"
