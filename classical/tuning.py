"""Choose settings on inner folds of the training clips, grouped by speaker and judged by UAR."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from features.errors import PipelineError

Positions = NDArray[np.intp]


@dataclass(frozen=True)
class InnerFolds:
    """Folds inside the training clips.

    Attributes
    ----------
    folds
        Pairs of (positions to fit on, positions to judge on); every position is judged on at most once.
    notes
        What a reader should know about how they were made.
    """

    folds: tuple[tuple[Positions, Positions], ...]
    notes: list[str] = field(default_factory=list)


def inner_folds(codes: NDArray, groups: NDArray | None, *, n_folds: int) -> InnerFolds:
    """Split training clips into inner folds, deterministically.

    Speakers are kept together and classes balanced as far as speakers allow. Where only one speaker is left, the folds
    are stratified clips, and the notes say so. Folds that would leave fewer than two classes to fit on are left out.

    Parameters
    ----------
    codes : (n_utterances,)
        Class of each clip, 0 to n_classes - 1.
    groups : (n_utterances,) or None
        Speaker of each clip; None is one speaker.
    n_folds
        Number of folds wanted; with fewer speakers it is the number of speakers.
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


def _grouped(codes: NDArray, groups: NDArray, n_folds: int) -> list[Positions]:
    # A class with fewer clips than folds cannot be in all of them: pooled UAR copes, the splitter would refuse.
    largest = np.bincount(codes).max()
    splitter = StratifiedGroupKFold(int(max(2, min(n_folds, largest))))
    if largest < 2:
        return [np.flatnonzero(groups == speaker) for speaker in np.unique(groups)]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        return [held_out for _, held_out in splitter.split(codes, codes, groups)]


def _stratified(codes: NDArray, n_folds: int) -> list[Positions]:
    """Deal the clips of each class out in turn, going on where the class before stopped."""
    order = np.argsort(codes, kind="stable")
    fold = np.empty(len(codes), dtype=int)
    fold[order] = np.arange(len(codes)) % n_folds
    return [np.flatnonzero(fold == k) for k in range(n_folds)]


def uar(codes: NDArray, scores: NDArray) -> float:
    """Unweighted average recall of the highest score over the rows that have scores, in [0, 1].

    Parameters
    ----------
    codes : (n_utterances,)
        True classes, 0 to n_classes - 1.
    scores : (n_utterances, n_classes)
        Any scores; rows of NaN are left out, as are classes without a row.
    """
    known = ~np.isnan(scores).any(axis=1)
    if not known.any():
        return float("nan")
    truth = codes[known]
    clips = np.bincount(truth)
    right = np.bincount(truth[scores[known].argmax(axis=1) == truth], minlength=len(clips))
    return float(np.mean(right[clips > 0] / clips[clips > 0]))


def encode(y: NDArray) -> tuple[NDArray[np.str_], NDArray[np.intp]]:
    """Sorted labels, and each clip's position among them.

    Raises
    ------
    PipelineError
        If there are fewer than two labels.
    """
    classes, codes = np.unique(np.asarray(y).astype(str), return_inverse=True)
    if len(classes) < 2:
        found = repr(str(classes[0])) if len(classes) else "none"
        raise PipelineError(f"the training clips have one label ({found}), at least two are needed: check --classes")
    return classes, codes


def balanced_weights(codes: NDArray, n_classes: int) -> NDArray[np.float64]:
    """Weight of each clip such that every class weighs the same and the mean is 1."""
    counts = np.bincount(codes, minlength=n_classes)
    present = np.count_nonzero(counts)
    return (len(codes) / (present * counts.astype(float).clip(1)))[codes]
