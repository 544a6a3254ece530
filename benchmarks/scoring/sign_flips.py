"""The one test that everything is settled by: changing the signs of what speakers add to a difference.

`scipy.stats.permutation_test(permutation_type="samples")` gives the same p on the same terms, but for ties: it
compares to within 1e-14 of the difference, and swaps that give the same difference count as smaller where rounding says
so (5 of 200 simulated pairs). It took 9 ms against 0.3 ms per pair of pipelines with 10 speakers, and 1.1 s against
0.05 s with 16; a report tests up to 45 pairs. So the test is computed here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

EXACT_SPEAKERS = 16
"""Up to so many speakers every one of the 2^n swaps is computed; beyond, they are drawn."""

EQUAL = 1e-12
"""Two scores of a speaker that differ by no more are equal: what is left is rounding."""


def sign_flip_test(terms: ArrayLike, *, random_state: int = 0, n_draws: int = 65_535) -> tuple[float, bool, float]:
    """Two-sided test of a sum of what every speaker adds to it, by changing the signs of speakers' terms.

    The one test by which pipelines, subsets of features and blocks of them are settled: `paired_permutation_test` swaps
    the predictions of two pipelines, and a Shapley contrast of two blocks their roles, which changes signs too.

    Parameters
    ----------
    terms : array-like of shape (n_speakers,)
        What each speaker adds to the difference.
    random_state, n_draws
        As `paired_permutation_test` takes them.

    Returns
    -------
    p, exact, smallest_p
        As `paired_permutation_test` gives them.

    Examples
    --------
    >>> sign_flip_test([0.1, 0.2, 0.1, 0.3, 0.0])
    (0.125, True, 0.125)
    """
    terms = np.asarray(terms, dtype=float)
    telling = int((np.abs(terms) > EQUAL).sum())
    sums, exact = swapped_sums(terms, random_state=random_state, n_draws=n_draws)
    extreme = np.abs(sums) >= abs(terms.sum()) - 1e-12
    if exact:
        return float(extreme.mean()), True, smallest_p(telling)
    return float((1 + extreme.sum()) / (1 + n_draws)), False, max(smallest_p(telling), 1 / (1 + n_draws))


def one_sided_mid_p(terms: ArrayLike, *, random_state: int = 0, n_draws: int = 65_535) -> float:
    """Share of swaps with a larger sum than the one seen, and half of those with the same (H. O. Lancaster, 1961).

    The other side has 1 minus this, so that what several corpora say can be added whichever way each points.

    Parameters
    ----------
    terms, random_state, n_draws
        As `sign_flip_test` takes them.

    Returns
    -------
    float
        In (0, 1).

    Examples
    --------
    >>> one_sided_mid_p([0.1, 0.2, 0.1]), one_sided_mid_p([-0.1, -0.2, -0.1])
    (0.0625, 0.9375)
    """
    terms = np.asarray(terms, dtype=float)
    sums, exact = swapped_sums(terms, random_state=random_state, n_draws=n_draws)
    sums = np.concatenate([sums, -sums if exact else [terms.sum()]])
    above, same = sums > terms.sum() + 1e-12, np.abs(sums - terms.sum()) <= 1e-12
    return float((above.sum() + same.sum() / 2) / len(sums))


def swapped_sums(terms: NDArray[np.float64], *, random_state: int, n_draws: int) -> tuple[NDArray[np.float64], bool]:
    """The sums under changed signs: of all with the first sign kept, or of drawn ones; and whether these are all."""
    n = len(terms)
    if n <= EXACT_SPEAKERS:
        # The first speaker is never swapped: swapping everybody gives the same size of difference.
        signs = 1.0 - 2.0 * ((np.arange(2 ** (n - 1))[:, None] >> np.arange(n - 1)) & 1)
        return terms[0] + signs @ terms[1:], True
    signs = 1.0 - 2.0 * np.random.default_rng(random_state).integers(0, 2, size=(n_draws, n))
    return signs @ terms, False


def smallest_p(n_speakers: int) -> float:
    """Smallest two-sided p of `sign_flip_test` with n speakers that differ, 2^(1-n): 0.125 for 4, 0.002 for 10.

    Examples
    --------
    >>> smallest_p(4)
    0.125
    """
    return 2.0 ** (1 - n_speakers) if n_speakers > 0 else 1.0


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Holm's step-down correction of p values for the number of tests (S. Holm, 1979), shape (m,) to (m,).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")
    factors = len(values) - np.arange(len(values))
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(np.maximum.accumulate(values[order] * factors), 1.0)
    return corrected
