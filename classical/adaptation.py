"""Adaptation to another corpus without its labels: its own statistics, correlation alignment, subspace alignment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

CorpusScope = Literal["corpus", "coral", "subspace"]
CORPUS_SCOPES: tuple[CorpusScope, ...] = get_args(CorpusScope)
COLUMN = "corpus"
"""Column of an utterances table: which corpus an utterance is of."""

MOST_AXES = 100
"""Axes of a subspace; fewer where there are fewer clips."""


def corpora_of(X: Any) -> NDArray[np.str_]:
    """Corpus of each utterance, by the column `corpus` of a table; one corpus of all where there is no such column.

    Examples
    --------
    >>> corpora_of(["a.wav", "b.wav"]).tolist(), corpora_of(pd.DataFrame({"corpus": ["emodb", "ravdess"]})).tolist()
    (['', ''], ['emodb', 'ravdess'])
    """
    if isinstance(X, pd.DataFrame) and COLUMN in X:
        return X[COLUMN].to_numpy().astype(str)
    return np.full(len(X), "")


@dataclass(frozen=True, eq=False)
class Axes:
    """Principal axes of standardised features, from which a covariance is known without being written out.

    Attributes
    ----------
    directions : ndarray of shape (n_axes, n_features)
        Rows are orthonormal, those of the largest variance first.
    variances : ndarray of shape (n_axes,)
        Along every other direction nothing varies.
    """

    directions: NDArray[np.float64]
    variances: NDArray[np.float64]

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Self:
        """Axes of features whose mean is 0.

        Parameters
        ----------
        values : ndarray of shape (n_utterances, n_features)
            Finite.

        Examples
        --------
        >>> Axes.of(np.array([[2.0, 0.0], [-2.0, 0.0]])).variances.round(3)
        array([4.])
        """
        _, sizes, directions = np.linalg.svd(values, full_matrices=False)
        there = sizes > 1e-9 * max(float(sizes.max(initial=0.0)), 1e-12)
        return cls(directions[there], sizes[there] ** 2 / len(values))

    def scaled(self, values: NDArray[np.float64], power: float) -> NDArray[np.float64]:
        """Values times a power of the covariance plus the identity.

        Parameters
        ----------
        values : ndarray of shape (n_utterances, n_features)
        power : float

        Examples
        --------
        >>> Axes(np.array([[1.0, 0.0]]), np.array([3.0])).scaled(np.array([[1.0, 1.0]]), -0.5)
        array([[0.5, 1. ]])
        """
        grown = (1 + self.variances) ** power - 1
        return values + (values @ self.directions.T * grown) @ self.directions

    def first(self, count: int) -> NDArray[np.float64]:
        """Directions of the largest variance, of shape (at most count, n_features)."""
        return self.directions[:count]


def coral(values: NDArray[np.float64], source: Axes) -> NDArray[np.float64]:
    """Give the clips of a corpus the covariance of the training clips.

    CORAL (B. Sun, J. Feng & K. Saenko, "Return of frustratingly easy domain adaptation", AAAI 2016) whitens by one
    covariance and colours by the other, the identity added to both. There the training clips are moved, here those that
    are tested, so that one model serves every corpus.

    Parameters
    ----------
    values : ndarray of shape (n_utterances, n_features)
        Standardised by the corpus's own mean and deviation, finite.
    source : Axes
        Of the training clips.

    Returns
    -------
    ndarray of shape (n_utterances, n_features)

    Examples
    --------
    >>> source = Axes(np.array([[1.0, 0.0]]), np.array([3.0]))
    >>> coral(np.array([[0.0, 2.0], [0.0, -2.0]]), source).round(3)
    array([[ 0.   ,  0.894],
           [ 0.   , -0.894]])
    """
    return source.scaled(Axes.of(values).scaled(values, -0.5), 0.5)


def aligned_subspace(values: NDArray[np.float64], source: Axes) -> NDArray[np.float64]:
    """Coordinates of the clips of a corpus along its own principal axes, read along those of the training clips.

    Subspace alignment (B. Fernando et al., "Unsupervised visual domain adaptation using subspace alignment", ICCV
    2013), with the tested clips moved instead of the training clips. What a training clip becomes is its projection.

    Parameters
    ----------
    values, source
        As for `coral`.

    Returns
    -------
    ndarray of shape (n_utterances, n_features)

    Examples
    --------
    >>> source = Axes(np.array([[1.0, 0.0]]), np.array([4.0]))
    >>> aligned_subspace(np.array([[2.0, 0.0], [-2.0, 0.0]]), source)
    array([[ 2.,  0.],
           [-2.,  0.]])
    """
    theirs, ours = Axes.of(values).first(MOST_AXES), source.first(MOST_AXES)
    return values @ theirs.T @ (theirs @ ours.T) @ ours
