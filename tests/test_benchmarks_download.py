"""Downloads against a local server: verified, resumed, refused when they are not what the publisher describes."""

from __future__ import annotations

import errno
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from filelock import FileLock
from miniatures import ravdess

from benchmarks import corpora
from benchmarks.corpora.download import Download, fetch
from features.errors import CorpusError


class Shelf(BaseHTTPRequestHandler):
    """Serves one archive with byte ranges; may hang up half-way, once."""

    data = b""
    break_after: int | None = None
    ranges: list[str | None] = []

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        type(self).ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if start >= len(self.data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(self.data)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = self.data[start:]
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.break_after is not None:
            body, type(self).break_after = body[: self.break_after], None
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[type[Shelf], Download]]:
    root = ravdess(tmp_path_factory.mktemp("original"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(root.rglob("*.*")):
            archive.write(path, path.relative_to(root))
    handler = type("OwnShelf", (Shelf,), {"data": buffer.getvalue(), "ranges": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/speech.zip"
    yield handler, Download(url, "md5:" + hashlib.md5(handler.data).hexdigest(), len(handler.data))
    server.shutdown()
    server.server_close()


def test_a_download_is_verified_and_unpacked_once(shelf: tuple[type[Shelf], Download], tmp_path: Path) -> None:
    handler, download = shelf
    root = fetch("ravdess", download, tmp_path / "new")
    assert len(corpora.load("ravdess", root, allow_partial=True).utterances) == 65
    assert not list(root.glob("*.zip*"))
    fetch("ravdess", download, root)
    assert handler.ranges == [None]


def test_a_broken_download_goes_on_where_it_stopped(shelf: tuple[type[Shelf], Download], tmp_path: Path) -> None:
    handler, download = shelf
    handler.break_after = 100_000
    with pytest.raises(CorpusError, match="broke off.*run the same command again"):
        fetch("ravdess", download, tmp_path)
    have = (tmp_path / "ravdess.zip.part").stat().st_size
    assert 0 < have <= 100_000
    fetch("ravdess", download, tmp_path)
    assert handler.ranges == [None, f"bytes={have}-"]
    assert len(corpora.load("ravdess", tmp_path, allow_partial=True).utterances) == 65


def test_all_bytes_here_already(shelf: tuple[type[Shelf], Download], tmp_path: Path) -> None:
    handler, download = shelf
    (tmp_path / "ravdess.zip.part").write_bytes(handler.data)
    fetch("ravdess", download, tmp_path)
    assert handler.ranges == [f"bytes={len(handler.data)}-"]
    assert (tmp_path / "Actor_01").is_dir()


def test_a_wrong_checksum_is_refused(shelf: tuple[type[Shelf], Download], tmp_path: Path) -> None:
    _, download = shelf
    wrong = Download(download.url, "md5:" + "0" * 32, download.size)
    with pytest.raises(CorpusError, match="not what its publisher describes"):
        fetch("ravdess", wrong, tmp_path)
    assert not list(tmp_path.iterdir())


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="broke off"):
        fetch("ravdess", Download("http://127.0.0.1:9/speech.zip", "md5:0", 1), tmp_path)


def test_a_root_that_is_a_file_is_named(shelf: tuple[type[Shelf], Download], tmp_path: Path) -> None:
    (tmp_path / "root").write_text("")
    with pytest.raises(CorpusError, match=r"root: File exists; expected a folder with room"):
        fetch("ravdess", shelf[1], tmp_path / "root")


def test_a_full_disk_is_one_line_and_what_was_fetched_is_kept(
    shelf: tuple[type[Shelf], Download], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as context:
        context.setattr(zipfile.ZipFile, "extractall", full)
        with pytest.raises(CorpusError, match="No space left on device.*again to go on") as caught:
            fetch("ravdess", shelf[1], tmp_path)
    assert "\n" not in str(caught.value)
    fetch("ravdess", shelf[1], tmp_path)
    assert len(corpora.load("ravdess", tmp_path, allow_partial=True).utterances) == 65


def test_an_archive_that_cannot_be_unpacked_is_fetched_anew(
    shelf: tuple[type[Shelf], Download], tmp_path: Path
) -> None:
    handler, _ = shelf
    handler.data = b"<html>moved</html>"
    download = Download(shelf[1].url, "md5:" + hashlib.md5(handler.data).hexdigest(), len(handler.data))
    with pytest.raises(CorpusError, match="no archive that can be unpacked"):
        fetch("ravdess", download, tmp_path)
    assert not list(tmp_path.glob("*.zip*"))


def test_two_at_once_do_not_write_into_each_others_files(shelf: tuple[type[Shelf], Download], tmp_path: Path) -> None:
    with FileLock(tmp_path / ".ravdess.lock"), pytest.raises(CorpusError, match="another command is fetching it"):
        fetch("ravdess", shelf[1], tmp_path)
    assert shelf[0].ranges == []
