"""The contract of all extractors: scikit-learn transformers that need no fitting."""

from __future__ import annotations

import hashlib
import struct
from abc import abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags

from features.bad_files import UNREADABLE, BadClip, BadClipsError
from features.cache import FeatureCache
from features.clips import Clip, clips_from
from features.engines.bundles import in_bundles
from features.engines.engine import Lost
from features.engines.registry import engine_of
from features.extractors.table import FeatureTable
from features.files import content_hash
from features.processes import number_of_processes

CLIPS_PER_COMMIT = 1
"""Rows that are stored at a time: each as it comes, so that a kill costs no more than what was being computed."""

Row = tuple[np.ndarray, float]
"""Features of one clip, ndarray of shape (n_features,), and the seconds that they took."""


class Extractor(TransformerMixin, BaseEstimator):
    """Contract of every extractor: from utterances to a table of features.

    A subclass gives `identity`, `names` and `extract`.
    """

    @abstractmethod
    def identity(self) -> str:
        """Text that determines the values: class, parameters, version of the code."""

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the columns, known before any extraction."""

    @abstractmethod
    def extract(self, X: Any) -> FeatureTable:
        """Features of some utterances with names and times.

        Parameters
        ----------
        X : iterable of path, iterable of (waveform, rate), or pandas.DataFrame
            A table's columns `path`, `start`, `end` (seconds) are used.

        Returns
        -------
        FeatureTable
            `values` is an ndarray of shape (n_utterances, n_features), float32.

        Raises
        ------
        BadClipsError
            If clips cannot be read or hold nothing to analyse; it names every one of them.
        FeatureError
            If X is of another kind, or a parameter is not known.
        CacheError
            If the cache folder cannot be used.
        """

    def fit(self, X: Any = None, y: Any = None) -> Extractor:
        """Learn nothing and return self."""
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Compute `extract(X).values`.

        Returns
        -------
        ndarray of shape (n_utterances, n_features)
            float32, NaN where not computable; a data frame after `set_output(transform="pandas")`.
        """
        return self.extract(X).values

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns, ndarray of shape (n_features,), str objects."""
        return np.array(self.names(), dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.no_validation = True  # utterances, not an array of numbers
        tags.input_tags.two_d_array = False
        return tags


class ClipExtractor(Extractor):
    """Base of the extractors that compute rows from sound.

    A subclass gives `names`, `identity`, and either `_row_function` or, where clips are computed in batches,
    `_rows`.

    Parameters
    ----------
    cache : FeatureCache, optional
        Where computed rows are kept; None keeps none.
    n_jobs : int
        Processes.
    progress : bool
        Show a bar on stderr where that is a terminal.
    """

    cache: FeatureCache | None
    n_jobs: int
    progress: bool

    def _row_function(self) -> Callable[[Clip], Row]:
        """Return the function from a clip to its row."""
        raise NotImplementedError

    def _rows(self, clips: list[Clip]) -> Generator[tuple[int, Row | BadClip]]:
        """Position and row of each clip, or what is wrong with it, as they come."""
        work = partial(_attempt, self._row_function())
        engine = engine_of(number_of_processes(self.n_jobs))
        for position, clip, row in in_bundles(engine, work, clips):
            if isinstance(row, Lost):
                yield position, BadClip(position, clip.name, row.reason)
            else:
                yield position, replace(row, position=position) if isinstance(row, BadClip) else row

    def extract(self, X: Any) -> FeatureTable:
        """Features of some utterances; see `Extractor.extract`."""
        clips = clips_from(X)
        table, bad = self.extract_good(clips)
        if bad:
            raise BadClipsError(bad, len(clips))
        return table

    def extract_good(self, X: Any) -> tuple[FeatureTable, tuple[BadClip, ...]]:
        """Features of those utterances whose sound can be analysed.

        Parameters
        ----------
        X : iterable of path, iterable of (waveform, rate), or pandas.DataFrame

        Returns
        -------
        table : FeatureTable
            Without the rows of bad clips.
        bad : tuple of BadClip
            The others, with their positions in `X`.

        Examples
        --------
        >>> from features import FeatureExtractor
        >>> tone = np.sin(2 * np.pi * 200 * np.arange(16000) / 16000)
        >>> table, bad = FeatureExtractor(groups="timing").extract_good([(tone, 16000), (tone * np.nan, 16000)])
        >>> len(table), bad[0].position
        (1, 1)
        """
        from tqdm import tqdm

        clips = clips_from(X)
        names = self.names()
        values, seconds = np.empty((len(clips), len(names)), dtype=np.float32), np.empty(len(clips))
        bad: dict[int, BadClip] = {}
        rows = self._rows(clips) if self.cache is None else self._through(self.cache, clips)
        with closing(rows):
            hidden = None if self.progress else True
            for position, row in tqdm(rows, total=len(clips), disable=hidden, unit="clip", desc="features"):
                if isinstance(row, BadClip):
                    bad[position] = row
                else:
                    values[position], seconds[position] = row
        good = np.array([position not in bad for position in range(len(clips))], dtype=bool)
        return FeatureTable(values[good], names, seconds[good]), tuple(bad[position] for position in sorted(bad))

    def _through(self, cache: FeatureCache, clips: list[Clip]) -> Generator[tuple[int, Row | BadClip]]:
        """Take rows from the cache, then compute what it lacks, equal clips once, and store each as it comes."""
        context = hashlib.blake2b("\n".join((self.identity(), *self.names())).encode(), digest_size=16).digest()
        length = 8 + 4 * len(self.names())
        positions: dict[bytes, list[int]] = {}
        for position, digest in enumerate(_digests(clips)):
            if isinstance(digest, BadClip):
                yield position, digest
            else:
                positions.setdefault(context + digest, []).append(position)
        stored = {key: row for key, row in cache.get_many(list(positions)).items() if len(row) == length}
        for key, packed in stored.items():
            yield from ((position, _unpack(packed)) for position in positions[key])
        waiting = [key for key in positions if key not in stored]
        if not waiting:
            return
        ready: dict[bytes, bytes] = {}
        with cache.writer() as writer, closing(self._rows([clips[positions[key][0]] for key in waiting])) as rows:
            for count, (i, row) in enumerate(rows, start=1):
                key = waiting[i]
                row = _unless_changed(row, clips[positions[key][0]], key.removeprefix(context))
                if not isinstance(row, BadClip):
                    ready[key] = _pack(*row)
                if len(ready) >= CLIPS_PER_COMMIT or count == len(waiting):
                    writer.put_many(ready)
                    ready = {}
                for position in positions[key]:
                    yield position, _at(row, position, clips[position])


def _unless_changed(row: Row | BadClip, clip: Clip, digest: bytes) -> Row | BadClip:
    """The same row, unless the sound is no longer the one that it would be kept under."""
    if isinstance(row, BadClip) or next(_digests([clip])) == digest:
        return row
    return BadClip(0, clip.name, f"{clip.name}: changed while it was read; expected a file that is whole; run again")


def _at(row: Row | BadClip, position: int, clip: Clip) -> Row | BadClip:
    return BadClip(position, clip.name, row.reason) if isinstance(row, BadClip) else row


def _digests(clips: list[Clip]) -> Iterator[bytes | BadClip]:
    """Digest of each clip, or what is wrong with its file; a file is read once, whatever the number of its clips."""
    contents: dict[Any, str | Exception] = {}
    for position, clip in enumerate(clips):
        if clip.path is not None and clip.path not in contents:
            try:
                contents[clip.path] = content_hash(clip.path)
            except UNREADABLE as error:
                contents[clip.path] = error
        content = contents.get(clip.path)
        yield BadClip.of(position, clip, content) if isinstance(content, Exception) else clip.digest(content)


def _attempt(work: Callable[[Clip], Row], clips: Sequence[Clip]) -> list[Row | BadClip]:
    """Rows of some clips; what is wrong with one of them is told in its place."""
    return [_row_or_bad(work, position, clip) for position, clip in enumerate(clips)]


def _row_or_bad(work: Callable[[Clip], Row], position: int, clip: Clip) -> Row | BadClip:
    try:
        return work(clip)
    except UNREADABLE as error:
        return BadClip.of(position, clip, error)


def _pack(values: np.ndarray, seconds: float) -> bytes:
    return struct.pack("<d", seconds) + np.asarray(values, dtype="<f4").tobytes()


def _unpack(packed: bytes) -> Row:
    return np.frombuffer(packed, dtype="<f4", offset=8), struct.unpack_from("<d", packed)[0]
