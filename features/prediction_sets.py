"""Sets of labels that hold the truth as often as is asked, and when a model says nothing: conformal prediction.

A model's probabilities are calibrated by clips whose speakers it had not heard. How far from the truth it was on them
says which labels must stay in the set of a new clip. The unit is the speaker: clips of one are alike, so that 500 clips
of ten speakers promise no more than ten speakers can.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from features.errors import ModelError
from features.predictions import NO_SPEECH

if TYPE_CHECKING:
    from features.predictions import Prediction

DIGITS = 6


@dataclass(frozen=True)
class Calibration:
    r"""How far a model was from the truth on clips of speakers that it had not heard.

    The score of a clip is 1 less the probability of its true label (M. Sadinle, J. Lei and L. Wasserman, "Least
    ambiguous set-valued classifiers with bounded error levels", JASA 114, 2019). Every speaker weighs the same. With
    K speakers and :math:`k = \lceil (K + 1) c \rceil`, a set at coverage c holds the labels whose score is at most the
    :math:`k / (K + 1)` quantile of the mean of the speakers' distributions. That is exact where the clips of a speaker
    have nothing in common, and where they are all alike, and within 2 points between (simulated in
    `tests/test_prediction_sets.py`); what is proven for any K is `proven` (Y. Lee, R. F. Barber and R. Willett,
    "Distribution-free inference with hierarchical data", 2023; R. Dunn, L. Wasserman and A. Ramdas, "Distribution-free
    prediction sets for two-layer hierarchical models", JASA 118, 2022).

    Attributes
    ----------
    scores : tuple of tuple of float
        Of every speaker's clips.

    Examples
    --------
    >>> calibration = Calibration(((0.1, 0.2, 0.6), (0.1, 0.3, 0.4), (0.2, 0.2, 0.9), (0.0, 0.1, 0.5)))
    >>> calibration.threshold(0.75), round(calibration.most, 2)
    (0.5, 0.8)
    """

    scores: tuple[tuple[float, ...], ...]

    @property
    def n_speakers(self) -> int:
        """How many speakers calibrate it."""
        return len(self.scores)

    @property
    def most(self) -> float:
        """The highest coverage that so many speakers can promise, K / (K + 1)."""
        return len(self.scores) / (len(self.scores) + 1)

    def threshold(self, coverage: float) -> float:
        """The highest score of a label in a set.

        Parameters
        ----------
        coverage : float
            Share of a new speaker's clips whose set is to hold the truth.

        Raises
        ------
        ModelError
            If so few speakers cannot promise it.
        """
        values, shares = self._distribution()
        return float(values[np.searchsorted(shares, self._level(coverage) - 1e-9)])

    def proven(self, coverage: float) -> float:
        """The coverage that is proven for sets at `coverage`, whatever the clips of a speaker have in common."""
        values, shares = self._distribution()
        return float(shares[np.searchsorted(values, self.threshold(coverage), side="right") - 1]) * self.most

    def promise(self, coverage: float) -> str:
        """What sets at `coverage` promise, and for whom, in a sentence."""
        return (
            f"sets aim to hold the truth for {coverage:g} of a new speaker's clips, and {self.proven(coverage):.2f} is "
            f"proven for {len(self.scores)} calibration speakers: for new speakers who are recorded and speak as those"
        )

    def _level(self, coverage: float) -> float:
        n = len(self.scores)
        if not 0 < coverage < 1:
            raise ModelError(f"--coverage {coverage:g}: expected a share between 0 and 1, such as 0.9")
        rank = math.ceil((n + 1) * coverage - 1e-9)
        if rank > n:
            most = math.floor(1000 * self.most + 1e-9) / 1000
            raise ModelError(
                f"--coverage {coverage:g}: {n} speakers calibrate this model, who can promise at most {most:g}; ask "
                f"for that or less, or train on {math.ceil(coverage / (1 - coverage) - 1e-9)} speakers or more"
            )
        return rank / (n + 1)

    def _distribution(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scores in ascending order, and the mean over speakers of the share of clips up to each."""
        values = np.concatenate([np.asarray(own, dtype=float) for own in self.scores])
        weights = np.concatenate([np.full(len(own), 1 / len(own) / len(self.scores)) for own in self.scores])
        order = np.argsort(values, kind="stable")
        return values[order], np.cumsum(weights[order])

    def members(self, probabilities: ArrayLike, coverage: float) -> NDArray[np.bool_]:
        """Which labels are in the set of each clip; the likeliest always is.

        Parameters
        ----------
        probabilities : array-like of shape (n_clips, n_labels)
        coverage : float

        Returns
        -------
        ndarray of bool of shape (n_clips, n_labels)

        Examples
        --------
        >>> Calibration(((0.1, 0.6), (0.3, 0.4), (0.0, 0.1))).members([[0.5, 0.45, 0.05]], 0.75)
        array([[ True, False, False]])
        """
        values = np.asarray(probabilities, dtype=float)
        inside = 1 - values <= self.threshold(coverage) + 10.0**-DIGITS
        inside[np.arange(len(values)), values.argmax(axis=1)] = True
        return inside

    def as_json(self) -> list[list[float]]:
        """What a saved model keeps of it."""
        return [list(own) for own in self.scores]

    @classmethod
    def of_json(cls, stored: Any) -> Calibration | None:
        """What a saved model kept; None where it keeps none.

        Raises
        ------
        ModelError
            If it is damaged.
        """
        if stored is None:
            return None
        try:
            scores = tuple(tuple(float(value) for value in own) for own in stored)
            if not scores or not all(own and all(0 <= value <= 1 for value in own) for own in scores):
                raise ValueError("a speaker without scores, or a score outside of 0 to 1")
        except (TypeError, ValueError) as error:
            raise ModelError(f"the calibration of the model is damaged ({error}); train it again") from error
        return cls(scores)


@dataclass(frozen=True)
class ClassCalibration:
    """A calibration of every label by its own clips, so that the coverage is aimed at in each class and not on average.

    Label-conditional ("Mondrian") conformal prediction (V. Vovk, "Conditional validity of inductive conformal
    predictors", Machine Learning 92, 2013), with the speaker as the unit as in `Calibration`. It costs larger sets, and
    needs speakers enough in every class.

    Attributes
    ----------
    by_label : tuple of Calibration
        In the order of the labels.

    Examples
    --------
    >>> sure, unsure = Calibration(((0.1,), (0.2,), (0.1,))), Calibration(((0.6,), (0.7,), (0.8,)))
    >>> ClassCalibration((sure, unsure)).members([[0.7, 0.3]], 0.75)
    array([[ True,  True]])
    """

    by_label: tuple[Calibration, ...]

    @property
    def n_speakers(self) -> int:
        """How many speakers calibrate the label that has the fewest."""
        return min(calibration.n_speakers for calibration in self.by_label)

    def proven(self, coverage: float) -> float:
        """The coverage that is proven in every class; see `Calibration.proven`."""
        return min(calibration.proven(coverage) for calibration in self.by_label)

    def members(self, probabilities: ArrayLike, coverage: float) -> NDArray[np.bool_]:
        """Which labels are in the set of each clip; see `Calibration.members`.

        Raises
        ------
        ModelError
            If the speakers of a class cannot promise the coverage.
        """
        columns = [one.members(probabilities, coverage)[:, j] for j, one in enumerate(self.by_label)]
        return np.stack(columns, axis=1)


def calibrate_by_class(
    speakers: ArrayLike, truth: ArrayLike, probabilities: ArrayLike, labels: Sequence[str]
) -> ClassCalibration | None:
    """Calibrate every label by its own clips.

    Parameters
    ----------
    speakers, truth, probabilities, labels
        As for `calibrate`.

    Returns
    -------
    ClassCalibration or None
        None where a label has no clip.

    Examples
    --------
    >>> calibrate_by_class(["a", "b"], ["ang", "sad"], [[0.9, 0.1], [0.4, 0.6]], ["ang", "sad"]).n_speakers
    1
    """
    names, true, values = np.asarray(speakers), np.asarray(truth).astype(str), np.asarray(probabilities, dtype=float)
    found = [calibrate(names[own], true[own], values[own], labels) for label in labels for own in [true == label]]
    known = tuple(calibration for calibration in found if calibration is not None)
    return ClassCalibration(known) if len(known) == len(found) else None


def calibrate(
    speakers: ArrayLike, truth: ArrayLike, probabilities: ArrayLike, labels: Sequence[str]
) -> Calibration | None:
    """Calibrate by clips of speakers that the models which answered had not heard.

    Parameters
    ----------
    speakers, truth : array-like of shape (n_clips,)
    probabilities : array-like of shape (n_clips, n_labels)
        Rows with NaN are left out.
    labels : sequence of str
        Of the columns.

    Returns
    -------
    Calibration or None
        None where no row is whole.

    Examples
    --------
    >>> calibrate(["a", "a", "b"], ["ang", "sad", "sad"], [[0.9, 0.1], [0.4, 0.6], [0.5, 0.5]], ["ang", "sad"])
    Calibration(scores=((0.1, 0.4), (0.5,)))
    """
    values, names = np.asarray(probabilities, dtype=float), np.asarray(speakers).astype(str)
    columns = [list(labels).index(label) for label in np.asarray(truth).astype(str)]
    scores = np.clip(1 - values[np.arange(len(values)), columns], 0, 1).round(DIGITS)
    whole = ~np.isnan(values).any(axis=1)
    own = (scores[whole & (names == name)] for name in dict.fromkeys(names.tolist()))
    found = tuple(tuple(part.tolist()) for part in own if len(part))
    return Calibration(found) if found else None


def with_sets(predictions: Sequence[Prediction], calibration: Calibration, coverage: float) -> tuple[Prediction, ...]:
    """Predictions with the set of labels that each stands for.

    Examples
    --------
    >>> from features.predictions import Prediction
    >>> calibration = Calibration(((0.1, 0.6), (0.3, 0.4), (0.0, 0.1)))
    >>> with_sets([Prediction("a.wav", "sad", {"ang": 0.05, "sad": 0.95})], calibration, 0.75)[0].labels
    ('sad',)
    """
    return tuple(replace(one, labels=_set_of(one, calibration, coverage)) for one in predictions)


def _set_of(prediction: Prediction, calibration: Calibration, coverage: float) -> tuple[str, ...]:
    if prediction.label == NO_SPEECH:
        return ()
    names, values = zip(*prediction.probabilities.items(), strict=True)
    inside = calibration.members([values], coverage)[0]
    return tuple(name for name, is_in in zip(names, inside, strict=True) if is_in)
