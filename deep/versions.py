"""Versions of the libraries that deep pipelines need."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec

from features.version import VERSION

LIBRARIES = ("torch", "torchaudio", "speechbrain", "transformers", "safetensors")


def availability() -> str | None:
    """Return in one line which libraries are missing and how to install them, or None where all are installed.

    Examples
    --------
    >>> from deep.versions import availability
    >>> reason = availability()
    >>> reason is None or "pip install" in reason
    True
    """
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    return f"needs {', '.join(missing)}: pip install -e '.[deep]' in the toolkit's folder" if missing else None


def installed() -> dict[str, str]:
    """Return the installed version of every library."""
    return {name: version(name) for name in LIBRARIES}


def changes(toolkit: str | None, libraries: Mapping[str, str]) -> list[str]:
    """Return one line per version that differs between the making of a model and now.

    Parameters
    ----------
    toolkit : str or None
        Version of this toolkit that the model was made with.
    libraries : mapping of str to str
        Versions of the libraries that it was made with.
    """
    then = {"toolkit": toolkit, **libraries}
    now = {"toolkit": VERSION, **installed()}
    changed = {name: value for name, value in now.items() if then.get(name) != value}
    return [f"model made with {name} {then.get(name)}, now {value}" for name, value in changed.items()]
