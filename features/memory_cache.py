"""A store of computed features in memory, so that several parts of one computation share them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from features.cache import CacheWriter, FeatureCache


class MemoryCache(FeatureCache):
    """Keeps computed features for as long as it is there, in this process alone.

    Examples
    --------
    >>> cache = MemoryCache()
    >>> with cache.writer() as writer:
    ...     writer.put_many({b"key": b"value"})
    >>> cache.get_many([b"key", b"another"])
    {b'key': b'value'}
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[bytes, bytes] = {}

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The values of those keys that are stored."""
        return {key: self.rows[key] for key in keys if key in self.rows}

    def put_many(self, rows: Mapping[bytes, bytes]) -> None:
        """Store values under their keys."""
        self.rows.update(rows)

    def writer(self) -> CacheWriter:
        """A writer, as a cache in a folder has one."""
        return _MemoryWriter(self)


class _MemoryWriter(CacheWriter):
    """Hands rows to the memory at once."""

    def __enter__(self) -> CacheWriter:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def put_many(self, rows: Mapping[bytes, bytes]) -> None:
        self.cache.put_many(rows)
