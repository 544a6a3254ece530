"""Pipelines over several corpora: ranks, tests whose p values are combined, and standardised effects.

As MOABB does (V. Jayaram and A. Barachant, "MOABB: trustworthy algorithm benchmarking for BCIs", 2018): each corpus is
tested by itself, and the p values are combined with weights, so that no score of one corpus is ever held against one of
another. The corpora are those at hand: nothing here speaks of corpora that are not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import friedmanchisquare, norm, rankdata, studentized_range, t

from benchmarks.scoring.confusion import uar_of
from benchmarks.scoring.intervals import Interval, Matrix, difference_interval, same_speakers, speaker_terms
from benchmarks.scoring.sign_flips import EQUAL, holm, one_sided_mid_p
from benchmarks.scoring.significance import Verdict

FEWEST_CORPORA, FEWEST_PIPELINES = 5, 3
"""From so many on, ranks alone are tested: with fewer corpora hardly any ranks could show anything."""


@dataclass(frozen=True)
class CorpusDifference:
    """Two pipelines on one corpus.

    Attributes
    ----------
    corpus : str
    difference : Interval
        UAR of the first minus UAR of the second, and its interval over speakers.
    effect : float
        Mean difference of speakers' UAR over its standard deviation, corrected for few speakers (L. V. Hedges, 1981);
        NaN where speakers do not differ, or there are fewer than three.
    mid_p : float
        One-sided: small where the first is better, see `one_sided_mid_p`.
    smallest_mid_p : float
        The smallest that these speakers can reach.

    Examples
    --------
    >>> one = Interval(0.1, 0.05, 0.15, 0.95, 10)
    >>> CorpusDifference("emodb", one, 1.2, 0.01, 0.0005).n_speakers
    10
    """

    corpus: str
    difference: Interval
    effect: float
    mid_p: float
    smallest_mid_p: float

    @property
    def n_speakers(self) -> int:
        """Number of speakers."""
        return self.difference.n_speakers


@dataclass(frozen=True)
class CombinedTest:
    """Two pipelines on several corpora.

    Attributes
    ----------
    first, second : str
        The pipelines; the first has the better mean rank.
    corpora : tuple of CorpusDifference
        What each corpus says.
    difference : Interval
        Mean over corpora, each weighing the same, and its interval over their speakers.
    effect : float
        Mean of the corpora's effects, weighted by the square root of the number of speakers; NaN where one is.
    z, p : float
        Of Stouffer's method with these weights, two-sided.
    p_holm : float
        After Holm's correction over all pairs.
    smallest_p_holm : float
        What `p_holm` would be had every speaker of every corpus spoken for the same pipeline.

    Examples
    --------
    >>> right = np.tile(np.diag([5.0, 5.0]), (6, 1, 1))
    >>> (test,) = combined_tests({name: {"svm": right, "majority": right[:, :, ::-1]} for name in ("a", "b")})
    >>> test.first, round(test.p, 5), test.verdict()
    ('svm', 0.00063, <Verdict.SHOWN: 'difference'>)
    """

    first: str
    second: str
    corpora: tuple[CorpusDifference, ...]
    difference: Interval
    effect: float
    z: float
    p: float
    p_holm: float
    smallest_p_holm: float

    @property
    def n_better(self) -> int:
        """Corpora on which the first is ahead."""
        return sum(corpus.difference.estimate > EQUAL for corpus in self.corpora)

    def verdict(self, alpha: float = 0.05) -> Verdict:
        """One of the values of `Verdict`."""
        if self.p_holm <= alpha:
            return Verdict.SHOWN
        return Verdict.NOT_SHOWN if self.smallest_p_holm <= alpha else Verdict.CANNOT_BE_FOUND


@dataclass(frozen=True)
class RankTest:
    """Friedman's test of mean ranks, and Nemenyi's critical difference of two of them.

    Attributes
    ----------
    statistic, p : float
        Friedman's chi-squared over corpora.
    critical_difference : float
        Mean ranks that lie further apart differ at the level of 0.05 after correction for all pairs.

    Examples
    --------
    >>> RankTest(8.4, 0.015, 1.48).critical_difference
    1.48
    """

    statistic: float
    p: float
    critical_difference: float


def stouffer(p: ArrayLike, n_speakers: Sequence[int]) -> tuple[float, float]:
    r"""Combine one-sided p values, :math:`Z = \\sum w_c z_c / \\sqrt{\\sum w_c^2}` with :math:`w_c = \\sqrt{n_c}`.

    Parameters
    ----------
    p : array-like of shape (n_corpora,)
        One-sided, in (0, 1).
    n_speakers : sequence of int
        Of each corpus.

    Returns
    -------
    z, p : float
        p is two-sided.

    References
    ----------
    S. A. Stouffer et al., The American Soldier, 1949; T. Liptak, On the combination of independent tests, 1958.

    Examples
    --------
    >>> z, p = stouffer([0.05, 0.05], [10, 24])
    >>> round(z, 2), round(p, 3)
    (2.27, 0.023)
    """
    weights, scores = np.sqrt(np.asarray(n_speakers, dtype=float)), norm.isf(np.asarray(p, dtype=float))
    z = float((weights * scores).sum() / math.sqrt((weights**2).sum()))
    return z, float(2 * norm.sf(abs(z)))


def standardised_effect(first: Matrix, second: Matrix) -> float:
    """Mean over speakers of the difference of their own UAR, over its standard deviation, as Hedges corrects it.

    Examples
    --------
    >>> right, wrong = np.array([[3.0, 0.0], [0.0, 3.0]]), np.array([[2.0, 1.0], [1.0, 2.0]])
    >>> round(standardised_effect(np.stack([right, right, wrong]), np.stack([wrong, right, wrong])), 2)
    0.33
    """
    differences = uar_of(first) - uar_of(second)
    differences = differences[~np.isnan(differences)]
    n = len(differences)
    spread = float(differences.std(ddof=1)) if n > 2 else 0.0
    if spread <= EQUAL:
        return math.nan
    return float(differences.mean() / spread) * (1 - 3 / (4 * (n - 1) - 1))


def mean_interval(parts: Sequence[Interval]) -> Interval:
    """The mean of independent estimates, each weighing the same, with the interval that theirs give it.

    Their half widths are taken back to standard errors by t of n - 1, and the degrees of freedom of the mean are
    Satterthwaite's (1946).

    Examples
    --------
    >>> one = Interval(0.10, 0.05, 0.15, 0.95, 10)
    >>> found = mean_interval([one, one])
    >>> round(found.low, 3), round(found.high, 3)
    (0.067, 0.133)
    """
    level, k = parts[0].level, len(parts)
    estimate = float(np.mean([part.estimate for part in parts]))
    n = sum(part.n_speakers for part in parts)
    if any(math.isnan(part.low) for part in parts):
        return Interval(estimate, math.nan, math.nan, level, n)
    freedom = np.array([part.n_speakers - 1 for part in parts], dtype=float)
    errors = np.array([max(part.high - part.estimate, part.estimate - part.low) for part in parts])
    variances = (errors / t.ppf((1 + level) / 2, freedom)) ** 2 / k**2
    total = float(variances.sum())
    if total <= EQUAL**2:
        return Interval(estimate, estimate, estimate, level, n)
    half_width = float(t.ppf((1 + level) / 2, total**2 / (variances**2 / freedom).sum())) * math.sqrt(total)
    return Interval(estimate, max(estimate - half_width, -1.0), min(estimate + half_width, 1.0), level, n)


def mean_ranks(uars: ArrayLike) -> NDArray[np.float64]:
    """Mean rank of every pipeline over corpora, 1 for the best; equal scores share their ranks.

    Parameters
    ----------
    uars : array-like of shape (n_corpora, n_pipelines)

    Examples
    --------
    >>> mean_ranks([[0.8, 0.7, 0.6], [0.5, 0.5, 0.4]]).tolist()
    [1.25, 1.75, 3.0]
    """
    return np.asarray(rankdata(-np.asarray(uars, dtype=float).round(9), axis=1).mean(axis=0))


def rank_test(uars: ArrayLike) -> RankTest | None:
    """Friedman's test and Nemenyi's critical difference (J. Demšar, 2006); None with too few corpora or pipelines.

    Parameters
    ----------
    uars : array-like of shape (n_corpora, n_pipelines)

    Examples
    --------
    >>> rank_test([[0.8, 0.7, 0.6]] * 2) is None
    True
    >>> round(rank_test([[0.8, 0.7, 0.6]] * 10).critical_difference, 2)
    1.05
    """
    values = np.asarray(uars, dtype=float).round(9)
    n, k = values.shape
    if n < FEWEST_CORPORA or k < FEWEST_PIPELINES:
        return None
    statistic, p = friedmanchisquare(*values.T)
    quantile = float(studentized_range.ppf(0.95, k, math.inf)) / math.sqrt(2)
    return RankTest(float(statistic), float(p), quantile * math.sqrt(k * (k + 1) / (6 * n)))


def combined_tests(
    confusions: Mapping[str, Mapping[str, Matrix]], *, random_state: int = 0, level: float = 0.95
) -> tuple[CombinedTest, ...]:
    """Test every pair of pipelines over corpora, Holm-corrected over all pairs.

    Parameters
    ----------
    confusions : dict of str to dict of str to ndarray of shape (n_speakers, n_labels, n_labels)
        By corpus and pipeline; the pipelines of all corpora are the same.
    random_state : int, default=0
        Seed of drawn swaps, beyond 16 speakers of a corpus.
    level : float, default=0.95
        Coverage of the intervals.

    Returns
    -------
    tuple of CombinedTest
        Best mean rank first.

    Examples
    --------
    >>> right = np.tile(np.diag([5.0, 5.0]), (2, 1, 1))
    >>> (test,) = combined_tests({name: {"svm": right, "majority": right[:, :, ::-1]} for name in ("a", "b")})
    >>> test.verdict()
    <Verdict.CANNOT_BE_FOUND: 'cannot be found with so few speakers'>
    """
    ranked = by_rank(confusions)
    pairs = list(combinations(ranked, 2))
    found = [
        tuple(
            _on_corpus(corpus, rows[one], rows[other], random_state=random_state, level=level)
            for corpus, rows in confusions.items()
        )
        for one, other in pairs
    ]
    scores = [stouffer([part.mid_p for part in parts], [part.n_speakers for part in parts]) for parts in found]
    p_values = np.array([p for _, p in scores])
    corrected = holm(p_values)
    return tuple(
        CombinedTest(
            first=pair[0],
            second=pair[1],
            corpora=parts,
            difference=mean_interval([part.difference for part in parts]),
            effect=_mean_effect(parts),
            z=scores[place][0],
            p=scores[place][1],
            p_holm=float(corrected[place]),
            smallest_p_holm=_with_smallest(p_values, place, parts),
        )
        for place, (pair, parts) in enumerate(zip(pairs, found))
    )


def by_rank(confusions: Mapping[str, Mapping[str, Matrix]]) -> list[str]:
    """The pipelines by mean rank over corpora, those of one rank by mean UAR."""
    names, uars = uar_matrix(confusions)
    ranks, means = mean_ranks(uars), uars.mean(axis=0)
    return [names[place] for place in sorted(range(len(names)), key=lambda i: (ranks[i], -means[i]))]


def uar_matrix(confusions: Mapping[str, Mapping[str, Matrix]]) -> tuple[list[str], NDArray[np.float64]]:
    """Names of the pipelines, and their UAR by corpus (rows) and pipeline (columns)."""
    names = list(next(iter(confusions.values())))
    uars = [[float(uar_of(rows[name].sum(axis=0))) for name in names] for rows in confusions.values()]
    return names, np.array(uars)


def _on_corpus(corpus: str, first: Matrix, second: Matrix, *, random_state: int, level: float) -> CorpusDifference:
    one, other = same_speakers(first, second)
    terms = speaker_terms(one) - speaker_terms(other)
    return CorpusDifference(
        corpus=corpus,
        difference=difference_interval(one, other, level=level),
        effect=standardised_effect(one, other),
        mid_p=one_sided_mid_p(terms, random_state=random_state),
        smallest_mid_p=0.5 ** (int((np.abs(terms) > EQUAL).sum()) + 1),
    )


def _mean_effect(parts: Sequence[CorpusDifference]) -> float:
    weights = np.sqrt([part.n_speakers for part in parts])
    return float((weights * [part.effect for part in parts]).sum() / weights.sum())


def _with_smallest(p_values: NDArray[np.float64], place: int, parts: Sequence[CorpusDifference]) -> float:
    """The corrected p of one test had every speaker spoken for the same pipeline, the others as they are."""
    clearest = p_values.copy()
    clearest[place] = stouffer([part.smallest_mid_p for part in parts], [part.n_speakers for part in parts])[1]
    return float(holm(clearest)[place])
