"""Files written whole or not at all, and the hash of a file's content."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features.errors import AudioError

_HASH_BLOCK = 1 << 20


def write_atomically(path: str | Path, data: bytes | str) -> None:
    """Write a file so that a reader, or a kill at any moment, finds the old content or the new, never a part.

    Parameters
    ----------
    path : str or Path
        The file; its folder is created where it is missing.
    data : bytes or str
        Content; text is written as UTF-8 with its line ends as they are.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    with replacing(path) as part:
        part.write_bytes(data.encode() if isinstance(data, str) else data)


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a place beside a file or folder to write it to; it replaces the old one when the block ends well.

    Yields
    ------
    Path
        Does not exist yet; becomes a file or a folder, as the block makes it. It has the suffix of `path`.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", suffix=".part", dir=path.parent) as scratch:
        part = Path(scratch) / path.name
        yield part
        if part.is_dir() and path.exists():
            path.replace(Path(scratch) / "old")  # a folder cannot be replaced by another in one step
        part.replace(path)


def content_hash(path: str | Path) -> str:
    """Hash of a file's bytes (BLAKE2b, 128 bits, hexadecimal): equal for copies, different after any change.

    Raises
    ------
    AudioError
        If the file cannot be read.
    """
    try:
        with Path(path).open("rb") as stream:
            digest = hashlib.blake2b(digest_size=16)
            while block := stream.read(_HASH_BLOCK):
                digest.update(block)
    except OSError as error:
        raise AudioError(f"{path}: {error.strerror or error}; expected a readable file; check the path") from error
    return digest.hexdigest()
