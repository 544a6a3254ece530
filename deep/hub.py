"""Find an encoder or a model by its hub name or folder: local files first, the hub only where it must be."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from features.errors import ModelError

RELEASED = "speechbrain/emotion-recognition-wav2vec2-IEMOCAP"
SAVED_MARKER = "model.json"
RELEASED_MARKER = "hyperparams.yaml"


class Kind(StrEnum):
    """Form in which a folder holds an encoder or a model."""

    ENCODER = "encoder in Hugging Face format"
    RELEASED = "SpeechBrain's published emotion model"
    SAVED = "model saved by this toolkit"


FILES: Mapping[Kind, tuple[str, ...]] = {
    Kind.ENCODER: ("config.json", "preprocessor_config.json", "*.safetensors", "pytorch_model*.bin"),
    Kind.RELEASED: (RELEASED_MARKER, "label_encoder.txt", "model.ckpt", "wav2vec2.ckpt"),
    Kind.SAVED: (SAVED_MARKER, "model.safetensors"),
}


@dataclass(frozen=True)
class Resolved:
    """Where the files of an encoder or a model are, and in which form.

    Attributes
    ----------
    folder : Path
        Local folder; for a hub name, the snapshot in the hub's own cache.
    kind : Kind
        Form of the files.
    """

    folder: Path
    kind: Kind


def resolve(source: str | Path, *, hub_kind: Kind = Kind.ENCODER) -> Resolved:
    """Find the folder of an encoder or a model, fetched from the hub where it is not here yet.

    Parameters
    ----------
    source : str or Path
        A local folder, or the name of a repository on the Hugging Face hub (`facebook/wav2vec2-base`).
    hub_kind : Kind, default=Kind.ENCODER
        What a hub name stands for, apart from that of the published emotion model.

    Returns
    -------
    Resolved

    Raises
    ------
    ModelError
        If there is no such folder and the hub cannot be reached (or `HF_HUB_OFFLINE` is set).
    """
    folder = Path(source).expanduser()
    if folder.is_dir():
        return Resolved(folder.resolve(), kind_of(folder))
    kind = Kind.RELEASED if str(source) == RELEASED else hub_kind
    return Resolved(hub_folder(str(source), FILES[kind]), kind)


def kind_of(folder: Path) -> Kind:
    """Tell by its files in which form a local folder holds an encoder or a model."""
    if (folder / RELEASED_MARKER).is_file():
        return Kind.RELEASED
    return Kind.SAVED if (folder / SAVED_MARKER).is_file() else Kind.ENCODER


def hub_folder(name: str, patterns: tuple[str, ...]) -> Path:
    """Return the local snapshot of a hub repository, fetched where it is not complete.

    Parameters
    ----------
    name : str
        Name of the repository, `owner/name`.
    patterns : tuple of str
        The files that are needed from it.

    Returns
    -------
    Path

    Raises
    ------
    ModelError
        If the name is not of that form, or the repository is not here and cannot be fetched.
    """
    if name.count("/") != 1 or name.startswith((".", "/", "~")) or Path(name).suffix in {".ckpt", ".safetensors"}:
        expected = f"a folder with {', '.join(patterns)}, or a hub name like owner/name"
        raise ModelError(f"no folder {name!r}; expected {expected}")
    return _cached(name, patterns) or _fetched(name, patterns)


def _cached(name: str, patterns: tuple[str, ...]) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HfHubHTTPError, ValueError, OSError):
        return None
    return folder if _complete(folder, patterns) else None


def _complete(folder: Path, patterns: tuple[str, ...]) -> bool:
    present = [pattern for pattern in patterns if any(folder.glob(pattern))]
    weights = [pattern for pattern in patterns if pattern.startswith(("*", "pytorch"))]
    return set(patterns) - set(present) <= set(weights) and (not weights or any(w in present for w in weights))


def _fetched(name: str, patterns: tuple[str, ...]) -> Path:
    from huggingface_hub import snapshot_download

    remedy = (
        f"fetch {', '.join(patterns)} from https://huggingface.co/{name} into a folder, "
        "and give that folder instead of the name"
    )
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        raise ModelError(f"{name} is not in the hub's local cache, and HF_HUB_OFFLINE is set: {remedy}")
    try:
        return Path(snapshot_download(name, allow_patterns=list(patterns), etag_timeout=5))
    except Exception as error:  # the hub's client raises a dozen kinds: no network, no such name, no access
        reason = type(error).__name__
        raise ModelError(f"{name} is not in the local cache and could not be fetched ({reason}): {remedy}") from error
