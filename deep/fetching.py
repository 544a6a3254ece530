"""Files of a repository on the hub, in the hub's own cache: fetched and checked, each fault with a remedy."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path
from typing import Any

from features.errors import ModelError

WEIGHTS = (".safetensors", ".bin")
"""Endings of weights, the better one first: a repository that has both is fetched in this one alone."""
INDEX = "*.index.json"
"""Says in which files weights lie that were cut into several."""
LENGTHS = {64: "sha256", 40: "sha1"}
"""Hashes by which the hub names a file, by their number of digits; the shorter is git's, of what is not large."""


def cached(name: str, revision: str | None, patterns: Sequence[str]) -> Path | None:
    """Return the folder of a revision that was fetched before, or None where it is not whole; no connection is made.

    Parameters
    ----------
    name : str
        Name of the repository, `owner/name`.
    revision : str or None
        Branch, tag or commit; None for the main branch as it was when it was fetched.
    patterns : sequence of str
        The files that are needed; the first is one file's name.

    Returns
    -------
    Path or None

    Raises
    ------
    ModelError
        If a file does not have the hash that the hub gave it.
    """
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        first = try_to_load_from_cache(name, patterns[0], revision=revision)
    except HFValidationError as error:
        raise ModelError(f"{name!r} is no name of the hub ({error}); expected owner/name") from error
    folder = Path(first).parent if isinstance(first, str) else None
    if folder is None or not _complete(folder, patterns):
        return None
    check_whole(folder)
    return folder


def fetched(name: str, revision: str | None, patterns: Sequence[str]) -> Path:
    """Fetch the files of a revision that are not here yet, and return their folder.

    Parameters
    ----------
    name, revision, patterns
        As in `cached`.

    Returns
    -------
    Path

    Raises
    ------
    ModelError
        If the hub cannot be reached, does not know the name or the revision or gives no access, the disk is full, or a
        file does not have the hash that the hub gave it.
    """
    from huggingface_hub import snapshot_download

    try:
        sizes = _listed(name, revision, patterns)
        _check_room(name, sum(sizes.values()))
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=list(sizes), etag_timeout=5))
    except ModelError:
        raise
    except Exception as error:  # the hub's client raises a dozen kinds: no network, no such name, no access
        raise ModelError(_explained(name, revision, patterns, error)) from error
    check_whole(folder)
    return folder


def page_of(name: str) -> str:
    """Return the address of a repository's page."""
    from huggingface_hub import constants

    return f"{constants.ENDPOINT}/{name}"


def by_hand(name: str, patterns: Iterable[str]) -> str:
    """Return the remedy that needs no connection from here: the files, their address, and where they go."""
    files = ", ".join(pattern for pattern in patterns if not fnmatch(pattern, INDEX))
    return f"fetch {files} from {page_of(name)} into a folder, and give that folder instead of the name"


def check_whole(folder: Path) -> None:
    """Compare the files of a snapshot with the hashes by which the hub names them.

    A file is read once, and again after it has changed. Where the cache has copies instead of links, as on a disk
    without links, files have no hash to be compared with.

    Parameters
    ----------
    folder : Path
        A snapshot in the hub's cache.

    Raises
    ------
    ModelError
        If a file has another hash: it was damaged on the way or on the disk.
    """
    for path in sorted(folder.iterdir()):
        blob = path.resolve()
        kind = LENGTHS.get(len(blob.name)) if path.is_symlink() else None
        if kind is None:
            continue
        state = blob.stat()
        found = _hash(kind, blob, state.st_size, state.st_mtime_ns)
        if found != blob.name:
            raise ModelError(
                f"{path} is damaged: its {kind} is {found}, expected {blob.name}; delete {blob} and run again, which "
                "fetches it anew"
            )


@lru_cache(maxsize=64)
def _hash(kind: str, path: Path, size: int, _modified: int) -> str:
    digest = hashlib.new(kind, usedforsecurity=False)
    if kind == "sha1":  # as git does it
        digest.update(b"blob %d\0" % size)
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def _complete(folder: Path, patterns: Sequence[str]) -> bool:
    """Whether all files are here, of weights those of one form, and of weights that were cut every part."""
    forms = [pattern for pattern in patterns if pattern.endswith(WEIGHTS) and "*" in pattern]
    plain = [pattern for pattern in patterns if "*" not in pattern]
    here = all((folder / name).is_file() for name in plain)
    weights = [path for form in forms for path in folder.glob(form)]
    return here and bool(weights or not forms) and all(path.is_file() for path in weights) and not _parts(folder)


def _parts(folder: Path) -> list[str]:
    """Names of the files that an index of weights lists and that are not here."""
    parts: set[str] = set()
    for index in folder.glob(INDEX):
        try:
            parts |= set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"{index} is no index of weights ({error}): delete it and run again") from error
    return sorted(part for part in parts if not (folder / str(part)).is_file())


def _listed(name: str, revision: str | None, patterns: Sequence[str]) -> dict[str, int]:
    """Names and sizes in bytes of the files that are needed, of weights in one form alone."""
    from huggingface_hub import HfApi

    files: Any = HfApi().model_info(name, revision=revision, files_metadata=True, timeout=5).siblings
    sizes = {
        str(file.rfilename): int(file.size or 0)
        for file in files
        if any(fnmatch(file.rfilename, pattern) for pattern in patterns)
    }
    endings = [ending for ending in WEIGHTS if any(file.endswith(ending) for file in sizes)]
    worse = tuple(file for ending in endings[1:] for file in (ending, f"{ending}.index.json"))
    return {file: size for file, size in sizes.items() if not (worse and file.endswith(worse))}


def _check_room(name: str, missing: int) -> None:
    """Refuse before the first byte what does not fit on the disk."""
    from huggingface_hub import constants

    cache = Path(constants.HF_HUB_CACHE)
    place = next(folder for folder in (cache, *cache.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    if missing > free:
        raise ModelError(
            f"{name} needs {missing / 1e6:,.0f} MB and {place} has {free / 1e6:,.0f} MB free: make room, or set "
            "HF_HOME to a folder on another disk"
        )


def _explained(name: str, revision: str | None, patterns: Sequence[str], error: Exception) -> str:
    """Say in one line why a repository could not be fetched, and what helps."""
    from huggingface_hub import constants, errors

    cause = error.__cause__ if isinstance(error, errors.LocalEntryNotFoundError) and error.__cause__ else error
    access = f"open {page_of(name)}, accept its terms, and set HF_TOKEN to a token of yours (or run: hf auth login)"
    if isinstance(cause, errors.GatedRepoError):
        return f"{name} is given only to those who accept its terms: {access}; or {by_hand(name, patterns)}"
    if isinstance(cause, errors.RevisionNotFoundError):
        return f"{name} has no revision {revision!r}: choose a branch, a tag or a commit of {page_of(name)}"
    if isinstance(cause, errors.RepositoryNotFoundError):
        return f"the hub has no {name}, or it is private: check the name; if it is private, {access}"
    if isinstance(cause, OSError) and cause.errno is not None and not isinstance(cause, ConnectionError):
        return (
            f"{name} could not be written to {constants.HF_HUB_CACHE} ({cause.strerror}): make room there, or set "
            "HF_HOME to a folder that can be written, on a disk with room"
        )
    remedy = f"try again, or {by_hand(name, patterns)}"
    return f"{name} is not in the local cache and could not be fetched ({type(cause).__name__}): {remedy}"
