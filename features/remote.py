"""Sound that lies elsewhere: paths such as `s3://bucket/clip.wav`, read through fsspec (extra `remote`)."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock

from features.errors import AudioError

SCHEMES = ("s3", "s3a", "gs", "gcs", "hf", "az", "abfs", "abfss", "adl", "hdfs", "memory")
"""Kinds of places that fsspec knows, each through a library of its own (s3fs, gcsfs, huggingface_hub, adlfs, ...)."""

MOST_KEPT = 32
"""So many files lie here at a time, in every process: clips of one long recording fetch it once."""

_URL = re.compile(rf"^({'|'.join(SCHEMES)}):/{{1,2}}(?=[^/])")  # a Path keeps one of the two slashes


def url_of(path: str | Path) -> str | None:
    """The address that a path stands for; None where it is a file of this machine.

    Examples
    --------
    >>> url_of(Path("s3://bucket/clip.wav")), url_of("clips/a.wav"), url_of("C:/clips/a.wav")
    ('s3://bucket/clip.wav', None, None)
    """
    text = str(path)
    found = _URL.match(text)
    return f"{found[1]}://{text[found.end() :]}" if found else None


def local_file(path: str | Path) -> Path:
    """A file of this machine with the content of a path: the path itself, or a copy of what lies elsewhere.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Path
        A copy stays for as long as the process and `MOST_KEPT` later ones let it.

    Raises
    ------
    AudioError
        If there is no such file, it may not be read, or the library for its kind of place is not installed.

    Examples
    --------
    >>> local_file("clips/a.wav").as_posix()
    'clips/a.wav'
    """
    url = url_of(path)
    return Path(path) if url is None else _fetched().get(url)


@dataclass(eq=False)
class _Fetched:
    """The last files that this process fetched, in a folder that goes with it."""

    folder: Path
    files: OrderedDict[str, Path] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)
    count: int = 0

    def get(self, url: str) -> Path:
        with self.lock:
            if url in self.files:
                self.files.move_to_end(url)
                return self.files[url]
            self.count += 1
            file = self.folder / f"{self.count}{Path(url).suffix}"
        _fetch(url, file)  # several threads fetch at a time; two that want the same file both do
        with self.lock:
            self.files[url] = file
            while len(self.files) > MOST_KEPT:
                self.files.popitem(last=False)[1].unlink(missing_ok=True)
        return file


@cache
def _fetched() -> _Fetched:
    folder = Path(tempfile.mkdtemp(prefix="remote-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return _Fetched(folder)


def _fetch(url: str, file: Path) -> None:
    try:
        import fsspec
    except ImportError as error:
        raise AudioError(
            f"{url}: fsspec is not installed; pip install 'speech-emotion-baselines[remote]', or copy the sound here"
        ) from error
    try:
        system, place = fsspec.url_to_fs(url)
        system.get_file(place, str(file))
    except FileNotFoundError as error:
        raise AudioError(f"{url}: no such file; expected a sound file; check the address") from error
    except ImportError as error:
        raise AudioError(f"{url}: {error}; expected the library for such addresses; install it") from error
    except Exception as error:  # each kind of place has errors of its own, of no common class
        file.unlink(missing_ok=True)
        reason = " ".join(str(error).split()) or type(error).__name__
        raise AudioError(f"{url}: cannot be fetched ({reason}); check the address and the credentials") from error
