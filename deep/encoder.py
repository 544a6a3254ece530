"""Build a speech encoder: pretrained from a folder or the hub, or of the same shape with a random start."""

from __future__ import annotations

import importlib
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from deep import lazy_modules
from deep.hub import RELEASED_FILES, SAVED_FILES, family, folder_of, starting_files
from deep.mel_encoder import MelEncoder
from deep.quiet import quiet
from deep.waveform_encoder import WaveformEncoder
from features.audio import RATE
from features.errors import ModelError

Encoder = WaveformEncoder | MelEncoder

LOBES: Mapping[str, tuple[str, str]] = {
    "wav2vec2": ("wav2vec2", "Wav2Vec2"),
    "hubert": ("hubert", "HuBERT"),
    "wavlm": ("wavlm", "WavLM"),
    "whisper": ("whisper", "Whisper"),
}
WAVEFORM_PREPROCESSOR: Mapping[str, Any] = {
    "feature_extractor_type": "Wav2Vec2FeatureExtractor",
    "feature_size": 1,
    "sampling_rate": RATE,
    "padding_value": 0.0,
    "padding_side": "right",
    "do_normalize": True,
    "return_attention_mask": False,
}


def load_encoder(source: str | Path) -> Encoder:
    """Load a pretrained encoder.

    Parameters
    ----------
    source : str or Path
        A local folder in Hugging Face format, or a hub name: wav2vec 2.0, HuBERT, WavLM or Whisper. The encoder of the
        released emotion model, or of a model that this toolkit saved, is taken out of it.

    Returns
    -------
    WaveformEncoder or MelEncoder

    Raises
    ------
    ModelError
        When it is not here and cannot be fetched, or its files do not fit together.
    """
    needed = starting_files(source)
    folder = folder_of(source, patterns=needed)
    if needed == RELEASED_FILES:
        from deep.released import released_encoder

        return released_encoder(folder)
    if needed == SAVED_FILES:
        from deep.persistence import load

        return load(folder, device="cpu").network.encoder
    kind = family(folder)
    try:
        with quiet():
            return _wrapped(_lobe_class(kind)(source=str(folder), save_path=str(folder), **_options(kind)))
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        message = f"{folder} cannot be loaded as a {kind} encoder ({reason}): check that its files are whole"
        raise ModelError(message) from error


def build_encoder(config: Mapping[str, Any], preprocessor: Mapping[str, Any], *, seed: int) -> Encoder:
    """Build an encoder of a given shape with random weights.

    Parameters
    ----------
    config, preprocessor : mapping
        What `config.json` and `preprocessor_config.json` of such an encoder hold.
    seed : int
        Of the random weights.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_configuration(folder, config, preprocessor)
        kind = family(folder)
        with quiet(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            lobe_class = _lobe_class(kind)
            lobe = _without_weights(lobe_class)(source=name, save_path=name, **_options(kind))
            lobe.__class__ = lobe_class  # only its making differed, and SpeechBrain's class can be pickled
            return _wrapped(lobe)


def random_twin(source: str | Path, *, seed: int) -> Encoder:
    """Build the untrained twin of a pretrained encoder: the same shape, random weights."""
    return build_encoder(*read_configuration(folder_of(source)), seed=seed)


@dataclass(frozen=True)
class Pretrained:
    """A pretrained encoder, by hub name or folder."""

    source: str

    def build(self, *, seed: int) -> Encoder:
        """Load it; its weights do not depend on the seed."""
        return load_encoder(self.source)


@dataclass(frozen=True)
class RandomStart:
    """An encoder with random weights.

    Attributes
    ----------
    name : str
        What reports call it.
    configuration : callable
        Returns what `config.json` and `preprocessor_config.json` of such an encoder hold.
    """

    name: str
    configuration: Callable[[], tuple[dict[str, Any], dict[str, Any]]]

    def build(self, *, seed: int) -> Encoder:
        """Draw the weights."""
        return build_encoder(*self.configuration(), seed=seed)


def read_configuration(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what `config.json` and `preprocessor_config.json` in a folder hold."""
    family(folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    path = folder / "preprocessor_config.json"
    try:
        return config, json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{folder} has no {path.name}: fetch it beside config.json") from None
    except ValueError as error:
        raise ModelError(f"{path} is not JSON ({error}): fetch it again") from error


def write_configuration(folder: Path, config: Mapping[str, Any], preprocessor: Mapping[str, Any]) -> None:
    """Write `config.json` and `preprocessor_config.json` into a folder, made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(dict(config), indent=2, sort_keys=True), encoding="utf-8")
    text = json.dumps(dict(preprocessor), indent=2, sort_keys=True)
    (folder / "preprocessor_config.json").write_text(text, encoding="utf-8")


def configuration_of(encoder: Encoder) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the configuration that `build_encoder` makes an encoder of the same shape from."""
    lobe: Any = encoder.lobe
    return lobe.model.config.to_dict(), lobe.feature_extractor.to_dict()


def _lobe_class(kind: str) -> Any:
    place, name = LOBES[kind]
    with quiet():
        lobe_class = getattr(importlib.import_module(f"speechbrain.integrations.huggingface.{place}"), name)
    lazy_modules.settle()
    return lobe_class


def _options(kind: str) -> dict[str, Any]:
    return {"encoder_only": True} if kind == "whisper" else {"output_norm": False}


def _without_weights(lobe_class: Any) -> Any:
    """Return the same SpeechBrain class, which makes its model from the configuration and reads no weights."""

    class RandomStart(lobe_class):  # type: ignore[misc]
        def _from_pretrained(self, *_args: Any, **_kwargs: Any) -> None:
            self.model = self.auto_class.from_config(self.config)

    return RandomStart


def _wrapped(lobe: Any) -> Encoder:
    lobe.float()
    return MelEncoder(lobe) if hasattr(lobe, "_mel_filters") else WaveformEncoder(lobe)
