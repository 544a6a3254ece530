"""The contract of all extractors: scikit-learn transformers that need no fitting."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from features.cache import FeatureCache
from features.clips import Clip, clips_from
from features.extractors.table import FeatureTable


class Extractor(TransformerMixin, BaseEstimator):
    """Contract of every extractor: it is given utterances and answers with a table of features."""

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
            `values` [shape=(n_utterances, n_features)] float32.

        Raises
        ------
        AudioError
            A clip cannot be read or holds nothing to analyse.
        FeatureError
            X is of another kind, or a parameter is not known.
        CacheError
            The cache folder cannot be used.
        """

    def fit(self, X: Any = None, y: Any = None) -> Extractor:
        """Learn nothing and return self."""
        return self

    def transform(self, X: Any) -> np.ndarray:
        """`extract(X).values`, [shape=(n_utterances, n_features)] float32, NaN where not computable."""
        return self.extract(X).values

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns, [shape=(n_features,)] of str objects."""
        return np.array(self.names(), dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True


class ClipExtractor(Extractor):
    """Base of the extractors that compute rows from sound: a subclass gives `names`, `identity` and `_compute`.

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

    @abstractmethod
    def _compute(self, clips: list[Clip], bar: Any) -> tuple[np.ndarray, np.ndarray]:
        """Values [shape=(n, n_features)] and seconds [shape=(n,)] of these clips; `bar.update(1)` after each."""

    def extract(self, X: Any) -> FeatureTable:
        """Features of some utterances; see `Extractor.extract`."""
        from tqdm import tqdm

        clips = clips_from(X)
        names = self.names()
        with tqdm(total=len(clips), disable=None if self.progress else True, unit="clip", desc="features") as bar:

            def compute(some: list[Clip]) -> tuple[np.ndarray, np.ndarray]:
                return self._compute(some, bar)

            if self.cache is not None:
                table = self.cache.extract(clips, identity=self.identity(), names=names, compute=compute)
                bar.update(len(clips) - bar.n)
                return table
            values, seconds = compute(clips)
        return FeatureTable(np.asarray(values, dtype=np.float32).reshape(len(clips), len(names)), names, seconds)


def in_order(work: Callable[[Clip], tuple[np.ndarray, float]], clips: list[Clip], n_jobs: int) -> Iterator[Any]:
    """Results of `work` for each clip, in the clips' order, from `n_jobs` processes."""
    if n_jobs == 1 or len(clips) < 2:
        return map(work, clips)
    from joblib import Parallel, delayed

    return iter(Parallel(n_jobs=n_jobs, return_as="generator")(delayed(work)(clip) for clip in clips))
