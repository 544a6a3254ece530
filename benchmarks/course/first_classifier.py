"""Exercises of notebook 2: a score that rewards no guessing, folds without a leak, scaling without one."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.course.exercise import Exercise, same_as
from benchmarks.scoring.metrics import uar


def _uar(truth: np.ndarray, prediction: np.ndarray) -> float:
    return float(uar(truth, prediction, sorted(set(truth))))


def _answers(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    labels = np.array(["ang", "hap", "sad"])
    truth = labels[rng.choice(3, size=30, p=(0.6, 0.3, 0.1))]
    first = (np.array(["neu", "neu", "neu", "ang"]), np.array(["neu", "neu", "neu", "neu"]))
    return [first, (np.concatenate([labels, truth]), np.concatenate([labels, labels[rng.integers(0, 3, 30)]]))]


def _speakers(rng: np.random.Generator) -> list[tuple[np.ndarray]]:
    return [(np.array(["ann", "ann", "bob", "bob", "cyd"]),), (rng.choice(["s1", "s2", "s3", "s4"], size=24),)]


def _judge_folds(arguments: tuple[Any, ...], answer: Any) -> str:
    """What is wrong with folds `(train, test)` of the positions of some speakers' clips."""
    speakers = arguments[0]
    if answer is None or answer is ...:
        return "it makes nothing yet; expected a list of pairs (train, test), positions each"
    pairs = [(np.asarray(train, dtype=int), np.asarray(test, dtype=int)) for train, test in answer]
    for train, test in pairs:
        both = set(speakers[train]) & set(speakers[test])
        if both:
            return f"it lets {min(both)} train and test in one fold"
        if not len(train) or not len(test):
            return "it has a fold with an empty side"
    tested = np.sort(np.concatenate([test for _, test in pairs])) if pairs else np.array([], dtype=int)
    if not np.array_equal(tested, np.arange(len(speakers))):
        return f"it tests positions {tested.tolist()}; expected each of {len(speakers)} once"
    return ""


def _scaled(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    deviation = train.std(axis=0)
    return (test - train.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)


def _tables(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    train, test = rng.normal(3.0, 2.0, (8, 2)).round(1), rng.normal(5.0, 1.0, (3, 2)).round(1)
    constant = np.column_stack([train[:, 0], np.full(8, 7.0)])
    return [(train, test), (constant, np.column_stack([test[:, 0], np.full(3, 7.0)]))]


EXERCISES = (
    Exercise(
        "uar",
        _answers,
        same_as(_uar),
        "the mean of the classes' recalls: who always answers the same has one over the number of classes.",
    ),
    Exercise("speaker_folds", _speakers, _judge_folds, "nobody is on both sides, and everybody is tested once."),
    Exercise(
        "scaled",
        _tables,
        same_as(_scaled),
        "mean and deviation are learnt, so they are learnt from the training side alone; what never varies stays 0.",
    ),
)
