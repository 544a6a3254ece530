"""The contract of all extractors: scikit-learn transformers that need no fitting."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from features.cache import FeatureCache
from features.clips import Clip, clips_from
from features.table import FeatureTable


class Extractor(TransformerMixin, BaseEstimator):
    """Base of the extractors: a subclass gives `names`, `identity` and `_compute`, and the parameters below.

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
    def identity(self) -> str:
        """Text that determines the values: class, parameters, version of the code."""

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the columns, known before any extraction."""

    @abstractmethod
    def _compute(self, clips: list[Clip], bar: Any) -> tuple[np.ndarray, np.ndarray]:
        """Values [shape=(n, n_features)] and seconds [shape=(n,)] of these clips; `bar.update(1)` after each."""

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
        clips = clips_from(X)
        names = self.names()
        if self.cache is None:
            values, seconds = self._with_bar(clips)
            return FeatureTable(np.asarray(values, dtype=np.float32).reshape(len(clips), len(names)), names, seconds)
        return self.cache.extract(clips, identity=self.identity(), names=names, compute=self._with_bar)

    def _with_bar(self, clips: list[Clip]) -> tuple[np.ndarray, np.ndarray]:
        from tqdm import tqdm

        with tqdm(total=len(clips), disable=None if self.progress else True, unit="clip", desc="features") as bar:
            return self._compute(clips, bar)

    def fit(self, X: Any = None, y: Any = None) -> Extractor:  # noqa: ARG002
        """Learn nothing and return self."""
        return self

    def transform(self, X: Any) -> np.ndarray:
        """`extract(X).values`, [shape=(n_utterances, n_features)] float32, NaN where not computable."""
        return self.extract(X).values

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:  # noqa: ARG002
        """Names of the columns, [shape=(n_features,)] of str objects."""
        return np.array(self.names(), dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True
