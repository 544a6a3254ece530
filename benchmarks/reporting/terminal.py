"""A run's result for a terminal of 80 columns."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from benchmarks.pipelines.flags import Flag
from benchmarks.reporting.grid_ends import grid_ends
from benchmarks.reporting.lines import WIDTH, fill
from benchmarks.scoring.metrics import METRICS, Metric
from benchmarks.scoring.status import Status

NAME_WIDTH = 22
SIGNS = {
    Flag.TRANSDUCTIVE: "*",
    Flag.ENROLLED: "^",
    Flag.CONTAMINATED: "!",
    Flag.HEARD_SOUND: "~",
    Flag.MAY_HAVE_HEARD: "?",
    Flag.RANDOM_INIT: "°",
    Flag.SYNTHETIC_PRETRAINING: "§",
    Flag.KNOWN_SPEAKERS: "#",
    Flag.ADAPTED: "=",
    Flag.BROUGHT: "&",
}


def result_text(run: Mapping[str, Any], scores: pd.DataFrame, folder: str) -> str:
    """The head of a run, one row per pipeline, and what a reader has to know beside it.

    Parameters
    ----------
    run : mapping
        As `run.json`.
    scores : DataFrame
        As `scores.csv`.
    folder : str
        Where everything lies.

    Returns
    -------
    str

    Examples
    --------
    >>> run = Run.load("results/emodb")  # doctest: +SKIP
    >>> print(result_text(run.record, run.scores, "results/emodb"))  # doctest: +SKIP
    """
    tuning = (_budget(scores), _at_ends(run)) if len(scores) else ()
    said = (*_missing(run), *signs_text(run), *_notes(run))
    parts = [_headline(run), scores_text(run, scores), *tuning, *said, f"Everything is in {folder}"]
    return "\n".join(part for part in parts if part)


def _headline(run: Mapping[str, Any]) -> str:
    corpus, folds = run["corpus"], run["folds"]
    seeds = ", ".join(map(str, run["seeds"]))
    left_out = f" ({corpus['n_left_out']} left out)" if corpus.get("n_left_out") else ""
    words = (
        f"{corpus['name']}{' (SYNTHETIC speech)' if corpus['synthetic'] else ''}: {corpus['n_utterances']} utterances"
        f"{left_out}, "
        f"{corpus['n_speakers']} speakers, labels {' '.join(corpus['labels'])}; {len(folds['folds'])} folds "
        f"({folds['scheme']}), seed {seeds}"
    )
    return fill(words) + "\n"


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.1f}"


@dataclass(frozen=True)
class _Column:
    heading: str
    width: int
    text: Callable[[Mapping[str, Any]], str]


def _interval(row: Mapping[str, Any]) -> str:
    low, high = _percent(row["uar_low"]), _percent(row["uar_high"])
    return "-" if "-" in (low, high) else f"{low} to {high}"


def _metric_column(metric: Metric) -> _Column:
    name, label = metric.name, metric.short or metric.label
    if metric.bounds == (0.0, 1.0):
        return _Column(f"{label} %", max(len(label) + 2, 5), lambda row: _percent(row[name]))
    return _Column(label, max(len(label), 5), lambda row: "-" if math.isnan(row[name]) else f"{row[name]:.2f}")


def _columns() -> list[_Column]:
    """UAR with its interval, every other metric of the registry, and what a pipeline costs."""
    metrics = [_metric_column(metric) for metric in METRICS.values() if not metric.probabilistic]
    interval = _Column("95 % interval", 13, _interval)
    train = _Column("train", 5, lambda row: _percent(row["train_uar"]))
    cost = _Column("ms/clip", 7, lambda row: f"{row['ms_per_utterance']:.1f}")
    return [metrics[0], interval, *metrics[1:], train, cost]


def _blocks(columns: Sequence[_Column]) -> list[list[_Column]]:
    """The columns cut into blocks that fit beside the names."""
    blocks: list[list[_Column]] = [[]]
    for column in columns:
        if sum(one.width + 1 for one in (*blocks[-1], column)) > WIDTH - NAME_WIDTH:
            blocks.append([])
        blocks[-1].append(column)
    return blocks


def scores_text(run: Mapping[str, Any], scores: pd.DataFrame) -> str:
    """The scores in percent, a row a pipeline, in as many blocks as 80 columns ask for, and what they are.

    Examples
    --------
    >>> run = Run.load("results/emodb")  # doctest: +SKIP
    >>> print(scores_text(run.record, run.scores))  # doctest: +SKIP
    """
    if scores.empty:
        return "No pipeline was scored."
    lines = [line for block in _blocks(_columns()) for line in (*_block(run, scores, block), "")]
    pooled = ", ".join(metric.label for metric in METRICS.values() if not metric.probabilistic)
    legend = fill(
        f"{pooled}: pooled over the test folds; interval of UAR over speakers, those of the others in scores.csv; "
        "train: UAR on what the model was fitted to, none for a fusion, which is fitted to "
        "held-out answers, and a published model, which is fitted to nothing here; ms/clip: extraction and prediction "
        "on one thread"
    )
    return "\n".join([*lines, legend])


def _block(run: Mapping[str, Any], scores: pd.DataFrame, columns: Sequence[_Column]) -> list[str]:
    head = f"{'pipeline':<{NAME_WIDTH}} " + " ".join(f"{column.heading:>{column.width}}" for column in columns)
    lines = [head, "-" * len(head)]
    for _, row in scores.iterrows():
        signs = "".join(SIGNS[flag] for flag in run["pipelines"][row["pipeline"]]["flags"] if flag in SIGNS)
        name = row["pipeline"] + (f" {signs}" if signs else "")
        if len(name) > NAME_WIDTH:
            lines.append(name)
            name = ""
        values = " ".join(f"{column.text(row):>{column.width}}" for column in columns)
        lines.append(f"{name:<{NAME_WIDTH}} {values}")
    return lines


def _budget(scores: pd.DataFrame) -> str:
    searches = [
        f"{row['pipeline']} {row['n_candidates']:.0f} settings in {row['search_seconds']:.1f} s"
        for _, row in scores.iterrows()
        if row["n_candidates"] > 1
    ]
    return (
        fill(f"Tuned on inner folds of training speakers, CPU time per fold: {'; '.join(searches)}") if searches else ""
    )


def _at_ends(run: Mapping[str, Any]) -> str:
    ends = grid_ends(run.get("jobs", ()))
    return fill(f"At an end of what was tried: {'; '.join(ends)}") if ends else ""


def _missing(run: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, pipeline in run["pipelines"].items():
        if pipeline["status"] == Status.SKIPPED:
            lines.append(fill(f"skipped {name}: {pipeline['reason']}", hang="  "))
        elif pipeline["status"] == Status.FAILED:
            folds = [job["fold"] for job in run["jobs"] if job["pipeline"] == name and job["status"] == Status.FAILED]
            where = f"{len(folds)} of its jobs, first in fold {folds[0]}"
            lines.append(fill(f"FAILED {name}, in {where}: {pipeline['reason']} (traceback in run.json)", hang="  "))
    return lines


def signs_text(run: Mapping[str, Any]) -> list[str]:
    """What the signs behind names mean.

    Examples
    --------
    >>> signs_text({"pipelines": {"svm:enrol-3": {"flags": ["enrolled"]}}})[0][:10]
    '^ enrolled'
    """
    flags = dict.fromkeys(flag for pipeline in run["pipelines"].values() for flag in pipeline["flags"])
    return [fill(f"{SIGNS[f]} {f}: {Flag(f).explanation}", hang="  ") for f in flags if f in SIGNS]


def _notes(run: Mapping[str, Any]) -> list[str]:
    notes = []
    about = (run["corpus"].get("notes", ()), run["folds"].get("notes", ()), run.get("notes", ()))
    notes += [f"note: {note}" for some in about for note in some]
    counts = Counter(f"{job['pipeline']}: {note}" for job in run["jobs"] for note in job.get("notes") or ())
    notes += [f"note: {note} ({count} jobs)" for note, count in counts.items()]
    return [fill(note, hang="  ") for note in notes]
