"""SpeechBrain's published emotion checkpoint: read as plain data and tensors, none of its repository's code is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from deep import runtime as devices
from deep.encoder import WAVEFORM_PREPROCESSOR, Encoder, build_encoder, read_configuration
from deep.formats.released import describe, read_labels
from deep.hub import RELEASED, RELEASED_FILES, folder_of
from deep.network import EmotionNetwork
from deep.predictor import Recogniser
from deep.quiet import quiet
from features.errors import ModelError, PipelineError

BASE = "facebook/wav2vec2-base"


def load_released(source: str | Path = RELEASED, *, device: str = "auto", precision: str = "auto") -> Recogniser:
    """Load the released model, or one of the same form.

    Parameters
    ----------
    source : str or Path
        Hub name or local folder with `hyperparams.yaml`, `label_encoder.txt`, `model.ckpt` and `wav2vec2.ckpt`.
    device : str
        `auto`, `cpu`, `cuda` or `cuda:N`.
    precision : str
        `auto`, `float32` or `bfloat16`.

    Returns
    -------
    Recogniser
        Its `classes_` are in the order of `label_encoder.txt`.

    Raises
    ------
    ModelError
        When it is not here and cannot be fetched, or its files do not fit together.
    """
    folder = folder_of(source, patterns=RELEASED_FILES)
    said = describe(folder)
    labels = read_labels(folder / "label_encoder.txt")
    if len(labels) != said.n_classes:
        raise ModelError(
            f"{folder}: {len(labels)} labels in label_encoder.txt, out_n_neurons={said.n_classes} in hyperparams.yaml"
        )
    network = EmotionNetwork(released_encoder(folder), len(labels), output_norm=said.output_norm)
    _fill(network.head, {"weight": _head_weight(folder / "model.ckpt")}, folder / "model.ckpt")
    return Recogniser(network, labels, device=device, precision=precision)


def released_encoder(folder: Path) -> Encoder:
    """Build the encoder that the folder describes, and give it the weights of `wav2vec2.ckpt`.

    Raises
    ------
    ModelError
        When its configuration is not known, or the weights do not fit it.
    """
    said = describe(folder)
    encoder = build_encoder(*_configuration(said.hub, folder), seed=0)
    if encoder.width != said.width:
        raise ModelError(
            f"{folder}: hyperparams.yaml says encoder_dim={said.width}, but {said.hub} is {encoder.width} wide"
        )
    path = folder / "wav2vec2.ckpt"
    _fill(encoder.lobe, read_tensors(path), path)
    return encoder


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Read a checkpoint's tensors and nothing else.

    Raises
    ------
    ModelError
        When it is missing or holds anything but named tensors.
    """
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ModelError(f"{path}: no such file; fetch it with the rest of the released model") from None
    except Exception as error:  # torch raises whatever a foreign or damaged file leads it to
        raise ModelError(f"{path} holds more than tensors, or is damaged: refused; fetch it again") from error
    if not isinstance(found, dict) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise ModelError(f"{path} is not a table of tensors; expected a checkpoint of SpeechBrain")
    return {_today(name): tensor for name, tensor in found.items()}


def _today(name: str) -> str:
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


def _configuration(hub: str, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the encoder's configuration: of a local folder, or wav2vec2-base's, which is built in."""
    for place in (Path(hub).expanduser(), folder / hub):
        if (place / "config.json").is_file():
            return read_configuration(place)
    if hub == BASE:
        from transformers import Wav2Vec2Config

        return Wav2Vec2Config().to_dict(), dict(WAVEFORM_PREPROCESSOR)
    return read_configuration(folder_of(hub, patterns=("config.json", "preprocessor_config.json")))


class ReleasedClassifier(ClassifierMixin, BaseEstimator):
    """The released model as a pipeline: `fit` learns nothing.

    It was trained on a random split of IEMOCAP and has heard all ten speakers, so that no score on IEMOCAP is a test
    result.

    Parameters
    ----------
    source : str
        Hub name or local folder.
    device : str
        `auto`, `cpu`, `cuda` or `cuda:N`.
    precision : str
        `auto`, `float32` or `bfloat16`.
    n_jobs : int, optional
        CPU threads; None leaves torch's own choice.

    Attributes
    ----------
    classes_ : np.ndarray
        Its labels, sorted.
    recogniser_ : Recogniser
        The model.
    """

    def __init__(
        self, source: str = RELEASED, *, device: str = "auto", precision: str = "auto", n_jobs: int | None = None
    ) -> None:
        self.source = source
        self.device = device
        self.precision = precision
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Sequence[str]) -> ReleasedClassifier:
        """Load the model, after a look at the labels.

        Raises
        ------
        PipelineError
            When a label is not one of the model's.
        ModelError
            When it cannot be loaded.
        """
        with quiet():
            self.recogniser_ = load_released(self.source, device=self.device, precision=self.precision)
        foreign = sorted(set(np.asarray(y, dtype=str)) - set(self.recogniser_.classes_))
        if foreign:
            known = ", ".join(self.recogniser_.classes_)
            raise PipelineError(f"labels {', '.join(foreign)} are not the released model's, which are {known}")
        self.classes_ = np.sort(self.recogniser_.classes_)
        self.notes_ = ["not trained here: the published weights as they are"]
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities, float64 of shape (n_clips, n_classes), columns as `classes_`."""
        check_is_fitted(self, "recogniser_")
        with devices.threads(self.n_jobs), quiet():
            found = self.recogniser_.predict_proba(X)
        return found[:, np.argsort(self.recogniser_.classes_)]

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of every clip."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
