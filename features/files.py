"""Files written whole or not at all, and the hash of a file's content."""

from __future__ import annotations

import hashlib
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from features.errors import AudioError, InputError
from features.regular_file import regular_file
from features.remote import local_file

_HASH_BLOCK = 1 << 20
_SETTLED_SECONDS = 2.0


def write_atomically(path: str | Path, data: bytes | str) -> None:
    r"""Write a file so that a reader, or a kill at any moment, finds the old content or the new, never a part.

    Parameters
    ----------
    path : str or Path
        The file; its folder is created where it is missing.
    data : bytes or str
        Content; text is written as UTF-8 with its line ends as they are, and what no UTF-8 can hold, such as the rest
        of a file's name in another encoding, as an escape (`\udcff`).

    Raises
    ------
    OSError
        If the disk refuses.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(Path(folder) / "new" / "a.txt", "text")
    ...     (Path(folder) / "new" / "a.txt").read_text()
    'text'
    """
    with replacing(path) as part:
        part.write_bytes(data.encode(errors="backslashreplace") if isinstance(data, str) else data)


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
    if _is_device(path):  # /dev/stdout, /dev/null, a pipe: replacing it would put a file in its place
        with tempfile.TemporaryDirectory() as scratch:
            yield Path(scratch) / path.name
            with (Path(scratch) / path.name).open("rb") as source, path.open("wb") as target:
                shutil.copyfileobj(source, target)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # the name of the scratch folder is longer than the file's own, which may be as long as the disk allows
    with tempfile.TemporaryDirectory(prefix=f".{path.name[:40]}.", suffix=".part", dir=path.parent) as scratch:
        part = Path(scratch) / path.name
        yield part
        if part.is_dir() and path.exists():
            path.replace(Path(scratch) / "old")  # a folder cannot be replaced by another in one step
        part.replace(path)


def _is_device(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def check_writable(path: str | Path, *, folder: bool = False) -> None:
    """Check before any work that a file or folder can be written when the work is done; nothing is left behind.

    Parameters
    ----------
    path : str or Path
    folder : bool
        Whether it will be a folder.

    Raises
    ------
    InputError
        If something is in the way, or the folder that it goes into cannot be written.

    Examples
    --------
    >>> check_writable("/dev/null/result.csv")
    Traceback (most recent call last):
    features.errors.InputError: /dev/null/result.csv: cannot be written: /dev/null is no folder; give another path
    """
    path = Path(path)
    try:
        if path.is_dir() and not folder:
            raise InputError(f"{path}: cannot be written: a folder is in the way; give another path")
        if folder and path.exists() and not path.is_dir():
            raise InputError(f"{path}: cannot be written: a file is in the way; give another path")
        if _is_device(path):
            return
        _check_name(path)
        existing = next(parent for parent in (path, *path.absolute().parents) if parent.exists() and parent != path)
        if not existing.is_dir():
            raise InputError(f"{path}: cannot be written: {existing} is no folder; give another path")
        with tempfile.TemporaryDirectory(prefix=".", suffix=".part", dir=path if path.is_dir() else existing):
            pass
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}; give another path") from error


def _check_name(path: Path) -> None:
    """Have the disk say whether a name is too long; `exists` calls that missing."""
    with suppress(FileNotFoundError, NotADirectoryError):
        path.lstat()


def content_hash(path: str | Path) -> str:
    """Hash of a file's bytes (BLAKE2b, 128 bits, hexadecimal): equal for copies, different after any change.

    A process reads a file once; it is read again where its size or times have changed, or changed a moment ago.

    Raises
    ------
    AudioError
        If the file cannot be read.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(Path(folder) / "a", b"same")
    ...     write_atomically(Path(folder) / "b", b"same")
    ...     content_hash(Path(folder) / "a") == content_hash(Path(folder) / "b")
    True
    """
    path = regular_file(local_file(path)).absolute()
    status = path.stat()
    if time.time() - max(status.st_mtime, status.st_ctime) < _SETTLED_SECONDS:
        return _hash(path)
    return _remembered_hash(path, (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))


@lru_cache(maxsize=1 << 16)
def _remembered_hash(path: Path, _: tuple[int, ...]) -> str:
    return _hash(path)


def _hash(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    try:
        with path.open("rb") as stream:
            while block := stream.read(_HASH_BLOCK):
                digest.update(block)
    except OSError as error:
        raise AudioError(f"{path}: {error.strerror or error}; expected a readable file; check the path") from error
    return digest.hexdigest()
