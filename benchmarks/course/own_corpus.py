"""Exercises of notebook 5: a table that is right, windows, and a model that may say nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.course.exercise import Exercise, same_as
from features.utterances import spans

_NEEDED = ("path", "label", "speaker")


def _rows(names: list[str]) -> pd.DataFrame:
    parts = [name.removesuffix(".wav").split("_") for name in names]
    return pd.DataFrame(
        {"path": names, "label": [part[1] for part in parts], "speaker": [part[0] for part in parts]}, index=None
    )


def _judge_rows(arguments: tuple[Any, ...], answer: Any) -> str:
    """What is wrong with a table of files that are named `speaker_label_take.wav`."""
    if not isinstance(answer, pd.DataFrame):
        return f"it makes {'nothing yet' if answer in (None, ...) else type(answer).__name__}; expected a DataFrame"
    lacking = [name for name in _NEEDED if name not in answer]
    if lacking:
        return f"it has no column {lacking[0]}; expected {', '.join(_NEEDED)}"
    expected = _rows(arguments[0])
    if len(answer) != len(expected):
        return f"it has {len(answer)} rows; expected {len(expected)}, one for each file"
    for name in _NEEDED:
        for found, right in zip(answer[name], expected[name]):
            if found != right:
                return f"it says {name} {found!r}; expected {right!r}"
    return ""


def _windows(seconds: float, window: float, hop: float) -> np.ndarray:
    return np.array(spans(0.0, seconds, window=window, hop=hop))


def _answered(probabilities: np.ndarray, labels: list[str], least: float) -> np.ndarray:
    sure = probabilities.max(axis=1) >= least
    return np.array([sure.mean(), np.mean(probabilities.argmax(axis=1)[sure] == np.array(labels)[sure])])


def _predictions(rng: np.random.Generator) -> list[tuple[np.ndarray, list[int], float]]:
    drawn = rng.dirichlet(np.ones(3), size=20).round(2)
    return [
        (np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.5, 0.5]]), [0, 1, 0, 0], 0.6),
        (drawn, rng.integers(0, 3, 20).tolist(), 0.5),
    ]


EXERCISES = (
    Exercise(
        "rows",
        lambda _: [(["anna_joy_01.wav", "bo_rage_01.wav", "anna_rage_02.wav"],), (["cy_calm_7.wav"],)],
        _judge_rows,
        "one row a file, and its speaker in it: the column that people leave out.",
    ),
    Exercise(
        "windows",
        lambda rng: [(10.0, 2.0, 0.5), (2.0, 3.0, 1.0), (5.5, 3.0, 1.0), (float(rng.integers(5, 30)) + 0.25, 3.0, 1.0)],
        same_as(_windows),
        "the last window ends where the recording does, so that nothing is left out and nothing is made up.",
    ),
    Exercise(
        "answered",
        _predictions,
        same_as(_answered),
        "two figures that belong together: how often it answers, and how often it is right where it does.",
    ),
)
