"""Two pipelines as algorithms: halves of the speakers train, the others test, and each speaker is left out of both.

Intervals elsewhere are about models as they were trained, met by new speakers. Trained anew on other speakers, a
pipeline may come out differently, and its lead with it: an interval that does not know that leaves out a difference of
0 too often (T. G. Dietterich, "Approximate statistical tests for comparing supervised classification learning
algorithms", 1998).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from benchmarks.scoring.intervals import (
    Interval,
    Matrix,
    degrees_of_freedom,
    difference_interval,
    same_speakers,
    speaker_terms,
    speaker_weights,
)


@dataclass(frozen=True)
class Spread:
    """What the difference of two pipelines on one speaker varies by, as standard deviations of UAR.

    Attributes
    ----------
    speakers : float
        From one speaker that is tested to another, whoever trains.
    training : float
        From one training set of as many speakers to another, in common to all who are tested.
    seed : float
        From one seed to another, likewise; NaN with one seed, whose share is then in `training` and `rest`.
    rest : float
        What is left: which speaker by which training set, and the few clips of a speaker.

    Examples
    --------
    >>> Spread(speakers=0.04, training=0.02, seed=0.0, rest=0.05).training
    0.02
    """

    speakers: float
    training: float
    seed: float
    rest: float


@dataclass(frozen=True)
class Retrained:
    """A difference of two pipelines, first minus second, by what it is said of.

    Attributes
    ----------
    algorithms : Interval
        Trained anew on as many other speakers, and tested on others again.
    models : Interval
        As trained here, the speakers that test alone being others.
    p : float
        That the algorithms do not differ, two-sided, of the same standard error as `algorithms`.
    spread : Spread

    Examples
    --------
    >>> found = retrained_difference(first, second, halves)  # doctest: +SKIP
    >>> found.algorithms.low, found.models.low  # doctest: +SKIP
    """

    algorithms: Interval
    models: Interval
    p: float
    spread: Spread


def retrained_difference(first: Matrix, second: Matrix, halves: NDArray[np.intp], *, level: float = 0.95) -> Retrained:
    r"""Compare two pipelines that were trained on one half of the speakers and tested on the other, half by half.

    Each draw divides the speakers at random; each half trains once. With :math:`d` the difference of the pooled UAR, a
    mean over draws, and :math:`d_{(i)}` that of the half speaker i is tested in, without him (nobody there was trained
    on him either), the standard error is the jackknife's of speakers who take part in both roles, less the share of it
    that is due to the number of draws (B. Efron, "Jackknife-after-bootstrap standard errors and influence functions",
    1992; S. Wager, T. Hastie and B. Efron, "Confidence intervals for random forests", 2014), and no less than that over
    tested speakers alone. For halves it agrees to first order with the corrected resampled t (C. Nadeau and
    Y. Bengio, "Inference for the generalization error", 2003), whose factor of n_test / n_train is 1 then; it does not
    count as speakers' what differs by speaker and training set together. Where two pipelines do not differ it left out
    0 in 2 to 5 of 100 simulated corpora, and the interval over tested speakers in 6 to 12
    (`tests/test_evidence_retraining.py`).

    Parameters
    ----------
    first, second : ndarray of shape (n_draws, n_seeds, n_speakers, n_labels, n_labels)
        Confusion matrices on the same utterances; a session counts as one speaker where sessions are drawn.
    halves : ndarray of int of shape (n_draws, n_speakers)
        Which half, 0 or 1, a speaker was tested in.
    level : float, default=0.95
        Nominal coverage.

    Returns
    -------
    Retrained

    Raises
    ------
    ResultsError
        If the two were not scored on the same utterances.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> halves = np.argsort(rng.random((20, 8)), axis=1) % 2
    >>> hits = [rng.binomial(10, skill, size=(20, 1, 8, 2)) for skill in (0.8, 0.6)]
    >>> first, second = (np.stack([np.stack([h[..., 0], 10 - h[..., 0]], -1),
    ...                            np.stack([10 - h[..., 1], h[..., 1]], -1)], -2) for h in hits)
    >>> found = retrained_difference(first, second, halves)
    >>> found.algorithms.low > 0.05, found.p < 0.05
    (True, True)
    """
    flat = [same_speakers(*pair) for pair in zip(_runs(first), _runs(second), strict=True)]
    terms = np.array([speaker_terms(one) - speaker_terms(other) for one, other in flat]).reshape(first.shape[:3])
    weights = speaker_weights(flat[0][0])
    models = difference_interval(first.mean(axis=(0, 1)), second.mean(axis=(0, 1)), level=level)
    estimate, freedom = float(terms.sum(axis=2).mean()), degrees_of_freedom(weights)
    factor = float(stdtrit(freedom, (1 + level) / 2))
    tested = (models.high - models.low) / 2 / factor
    error = max(_error_of_both_roles(terms.mean(axis=1), weights, halves), 0.0 if math.isnan(tested) else tested)
    low, high = max(estimate - factor * error, -1.0), min(estimate + factor * error, 1.0)
    p = 2 * float(stdtr(freedom, -abs(estimate) / error)) if error else float(estimate == 0)
    return Retrained(
        algorithms=Interval(estimate, low, high, level, len(weights)),
        models=models,
        p=p,
        spread=spread_of(terms, weights, halves),
    )


def _runs(confusions: Matrix) -> Matrix:
    return np.asarray(confusions, dtype=float).reshape(-1, *confusions.shape[2:])


def _error_of_both_roles(terms: Matrix, weights: Matrix, halves: NDArray[np.intp]) -> float:
    """Standard error over speakers of a mean over draws, each speaker left out of training and test together."""
    n_draws, n = terms.shape
    beside = (halves[:, :, None] == halves[:, None, :]) & ~np.eye(n, dtype=bool)
    left_out = (beside * terms[:, None, :]).sum(axis=2) / np.maximum((beside * weights).sum(axis=2), 1e-12)
    means = left_out.mean(axis=0)
    found = float(((means - means.mean()) ** 2).sum())
    by_draws = float((left_out - left_out.mean(axis=1, keepdims=True)).var(axis=0, ddof=1).sum()) / n_draws
    return math.sqrt(max((n - 1) / n * (found - by_draws), 0.0))


def spread_of(terms: Matrix, weights: Matrix, halves: NDArray[np.intp]) -> Spread:
    """Divide how a difference varies into tested speakers, training sets, seeds and what is left.

    Estimates by the products of pairs, of a random-effects model with tested speakers crossed with training sets and
    seeds nested in these (G. G. Koch, "A general approach to the estimation of variance components", 1967): two
    speakers who are tested in one half share a training set, two of other halves share none, two seeds share a
    training set. A negative variance is 0.

    Parameters
    ----------
    terms : ndarray of shape (n_draws, n_seeds, n_speakers)
        What every speaker adds to the difference.
    weights : ndarray of shape (n_speakers,)
        What every speaker weighs in it.
    halves : ndarray of int of shape (n_draws, n_speakers)

    Returns
    -------
    Spread

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> halves = np.argsort(rng.random((400, 8)), axis=1) % 2
    >>> by_training = 0.05 * np.take_along_axis(rng.normal(size=(400, 2)), halves, axis=1)
    >>> found = spread_of(by_training[:, None, :] / 8, np.full(8, 1 / 8), halves)
    >>> round(found.training, 2), round(found.speakers, 2), round(found.rest, 2)
    (0.05, 0.0, 0.0)
    """
    own = terms / np.maximum(weights, 1e-12)
    pairs = np.outer(weights, weights) * ~np.eye(len(weights), dtype=bool)
    same = (halves[:, :, None] == halves[:, None, :]) * pairs
    other = (halves[:, :, None] != halves[:, None, :]) * pairs
    seed, alone = _of_seeds(own, weights, same)
    means, (n_draws, n_seeds) = own.mean(axis=1), own.shape[:2]
    centred = (means - means.mean(axis=0)) * math.sqrt(n_draws / (n_draws - 1))
    shared = _over(_products(centred), same) - _over(_products(centred), other)
    rest = _over(_squares(centred), same) + alone * (1 - 1 / n_seeds)
    noise = float((means.var(axis=0, ddof=1) * weights).sum()) / n_draws
    speakers = _over(_squares(means.mean(axis=0)), pairs) - noise
    return Spread(
        speakers=math.sqrt(max(speakers, 0.0)),
        training=math.sqrt(max(shared - seed / n_seeds, 0.0)),
        seed=math.sqrt(seed) if n_seeds > 1 else math.nan,
        rest=math.sqrt(max(rest, 0.0)),
    )


def _of_seeds(own: Matrix, weights: Matrix, same: Matrix) -> tuple[float, float]:
    """Variance of seeds in common to who is tested by a model, and of what each of them has alone; 0 with one seed."""
    n_seeds = own.shape[1]
    if n_seeds < 2:
        return 0.0, 0.0
    apart = own - own.mean(axis=1, keepdims=True)
    common = max(_over(np.einsum("jrs,jrt->jst", apart, apart) / (n_seeds - 1), same), 0.0)
    every = float((own.var(axis=1, ddof=1).mean(axis=0) * weights).sum())
    return common, max(every - common, 0.0)


def _over(values: Matrix, pairs: Matrix) -> float:
    """Mean of values of pairs of speakers, weighted."""
    return float((values * pairs).sum() / pairs.sum())


def _products(values: Matrix) -> Matrix:
    return values[..., :, None] * values[..., None, :]


def _squares(values: Matrix) -> Matrix:
    """Half the squared differences of pairs of speakers, which estimate what they do not share."""
    return (values[..., :, None] - values[..., None, :]) ** 2 / 2
