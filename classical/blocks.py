"""Blocks of features, and the inner products of each: what a kernel over several kinds of features is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classical.kernels import Kernel, squared_lengths
from features.errors import PipelineError


@dataclass(frozen=True, eq=False)
class Blocks:
    """Which block each feature belongs to.

    Attributes
    ----------
    names : tuple of str
        In the order in which they first come.
    codes : ndarray of shape (n_features,)
        Index of each feature's block.
    """

    names: tuple[str, ...]
    codes: NDArray[np.intp]


def blocks_of(blocks: Sequence[str] | NDArray[np.str_] | None, n_features: int) -> Blocks:
    """Blocks by name; one block of all features where none are given.

    Parameters
    ----------
    blocks : sequence of str of shape (n_features,), or None
    n_features : int

    Raises
    ------
    PipelineError
        If there is not one name for each feature.

    Examples
    --------
    >>> blocks_of(["statistics", "shape", "shape"], 3).codes
    array([0, 1, 1])
    """
    if blocks is None:
        return Blocks(("all",), np.zeros(n_features, dtype=np.intp))
    if len(blocks) != n_features:
        raise PipelineError(f"{len(blocks)} blocks for {n_features} features; expected the block of each feature")
    names = tuple(dict.fromkeys(map(str, blocks)))
    return Blocks(names, np.array([names.index(str(block)) for block in blocks], dtype=np.intp))


def weights_to_try(names: Sequence[str]) -> list[dict[str, float]]:
    """Weights of blocks, each set with sum 1: all the same, then one doubled, one left out, one alone.

    Parameters
    ----------
    names : sequence of str

    Examples
    --------
    >>> [list(weights.values()) for weights in weights_to_try(["statistics", "shape"])][:2]
    [[0.5, 0.5], [0.6666666666666666, 0.3333333333333333]]
    >>> len(weights_to_try("abc")), len(weights_to_try("a"))
    (10, 1)
    """
    n = len(names)
    parts = [np.ones(n)]
    if n > 1:
        parts += [np.ones(n) + own for own in np.eye(n)]
        parts += [np.ones(n) - own for own in np.eye(n)]
    if n > 2:
        parts += list(np.eye(n))
    return [dict(zip(names, (part / part.sum()).tolist())) for part in parts]


def scale_of(blocks: Blocks, weights: Mapping[str, float] | None) -> NDArray[np.float64]:
    """What features are multiplied by, so that the squared distance is the weighted mean of the blocks' ones.

    Parameters
    ----------
    blocks : Blocks
    weights : mapping of str to float, or None
        Of each block; None for features as they are.

    Returns
    -------
    ndarray of shape (n_features,)
        Its squares have the mean 1.

    Examples
    --------
    >>> scale_of(blocks_of(["a", "b", "b"], 3), {"a": 0.5, "b": 0.5}).round(3)
    array([1.225, 0.866, 0.866])
    """
    return np.ones(len(blocks.codes)) if weights is None else np.sqrt(_shares(blocks, weights))[blocks.codes]


def scaled(X: NDArray, scale: NDArray) -> NDArray[np.float64]:
    """Features times their scale, without those that it makes 0; themselves where it changes nothing.

    Examples
    --------
    >>> scaled(np.array([[1.0, 2.0, 3.0]]), np.array([2.0, 0.0, 1.0]))
    array([[2., 3.]])
    """
    if (scale == 1).all():
        return X
    used = scale != 0
    return X[:, used] * scale[used]


def _shares(blocks: Blocks, weights: Mapping[str, float]) -> NDArray[np.float64]:
    """What the inner products of each block are multiplied by."""
    sizes = np.bincount(blocks.codes, minlength=len(blocks.names))
    return np.array([weights[name] for name in blocks.names]) * len(blocks.codes) / sizes


@dataclass(frozen=True, eq=False)
class Products:
    """Inner products of some utterances with one another, block by block.

    Attributes
    ----------
    blocks : Blocks
    matrices : tuple of ndarray of shape (n_utterances, n_utterances)
    squares : tuple of ndarray of shape (n_utterances,)
        Squared lengths.
    """

    blocks: Blocks
    matrices: tuple[NDArray[np.float64], ...]
    squares: tuple[NDArray[np.float64], ...]

    @property
    def n_features(self) -> int:
        """Number of features in all blocks."""
        return len(self.blocks.codes)

    @classmethod
    def of(cls, X: NDArray, blocks: Blocks) -> Products:
        """Compute them.

        Parameters
        ----------
        X : ndarray of shape (n_utterances, n_features)
        blocks : Blocks

        Examples
        --------
        >>> X = np.array([[1.0, 2.0], [0.0, 1.0]])
        >>> Products.of(X, blocks_of(["a", "b"], 2)).matrices[1]
        array([[4., 2.],
               [2., 1.]])
        """
        one = len(blocks.names) == 1
        parts = [X] if one else [X[:, blocks.codes == code] for code in range(len(blocks.names))]
        return cls(blocks, tuple(part @ part.T for part in parts), tuple(squared_lengths(part) for part in parts))

    def gram(self, kernel: Kernel, weights: Mapping[str, float]) -> NDArray[np.float64]:
        """Kernel matrix of the weighted blocks.

        Parameters
        ----------
        kernel : Kernel
            On features scaled by `scale_of`.
        weights : mapping of str to float

        Returns
        -------
        ndarray of shape (n_utterances, n_utterances)

        Examples
        --------
        >>> X = np.array([[1.0, 2.0], [0.0, 1.0]])
        >>> products = Products.of(X, blocks_of(["a", "b"], 2))
        >>> products.gram(Kernel("linear", 1.0), {"a": 1.0, "b": 0.0})
        array([[2., 0.],
               [0., 0.]])
        """
        if len(self.matrices) == 1:
            return kernel.from_products(self.matrices[0], self.squares[0], self.squares[0])
        products, squares = np.zeros_like(self.matrices[0]), np.zeros_like(self.squares[0])
        for share, matrix, square in zip(_shares(self.blocks, weights), self.matrices, self.squares):
            if share:
                products += share * matrix
                squares += share * square
        return kernel.from_products(products, squares, squares)
