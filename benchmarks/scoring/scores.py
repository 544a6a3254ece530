"""The table of scores: one row a pipeline, every test figure from stored predictions, the rest from the jobs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.scoring.metrics import METRICS, PROBABILITY_METRICS, confusion, uar_of
from benchmarks.scoring.predictions import probabilities
from benchmarks.scoring.significance import speaker_confusions, speaker_interval

COSTS = (
    "train_uar",
    "train_wa",
    "fit_seconds",
    "ms_per_utterance",
    "extract_ms",
    "predict_ms",
    "n_candidates",
    "search_seconds",
    "peak_memory_mb",
    "model_bytes",
    "jobs_failed",
)
"""Columns of `scores.csv` that come from the jobs and not from the predictions."""


def score_columns() -> tuple[str, ...]:
    """Columns of `scores.csv`, in their order.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> score_columns()[:5]
    ('pipeline', 'uar', 'uar_low', 'uar_high', 'wa')
    """
    scores = [column for name in METRICS for column in (name, f"{name}_low", f"{name}_high")]
    counts = ("n", "n_seeds", "n_folds", "n_speakers")
    return ("pipeline", *scores, "fold_uar_mean", "fold_uar_std", "seed_uar_std", *counts, *PROBABILITY_METRICS, *COSTS)


def score_table(predictions: pd.DataFrame, jobs: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Score every pipeline that has predictions, in the order of their first rows.

    Parameters
    ----------
    predictions
        As stored: `pipeline, seed, fold, utterance, speaker, truth, prediction, p_<label>...`.
    jobs
        One row per job: `pipeline, seed, fold, status` and, NaN where unknown, `train_uar, train_wa, fit_seconds,
        predict_seconds, extract_seconds, n_test, n_candidates, search_seconds, peak_memory_mb, model_bytes`.
    labels
        All labels of the corpus.

    Returns
    -------
    pandas.DataFrame
        Every entry of `METRICS` and `PROBABILITY_METRICS`: test clips pooled over folds, a mean over seeds; with
        `NAME_low, NAME_high`, the 95 % interval over speakers, for the former. `fold_uar_mean` and
        `fold_uar_std`: mean and sample deviation over folds of the folds' UARs (over the classes present in a fold, a
        mean over seeds); `seed_uar_std`: sample deviation over seeds of the pooled UAR. `n`: clips tested in
        one seed. `train_*` and costs are means over jobs;
        `ms_per_utterance` is extraction and prediction of one clip, in milliseconds, as `extract_ms + predict_ms`.
        `jobs_failed` counts jobs without predictions.
    """
    rows = [
        {"pipeline": name, **_test_scores(rows, labels), **_costs(jobs[jobs["pipeline"] == name])}
        for name, rows in predictions.groupby("pipeline", sort=False)
    ]
    return pd.DataFrame(rows, columns=list(score_columns()))


def _test_scores(rows: pd.DataFrame, labels: Sequence[str]) -> dict[str, Any]:
    pooled = np.stack([_matrix(seed, labels) for _, seed in rows.groupby("seed")])
    speakers, confusions = speaker_confusions(rows, labels)
    folds = fold_uars(rows, labels)
    scores: dict[str, Any] = {}
    for name, metric in METRICS.items():
        interval = speaker_interval(confusions, statistic=metric.function, lowest=metric.lowest)
        mean = float(metric.function(pooled).mean())
        scores |= {name: mean, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return {
        **scores,
        "fold_uar_mean": float(folds.mean()),
        "fold_uar_std": _deviation(folds.to_numpy()),
        "n": round(pooled.sum() / len(pooled)),
        "seed_uar_std": _deviation(uar_of(pooled)),
        "n_seeds": len(pooled),
        "n_folds": len(folds),
        "n_speakers": len(speakers),
        **_calibration(rows, labels),
    }


def fold_uars(rows: pd.DataFrame, labels: Sequence[str]) -> pd.Series:
    """UAR of every fold over the classes present in it, a mean over seeds; index `fold`, in the order of the rows."""
    cells = rows.groupby(["seed", "fold"], sort=False)
    scores = pd.Series({key: float(uar_of(_matrix(cell, labels))) for key, cell in cells})
    return scores.groupby(level=1, sort=False).mean().rename_axis("fold")


def _calibration(rows: pd.DataFrame, labels: Sequence[str]) -> dict[str, float]:
    table = probabilities(rows, labels)
    if table is None:
        return dict.fromkeys(PROBABILITY_METRICS, math.nan)
    truth = rows["truth"].to_numpy()
    seeds = [np.flatnonzero(rows["seed"].to_numpy() == seed) for seed in rows["seed"].unique()]
    return {
        name: float(np.mean([metric.function(truth[at], table[at], labels) for at in seeds]))
        for name, metric in PROBABILITY_METRICS.items()
    }


def _costs(jobs: pd.DataFrame) -> dict[str, Any]:
    done = jobs[jobs["status"] == "done"]
    clips = done["n_test"].sum()
    extract, predict = (1000 * done[name].sum(min_count=1) / clips for name in ("extract_seconds", "predict_seconds"))
    means = done[["train_uar", "train_wa", "fit_seconds", "n_candidates", "search_seconds", "model_bytes"]].mean()
    return {
        **{str(name): float(value) for name, value in means.items()},
        "extract_ms": float(extract),
        "predict_ms": float(predict),
        "ms_per_utterance": float(np.nansum([extract, predict])) if not np.isnan(predict) else math.nan,
        "peak_memory_mb": float(done["peak_memory_mb"].max()),
        "jobs_failed": int((jobs["status"] == "failed").sum()),
    }


def _matrix(rows: pd.DataFrame, labels: Sequence[str]) -> np.ndarray:
    return confusion(rows["truth"], rows["prediction"], labels)


def _deviation(values: np.ndarray) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
