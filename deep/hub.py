"""Find an encoder or a model by its hub name or folder: local files first, the hub only where it must be."""

from __future__ import annotations

import json
import os
from pathlib import Path

from features.errors import ModelError

ENCODER_FILES = ("config.json", "preprocessor_config.json", "*.safetensors", "pytorch_model*.bin")
RELEASED_FILES = ("hyperparams.yaml", "label_encoder.txt", "model.ckpt", "wav2vec2.ckpt")
RELEASED = "speechbrain/emotion-recognition-wav2vec2-IEMOCAP"
SAVED_FILES = ("model.json", "model.safetensors")
FAMILIES = ("wav2vec2", "hubert", "wavlm", "whisper")


def folder_of(source: str | Path, *, patterns: tuple[str, ...] = ENCODER_FILES) -> Path:
    """Return the local folder that holds `source`, fetched from the hub if it is not here yet.

    Parameters
    ----------
    source : str or Path
        A local folder, or the name of a repository on the Hugging Face hub (`facebook/wav2vec2-base`).
    patterns : tuple of str
        The files that are needed from it.

    Returns
    -------
    Path
        A folder; for a hub name, the snapshot in the hub's own cache.

    Raises
    ------
    ModelError
        When there is no such folder and the hub cannot be reached (or `HF_HUB_OFFLINE` is set).
    """
    folder = Path(source).expanduser()
    if folder.is_dir():
        return folder.resolve()
    name = str(source)
    if name.count("/") != 1 or name.startswith((".", "/", "~")) or Path(name).suffix in {".ckpt", ".safetensors"}:
        expected = f"a folder with {', '.join(patterns)}, or a hub name like owner/name"
        raise ModelError(f"no folder {name!r}; expected {expected}")
    return _cached(name, patterns) or _fetched(name, patterns)


def starting_files(source: str | Path) -> tuple[str, ...]:
    """Return the files that a starting point for fine-tuning consists of.

    Those of a plain encoder, of the released emotion model (by its hub name, or a folder with `hyperparams.yaml`), or
    of a model that this toolkit saved (a folder with `model.json`).
    """
    folder = Path(source).expanduser()
    if str(source) == RELEASED or (folder / RELEASED_FILES[0]).is_file():
        return RELEASED_FILES
    return SAVED_FILES if (folder / SAVED_FILES[0]).is_file() else ENCODER_FILES


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
        "and give that folder in place of the name"
    )
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        raise ModelError(f"{name} is not in the hub's local cache, and HF_HUB_OFFLINE is set: {remedy}")
    try:
        return Path(snapshot_download(name, allow_patterns=list(patterns), etag_timeout=5))
    except Exception as error:  # the hub's client raises a dozen kinds: no network, no such name, no access
        reason = type(error).__name__
        raise ModelError(f"{name} is not in the local cache and could not be fetched ({reason}): {remedy}") from error


def family(folder: Path) -> str:
    """Return the family of the encoder in a folder: `wav2vec2`, `hubert`, `wavlm` or `whisper`.

    Raises
    ------
    ModelError
        When the folder has no readable `config.json`, or one of another family.
    """
    path = folder / "config.json"
    try:
        kind = json.loads(path.read_text(encoding="utf-8")).get("model_type")
    except FileNotFoundError:
        raise ModelError(f"{folder} has no config.json: expected an encoder in Hugging Face format") from None
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{path} cannot be read ({error}): expected an encoder's configuration as JSON") from error
    if kind not in FAMILIES:
        raise ModelError(f"{path} describes a {kind!r} model; expected one of {', '.join(FAMILIES)}")
    return str(kind)
