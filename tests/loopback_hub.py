"""A hub on this machine that speaks the real one's protocol, with faults to order; nothing leaves the machine.

It answers what `huggingface_hub` asks: what a repository is and which files it has (`/api/models/NAME` and its
`tree/REVISION`), where a file lies and what its hash is (`HEAD /NAME/resolve/REVISION/FILE`), and its bytes, whole or
from a place on (`Range`). Large files are redirected to another address, as to the real hub's store.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LARGE = (".safetensors", ".bin", ".ckpt")
COMMIT = "a" * 40
TOKEN = "hf_a_token_of_this_test"


@dataclass
class Repository:
    """Files under a name, and what goes wrong with them."""

    files: dict[str, bytes]
    commit: str = COMMIT
    gated: bool = False
    claimed: dict[str, bytes] = field(default_factory=dict)  # content whose hash is told in place of the file's own
    claimed_size: int | None = None
    cut_at: int | None = None  # bytes of a large file after which the connection is cut, once
    fails: int | None = None  # status of every answer about this repository

    def told(self, name: str) -> dict:
        """What the tree says of a file."""
        content = self.claimed.get(name, self.files[name])
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
        size = len(self.files[name]) if self.claimed_size is None else self.claimed_size
        large = {"oid": hashlib.sha256(content).hexdigest(), "size": size, "pointerSize": 135}
        entry = {"type": "file", "path": name, "size": size, "oid": blob}
        return {**entry, "lfs": large} if name.endswith(LARGE) else entry


class LoopbackHub(ThreadingHTTPServer):
    """Serves repositories on 127.0.0.1 for as long as the block runs; `asked` lists every request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.repositories: dict[str, Repository] = {}
        self.asked: list[tuple[str, str, str]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def store(self) -> str:
        """Where large files lie: under another name of this machine, as the real hub's are at another host."""
        return f"http://localhost:{self.server_port}/store"

    def __enter__(self) -> LoopbackHub:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def add(self, name: str, folder: Path, **faults) -> Repository:
        """Serve the files of a folder under a name."""
        files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
        self.repositories[name] = Repository(files, **faults)
        return self.repositories[name]

    def fetched(self) -> list[tuple[str, str]]:
        """Requests for bytes of large files: address and range."""
        return [(path, span) for verb, path, span in self.asked if verb == "GET" and path.startswith("/store")]


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LoopbackHub

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.server.asked.append((self.command, self.path, self.headers.get("Range", "")))
        for pattern, answer in (
            (r"/api/models/([^/]+/[^/]+)/tree/([^/]+)", self._tree),
            (r"/api/models/([^/]+/[^/]+)(?:/revision/([^/]+))?", self._info),
            (r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self._where),
            (r"/store/([^/]+/[^/]+)/(.+)", self._bytes),
        ):
            found = re.fullmatch(pattern, self.path.partition("?")[0])
            if found:
                name, *rest = found.groups()
                return self._of(name, answer, rest)
        return self._send(404, b"no such address")

    def _of(self, name: str, answer, rest) -> None:
        repository = self.server.repositories.get(name)
        if repository is None:  # the real hub does not tell strangers whether a name exists
            return self._send(401, b"", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
        if repository.fails:
            return self._send(repository.fails, b"")
        return answer(name, repository, *rest)

    def _known(self, repository: Repository, revision: str | None) -> bool:
        if revision in (None, "main", "v1", repository.commit):
            return True
        self._send(404, b"", {"X-Error-Code": "RevisionNotFound", "X-Error-Message": "Invalid rev id"})
        return False

    def _info(self, name: str, repository: Repository, revision: str | None) -> None:
        if self._known(repository, revision):
            siblings = [{"rfilename": file, "size": repository.told(file)["size"]} for file in repository.files]
            told = {"id": name, "sha": repository.commit, "private": False, "gated": False, "siblings": siblings}
            self._send(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def _tree(self, _name: str, repository: Repository, revision: str) -> None:
        if self._known(repository, revision):
            told = [repository.told(file) for file in repository.files]
            self._send(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def _where(self, name: str, repository: Repository, revision: str, file: str) -> None:
        if repository.gated and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._send(
                401, b"", {"X-Error-Code": "GatedRepo", "X-Error-Message": f"Access to {name} restricted"}
            )
        if not self._known(repository, revision):
            return None
        if file not in repository.files:
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"})
        told = repository.told(file)
        headers = {"X-Repo-Commit": repository.commit, "Accept-Ranges": "bytes"}
        if "lfs" not in told:
            return self._send(200, repository.files[file], {**headers, "ETag": f'"{told["oid"]}"'})
        linked = {"X-Linked-Etag": f'"{told["lfs"]["oid"]}"', "X-Linked-Size": str(told["size"])}
        return self._send(302, b"", {**headers, **linked, "Location": f"{self.server.store}/{name}/{file}"})

    def _bytes(self, _name: str, repository: Repository, file: str) -> None:
        content = repository.files[file]
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        span = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        if repository.cut_at is None:
            return self._send(206 if start else 200, content[start:], span)
        cut, repository.cut_at = repository.cut_at, None
        self._send(200, content[:cut], {"Content-Length": str(len(content))})
        self.close_connection = True
        return None

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)
