"""What choosing the best of several pipelines by its own test score is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.scoring.confusion import uar_of

if TYPE_CHECKING:
    from benchmarks.scoring.intervals import Matrix


def uar_of_choosing(confusions: Mapping[str, Matrix]) -> float:
    """UAR of the pipeline that is best on all other speakers, speaker by speaker.

    The highest of several scores is too high on average, as the luck of these speakers helped to choose it, and its own
    interval does not know that it was chosen. Here no speaker takes part in choosing what answers for them (M. Stone,
    "Cross-validatory choice and assessment of statistical predictions", 1974).

    Parameters
    ----------
    confusions : mapping of str to ndarray of shape (n_speakers, n_labels, n_labels)
        By pipeline, in one order of speakers.

    Returns
    -------
    float
        UAR of what was chosen, all speakers pooled.

    Examples
    --------
    >>> right, wrong = np.array([[3.0, 0.0], [0.0, 3.0]]), np.array([[2.0, 1.0], [1.0, 2.0]])
    >>> lucky = {"a": np.stack([right, right, wrong]), "b": np.stack([wrong, right, right])}
    >>> round(uar_of_choosing(lucky), 2)  # both have 0.89
    0.78
    """
    stacked = np.stack(list(confusions.values()))
    others = uar_of(stacked.sum(axis=1, keepdims=True) - stacked)
    chosen = others.argmax(axis=0)
    return float(uar_of(stacked[chosen, np.arange(stacked.shape[1])].sum(axis=0)))
