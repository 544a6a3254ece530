"""What counts as a file: no folder, pipe, device or socket."""

from __future__ import annotations

import stat
from pathlib import Path

from features.errors import AudioError


def regular_file(path: Path) -> Path:
    """Check that a path leads to a plain file, without opening it: a pipe or a device would wait for a writer.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Path
        The same.

    Raises
    ------
    AudioError
        If there is none, or it is a folder, a pipe, a device or a socket, or it cannot be looked at.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        target = " that it points to" if path.is_symlink() else ""
        raise AudioError(f"{path}: no such file{target}; expected a sound file; check the path") from error
    except (OSError, ValueError) as error:
        raise AudioError(
            f"{path}: {getattr(error, 'strerror', None) or error}; expected a readable file; check the path"
        ) from error
    if not stat.S_ISREG(mode):
        kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"))
        kind = next((name for matches, name in kinds if matches(mode)), "a device")
        raise AudioError(f"{path}: no such file, it is {kind}; expected a regular file with sound; check the path")
    return path
