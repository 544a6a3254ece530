"""Exercises of notebook 4: what a frame sees, which epoch is kept, and a mean that padding does not change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.course.exercise import Exercise, same_as


def _sees(kernels: Sequence[int], strides: Sequence[int]) -> int:
    sees, step = 1, 1
    for kernel, stride in zip(kernels, strides, strict=True):
        sees, step = sees + (kernel - 1) * step, step * stride
    return sees


def _stacks(rng: np.random.Generator) -> list[tuple[list[int], list[int]]]:
    base = ([10, 3, 3, 3, 3, 2, 2], [5, 2, 2, 2, 2, 2, 2])
    return [([3], [2]), ([10, 3], [5, 2]), base, (rng.integers(2, 9, 4).tolist(), rng.integers(1, 5, 4).tolist())]


def _kept_epoch(rows: Sequence[Mapping[str, float]]) -> int:
    return int(max(rows, key=lambda row: row["valid_uar"])["epoch"])


def _histories(rng: np.random.Generator) -> list[tuple[list[dict[str, float]]]]:
    names = ("train_loss", "valid_uar", "test_uar")
    tables = [np.array([[1.2, 0.40, 0.50], [0.9, 0.55, 0.45], [0.5, 0.50, 0.60]]), rng.random((5, 3)).round(2)]
    return [
        ([{"epoch": epoch, **dict(zip(names, row.tolist()))} for epoch, row in enumerate(table, start=1)],)
        for table in tables
    ]


def _mean_over_time(frames: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    return np.stack([clip[:length].mean(axis=0) for clip, length in zip(frames, lengths)])


def _batches(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    frames, lengths = rng.normal(size=(3, 5, 2)).round(1), np.array([5, 2, 3])
    frames[np.arange(5)[None] >= lengths[:, None]] = 0.0
    noisy = np.where(frames == 0.0, 9.0, frames)
    return [(frames, lengths), (noisy, lengths)]


EXERCISES = (
    Exercise(
        "sees",
        _stacks,
        same_as(_sees),
        "each layer sees its kernel in steps of all strides below it; wav2vec 2.0 sees 400 samples, 25 ms.",
    ),
    Exercise(
        "kept_epoch",
        _histories,
        same_as(_kept_epoch),
        "chosen on validation speakers, who neither train nor test; chosen on the test it would be a leak.",
    ),
    Exercise(
        "mean_over_time",
        _batches,
        same_as(_mean_over_time),
        "over a clip's own frames: what pads it, zeros or not, must not change its answer.",
    ),
)
