"""Find an encoder or a model by its hub name or folder: local files first, the hub only where it must be."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from deep.fetching import by_hand, cached, fetched
from features.errors import ModelError
from features.files import content_hash

RELEASED = "speechbrain/emotion-recognition-wav2vec2-IEMOCAP"
SHIPPED: Mapping[str, Path] = {
    "wav2vec2-synthetic": Path(__file__).parent / "shipped" / "wav2vec2-synthetic",
}
"""Encoders that come with the toolkit; `python -m benchmarks.pretraining` makes them, and their cards say how."""
SAVED_MARKER = "model.json"
RELEASED_MARKER = "hyperparams.yaml"


class Kind(StrEnum):
    """Form in which a folder holds an encoder or a model."""

    ENCODER = "encoder in Hugging Face format"
    RELEASED = "SpeechBrain's published emotion model"
    SAVED = "model saved by this toolkit"


FILES: Mapping[Kind, tuple[str, ...]] = {
    Kind.ENCODER: (
        *("config.json", "preprocessor_config.json", "model*.safetensors", "pytorch_model*.bin"),
        *("model*.safetensors.index.json", "pytorch_model*.bin.index.json"),
    ),
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
    revision : str, default=""
        Commit of the hub's repository; empty for a local folder.
    """

    folder: Path
    kind: Kind
    revision: str = ""


def resolve(source: str | Path, *, hub_kind: Kind = Kind.ENCODER) -> Resolved:
    """Find the folder of an encoder or a model, fetched from the hub where it is not here yet.

    Parameters
    ----------
    source : str or Path
        A local folder, or the name of a repository on the Hugging Face hub (`facebook/wav2vec2-base`), pinned to a
        branch, tag or commit if wanted (`facebook/wav2vec2-base@COMMIT`), or of an encoder that comes with the toolkit.
    hub_kind : Kind, default=Kind.ENCODER
        What a hub name stands for, apart from that of the published emotion model.

    Returns
    -------
    Resolved

    Raises
    ------
    ModelError
        If there is no such folder and the hub cannot be reached (or `HF_HUB_OFFLINE` is set), gives no access, or what
        it gave is damaged.
    """
    folder = SHIPPED.get(str(source), Path(source).expanduser())
    if folder.is_dir():
        return Resolved(folder.resolve(), kind_of(folder))
    kind = Kind.RELEASED if name_of(str(source)) == RELEASED else hub_kind
    snapshot = hub_folder(str(source), FILES[kind])
    return Resolved(snapshot, kind, snapshot.name)


def name_of(source: str) -> str:
    """Return a hub name without the revision that it is pinned to.

    Examples
    --------
    >>> name_of("facebook/wav2vec2-base@main")
    'facebook/wav2vec2-base'
    """
    return source.partition("@")[0]


def version_of(source: str | Path, *, hub_kind: Kind = Kind.ENCODER) -> str:
    """Return text that changes with the weights: a hub name's commit, or a hash of the files of a local folder.

    Parameters
    ----------
    source, hub_kind
        As in `resolve`, which raises what this raises.
    """
    resolved = resolve(source, hub_kind=hub_kind)
    if resolved.revision:
        return resolved.revision
    digest = hashlib.blake2b(digest_size=12)
    for path in sorted(path for path in resolved.folder.iterdir() if path.is_file()):
        digest.update(f"{path.name}={content_hash(path)};".encode())
    return digest.hexdigest()


def kind_of(folder: Path) -> Kind:
    """Tell by its files in which form a local folder holds an encoder or a model."""
    if (folder / RELEASED_MARKER).is_file():
        return Kind.RELEASED
    return Kind.SAVED if (folder / SAVED_MARKER).is_file() else Kind.ENCODER


def hub_folder(source: str, patterns: tuple[str, ...]) -> Path:
    """Return the local snapshot of a hub repository, fetched where it is not complete.

    What was fetched before is used as it is, and no connection is made: a later run has the same weights.

    Parameters
    ----------
    source : str
        Name of the repository, `owner/name`, or `owner/name@revision`.
    patterns : tuple of str
        The files that are needed from it.

    Returns
    -------
    Path
        Named after the commit.

    Raises
    ------
    ModelError
        If the name is not of that form, or the repository is not here and cannot be fetched, or is damaged.
    """
    name, _, revision = source.partition("@")
    if name.count("/") != 1 or name.startswith((".", "/", "~")) or Path(name).suffix in {".ckpt", ".safetensors"}:
        expected = f"a folder with {', '.join(patterns)}, or a hub name like owner/name"
        raise ModelError(f"no folder {source!r}; expected {expected}")
    folder = cached(name, revision or None, patterns)
    if folder is None and os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        remedy = by_hand(name, patterns)
        raise ModelError(f"{source} is not in the hub's local cache, and HF_HUB_OFFLINE is set: {remedy}")
    return folder or fetched(name, revision or None, patterns)
