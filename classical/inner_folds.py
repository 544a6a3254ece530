"""Folds inside the training utterances, grouped by speaker, and the UAR that judges on them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class InnerFolds:
    """Folds inside the training utterances.

    Attributes
    ----------
    folds : tuple of (ndarray, ndarray)
        Pairs of (indices to fit on, indices to judge on); every index is judged on at most once.
    notes : list of str
        What a reader should know about how they were made.
    """

    folds: tuple[tuple[Indices, Indices], ...]
    notes: list[str] = field(default_factory=list)


def inner_folds(codes: NDArray, groups: NDArray | None, *, n_folds: int) -> InnerFolds:
    """Split training utterances into inner folds, deterministically.

    Speakers are kept together and classes balanced as far as speakers allow. Where only one speaker is left, the folds
    are stratified utterances, and the notes say so. Folds that would leave fewer than two classes to fit on are left
    out.

    Parameters
    ----------
    codes : ndarray of shape (n_utterances,)
        Class of each utterance, 0 to n_classes - 1.
    groups : ndarray of shape (n_utterances,) or None
        Speaker of each utterance; None is one speaker.
    n_folds : int
        Number of folds; with fewer speakers it is the number of speakers.

    Returns
    -------
    InnerFolds

    Examples
    --------
    >>> import numpy as np
    >>> inner = inner_folds(np.array([0, 1, 0, 1, 0, 1]), np.array(["a", "a", "b", "b", "c", "c"]), n_folds=3)
    >>> sorted(held_out.tolist() for _, held_out in inner.folds)
    [[0, 1], [2, 3], [4, 5]]
    """
    speakers = np.unique(groups) if groups is not None else np.empty(0)
    notes = []
    if len(speakers) >= 2:
        parts = _grouped(codes, np.asarray(groups), min(n_folds, len(speakers)))
    else:
        parts = _stratified(codes, n_folds)
        notes.append("one training speaker: settings were chosen on inner folds of clips, not of speakers")
    everything = np.arange(len(codes))
    folds = []
    for held_out in parts:
        fit_on = np.setdiff1d(everything, held_out)
        if len(held_out) and len(np.unique(codes[fit_on])) >= 2:
            folds.append((fit_on, held_out))
    if not folds:
        notes.append("too few clips for inner folds: the first setting was taken unjudged")
    return InnerFolds(tuple(folds), notes)


def _grouped(codes: NDArray, groups: NDArray, n_folds: int) -> list[Indices]:
    # A class with fewer clips than folds cannot be in all of them: pooled UAR copes, the splitter would refuse.
    largest = np.bincount(codes).max()
    if largest < 2:
        return [np.flatnonzero(groups == speaker) for speaker in np.unique(groups)]
    splitter = StratifiedGroupKFold(int(max(2, min(n_folds, largest))))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        return [held_out for _, held_out in splitter.split(codes, codes, groups)]


def _stratified(codes: NDArray, n_folds: int) -> list[Indices]:
    """Deal the utterances of each class out in turn, going on where the class before stopped."""
    order = np.argsort(codes, kind="stable")
    fold = np.empty(len(codes), dtype=int)
    fold[order] = np.arange(len(codes)) % n_folds
    return [np.flatnonzero(fold == k) for k in range(n_folds)]


def uar(codes: NDArray, scores: NDArray) -> float:
    """Unweighted average recall of the highest score over the rows that have scores, in [0, 1].

    Parameters
    ----------
    codes : ndarray of shape (n_utterances,)
        True classes, 0 to n_classes - 1.
    scores : ndarray of shape (n_utterances, n_classes)
        Any scores; rows of NaN are left out, as are classes without a row.

    Returns
    -------
    float
        NaN where no row has scores.

    Examples
    --------
    >>> import numpy as np
    >>> uar(np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]))
    0.75
    """
    judged = ~np.isnan(scores).any(axis=1)
    if not judged.any():
        return float("nan")
    truth = codes[judged]
    counts = np.bincount(truth)
    hits = np.bincount(truth[scores[judged].argmax(axis=1) == truth], minlength=len(counts))
    return float(np.mean(hits[counts > 0] / counts[counts > 0]))
