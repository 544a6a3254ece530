"""Fetching a corpus whose publisher prints a checksum: resumable, verified, unpacked."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    """

    url: str
    checksum: str
    size: int


class ResumingDownloader:
    """A downloader for pooch that goes on where a broken transfer stopped.

    Parameters
    ----------
    partial : path
        Where the bytes that have come so far are kept.
    progress : bool
        Whether to draw a bar on stderr.
    """

    def __init__(self, partial: Path, *, progress: bool = False) -> None:
        self.partial = partial
        self.progress = progress

    def __call__(self, url: str, output_file: str, pooch: Any, check_only: bool = False) -> bool | None:
        """Fetch `url` into `output_file`, as pooch asks for it."""
        import requests
        from tqdm import tqdm

        if check_only:
            return bool(requests.head(url, allow_redirects=True, timeout=30).ok)
        have = self.partial.stat().st_size if self.partial.exists() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        with requests.get(url, headers=headers, stream=True, timeout=30) as response:
            if response.status_code == 416:
                have = 0 if not self._complete(response) else have
            else:
                response.raise_for_status()
                mode = "ab" if have and response.status_code == 206 else "wb"
                rest = int(response.headers.get("Content-Length", 0)) or None
                with (
                    self.partial.open(mode) as file,
                    tqdm(total=rest, unit="B", unit_scale=True, disable=not self.progress) as bar,
                ):
                    for chunk in response.iter_content(1 << 16):
                        file.write(chunk)
                        bar.update(len(chunk))
        shutil.copyfile(self.partial, output_file)
        return None

    def _complete(self, response: Any) -> bool:
        """Whether the server says that all bytes are here already (`Content-Range: bytes */SIZE`)."""
        return response.headers.get("Content-Range", "").rpartition("/")[2] == str(self.partial.stat().st_size)


def fetch(name: str, download: Download, root: Path, *, progress: bool = False) -> Path:
    """Fetch, verify and unpack a corpus into `root`; what is there already is not fetched again.

    Parameters
    ----------
    name : str
        The corpus, for messages.
    download : Download
    root : path
        Made if it does not exist.
    progress : bool
        Whether to draw a bar on stderr.

    Returns
    -------
    path
        `root`.

    Raises
    ------
    CorpusError
        If the transfer breaks (run again to go on), or the checksum is not the publisher's.
    """
    import pooch
    import requests

    done = root / f".{name}-unpacked"
    if done.exists():
        return root
    root.mkdir(parents=True, exist_ok=True)
    partial = root / f"{name}.zip.part"
    pooch.get_logger().setLevel("WARNING")  # it announces every download on stderr, terminal or not
    try:
        archive = pooch.retrieve(
            download.url,
            known_hash=download.checksum,
            fname=f"{name}.zip",
            path=root,
            downloader=ResumingDownloader(partial, progress=progress),
        )
    except requests.RequestException as error:
        reason = type(error).__name__
        raise CorpusError(
            f"{name}: {download.url} broke off ({reason}); run the same command again to go on"
        ) from error
    except ValueError as error:
        partial.unlink(missing_ok=True)
        raise CorpusError(
            f"{name}: {download.url} is not what its publisher describes (expected {download.checksum}); try again, or "
            "fetch it by hand"
        ) from error
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(root)
    partial.unlink(missing_ok=True)
    Path(archive).unlink()
    done.touch()
    return root
