"""openSMILE's feature sets under the same contract, for comparison (the extra `peers`)."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache, partial
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np

from features.cache import FeatureCache
from features.clips import Clip
from features.errors import FeatureError
from features.extractors.base import ClipExtractor
from features.sampling import RATE

SETS = ("eGeMAPSv02", "ComParE_2016")


def availability() -> str | None:
    """Return why openSMILE cannot be used here; None where it can.

    Examples
    --------
    >>> reason = availability()
    >>> reason is None or "pip install" in reason
    True
    """
    if find_spec("opensmile") is None:
        return "openSMILE is not installed; pip install -e '.[peers]' in the toolkit's folder"
    return None


class OpenSmileExtractor(ClipExtractor):
    """Functionals of one of openSMILE's sets, under openSMILE's own names.

    Parameters
    ----------
    feature_set : {'eGeMAPSv02', 'ComParE_2016'}
        88 or 6,373 features (Eyben et al. 2016; Schuller et al. 2016).
    cache : FeatureCache, optional
        Where computed rows are kept; None keeps none.
    n_jobs : int
        Processes.
    progress : bool
        Show a bar on stderr where that is a terminal.

    Examples
    --------
    >>> from features import OpenSmileExtractor
    >>> OpenSmileExtractor("eGeMAPSv02").get_params()["feature_set"]
    'eGeMAPSv02'
    >>> extractor = OpenSmileExtractor("eGeMAPSv02")  # doctest: +SKIP
    >>> len(extractor.names()), extractor.identity().split()[0]  # doctest: +SKIP
    """

    def __init__(
        self,
        feature_set: str = "eGeMAPSv02",
        *,
        cache: FeatureCache | None = None,
        n_jobs: int = 1,
        progress: bool = False,
    ) -> None:
        self.feature_set = feature_set
        self.cache = cache
        self.n_jobs = n_jobs
        self.progress = progress

    def names(self) -> tuple[str, ...]:
        """Names of the columns, openSMILE's own."""
        return tuple(_smile(self.feature_set).feature_names)

    def identity(self) -> str:
        """Text that determines the values."""
        _refuse_unknown(self.feature_set)
        versions = ", ".join(f"{library}={version(library)}" for library in ("opensmile", "soxr", "soundfile"))
        return f"OpenSmileExtractor(feature_set={self.feature_set}, {versions})"

    def _row_function(self) -> Callable[[Clip], tuple[np.ndarray, float]]:
        return partial(_timed_row, feature_set=self.feature_set)


def _timed_row(clip: Clip, feature_set: str) -> tuple[np.ndarray, float]:
    start = time.perf_counter()
    row = _smile(feature_set).process_signal(clip.samples(), RATE).to_numpy(dtype=np.float32)[0]
    return np.where(np.isfinite(row), row, np.nan), time.perf_counter() - start


def _refuse_unknown(feature_set: str) -> None:
    if feature_set not in SETS:
        raise FeatureError(f"unknown openSMILE set {feature_set!r}; expected one of {', '.join(SETS)}")
    if reason := availability():
        raise FeatureError(reason)


@lru_cache(maxsize=len(SETS))
def _smile(feature_set: str) -> Any:
    _refuse_unknown(feature_set)
    import opensmile

    return opensmile.Smile(opensmile.FeatureSet[feature_set], opensmile.FeatureLevel.Functionals, num_workers=1)
