"""Drift: whether new speakers sound as those of the training did, by what a saved model keeps of these.

The unit is the speaker: clips of one are alike, so that a hundred clips of one new person are one new voice and no
hundred. A drift is no error, and none found is no proof: emotions may change where sound does not.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from features.errors import ModelError
from features.extractors.statistics import FeatureExtractor

WATCHED = {
    "timing.duration": "length of a clip",
    "timing.voiced_share": "share of voiced frames",
    "timing.articulation_rate": "syllables a second",
    "energy.rms_db.p95.all": "level of the loudest frames",
    "energy.rms_db.p05.all": "level of the quietest frames",
    "pitch.f0_semitone.p50.voiced": "median pitch",
    "voice.hnr.mean.voiced": "harmonics over noise",
    "spectrum.centroid.mean.voiced": "spectral centroid of voiced frames",
    "spectrum.rolloff.mean.unvoiced": "spectral rolloff of unvoiced frames",
    "spectrum.flatness.mean.all": "spectral flatness",
}
"""Features that are compared, and what they are called: of the speaker, the room, the microphone and the line."""

CLIPS_KEPT = 20
N_DRAWS = 1999
WATCHED_GROUPS = "timing,energy,pitch,voice,spectrum"


@dataclass(frozen=True)
class TrainingSpeech:
    """The watched features of some clips of every training speaker.

    Attributes
    ----------
    clips : tuple of ndarray of shape (n_clips, 10)
        Of every speaker, columns as `WATCHED`, NaN where a clip has no such value.

    Examples
    --------
    >>> TrainingSpeech.of_json([[[0.0] * 10, [1.0] * 10]]).clips[0].shape
    (2, 10)
    """

    clips: tuple[NDArray[np.float64], ...]

    def as_json(self) -> list[list[list[float | None]]]:
        """What a saved model keeps of it."""
        return [
            [[None if np.isnan(value) else round(float(value), 4) for value in clip] for clip in own]
            for own in self.clips
        ]

    @classmethod
    def of_json(cls, stored: Any) -> TrainingSpeech:
        """What a saved model kept.

        Raises
        ------
        ModelError
            If it keeps none, or it is damaged.
        """
        if stored is None:
            raise ModelError("the model keeps nothing of its training speech; train it again with benchmarks.train")
        try:
            clips = tuple(np.array(own, dtype=float) for own in stored)
            if not clips or any(own.ndim != 2 or own.shape[1] != len(WATCHED) for own in clips):
                raise ValueError(f"expected {len(WATCHED)} values for each clip")
        except (TypeError, ValueError) as error:
            raise ModelError(
                f"what the model keeps of its training speech is damaged ({error}); train it again"
            ) from error
        return cls(clips)


@dataclass(frozen=True)
class Shift:
    """How far new speakers are from those of the training in one feature.

    Attributes
    ----------
    feature : str
    difference : float
        Mean of the new speakers less that of the training's, in deviations of training speakers.
    p : float
        Corrected for the number of features.
    """

    feature: str
    difference: float
    p: float


@dataclass(frozen=True)
class Drift:
    """The result of a comparison; `str` of it is a plain sentence.

    Attributes
    ----------
    n_new, n_training : int
        Speakers.
    shifts : tuple of Shift
        Of every feature, the least likely first.
    level : float
        In at most this share of comparisons a drift is found where there is none.
    least_p : float
        The smallest p that so many speakers allow.
    """

    n_new: int
    n_training: int
    shifts: tuple[Shift, ...]
    level: float
    least_p: float

    @property
    def p(self) -> float:
        """How often speakers drawn alike are as far apart as these."""
        return self.shifts[0].p

    @property
    def found(self) -> bool:
        """Whether the new speakers differ."""
        return self.p <= self.level

    def __str__(self) -> str:
        """In a sentence."""
        who = (
            f"{self.n_new} new {'speaker' if self.n_new == 1 else 'speakers'} beside {self.n_training} of the training"
        )
        if self.least_p > self.level:
            return f"no drift can be found: {who} allow no p below {self.least_p:.3f}; expected more new speakers"
        if not self.found:
            return f"no drift found: {who}, p = {self.p:.3f}; that they sound alike is not shown by this"
        ways = [
            f"{WATCHED[shift.feature]} {'higher' if shift.difference > 0 else 'lower'} by {abs(shift.difference):.1f} "
            "deviations of training speakers"
            for shift in self.shifts
            if shift.p <= self.level
        ]
        alarms = f"false alarms: at most {self.level:g} of such checks"
        return f"drift: {who}, p = {self.p:.3f} ({alarms}): {', '.join(ways[:4])}"


def training_speech(X: Any, speakers: ArrayLike, *, seed: int = 0, extractor: Any = None) -> TrainingSpeech:
    """What a model keeps of its training: watched features of at most 20 clips of each speaker, drawn by the seed.

    Parameters
    ----------
    X : DataFrame or sequence
        Utterances table, paths, or (waveform, rate) pairs; bad clips are left out.
    speakers : array-like of shape (n_clips,)
    seed : int
    extractor : FeatureExtractor, optional
        One with a cache, of the groups timing, energy, pitch, voice and spectrum.
    """
    rng = np.random.default_rng(seed)
    names = np.asarray(speakers).astype(str)
    some = [rng.permutation(np.flatnonzero(names == name))[:CLIPS_KEPT] for name in dict.fromkeys(names.tolist())]
    chosen = np.sort(np.concatenate(some))
    values, good = _watched(_rows(X, chosen), extractor)
    owners = names[chosen][good]
    return TrainingSpeech(tuple(values[owners == name].astype(float) for name in dict.fromkeys(owners.tolist())))


def drift(
    kept: TrainingSpeech, X: Any, speakers: ArrayLike, *, level: float = 0.05, seed: int = 0, extractor: Any = None
) -> Drift:
    """Compare new clips with the speech of a training.

    Parameters
    ----------
    kept : TrainingSpeech
    X : DataFrame or sequence
        Utterances table, paths, or (waveform, rate) pairs; bad clips are left out.
    speakers : array-like of shape (n_clips,)
        Who speaks. Clips of one speaker under several names make false alarms.
    level : float
        Share of false alarms that is accepted.
    seed : int
    extractor : FeatureExtractor, optional
        As of `training_speech`.

    Returns
    -------
    Drift

    Raises
    ------
    ModelError
        If there is no clip to compare.

    Examples
    --------
    >>> import classical  # doctest: +SKIP
    >>> kept = TrainingSpeech.of_json(classical.load("model.skops").metadata.get("speech"))  # doctest: +SKIP
    >>> print(drift(kept, ["clip.wav"], ["somebody"]))  # doctest: +SKIP
    """
    values, good = _watched(X, extractor)
    names = np.asarray(speakers).astype(str)[good]
    if not len(names):
        raise ModelError("no clip that can be analysed; expected at least one to compare with the training")
    new = [values[names == name] for name in dict.fromkeys(names.tolist())]
    return compare(kept.clips, new, level=level, seed=seed)


def compare(
    training: Sequence[NDArray[np.float64]], new: Sequence[NDArray[np.float64]], *, level: float = 0.05, seed: int = 0
) -> Drift:
    r"""Compare the means of new speakers with those of training speakers, by permuting who is new.

    A speaker stands for itself by the mean of as many clips as the median new speaker has, drawn by the seed. In each
    feature the statistic is the difference of the groups' means over the deviation of all speakers, and the largest of
    all features is compared with the largest of every division into two such groups, or of 1,999 drawn ones (P. H.
    Westfall and S. S. Young, "Resampling-based multiple testing", 1993). Where new speakers are drawn as the training's
    were, a drift is found in at most `level` of all comparisons, whatever the distribution.

    Parameters
    ----------
    training, new : sequence of ndarray of shape (n_clips, 10)
        Of each speaker.
    level : float
    seed : int

    Returns
    -------
    Drift

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> training = [rng.normal(size=(5, 10)) for _ in range(12)]
    >>> print(compare(training, [rng.normal(size=(5, 10)) for _ in range(4)]).found)
    False
    >>> print(compare(training, [rng.normal(size=(5, 10)) + [3, *[0] * 9] for _ in range(4)]))  # doctest: +ELLIPSIS
    drift: 4 new speakers beside 12 of the training, p = 0.00...: length of a clip higher by ...
    """
    rng = np.random.default_rng(seed)
    n_clips = max(int(np.median([len(own) for own in new])), 1)
    means = _filled(np.stack([_mean(own, n_clips, rng) for own in (*training, *new)]))
    deviation = means.std(axis=0)
    deviation[deviation == 0] = np.inf
    standard = (means - means.mean(axis=0)) / deviation
    n, m = len(means), len(new)
    membership, exact = _divisions(n, m, rng)
    # All columns have mean 0: the sum over the new group alone tells how far the two means are apart.
    statistics = np.abs(membership @ standard)
    seen, largest = statistics[0], statistics.max(axis=1)
    p = [float((largest >= one - 1e-9).mean()) for one in seen]
    among = np.std(means[: len(training)], axis=0)
    apart = means[len(training) :].mean(axis=0) - means[: len(training)].mean(axis=0)
    differences = np.divide(apart, among, out=np.zeros_like(apart), where=among > 0)
    shifts = sorted(
        (Shift(name, float(d), one) for name, d, one in zip(WATCHED, differences, p)), key=lambda shift: shift.p
    )
    return Drift(m, len(training), tuple(shifts), level, 1 / (comb(n, m) if exact else len(membership)))


def _divisions(n: int, m: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], bool]:
    """Rows that mark m of n speakers, the last m first; all of them where they are few."""
    exact = comb(n, m) <= N_DRAWS + 1
    if exact:
        chosen = np.array(list(combinations(range(n - 1, -1, -1), m)))
    else:
        drawn = rng.permuted(np.tile(np.arange(n), (N_DRAWS, 1)), axis=1)[:, :m]
        chosen = np.vstack([np.arange(n - m, n), drawn])
    membership = np.zeros((len(chosen), n))
    np.put_along_axis(membership, chosen, 1.0, axis=1)
    return membership, exact


def _mean(own: NDArray[np.float64], n_clips: int, rng: np.random.Generator) -> NDArray[np.float64]:
    some = rng.permutation(len(own))[:n_clips]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=RuntimeWarning)  # no clip of a speaker has a value: stays NaN
        return np.asarray(np.nanmean(own[some], axis=0))


def _filled(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of all speakers where one has no value; 0 where none has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=RuntimeWarning)
        medians = np.nan_to_num(np.nanmedian(means, axis=0))
    return np.where(np.isnan(means), medians, means)


def _watched(X: Any, extractor: Any) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Watched features of the clips that can be analysed, and their positions."""
    table, bad = (extractor or FeatureExtractor(WATCHED_GROUPS)).extract_good(X)
    left_out = {clip.position for clip in bad}
    good = np.array([k for k in range(len(X)) if k not in left_out], dtype=np.intp)
    columns = [table.names.index(name) for name in WATCHED]
    return table.values[:, columns].astype(float), good


def _rows(X: Any, positions: NDArray[np.intp]) -> Any:
    return X.iloc[positions] if hasattr(X, "iloc") else [X[k] for k in positions]
