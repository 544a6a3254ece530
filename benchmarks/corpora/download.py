"""Fetching a corpus whose publisher prints a checksum: resumable, verified, unpacked.

pooch is not used: it starts a broken transfer of 208 MB anew. With a downloader of ours that resumes it saves no line,
copies the archive once more and logs to stderr.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from features.errors import CorpusError


@dataclass(frozen=True)
class Download:
    """Where a publisher offers a corpus.

    Attributes
    ----------
    url : str
        A ZIP archive.
    checksum : str
        `algorithm:hexdigest`, as the publisher prints it.
    size : int
        Bytes.

    Examples
    --------
    >>> Download("https://example.org/speech.zip", "md5:bc696df654c87fed845eb13823edef8a", 208_468_073).size
    208468073
    """

    url: str
    checksum: str
    size: int


def fetch(name: str, download: Download, root: Path, *, progress: bool = False) -> Path:
    """Fetch, verify and unpack a corpus into `root`; what is there already is not fetched again.

    Parameters
    ----------
    name : str
        The corpus, for messages.
    download : Download
    root : Path
        Created if it does not exist.
    progress : bool, default=False
        Whether to draw a bar on stderr.

    Returns
    -------
    Path
        `root`.

    Raises
    ------
    CorpusError
        If the transfer breaks (run again to go on), the checksum is not the publisher's, the archive cannot be
        unpacked, the folder cannot be written or is full, or another command is fetching it too.

    Examples
    --------
    >>> from benchmarks.corpora import find
    >>> fetch("ravdess", find("ravdess").download, Path("ravdess"))  # doctest: +SKIP
    """
    done = root / f".{name}-unpacked"
    if done.exists():
        return root
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = root / f".{name}.lock"
        with FileLock(lock, timeout=0):
            try:
                if not done.exists():
                    _fetch_whole(name, download, root, progress=progress)
                    done.touch()
            finally:
                lock.unlink(missing_ok=True)
    except Timeout as error:
        raise CorpusError(f"{name}: another command is fetching it into {root}; wait for that one") from error
    except OSError as error:
        what = f"{error.filename or root}: {error.strerror or error}"
        room = f"a folder with room for {3 * download.size / 1e6:,.0f} MB"
        raise CorpusError(f"{name}: {what}; expected {room}; run the same command again to go on") from error
    return root


def _fetch_whole(name: str, download: Download, root: Path, *, progress: bool) -> None:
    """Fetch the archive, compare it with its checksum, and unpack it."""
    import requests

    archive = root / f"{name}.zip.part"
    try:
        _resume(download.url, archive, progress=progress)
    except requests.RequestException as error:
        raise CorpusError(
            f"{name}: {download.url} broke off ({type(error).__name__}); run the same command again to go on"
        ) from error
    algorithm, _, expected = download.checksum.partition(":")
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, algorithm).hexdigest()
    if digest != expected:
        archive.unlink()
        raise CorpusError(
            f"{name}: {download.url} is not what its publisher describes (expected {download.checksum}, found "
            f"{digest}); try again, or fetch it by hand"
        )
    try:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(root)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        archive.unlink()
        raise CorpusError(f"{name}: {download.url} is no archive that can be unpacked ({error}); try again") from error
    archive.unlink()


def _resume(url: str, archive: Path, *, progress: bool) -> None:
    """Fetch the bytes of `url` that `archive` lacks."""
    import requests
    from tqdm import tqdm

    size = archive.stat().st_size if archive.exists() else 0
    headers = {"Range": f"bytes={size}-"} if size else {}
    with requests.get(url, headers=headers, stream=True, timeout=30) as response:
        if response.status_code == 416:
            return  # no byte is left to fetch; the checksum tells whether they are right
        response.raise_for_status()
        rest = int(response.headers.get("Content-Length", 0)) or None
        with (
            archive.open("ab" if response.status_code == 206 else "wb") as file,
            tqdm(total=rest, unit="B", unit_scale=True, disable=not progress) as bar,
        ):
            for chunk in response.iter_content(1 << 16):
                file.write(chunk)
                bar.update(len(chunk))
