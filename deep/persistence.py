"""Save and load deep models: tensors as safetensors, everything else as JSON, and a card for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from deep.encoder import configuration_of
from deep.hub import RELEASED, RELEASED_FILES, folder_of
from deep.model_card import model_card
from deep.models import LIBRARIES
from deep.network import EmotionNetwork, restored
from deep.predictor import Recogniser
from deep.quiet import quiet
from features.errors import ModelError
from features.version import VERSION

FORMAT = 1
DESCRIPTION = "model.json"
TENSORS = "model.safetensors"
CARD = "README.md"


def save(model: Any, folder: str | Path, *, about: Mapping[str, Any] | None = None) -> Path:
    """Save a trained model.

    Parameters
    ----------
    model : Recogniser or fitted estimator that has one as `recogniser_`
        What to save.
    folder : str or Path
        Made if need be; `model.safetensors`, `model.json` and the card `README.md` go into it.
    about : mapping, optional
        What else to record, such as corpus, corpus fingerprint, scores; must be JSON.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ModelError
        When nothing is trained, or the folder cannot be written.
    """
    from safetensors.torch import save_file

    recogniser = getattr(model, "recogniser_", model)
    if not isinstance(recogniser, Recogniser):
        raise ModelError(f"{type(model).__name__} holds no trained network: call fit first")
    place = Path(folder)
    config, preprocessor = configuration_of(recogniser.network.encoder)
    description = {
        "format": FORMAT,
        "toolkit": VERSION,
        "saved": datetime.now(UTC).isoformat(timespec="seconds"),
        "labels": recogniser.classes_.tolist(),
        "output_norm": recogniser.network.output_norm,
        "encoder": {"config": config, "preprocessor": preprocessor},
        "training": _training(model),
        "about": dict(about or {}),
        "versions": {name: version(name) for name in LIBRARIES},
    }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in recogniser.network.state_dict().items()}
    try:
        place.mkdir(parents=True, exist_ok=True)
        save_file(tensors, place / TENSORS)
        text = json.dumps(description, indent=2, sort_keys=True, default=_plain)
        (place / DESCRIPTION).write_text(text + "\n", encoding="utf-8")
        (place / CARD).write_text(model_card(json.loads(text)), encoding="utf-8")
    except OSError as error:
        raise ModelError(f"{place}: {error.strerror or error}; expected a folder that can be written") from error
    return place


def load(
    source: str | Path = RELEASED, *, device: str = "auto", precision: str = "auto", batch_seconds: float | None = None
) -> Recogniser:
    """Load a model: one saved by this toolkit, or SpeechBrain's released one.

    Parameters
    ----------
    source : str or Path
        Local folder or hub name.
    device : str
        `auto`, `cpu`, `cuda` or `cuda:N`.
    precision : str
        `auto`, `float32` or `bfloat16`.
    batch_seconds : float, optional
        Seconds of sound in a batch.

    Returns
    -------
    Recogniser
        With `classify_file(path)` as SpeechBrain's users know it, and `predict_proba(paths)` for many.

    Raises
    ------
    ModelError
        When it is not here and cannot be fetched, is damaged, or is of another form.

    Examples
    --------
    >>> import deep
    >>> classifier = deep.load("speechbrain/emotion-recognition-wav2vec2-IEMOCAP")  # doctest: +SKIP
    >>> probability, score, index, label = classifier.classify_file("anger.wav")  # doctest: +SKIP
    """
    from deep.released import load_released

    local = Path(source).expanduser()
    with quiet():
        if (local / DESCRIPTION).is_file():
            network, labels = _read(local)
            found = Recogniser(network, labels, device=device, precision=precision)
        elif local.is_dir() and not (local / "hyperparams.yaml").is_file():
            either = f"{DESCRIPTION} (saved by this toolkit) or hyperparams.yaml (SpeechBrain's released model)"
            raise ModelError(f"{local} holds no model: expected {either}")
        else:
            folder = folder_of(source, patterns=RELEASED_FILES)
            found = load_released(folder, device=device, precision=precision)
    found.batch_seconds = batch_seconds
    return found


def described(folder: str | Path) -> dict[str, Any]:
    """Return what `model.json` in a folder says.

    Raises
    ------
    ModelError
        When it is missing, damaged, or of another format.
    """
    path = Path(folder) / DESCRIPTION
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}); expected a model saved by this toolkit") from error
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        made = said.get("toolkit", "an unknown version") if isinstance(said, dict) else "something else"
        raise ModelError(f"{path} was written by {made} in another format; expected format {FORMAT}: save it again")
    return said


def made_otherwise(source: str | Path) -> list[str]:
    """Return in words which versions differ between the making of a saved model and now; none for other models."""
    if not (Path(source).expanduser() / DESCRIPTION).is_file():
        return []
    said = described(Path(source).expanduser())
    now = {"toolkit": VERSION, **{name: version(name) for name in LIBRARIES}}
    then = {"toolkit": said.get("toolkit"), **said.get("versions", {})}
    changed = {name: value for name, value in now.items() if then.get(name) != value}
    return [f"model made with {name} {then.get(name)}, now {value}" for name, value in changed.items()]


def _read(folder: Path) -> tuple[EmotionNetwork, list[str]]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    said = described(folder)
    path = folder / TENSORS
    try:
        tensors: dict[str, torch.Tensor] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} cannot be read ({error}); expected the model's tensors: copy it again") from error
    try:
        labels = [str(label) for label in said["labels"]]
        encoder = said["encoder"]
        network = restored(encoder["config"], encoder["preprocessor"], len(labels), said["output_norm"], tensors)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder / DESCRIPTION} is damaged ({error}); copy it again") from error
    return network, labels


def _training(model: Any) -> dict[str, Any]:
    if not hasattr(model, "get_params"):
        return {}
    skipped = {"work_dir", "device", "n_jobs"}
    parameters = {name: value for name, value in model.get_params().items() if name not in skipped}
    return {
        "parameters": json.loads(json.dumps(parameters, default=_plain)),
        "chosen": getattr(model, "chosen_", {}),
        "history": getattr(model, "history_", []),
        "notes": getattr(model, "notes_", []),
    }


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return getattr(value, "name", None) or getattr(value, "source", None) or str(value)
