"""The table of scores: one row per pipeline, test figures from stored predictions, the rest from the jobs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.scoring.confusion import grouped_confusions, uar_of
from benchmarks.scoring.intervals import Interval, jackknife_interval, seed_confusions, speaker_weights
from benchmarks.scoring.metrics import METRICS, Metric
from benchmarks.scoring.predictions import probabilities
from benchmarks.scoring.status import Status

JOB_NUMBERS = (
    "train_uar",
    "train_wa",
    "fit_seconds",
    "predict_seconds",
    "extract_seconds",
    "n_test",
    "n_candidates",
    "search_seconds",
    "n_trained",
    "peak_memory_mb",
    "model_bytes",
    "fit_joules",
)
"""Numbers of each job that the table of scores draws on; NaN where unknown."""


def score_columns() -> list[str]:
    """Columns of the table of scores: every metric, what the folds and jobs say, every metric's interval, costs.

    Examples
    --------
    >>> score_columns()[:4]
    ['pipeline', 'uar', 'wa', 'macro_f1']
    >>> {"uar_low", "uar_high"} < set(score_columns())
    True
    """
    folds = ["fold_uar_mean", "fold_uar_std", "seed_uar_std", "train_uar", "train_wa"]
    counts = ["n", "n_seeds", "n_folds", "n_speakers", "jobs_failed"]
    intervals = [f"{name}_{end}" for name in METRICS for end in ("low", "high")]
    times = ["ms_per_utterance", "extract_ms", "predict_ms", "fit_seconds", "search_seconds", "fit_joules"]
    sizes = ["n_candidates", "n_trained", "peak_memory_mb", "model_bytes"]
    return ["pipeline", *METRICS, *folds, *counts, *intervals, *times, *sizes]


def score_table(
    predictions: pd.DataFrame,
    jobs: pd.DataFrame,
    labels: Sequence[str],
    *,
    confusions: Mapping[str, NDArray[np.float64]] | None = None,
) -> pd.DataFrame:
    """Score every pipeline that has predictions, in the order of their first rows.

    Parameters
    ----------
    predictions : DataFrame
        As stored: `pipeline, seed, fold, utterance, speaker, truth, prediction, p_<label>...`.
    jobs : DataFrame
        One row per job: `pipeline, seed, fold, status` and, NaN where unknown, `train_uar, train_wa, fit_seconds,
        predict_seconds, extract_seconds, n_test, n_candidates, search_seconds, n_trained, peak_memory_mb, model_bytes,
        fit_joules`.
    labels : sequence of str
        All labels of the corpus.
    confusions : mapping of str to ndarray of shape (n_seeds, n_speakers, n_labels, n_labels), optional
        What `confusions_by_pipeline` counts, where that was done before.

    Returns
    -------
    DataFrame
        Every metric of `METRICS`: test clips pooled over folds, mean over seeds; `<metric>_low` and `<metric>_high`:
        95 % interval over speakers. `fold_uar_mean` and `fold_uar_std`: mean and sample deviation over folds of the
        folds' UARs (over the labels present in a fold, mean over seeds); `seed_uar_std`: sample deviation over seeds
        of the pooled UAR. `n`: clips tested in one seed. `train_*` and costs are means over jobs; `ms_per_utterance`
        is extraction and prediction of one clip, in milliseconds, as `extract_ms + predict_ms`. `jobs_failed` counts
        jobs without predictions.

    Examples
    --------
    >>> rows = pd.DataFrame({"pipeline": "svm", "seed": 0, "fold": ["1", "2"], "utterance": ["a", "b"],
    ...                      "speaker": ["03", "08"], "truth": ["ang", "sad"], "prediction": ["ang", "ang"]})
    >>> jobs = pd.DataFrame({"pipeline": "svm", "seed": 0, "fold": ["1", "2"], "status": "done"})
    >>> table = score_table(rows, jobs.reindex(columns=["pipeline", "status", *JOB_NUMBERS]), ["ang", "sad"])
    >>> float(table["uar"][0]), int(table["n_speakers"][0])
    (0.5, 2)
    """
    if confusions is None:
        confusions = confusions_by_pipeline(predictions, labels)
    rows = [
        {
            "pipeline": name,
            **_test_scores(rows, confusions[str(name)], labels),
            **costs(jobs[jobs["pipeline"] == name]),
        }
        for name, rows in predictions.groupby("pipeline", sort=False)
    ]
    return pd.DataFrame(rows, columns=score_columns())


def confusions_by_pipeline(predictions: pd.DataFrame, labels: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Confusion matrices of every pipeline by seed and speaker; all speakers, sorted, in each.

    Parameters
    ----------
    predictions : DataFrame
        As stored.
    labels : sequence of str
        All labels of the corpus.

    Returns
    -------
    dict of str to ndarray of shape (n_seeds, n_speakers, n_labels, n_labels)

    Examples
    --------
    >>> rows = pd.DataFrame({"pipeline": "svm", "seed": 0, "speaker": "03", "truth": ["ang"], "prediction": ["ang"]})
    >>> confusions_by_pipeline(rows, ["ang", "sad"])["svm"].shape
    (1, 1, 2, 2)
    """
    speakers = sorted(predictions["speaker"].unique())
    groups = predictions.groupby("pipeline", sort=False)
    return {str(name): seed_confusions(rows, labels, speakers) for name, rows in groups}


def metric_interval(
    metric: Metric, rows: pd.DataFrame, confusions: NDArray[np.float64], labels: Sequence[str]
) -> Interval:
    """Score one pipeline by one metric, pooled over folds and averaged over seeds, with its interval over speakers.

    Parameters
    ----------
    metric : Metric
        An entry of the registry.
    rows : DataFrame
        The pipeline's predictions.
    confusions : ndarray of shape (n_seeds, n_speakers, n_labels, n_labels)
        As `seed_confusions` counts them.
    labels : sequence of str
        All labels of the corpus.

    Returns
    -------
    Interval
        NaN throughout where the metric needs probabilities and there are none.

    Examples
    --------
    >>> rows = pd.DataFrame({"seed": 0, "speaker": ["03", "08"], "truth": ["ang", "sad"], "prediction": ["ang", "ang"]})
    >>> labels = ["ang", "sad"]
    >>> confusions = seed_confusions(rows, labels, ["03", "08"])
    >>> metric_interval(METRICS["wa"], rows, confusions, labels).estimate
    0.5
    """
    confusions = confusions[:, confusions.any(axis=(0, 2, 3))]  # other pipelines may have more speakers
    n_speakers = confusions.shape[1]
    if metric.stacked is not None:
        total = confusions.sum(axis=1, keepdims=True)
        estimate = float(metric.stacked(total).mean())
        left_out = metric.stacked(total - confusions).mean(axis=0)
    else:
        values = probabilities(rows, labels) if metric.probabilistic else rows["prediction"].to_numpy()
        if values is None:
            return Interval(math.nan, math.nan, math.nan, 0.95, n_speakers)
        truth, seeds, names = rows["truth"].to_numpy(), rows["seed"].to_numpy(), rows["speaker"].to_numpy()

        def score(chosen: NDArray[np.bool_]) -> float:
            parts = [chosen & (seeds == seed) for seed in np.unique(seeds)]
            return float(np.mean([metric.function(truth[part], values[part], labels) for part in parts]))

        estimate = score(np.ones(len(rows), dtype=bool))
        left_out = np.array([score(names != name) for name in np.unique(names)] if n_speakers > 1 else [math.nan])
    n_utterances = float(confusions.sum()) / len(confusions)
    return jackknife_interval(
        estimate,
        left_out,
        n_utterances=n_utterances,
        n_labels=len(labels),
        bounds=metric.bounds,
        weights=speaker_weights(confusions.mean(axis=0)) if n_speakers > 1 else None,
    )


def fold_uars(rows: pd.DataFrame, labels: Sequence[str]) -> pd.Series:
    """UAR of every fold over the labels present in it, mean over seeds.

    Parameters
    ----------
    rows : DataFrame
        Predictions of one pipeline.
    labels : sequence of str
        All labels of the corpus.

    Returns
    -------
    Series
        Index `fold`, in the order of the rows.

    Examples
    --------
    >>> rows = pd.DataFrame({"seed": 0, "fold": ["b", "a"], "truth": ["ang", "sad"], "prediction": ["ang", "ang"]})
    >>> fold_uars(rows, ["ang", "sad"]).to_dict()
    {'b': 1.0, 'a': 0.0}
    """
    groups = rows.groupby(["seed", "fold"], sort=False)
    counts = grouped_confusions(rows["truth"], rows["prediction"], labels, groups.ngroup(), groups.ngroups)
    folds = rows.drop_duplicates(["seed", "fold"])["fold"]
    return pd.Series(uar_of(counts), index=pd.Index(folds, name="fold")).groupby(level=0, sort=False).mean()


def _test_scores(rows: pd.DataFrame, confusions: NDArray[np.float64], labels: Sequence[str]) -> dict[str, Any]:
    scores: dict[str, Any] = {}
    for metric in METRICS.values():
        interval = metric_interval(metric, rows, confusions, labels)
        scores[metric.name] = interval.estimate
        scores |= {f"{metric.name}_low": interval.low, f"{metric.name}_high": interval.high}
    folds = fold_uars(rows, labels)
    return {
        **scores,
        "fold_uar_mean": float(folds.mean()),
        "fold_uar_std": _deviation(folds.to_numpy()),
        "seed_uar_std": _deviation(uar_of(confusions.sum(axis=1))),
        "n": round(confusions.sum() / len(confusions)),
        "n_seeds": len(confusions),
        "n_folds": len(folds),
        "n_speakers": int((confusions.sum(axis=(0, 2, 3)) > 0).sum()),
    }


def costs(jobs: pd.DataFrame) -> dict[str, Any]:
    """What the jobs of one pipeline cost, and how it scores on what it trained on.

    Parameters
    ----------
    jobs : DataFrame
        As `score_table` takes them.

    Returns
    -------
    dict
        Columns of `score_table`: means over jobs, milliseconds a test clip, the largest memory; NaN where unknown.
    """
    done = jobs[jobs["status"] == Status.DONE]
    clips = done["n_test"].sum()
    extract, predict = (1000 * done[name].sum(min_count=1) / clips for name in ("extract_seconds", "predict_seconds"))
    sizes = ["n_candidates", "n_trained", "model_bytes"]
    numbers = ["train_uar", "train_wa", "fit_seconds", "search_seconds", "fit_joules", *sizes]
    means = done.reindex(columns=numbers).mean()
    return {
        **{str(name): float(value) for name, value in means.items()},
        "extract_ms": float(extract),
        "predict_ms": float(predict),
        "ms_per_utterance": float(np.nansum([extract, predict])) if not np.isnan(predict) else math.nan,
        "peak_memory_mb": float(done["peak_memory_mb"].max()),
        "jobs_failed": int((jobs["status"] == Status.FAILED).sum()),
    }


def _deviation(values: NDArray[np.float64]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
