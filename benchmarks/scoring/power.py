"""What a corpus's speakers could have shown: the smallest difference, the speakers it takes, practical equivalence."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import nct, t

from benchmarks.scoring.intervals import Matrix, speaker_terms, speaker_weights
from benchmarks.scoring.sign_flips import EXACT_SPEAKERS, holm, smallest_p

if TYPE_CHECKING:
    from benchmarks.scoring.significance import PairedTest

ALPHA, POWER = 0.05, 0.8
_SIMULATED, _MOST_SPEAKERS = 10, 100_000


class Practical(StrEnum):
    """What is known of a difference against a region that counts as no difference in practice.

    Examples
    --------
    >>> Practical("cannot tell") is Practical.CANNOT_TELL
    True
    """

    BETTER = "better"
    """By more than the region."""
    WORSE = "worse"
    """By more than the region."""
    SAME = "same"
    """Within the region."""
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Power:
    """What two pipelines' speakers could have shown.

    Attributes
    ----------
    least : float
        The smallest true difference of UAR that a corrected test would have shown in 80 of 100 such corpora; NaN where
        none can be shown with so few speakers.
    speakers : int or None
        How many speakers would show a difference as large as the one seen in 80 of 100 corpora; None beyond 100,000.
    practical : Practical or None
        Whether the first is better, worse or the same by more than the region; None where no region was given.
    p_practical : float
        The Holm-corrected p of that statement, or of the nearest one where nothing can be told; NaN without a region.

    Examples
    --------
    >>> Power(least=0.05, speakers=24, practical=None, p_practical=float("nan")).speakers
    24
    """

    least: float
    speakers: int | None
    practical: Practical | None
    p_practical: float


def powers(
    tests: Sequence[PairedTest], confusions: Mapping[str, Matrix], *, rope: float | None = None
) -> dict[tuple[str, str], Power]:
    """Say for every tested pair what its speakers could have shown.

    Parameters
    ----------
    tests : sequence of PairedTest
        Of one family, as `compare_pipelines` gives them.
    confusions : mapping of str to ndarray of shape (n_speakers, n_labels, n_labels)
        What they were computed from.
    rope : float, optional
        Half the width of the region of practical equivalence, such as 0.02 of UAR.

    Returns
    -------
    dict of (str, str) to Power

    Examples
    --------
    >>> from benchmarks.scoring.significance import compare_pipelines
    >>> rng = np.random.default_rng(0)
    >>> hits = {name: rng.binomial(20, skill, (10, 2)) for name, skill in (("a", 0.8), ("b", 0.78))}
    >>> made = {n: np.array([[[a, 20 - a], [20 - b, b]] for a, b in hits[n]]) for n in hits}
    >>> (found,) = powers(compare_pipelines(made), made, rope=0.2).values()
    >>> found.practical, 0.02 < found.least < 0.15
    (<Practical.SAME: 'same'>, True)
    """
    alpha = ALPHA / max(len(tests), 1)
    terms = [speaker_terms(confusions[test.first]) - speaker_terms(confusions[test.second]) for test in tests]
    told: list[tuple[Practical | None, float]] = [(None, math.nan)] * len(tests)
    if rope is not None:
        told = _practical([(own, speaker_weights(confusions[test.first])) for own, test in zip(terms, tests)], rope)
    return {
        (test.first, test.second): Power(
            least=smallest_difference(own, alpha=alpha),
            speakers=speakers_needed(own, alpha=alpha),
            practical=practical,
            p_practical=p,
        )
        for test, own, (practical, p) in zip(tests, terms, told)
    }


def smallest_difference(terms: ArrayLike, *, alpha: float = ALPHA, power: float = POWER) -> float:
    """The smallest true difference that a test by changing signs would show with this power, given how speakers differ.

    Parameters
    ----------
    terms : array-like of shape (n_speakers,)
        What each speaker adds to the difference.
    alpha : float
        Level of the test, corrected for the number of pairs.
    power : float
        Share of corpora with as many such speakers in which it is shown.

    Returns
    -------
    float
        NaN where no difference can be shown with so few speakers.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> round(smallest_difference(0.01 * rng.normal(size=10)), 3)
    0.081
    """
    values = np.asarray(terms, dtype=float)
    n = len(values)
    if n < 2 or smallest_p(n) > alpha:
        return math.nan
    unbiased = math.sqrt((n - 1) / 2) * math.exp(math.lgamma((n - 1) / 2) - math.lgamma(n / 2))
    return noncentrality(n, alpha, power) * unbiased * float(values.std(ddof=1)) * math.sqrt(n)


@functools.lru_cache(maxsize=256)
def noncentrality(n: int, alpha: float, power: float = POWER) -> float:
    """Mean of n speakers' terms over its standard error at which the test by changing signs has this power.

    That of Student's t where speakers are many; up to ten, where only few values of p occur, it is simulated.

    Examples
    --------
    >>> round(noncentrality(24, 0.05), 2)
    2.93
    """

    def reached(ncp: float) -> float:
        if n > _SIMULATED:
            return float(nct.sf(t.ppf(1 - alpha / 2, n - 1), n - 1, ncp))
        return float((_two_sided(noise + ncp / math.sqrt(n)) <= alpha).mean())

    noise = np.random.default_rng(0).normal(size=(4000, n)) if n <= _SIMULATED else np.empty((0, n))
    low, high = 0.0, 20.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if reached(middle) < power else (low, middle)
    return high


def _two_sided(terms: Matrix) -> Matrix:
    """The p of `sign_flip_test` of many rows at once, all signs of at most `_SIMULATED` speakers."""
    n = terms.shape[1]
    signs = 1.0 - 2.0 * ((np.arange(2 ** (n - 1))[:, None] >> np.arange(n - 1)) & 1)
    sums = np.abs(terms[:, :1] + terms[:, 1:] @ signs.T)
    return np.asarray((sums >= np.abs(terms.sum(axis=1, keepdims=True)) - 1e-12).mean(axis=1))


def speakers_needed(terms: ArrayLike, *, alpha: float = ALPHA, power: float = POWER) -> int | None:
    """How many speakers of this kind would show a difference as large as the one seen with this power.

    Parameters
    ----------
    terms, alpha, power
        As `smallest_difference` takes them.

    Returns
    -------
    int or None
        None where there is no difference, or it would take more than 100,000.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> speakers_needed(0.005 + 0.01 * rng.normal(size=50))
    19
    """
    values = np.asarray(terms, dtype=float)
    if len(values) < 2 or abs(values.sum()) < 1e-12:
        return None
    spread = float(values.std(ddof=1))
    effect = math.inf if spread < 1e-12 else abs(float(values.mean())) / spread

    def enough(n: int) -> bool:
        return smallest_p(n) <= alpha and effect * math.sqrt(n) >= noncentrality(n, alpha, power)

    high = next((2**k for k in range(1, 18) if enough(2**k)), None)
    if high is None:
        return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high if high <= _MOST_SPEAKERS else None


def _practical(pairs: Sequence[tuple[Matrix, Matrix]], rope: float) -> list[tuple[Practical | None, float]]:
    """Better, worse, same or cannot tell for every pair, p Holm-corrected over them.

    A claim is a one-sided test by changing signs once the bound of the region is taken off each speaker by its weight:
    better than the region, worse, or both above its lower and below its upper bound (D. J. Schuirmann, "A comparison of
    the two one-sided tests procedure and the power approach", 1987).
    """
    nearest = []
    for terms, weights in pairs:
        above_low, below_high = _one_sided(terms + rope * weights), _one_sided(rope * weights - terms)
        claims = {
            Practical.BETTER: _one_sided(terms - rope * weights),
            Practical.WORSE: _one_sided(-terms - rope * weights),
            Practical.SAME: max(above_low, below_high),
        }
        nearest.append(min(claims.items(), key=lambda claim: claim[1]))
    corrected = holm([p for _, p in nearest]) if nearest else np.empty(0)
    return [(claim if p <= ALPHA else Practical.CANNOT_TELL, float(p)) for (claim, _), p in zip(nearest, corrected)]


def _one_sided(terms: Matrix, *, n_draws: int = 65_535) -> float:
    """Share of changes of signs with a sum at least as large."""
    n, observed = len(terms), float(terms.sum()) - 1e-12
    if n <= EXACT_SPEAKERS:
        signs = 1.0 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
        return float((signs @ terms >= observed).mean())
    signs = 1.0 - 2.0 * np.random.default_rng(0).integers(0, 2, size=(n_draws, n))
    return float((1 + (signs @ terms >= observed).sum()) / (1 + n_draws))
