"""A store of computed features: one SQLite file of keys and values, for several processes at once."""

from __future__ import annotations

import argparse
import sqlite3
import sys
import time
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from features.command import command, make_parser
from features.errors import CacheError, Note
from features.places import cache_folder, usual_cache_folder

FILE = "features.sqlite"
_WAIT_SECONDS = 60.0
_KEYS_PER_QUERY = 500
_SECONDS_PER_COMMIT = 0.25
_COLUMNS = "SELECT count(*) FROM pragma_table_info('features') WHERE name IN ('key', 'value')"
_TABLE = "CREATE TABLE IF NOT EXISTS features (key BLOB PRIMARY KEY, value BLOB NOT NULL)"

T = TypeVar("T")


class FeatureCache:
    """A folder that keeps computed features, so that they are computed once.

    It stores bytes under keys and knows nothing of either; extractors make a key of all that determines a row of
    features (content of the sound, stretch, parameters, code), so that a stale row is never returned. Several processes
    may share the folder. One call of `put_many` stores all of its rows or none, even if the process is killed.

    Parameters
    ----------
    folder : Path, optional
        Default: the user's cache folder, as `features.places.cache_folder` finds it.

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
        folder = cache_folder() or usual_cache_folder()
        if folder is None:
            raise CacheError("there is no home to keep features in; set XDG_CACHE_HOME to a folder that can be written")
        return folder / "features" / FILE

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
        wanted = set(keys)  # a damaged row answers to one key and carries another
        whole = {key: value[4:] for key, value in rows.items() if key in wanted and _is_whole(value)}
        if len(whole) < len(rows):
            count = len(rows) - len(whole)
            message = f"{self.path}: {count} of {len(rows)} stored rows are damaged: they are computed again"
            warnings.warn(Note(message), stacklevel=2)
        return whole

    def put_many(self, rows: Mapping[bytes, bytes]) -> None:
        """Store values under their keys, all of them or none.

        Raises
        ------
        CacheError
            If the folder cannot be written.
        """
        self._run(lambda connection: _write(connection, rows))

    def writer(self) -> CacheWriter:
        """Open the cache for a long piece of work that stores each value as soon as it has it.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     cache = FeatureCache(Path(folder))
        ...     with cache.writer() as writer:
        ...         writer.put_many({b"key": b"value"})
        ...     cache.get_many([b"key"])
        {b'key': b'value'}
        """
        return CacheWriter(self)

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
        names = (FILE, *(f"{FILE}-{part}" for part in ("journal", "wal", "shm")))
        return [path for path in (self.path.with_name(name) for name in names) if path.is_file()]

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something with the database; one that is damaged is deleted, with a warning, and begun anew."""
        with _one_line(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                return _with_database(self.path, work)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                self.begin_anew(error, stacklevel=4)
                return _with_database(self.path, work)

    def begin_anew(self, error: sqlite3.Error, *, stacklevel: int = 2) -> None:
        """Delete a cache that is damaged, with a warning.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(record=True) as told:
        ...     FeatureCache(folder).begin_anew(sqlite3.DatabaseError("malformed"))
        >>> "begun anew" in str(told[0].message)
        True
        """
        self.clear()
        message = f"{self.path} was damaged ({error}): it is begun anew, and its features are computed again"
        warnings.warn(Note(message), stacklevel=stacklevel)


def user_cache() -> FeatureCache | None:
    """The user's own cache; None, with a note, where there is no folder that it could be kept in.

    Examples
    --------
    >>> cache = user_cache()
    >>> cache is None or cache.path.name
    'features.sqlite'
    """
    if cache_folder() is None:
        remedy = "set XDG_CACHE_HOME to a folder that can be written"
        message = f"features are not kept: {usual_cache_folder() or 'a home'} cannot be written; {remedy}"
        warnings.warn(Note(message), stacklevel=2)
        return None
    return FeatureCache()


class CacheWriter:
    """An open cache; each call of `put_many` is stored whole when it returns, and outlives a kill of the process.

    While it is open, SQLite keeps a log beside the file (WAL), where it is a hundred times quicker to add a row than in
    the file itself. Where the folder cannot have one, rows are stored a few at a time.

    Parameters
    ----------
    cache : FeatureCache
    """

    def __init__(self, cache: FeatureCache) -> None:
        self.cache = cache
        self._connection: sqlite3.Connection | None = None
        self._waiting: dict[bytes, bytes] = {}
        self._stored_at = 0.0
        self._quick = False

    def __enter__(self) -> CacheWriter:
        with _one_line(self.cache.path):
            self.cache.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._open()
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                self._reopen(error)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            with _one_line(self.cache.path):
                self._store()
        finally:
            self._close()

    def put_many(self, rows: Mapping[bytes, bytes]) -> None:
        """Store values under their keys.

        Raises
        ------
        CacheError
            If the folder cannot be written.
        """
        self._waiting |= rows
        if self._quick or time.monotonic() - self._stored_at >= _SECONDS_PER_COMMIT:
            with _one_line(self.cache.path):
                self._store()

    def _store(self) -> None:
        if self._connection is None or not self._waiting:
            return
        try:
            _write(self._connection, self._waiting)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            self._reopen(error)
            _write(self._connection, self._waiting)
        self._waiting = {}
        self._stored_at = time.monotonic()

    def _open(self) -> None:
        self._connection = _connect(self.cache.path)
        try:
            mode = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            self._connection.execute("PRAGMA synchronous = NORMAL")
            _make_table(self._connection)
        except sqlite3.OperationalError:  # a file system without shared memory
            self._close()
            self._connection, mode = _connect(self.cache.path), "delete"
            _make_table(self._connection)
        self._quick = mode == "wal"

    def _reopen(self, error: sqlite3.Error) -> None:
        self._close()
        self.cache.begin_anew(error, stacklevel=5)
        self._open()

    def _close(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error:
            pass  # another process has it open: the last one does it
        self._connection.close()
        self._connection = None


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise CacheError(f"{path}: {error}; expected a usable folder; set XDG_CACHE_HOME to one") from error


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)


def _make_table(connection: sqlite3.Connection) -> None:
    try:
        connection.execute(_TABLE)
    except UnicodeDecodeError as error:  # SQLite's words quote a schema that is damaged
        raise sqlite3.DatabaseError("malformed schema") from error
    if connection.execute(_COLUMNS).fetchone()[0] != 2:
        raise sqlite3.DatabaseError("other columns")


def _write(connection: sqlite3.Connection | None, rows: Mapping[bytes, bytes]) -> None:
    if connection is None:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        pairs = [(key, _checksum(value) + value) for key, value in rows.items()]
        connection.executemany("INSERT OR REPLACE INTO features VALUES (?, ?)", pairs)
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _with_database(path: Path, work: Callable[[sqlite3.Connection], T]) -> T:
    with closing(_connect(path)) as connection:
        _make_table(connection)
        return work(connection)


def _is_whole(value: object) -> bool:
    return isinstance(value, bytes) and value[:4] == _checksum(value[4:])


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
