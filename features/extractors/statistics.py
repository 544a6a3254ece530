"""The extractor on librosa's ground: waveforms to named features of six groups."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from features.bad_files import BadClip
from features.cache import FeatureCache
from features.clips import Clip
from features.compute import names_of, prepare, timed_row
from features.extractors.base import ClipExtractor
from features.extractors.table import FeatureTable
from features.fingerprint import code_fingerprint
from features.groups import parts_of, select

LIBRARIES = ("librosa", "soxr", "soundfile")


class FeatureExtractor(ClipExtractor):
    """Named features of pitch, energy, timing, voice quality, MFCC and spectrum.

    Parameters
    ----------
    groups : str
        Groups (`pitch energy timing voice mfcc spectrum`), kinds (`statistics covariance shape`) or presets (`prosodic
        spectral all`), joined by commas; a group or preset stands for all its kinds. See `features.groups.parts_of`.
    normalise_level : bool
        Bring every utterance to the same root mean square (-26 dB of full scale) first. Loudness carries emotion:
        leave it off unless recording levels differ for other reasons.
    cache : FeatureCache, optional
        Where computed rows are kept; None keeps none. A cache holds the statistics of all groups, or all kinds of all,
        so that another choice of groups is a choice of columns.
    n_jobs : int
        Processes.
    progress : bool
        Show a bar on stderr where that is a terminal.

    Examples
    --------
    >>> import numpy as np
    >>> from features import FeatureExtractor
    >>> tone = np.sin(2 * np.pi * 200 * np.arange(16000) / 16000)
    >>> extractor = FeatureExtractor(groups="timing")
    >>> extractor.transform([(tone, 16000)])[0, 0]
    np.float32(1.01)
    >>> table = extractor.extract([(tone, 16000)])
    >>> table.names == extractor.names()
    True
    >>> extractor.identity() == FeatureExtractor(groups="energy").identity()
    False
    """

    def __init__(
        self,
        groups: str = "statistics",
        *,
        normalise_level: bool = False,
        cache: FeatureCache | None = None,
        n_jobs: int = 1,
        progress: bool = False,
    ) -> None:
        self.groups = groups
        self.normalise_level = normalise_level
        self.cache = cache
        self.n_jobs = n_jobs
        self.progress = progress

    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return names_of(parts_of(self.groups))

    def identity(self) -> str:
        """Text that determines the values."""
        return (
            f"FeatureExtractor(groups={','.join(parts_of(self.groups))}, normalise_level={self.normalise_level}, "
            f"code={code_fingerprint('features.compute', libraries=LIBRARIES)})"
        )

    def extract_good(self, X: Any) -> tuple[FeatureTable, tuple[BadClip, ...]]:
        """Features of those utterances that can be analysed; see `ClipExtractor.extract_good`.

        Examples
        --------
        >>> table, bad = FeatureExtractor(groups="timing").extract_good([(np.full(16000, np.nan), 16000)])
        >>> bad[0].reason
        'waveform 0: 16000 samples are NaN or infinite; expected finite values; write the file again'
        """
        parts = parts_of(self.groups)
        kept = "statistics" if set(parts) <= set(parts_of("statistics")) else "all"
        if self.cache is None or parts == parts_of(kept):
            return super().extract_good(X)
        whole, bad = FeatureExtractor(
            kept, normalise_level=self.normalise_level, cache=self.cache, n_jobs=self.n_jobs, progress=self.progress
        ).extract_good(X)
        return whole.columns(select(whole.names, self.groups)), bad

    def _row_function(self) -> Callable[[Clip], tuple[np.ndarray, float]]:
        prepare(n_jobs=self.n_jobs)
        return partial(timed_row, parts=parts_of(self.groups), normalise_level=self.normalise_level)
