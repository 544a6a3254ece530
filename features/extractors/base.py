"""The contract of all extractors: scikit-learn transformers that need no fitting."""

from __future__ import annotations

import hashlib
import struct
from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags

from features.cache import FeatureCache
from features.clips import Clip, clips_from, digests
from features.errors import AudioError
from features.extractors.table import FeatureTable

CLIPS_PER_COMMIT = 256


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
        AudioError
            If a clip cannot be read or holds nothing to analyse.
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
    `_compute`.

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

    def _row_function(self) -> Callable[[Clip], tuple[np.ndarray, float]]:
        """Return the function from a clip to its features, of shape (n_features,), and the seconds they took."""
        raise NotImplementedError

    def _compute(self, clips: list[Clip], bar: Any) -> tuple[np.ndarray, np.ndarray]:
        """Values of shape (n_clips, n_features) and seconds of shape (n_clips,); `bar.update(1)` after each clip."""
        values = np.empty((len(clips), len(self.names())), dtype=np.float32)
        seconds = np.empty(len(clips))
        for i, (row, duration) in enumerate(in_order(self._row_function(), clips, self.n_jobs)):
            values[i], seconds[i] = row, duration
            bar.update(1)
        return values, seconds

    def extract(self, X: Any) -> FeatureTable:
        """Features of some utterances; see `Extractor.extract`."""
        from tqdm import tqdm

        clips = clips_from(X)
        names = self.names()
        with tqdm(total=len(clips), disable=None if self.progress else True, unit="clip", desc="features") as bar:
            if self.cache is None:
                values, seconds = self._compute(clips, bar)
            else:
                values, seconds = self._through(self.cache, clips, len(names), bar)
                bar.update(len(clips) - bar.n)
        return FeatureTable(np.asarray(values, dtype=np.float32).reshape(len(clips), len(names)), names, seconds)

    def _through(self, cache: FeatureCache, clips: list[Clip], width: int, bar: Any) -> tuple[np.ndarray, np.ndarray]:
        """Take rows from the cache; compute and store what it lacks, batch by batch, equal clips once."""
        context = hashlib.blake2b("\n".join((self.identity(), *self.names())).encode(), digest_size=16).digest()
        keys = [context + digest for digest in digests(clips)]
        stored = {key: row for key, row in cache.get_many(list(set(keys))).items() if len(row) == 8 + 4 * width}
        missing = {key: clip for key, clip in zip(keys, clips) if key not in stored}
        waiting = list(missing)
        for first in range(0, len(waiting), CLIPS_PER_COMMIT):
            some = waiting[first : first + CLIPS_PER_COMMIT]
            clips_read = [missing[key] for key in some]
            values, seconds = self._compute(clips_read, bar)
            same = [key == context + digest for key, digest in zip(some, digests(clips_read))]
            rows = {key: _pack(values[i], seconds[i]) for i, key in enumerate(some) if same[i]}
            cache.put_many(rows)
            stored |= rows
            if not all(same):
                clip = clips_read[same.index(False)]
                raise AudioError(f"{clip.name}: changed while it was read; expected a file that is whole; run again")
        values = np.array([np.frombuffer(stored[key], dtype="<f4", offset=8) for key in keys], dtype=np.float32)
        return values, np.array([struct.unpack_from("<d", stored[key])[0] for key in keys])


def _pack(values: np.ndarray, seconds: float) -> bytes:
    return struct.pack("<d", seconds) + np.asarray(values, dtype="<f4").tobytes()


def in_order(
    work: Callable[[Clip], tuple[np.ndarray, float]], clips: list[Clip], n_jobs: int
) -> Iterator[tuple[np.ndarray, float]]:
    """Results of `work` for each clip, in the clips' order, from `n_jobs` processes."""
    if n_jobs == 1 or len(clips) < 2:
        return map(work, clips)
    from joblib import Parallel, delayed

    return iter(Parallel(n_jobs=n_jobs, return_as="generator")(delayed(work)(clip) for clip in clips))
