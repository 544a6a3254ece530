"""The search that machines with kernels over blocks of features share: kernel, width and C first, weights then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from numpy.typing import NDArray

from classical.blocks import weights_to_try
from classical.inner_folds import InnerFolds, uar
from classical.tuning import Candidate


class Candidates(Protocol):
    """What scores every C with one kernel and one weighting of blocks."""

    def __call__(
        self, weights: dict[str, float], *, name: str, gamma: float, Cs: tuple[float, ...]
    ) -> Iterator[Candidate]:
        """Candidates with out-of-fold scores, the smallest C first."""


def search(
    candidates: Candidates,
    kernels: Sequence[tuple[str, float, tuple[float, ...]]],
    blocks: Sequence[str],
    codes: NDArray,
    inner: InnerFolds,
) -> Iterator[Candidate]:
    """Try every kernel and C with all blocks weighing the same, then other weights with what was best.

    Parameters
    ----------
    candidates : callable
    kernels : sequence of (str, float, tuple of float)
        Name, gamma for each feature, and values of C to try with them.
    blocks : sequence of str
    codes : ndarray of shape (n_utterances,)
    inner : InnerFolds

    Yields
    ------
    Candidate
        With ``kernel``, ``gamma_per_feature`` and ``C`` among its parameters.
    """
    equal, *others = weights_to_try(blocks)
    best, highest = None, -1.0
    for name, gamma, Cs in kernels:
        for candidate in candidates(equal, name=name, gamma=gamma, Cs=Cs):
            score = uar(codes, candidate.scores) if inner.folds else 0.0
            if score > highest + 1e-12:
                best, highest = candidate, score
            yield candidate
    if best is None or not inner.folds:
        return
    params = best.params
    for weights in others:
        yield from candidates(weights, name=params["kernel"], gamma=params["gamma_per_feature"], Cs=(params["C"],))


def described(name: str, gamma: float, C: float, weights: dict[str, float]) -> dict[str, object]:
    """Parameters of a candidate; weights only where there is more than one block.

    Examples
    --------
    >>> described("rbf", 0.3, 10.0, {"all": 1.0})
    {'kernel': 'rbf', 'gamma_per_feature': 0.3, 'C': 10.0}
    """
    shown = {"weights": weights} if len(weights) > 1 else {}
    return {"kernel": name, "gamma_per_feature": gamma, "C": C, **shown}
