"""Save deep models: tensors as safetensors, everything else as JSON, and a model card."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deep import versions
from deep.encoder import configuration_of
from deep.formats.saved import DESCRIPTION, FORMAT, TENSORS
from deep.model_card import CARD, model_card
from deep.predictor import Predictor
from features.errors import ModelError
from features.version import VERSION


def save(model: Any, folder: str | Path, *, about: Mapping[str, Any] | None = None) -> Path:
    """Save a trained model, whole or not at all.

    Everything is written beside the folder first. A save that is interrupted leaves an earlier model as it was; in the
    moment in which the new files move into the folder, it holds no model, never a mixture of two.

    Parameters
    ----------
    model : Predictor or fitted estimator
        An estimator has its `Predictor` as `predictor_`.
    folder : str or Path
        Made where it is missing; `model.safetensors`, `model.json` and the card `README.md` are written into it.
    about : mapping, default=None
        What else to record, such as corpus, corpus fingerprint, scores; must be JSON.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ModelError
        If nothing is trained, or the folder cannot be written.

    Examples
    --------
    >>> import deep
    >>> model = deep.load("model/")  # or a classifier after `fit`  # doctest: +SKIP
    >>> deep.save(model, "copy/", about={"corpus": "emodb"}).name  # doctest: +SKIP
    'copy'
    """
    from safetensors.torch import save_file

    predictor = getattr(model, "predictor_", model)
    if not isinstance(predictor, Predictor):
        raise ModelError(f"{type(model).__name__} holds no trained network: call fit first")
    folder = Path(folder)
    text = json.dumps(_description(model, predictor, about or {}), indent=2, sort_keys=True, default=_plain)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in predictor.network.state_dict().items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent) as scratch:
            part = Path(scratch)
            save_file(tensors, part / TENSORS)
            (part / CARD).write_text(model_card(json.loads(text)), encoding="utf-8")
            (part / DESCRIPTION).write_text(text + "\n", encoding="utf-8")
            (folder / DESCRIPTION).unlink(missing_ok=True)  # without it a folder is no model
            for name in (TENSORS, CARD, DESCRIPTION):
                (part / name).replace(folder / name)
    except OSError as error:
        raise ModelError(f"{folder}: {error.strerror or error}; expected a folder that can be written") from error
    return folder


def _description(model: Any, predictor: Predictor, about: Mapping[str, Any]) -> dict[str, Any]:
    config = configuration_of(predictor.network.encoder)
    return {
        "format": FORMAT,
        "toolkit": VERSION,
        "saved": datetime.now(UTC).isoformat(timespec="seconds"),
        "labels": predictor.classes_.tolist(),
        **predictor.network.settings(),
        "encoder": {"config": config.model, "preprocessor": config.preprocessor},
        "training": _training(model),
        "about": dict(about),
        "versions": versions.installed(),
    }


def _training(model: Any) -> dict[str, Any]:
    if not hasattr(model, "get_params"):
        return {}
    skipped = {"work_dir", "device", "n_jobs", "features"}
    return {
        "parameters": {
            name: value
            for name, value in model.get_params().items()
            if name.rpartition("__")[2] not in skipped | {"cache", "progress"}
        },
        "best_params": getattr(model, "best_params_", {}),
        "history": getattr(model, "history_", []),
        "notes": getattr(model, "notes_", []),
    }


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return getattr(value, "name", None) or str(value)
