"""Exercises of notebook 3: a group's fair share, and what so few speakers can show."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, permutations, product

import numpy as np

from benchmarks.course.exercise import Exercise, same_as
from benchmarks.scoring.significance import smallest_p

Scores = Mapping[frozenset[str], float]


def _shapley(scores: Scores, player: str) -> float:
    orders = list(permutations(sorted(frozenset().union(*scores))))
    before = [frozenset(order[: order.index(player)]) for order in orders]
    return float(np.mean([scores[own | {player}] - scores[own] for own in before]))


def _games(rng: np.random.Generator) -> list[tuple[Scores, str]]:
    found: list[tuple[Scores, str]] = []
    for players in (("a", "b"), ("a", "b", "c")):
        subsets = [frozenset(some) for size in range(len(players) + 1) for some in combinations(players, size)]
        scores = {subset: round(0.25 + 0.6 * rng.random(), 2) for subset in subsets}
        found += [(scores, player) for player in players]
    return found


def _p_value(differences: np.ndarray) -> float:
    signs = np.array(list(product((1.0, -1.0), repeat=len(differences))))
    means = np.abs(signs @ differences)
    return float(np.mean(means >= np.abs(differences.sum()) - 1e-12))


def _speakers_needed(n_tests: int) -> int:
    return next(n for n in range(2, 64) if smallest_p(n) * n_tests <= 0.05)


EXERCISES = (
    Exercise("shapley", _games, same_as(_shapley), "the mean gain at the moment of entering, over all orders."),
    Exercise(
        "p_value",
        lambda rng: [
            (np.array([0.1, 0.2, 0.3]),),
            (-np.array([0.1, 0.2, 0.3, 0.1]),),
            (rng.normal(0.1, 0.2, 6).round(2),),
        ],
        same_as(_p_value),
        "the share of swaps, the one seen among them, with a difference as large on either side.",
    ),
    Exercise(
        "speakers_needed",
        lambda rng: [(1,), (14,), (45,), *((int(n),) for n in rng.integers(2, 200, 5))],
        same_as(_speakers_needed),
        "with fewer, nothing can be shown, however clear it is.",
    ),
)
