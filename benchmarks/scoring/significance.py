"""Intervals over speakers, paired tests of pipelines, and the smallest difference that few speakers can show.

The clips of one speaker are not independent, so the speaker is the unit of everything here. All of it works on
confusion matrices kept apart by speaker, shape (n_speakers, k, k): given the truth, UAR and WA are linear in the
predictions, so the mean matrix over seeds gives the mean score over seeds, and to swap or leave out a speaker is a sum.

The tests speak of the models as they were trained here, met by new speakers; they do not speak of models trained anew
on other speakers (T. G. Dietterich, "Approximate statistical tests for comparing supervised classification learning
algorithms", 1998).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from benchmarks.scoring.confusion import uar_of
from benchmarks.scoring.intervals import (
    Interval,
    Matrix,
    difference_interval,
    same_speakers,
    speaker_terms,
)
from benchmarks.scoring.sign_flips import EQUAL, EXACT_SPEAKERS, holm, sign_flip_test, smallest_p

__all__ = [
    "EXACT_SPEAKERS",
    "PairedTest",
    "Verdict",
    "compare_pipelines",
    "holm",
    "paired_permutation_test",
    "sign_flip_test",
    "smallest_p",
]


class Verdict(StrEnum):
    """What a corrected test says of a difference; none of it says that two pipelines are equal.

    Examples
    --------
    >>> Verdict("no difference shown") is Verdict.NOT_SHOWN
    True
    """

    SHOWN = "difference"
    """The corrected p is small enough."""
    NOT_SHOWN = "no difference shown"
    """It is not: there may be one all the same."""
    CANNOT_BE_FOUND = "cannot be found with so few speakers"
    """No scores could have made it small enough."""


@dataclass(frozen=True)
class PairedTest:
    """Two pipelines on the same utterances.

    Attributes
    ----------
    first, second : str
        The pipelines' names.
    difference : Interval
        UAR of the first minus UAR of the second, and its interval over speakers.
    p : float
        Two-sided p of `paired_permutation_test`.
    p_holm : float
        The same after Holm's correction over all pairs.
    smallest_p : float
        The smallest p that these speakers can reach: one on whom both score the same tells nothing.
    exact : bool
        Whether every swap was computed, or a seeded sample of them.
    n_speakers, n_better, n_worse : int
        All speakers, and those on whom the first was better or worse.
    n_pairs : int
        Number of pairs that the correction was made for.
    smallest_p_holm : float or None
        What `p_holm` would be had this pair reached its smallest p; None where it is `n_pairs` times that.

    Examples
    --------
    >>> correct = np.tile(np.diag([5.0, 5.0]), (6, 1, 1))
    >>> wrong = correct[:, :, ::-1]
    >>> (test,) = compare_pipelines({"svm": correct, "majority": wrong})
    >>> test.first, test.p, test.verdict()
    ('svm', 0.03125, <Verdict.SHOWN: 'difference'>)
    """

    first: str
    second: str
    difference: Interval
    p: float
    p_holm: float
    smallest_p: float
    exact: bool
    n_speakers: int
    n_better: int
    n_worse: int
    n_pairs: int = 1
    smallest_p_holm: float | None = None

    def verdict(self, alpha: float = 0.05) -> Verdict:
        """One of the values of `Verdict`."""
        if self.p_holm <= alpha:
            return Verdict.SHOWN
        return Verdict.NOT_SHOWN if self.can_be_found(alpha) else Verdict.CANNOT_BE_FOUND

    def can_be_found(self, alpha: float = 0.05) -> bool:
        """Whether any difference, however clear, could pass the corrected test with these speakers."""
        if self.smallest_p_holm is not None:
            return self.smallest_p_holm <= alpha
        return self.smallest_p * self.n_pairs <= alpha


def paired_permutation_test(
    first: ArrayLike, second: ArrayLike, *, random_state: int = 0, n_draws: int = 65_535
) -> tuple[float, bool, float]:
    r"""Two-sided permutation test of two pipelines' pooled UAR that swaps their predictions for whole speakers.

    With both made on the same utterances, the difference of the pooled UARs is a sum over speakers of
    :math:`d_s = \frac{1}{k} \sum_c (A_{scc} - B_{scc}) / N_c`, and a swap of speaker s changes the sign of its term. p
    is the share of swaps with a difference at least as large as the one seen (E. J. G. Pitman, 1937; B. Phipson and
    G. K. Smyth, "Permutation p-values should never be zero", 2010, for drawn swaps).

    Parameters
    ----------
    first, second : array-like of shape (n_speakers, n_labels, n_labels)
        The same utterances of the same speakers in the same order.
    random_state : int, default=0
        Seed of the draws, used beyond `EXACT_SPEAKERS` speakers.
    n_draws : int, default=65535
        Number of draws then.

    Returns
    -------
    p : float
        In (0, 1].
    exact : bool
        Whether all swaps were computed.
    smallest_p : float
        The smallest p that can be reached by the speakers on whom the two differ; 1 where there are none.

    Raises
    ------
    ResultsError
        If the two were not scored on the same utterances.

    Examples
    --------
    >>> correct = np.tile(np.diag([5.0, 5.0]), (9, 1, 1))
    >>> paired_permutation_test(correct, correct[:, :, ::-1])
    (0.00390625, True, 0.00390625)
    """
    one, other = same_speakers(first, second)
    return sign_flip_test(speaker_terms(one) - speaker_terms(other), random_state=random_state, n_draws=n_draws)


def compare_pipelines(
    confusions: Mapping[str, Matrix], *, random_state: int = 0, level: float = 0.95
) -> tuple[PairedTest, ...]:
    """Test every pair of pipelines on the same utterances, Holm-corrected over all pairs.

    Parameters
    ----------
    confusions : dict of str to ndarray of shape (n_speakers, n_labels, n_labels)
        By pipeline, in one order of speakers. Leave out what must not be compared, such as a contaminated row.
    random_state : int, default=0
        Seed of drawn swaps.
    level : float, default=0.95
        Coverage of the difference's interval.

    Returns
    -------
    tuple of PairedTest
        Best first: the first of a pair is the one with the higher UAR.

    Raises
    ------
    ResultsError
        If two pipelines were not scored on the same utterances.

    Examples
    --------
    >>> correct = np.tile(np.diag([5.0, 5.0]), (4, 1, 1))
    >>> (test,) = compare_pipelines({"a": correct, "b": correct[:, :, ::-1]})
    >>> test.p, test.verdict()
    (0.125, <Verdict.CANNOT_BE_FOUND: 'cannot be found with so few speakers'>)
    """
    ranked = sorted(confusions, key=lambda name: -float(uar_of(confusions[name].sum(axis=0))))
    pairs = list(combinations(ranked, 2))
    results = [paired_permutation_test(confusions[a], confusions[b], random_state=random_state) for a, b in pairs]
    p_values = np.array([p for p, _, _ in results])
    corrected = holm(p_values)
    return tuple(
        _paired(
            pair,
            confusions,
            result,
            p_holm=float(corrected[place]),
            smallest_p_holm=_with_smallest(p_values, place, result[2]),
            level=level,
            n_pairs=len(pairs),
        )
        for place, (pair, result) in enumerate(zip(pairs, results))
    )


def _with_smallest(p_values: Matrix, place: int, smallest: float) -> float:
    """The corrected p of one test had it reached its smallest p, the others as they are."""
    clearest = p_values.copy()
    clearest[place] = smallest
    return float(holm(clearest)[place])


def _paired(
    pair: tuple[str, str],
    confusions: Mapping[str, Matrix],
    result: tuple[float, bool, float],
    *,
    p_holm: float,
    smallest_p_holm: float,
    level: float,
    n_pairs: int,
) -> PairedTest:
    one, other = confusions[pair[0]], confusions[pair[1]]
    terms = speaker_terms(one) - speaker_terms(other)
    return PairedTest(
        first=pair[0],
        second=pair[1],
        difference=difference_interval(one, other, level=level),
        p=result[0],
        p_holm=p_holm,
        smallest_p=result[2],
        exact=result[1],
        n_speakers=len(terms),
        n_better=int((terms > EQUAL).sum()),
        n_worse=int((terms < -EQUAL).sum()),
        n_pairs=n_pairs,
        smallest_p_holm=smallest_p_holm,
    )
