"""Exercises of notebook 6: who is heard, an interval over people, and what it lets one say."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import t as student

from benchmarks.course.exercise import Exercise, same_as


def _heard(folds: pd.DataFrame) -> float:
    known = 0
    for _, fold in folds.groupby("fold"):
        known += int(
            fold.loc[fold["side"] == "test", "speaker"].isin(fold.loc[fold["side"] == "train", "speaker"]).sum()
        )
    return known / int((folds["side"] == "test").sum())


def _folds(rng: np.random.Generator) -> list[tuple[pd.DataFrame]]:
    table = pd.DataFrame(
        {"fold": np.repeat(["f1", "f2"], 6), "side": ["train"] * 4 + ["test"] * 2 + ["train"] * 4 + ["test"] * 2}
    )
    clean = table.assign(speaker=list("aabbcc") + list("ccbbaa"))
    mixed = table.assign(speaker=rng.choice(list("abcd"), size=12))
    return [(table.assign(speaker=list("aabbac") + list("ccbbaa")),), (clean,), (mixed,)]


def _interval(scores: np.ndarray, speakers: np.ndarray) -> np.ndarray:
    means = pd.Series(scores).groupby(speakers).mean().to_numpy()
    half = student.ppf(0.975, len(means) - 1) * means.std(ddof=1) / np.sqrt(len(means))
    return np.array([means.mean() - half, means.mean() + half])


def _clips(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    speakers = np.repeat(["s1", "s2", "s3", "s4"], 10)
    skill = np.repeat([0.9, 0.8, 0.5, 0.7], 10)
    return [((rng.random(40) < skill).astype(float), speakers)]


def _says(low: float, high: float) -> str:
    return "better" if low > 0 else "worse" if high < 0 else "not shown"


EXERCISES = (
    Exercise(
        "heard_speakers", _folds, same_as(_heard), "the share of test clips whose speaker trains in the same fold."
    ),
    Exercise(
        "interval",
        _clips,
        same_as(_interval),
        "clips of one person are not independent: what is counted is people, and few people make it wide.",
    ),
    Exercise(
        "says",
        lambda _: [(0.01, 0.09), (-0.09, -0.01), (-0.02, 0.09), (-0.09, 0.02)],
        same_as(_says),
        "an interval that holds 0 shows no difference, which is not the same as showing that there is none.",
    ),
)
