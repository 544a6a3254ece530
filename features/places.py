"""Where this process may keep what can be made again: caches, its own and those of the libraries that it uses."""

from __future__ import annotations

import getpass
import os
import stat
import tempfile
from functools import lru_cache
from pathlib import Path

NAME = "speech-emotion-baselines"


def cache_folder() -> Path | None:
    """The user's cache folder, or where that cannot be written, a folder of the user's own among temporary files.

    The first is what platformdirs gives, `XDG_CACHE_HOME` honoured. In a container without a home, or under a user that
    nobody has created, there is none.

    Returns
    -------
    Path or None
        None where neither can be written.

    Examples
    --------
    >>> folder = cache_folder()
    >>> folder is None or folder.is_dir()
    True
    """
    return _first_writable(usual_cache_folder())


def usual_cache_folder() -> Path | None:
    """The user's cache folder, whether it can be written or not; None for a user without a home.

    Examples
    --------
    >>> folder = usual_cache_folder()
    >>> folder is None or folder.name
    'speech-emotion-baselines'
    """
    import platformdirs

    try:
        folder = Path(platformdirs.user_cache_dir(NAME, appauthor=False))
    except RuntimeError:  # newer versions say so; older ones give a folder that is called "~"
        return None
    return folder if folder.is_absolute() else None


def settle() -> None:
    """Let libraries that look for a home and a user's name find them; librosa and torch cannot be imported without.

    What they write there can be made again. Nothing changes for a user whose cache folder can be written.
    """
    folder, usual = cache_folder(), usual_cache_folder()
    if usual is None:
        os.environ["HOME"] = str(folder or Path.cwd().anchor)
    elif folder is not None and folder != usual:
        os.environ.setdefault("MPLCONFIGDIR", str(folder / "matplotlib"))
    try:
        getpass.getuser()
    except (KeyError, OSError):  # of nobody's number; OSError since Python 3.13
        os.environ["USER"] = str(os.getuid())


def is_writable(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made where it is missing.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     is_writable(Path(folder) / "new")
    True
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


@lru_cache(maxsize=8)
def _first_writable(usual: Path | None) -> Path | None:
    return usual if usual and is_writable(usual) else _private_folder()


def _private_folder() -> Path | None:
    """A folder among the temporary files that no other user can write to: numba loads code from what lies there."""
    try:
        parent = Path(tempfile.gettempdir())
    except FileNotFoundError:
        return None
    if parent == Path.cwd():  # what Python falls back on where there is no folder for temporary files
        return None
    user = os.getuid() if hasattr(os, "getuid") else None
    folder = parent / (NAME if user is None else f"{NAME}-{user}")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    if user is not None and (found.st_uid != user or found.st_mode & 0o077 or not stat.S_ISDIR(found.st_mode)):
        return None
    return folder if is_writable(folder) else None
