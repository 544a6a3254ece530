"""Simulated truth: how often intervals over speakers hold it, and how often what could be shown is shown."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.special import expit, logit

from benchmarks.scoring.intervals import difference_interval, speaker_interval
from benchmarks.scoring.power import Power, Practical, powers
from benchmarks.scoring.significance import PairedTest, compare_pipelines

LABELS = 4
SCENARIOS = list(product((4, 6, 10, 24), (0.5, 0.8, 0.93), (0.3, 1.0), (0.0, 1.0)))
"""Speakers, mean recall, deviation of speakers (logits), deviation of the logarithm of their numbers of clips: 48."""


def clips_of(rng: np.random.Generator, n: int, unequal: float) -> np.ndarray:
    size = np.exp(unequal * rng.normal(size=n))
    return np.repeat(np.maximum(1, np.round(6 * size / size.mean())).astype(int)[:, None], LABELS, axis=1)


def matrices(hits: np.ndarray, clips: np.ndarray) -> np.ndarray:
    """Confusions whose errors all go to the next label."""
    found = np.zeros((len(hits), LABELS, LABELS))
    found[:, range(LABELS), range(LABELS)] = hits
    found[:, range(LABELS), (np.arange(LABELS) + 1) % LABELS] = clips - hits
    return found


def coverage(n: int, mean: float, spread: float, unequal: float, *, n_draws: int, seed: int = 0) -> tuple[float, float]:
    """Share of simulations whose interval holds the UAR that new speakers have, and a difference that is 0."""
    rng = np.random.default_rng(seed)
    quantiles = np.random.default_rng(1).normal(size=200_000)
    truth = float(expit(logit(mean) + spread * quantiles).mean())
    held = np.zeros(2)
    for _ in range(n_draws):
        clips = clips_of(rng, n, unequal)
        voice = logit(mean) + spread * (0.8 * rng.normal(size=(n, 1)) + 0.6 * rng.normal(size=(n, LABELS)))
        one, other = (expit(voice + 0.5 * spread * rng.normal(size=voice.shape)) for _ in range(2))
        score = speaker_interval(matrices(rng.binomial(clips, expit(voice)), clips))
        both = [matrices(rng.binomial(clips, chances), clips) for chances in (one, other)]
        pair = difference_interval(*both)
        held += [score.low <= truth <= score.high, pair.low <= 0 <= pair.high]
    return float(held[0] / n_draws), float(held[1] / n_draws)


@pytest.mark.parametrize("n", [6, 24])
def test_intervals_cover_where_speakers_have_very_unequal_numbers_of_clips(n: int) -> None:
    """400 draws: 2.2 % of standard error; n - 1 degrees of freedom cover 91 to 93 % here."""
    score, pair = coverage(n, 0.8, 1.0, 1.0, n_draws=800, seed=3)
    assert score >= 0.935
    assert pair >= 0.935


@pytest.mark.long
def test_coverage_in_48_scenarios() -> None:
    found = {scenario: coverage(*scenario, n_draws=2000) for scenario in SCENARIOS}
    for unequal, highest in ((0.0, 0.98), (1.0, 0.99)):
        values = np.array([pair for scenario, pair in found.items() if scenario[3] == unequal])
        assert values.min() >= 0.935, values.min(axis=0)
        assert values.max() <= highest, values.max(axis=0)


def pair_of(rng: np.random.Generator, n: int, difference: float, *, clips: int = 20) -> dict[str, np.ndarray]:
    """Two pipelines of which the first is better by so much UAR, by more on some speakers than on others."""
    counts = np.full((n, LABELS), clips)
    base = rng.uniform(0.5, 0.75, size=(n, 1))
    gain = difference + 0.04 * rng.normal(size=(n, 1))
    return {
        "a": matrices(rng.binomial(counts, np.clip(base + gain, 0, 1) * np.ones((1, LABELS))), counts),
        "b": matrices(rng.binomial(counts, base * np.ones((1, LABELS))), counts),
    }


def outcome(confusions: dict[str, np.ndarray], rope: float | None) -> tuple[PairedTest, Power]:
    (test,) = compare_pipelines(confusions)
    return test, powers([test], confusions, rope=rope)[test.first, test.second]


@pytest.mark.parametrize("n", [10, *(pytest.param(n, marks=pytest.mark.long) for n in (7, 14))])
def test_the_smallest_difference_that_could_be_shown_is_shown_in_80_of_100_corpora(n: int) -> None:
    rng = np.random.default_rng(n)
    least = np.mean([outcome(pair_of(rng, n, 0.0), None)[1].least for _ in range(150)])
    shown = [outcome(pair_of(rng, n, float(least)), None)[0].p <= 0.05 for _ in range(1000)]
    assert 0.75 <= np.mean(shown) <= 0.85


def test_what_it_takes_to_show_a_difference_shows_it() -> None:
    rng = np.random.default_rng(0)
    needed = int(np.median([outcome(pair_of(rng, 100, 0.06), None)[1].speakers or 0 for _ in range(3)]))
    shown = [outcome(pair_of(rng, needed, 0.06), None)[0].p <= 0.05 for _ in range(400)]
    assert 0.7 <= np.mean(shown) <= 0.9


@pytest.mark.parametrize("difference", [0.05, pytest.param(-0.05, marks=pytest.mark.long)])
def test_pipelines_are_called_the_same_at_the_edge_of_the_region_in_5_of_100_corpora_at_most(difference: float) -> None:
    rng, said = np.random.default_rng(1), []
    for _ in range(1000):
        confusions = pair_of(rng, 12, difference)
        said.append(outcome(confusions, 0.05)[1].practical)
    assert np.mean([one is Practical.SAME for one in said]) <= 0.065  # 5 % and two standard errors
    assert np.mean([one in (Practical.BETTER, Practical.WORSE) for one in said]) <= 0.065


def test_pipelines_that_are_alike_are_called_the_same_where_speakers_are_many() -> None:
    rng = np.random.default_rng(2)
    said = [outcome(pair_of(rng, 40, 0.0), 0.05)[1].practical for _ in range(12)]
    assert said.count(Practical.SAME) >= 10
    clear = [outcome(pair_of(rng, 40, 0.12), 0.05)[1].practical for _ in range(12)]
    assert clear.count(Practical.BETTER) >= 10
