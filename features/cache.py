"""A store of computed features: one SQLite file of keys and values, for several processes at once."""

from __future__ import annotations

import argparse
import sqlite3
import sys
import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from features.command import command, make_parser
from features.errors import CacheError

FILE = "features.sqlite"
_WAIT_SECONDS = 60.0
_KEYS_PER_QUERY = 500

T = TypeVar("T")


class FeatureCache:
    """A folder that keeps computed features, so that they are computed once.

    It stores bytes under keys and knows nothing of either; extractors make a key of all that determines a row of
    features (content of the sound, stretch, parameters, code), so that a stale row is never returned. Several processes
    may share the folder. One call of `put_many` stores all of its rows or none, even if the process is killed.

    Parameters
    ----------
    folder : Path, optional
        Default: the user's cache folder as platformdirs gives it, `XDG_CACHE_HOME` honoured.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cache = FeatureCache(Path(folder))
    ...     cache.put_many({b"key": b"value"})
    ...     cache.get_many([b"key", b"another"])
    ...     cache.path.parent == Path(folder), cache.clear() > 0, cache.size()
    {b'key': b'value'}
    (True, True, 0)
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    @property
    def path(self) -> Path:
        """The file in use."""
        if self.folder is not None:
            return Path(self.folder) / FILE
        import platformdirs

        return Path(platformdirs.user_cache_dir("speech-emotion-baselines", appauthor=False)) / "features" / FILE

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The values of those keys that are stored; a damaged value counts as not stored.

        Raises
        ------
        CacheError
            If the folder cannot be read.
        """
        if not self.path.is_file():
            return {}

        def read(connection: sqlite3.Connection) -> dict[bytes, bytes]:
            stored: dict[bytes, bytes] = {}
            for first in range(0, len(keys), _KEYS_PER_QUERY):
                some = keys[first : first + _KEYS_PER_QUERY]
                query = f"SELECT key, value FROM features WHERE key IN ({','.join('?' * len(some))})"
                stored.update(connection.execute(query, some))
            return stored

        rows = self._run(read)
        return {key: value[4:] for key, value in rows.items() if value[:4] == _checksum(value[4:])}

    def put_many(self, rows: Mapping[bytes, bytes]) -> None:
        """Store values under their keys, all of them or none.

        Raises
        ------
        CacheError
            If the folder cannot be written.
        """
        pairs = [(key, _checksum(value) + value) for key, value in rows.items()]

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT OR REPLACE INTO features VALUES (?, ?)", pairs)
            connection.execute("COMMIT")

        self._run(write)

    def size(self) -> int:
        """Bytes that the cache takes on the disk."""
        return sum(path.stat().st_size for path in self._files())

    def clear(self) -> int:
        """Delete the cache's own files, nothing else in the folder, and return how many bytes they took.

        Raises
        ------
        OSError
            If they cannot be deleted.
        """
        size = self.size()
        for path in self._files():
            path.unlink(missing_ok=True)
        return size

    def _files(self) -> list[Path]:
        return [path for path in (self.path, self.path.with_name(f"{FILE}-journal")) if path.is_file()]

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something with the database; one that is damaged is deleted, with a warning, and begun anew."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                return _with_database(self.path, work)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                self.clear()
                message = f"{self.path} was damaged ({error}): it is begun anew, and its features are computed again"
                warnings.warn(message, stacklevel=3)
                return _with_database(self.path, work)
        except (OSError, sqlite3.Error) as error:
            raise CacheError(
                f"{self.path}: {error}; expected a folder that can be read and written; use --no-cache"
            ) from error


def _with_database(path: Path, work: Callable[[sqlite3.Connection], T]) -> T:
    with closing(sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS features (key BLOB PRIMARY KEY, value BLOB NOT NULL)")
        return work(connection)


def _checksum(value: bytes) -> bytes:
    return zlib.crc32(value).to_bytes(4, "little")


def build_parser() -> argparse.ArgumentParser:
    """Options of `python -m features.cache`."""
    parser = make_parser(
        "features.cache",
        "Show where computed features are kept and how much space they take, or delete them.",
        examples="python -m features.cache --clear",
    )
    parser.add_argument("--clear", action="store_true", help="delete everything in the cache")
    parser.add_argument("--folder", type=Path, help="another folder than the user's cache")
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Clear the cache or tell its size."""
    cache = FeatureCache(arguments.folder)
    done, size = ("cleared", cache.clear()) if arguments.clear else ("holds", cache.size())
    sys.stdout.write(f"{cache.path} {done} {size / 1e6:.1f} MB\n")


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
