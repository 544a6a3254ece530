"""A run's result as text for a terminal of 80 columns."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from benchmarks.pipelines.flags import Flag
from benchmarks.scoring.metrics import METRICS

WIDTH = 80
NAME_WIDTH = 22
SIGNS = {Flag.TRANSDUCTIVE: "*", Flag.CONTAMINATED: "!", Flag.RANDOM_INIT: "°"}


def wrap(text: str, *, indent: str = "", hang: str = "") -> str:
    """Text broken at 80 columns."""
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=hang or indent, break_on_hyphens=False)


def result_text(run: Mapping[str, Any], scores: pd.DataFrame, folder: str) -> str:
    """What the run was, a row a pipeline, and what a reader has to know beside it.

    Parameters
    ----------
    run : mapping
        As `run.json`.
    scores : pandas.DataFrame
        As `scores.csv`.
    folder : str
        Where everything lies.
    """
    parts = [_headline(run), _table(run, scores), *_missing(run), *_notes(run), f"Everything is in {folder}"]
    return "\n".join(part for part in parts if part)


def _headline(run: Mapping[str, Any]) -> str:
    corpus, folds = run["corpus"], run["folds"]
    seeds = ", ".join(map(str, run["seeds"]))
    words = (
        f"{corpus['name']}{' (SYNTHETIC speech)' if corpus['synthetic'] else ''}: {corpus['n_utterances']} utterances, "
        f"{corpus['n_speakers']} speakers, labels {' '.join(corpus['labels'])}; {len(folds['folds'])} folds "
        f"({folds['scheme']}), seed {seeds}"
    )
    return wrap(words) + "\n"


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


def _columns() -> list[_Column]:
    """UAR with its interval, every other metric of the registry, and what a pipeline costs."""
    metrics = [
        _Column(f"{metric.short or metric.label} %", 5, lambda row, name=name: _percent(row[name]))  # type: ignore[misc]
        if metric.bounds == (0.0, 1.0)
        else _Column(metric.short or metric.label, 5, lambda row, name=name: f"{row[name]:.2f}")  # type: ignore[misc]
        for name, metric in METRICS.items()
        if not metric.probabilistic
    ]
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


def _table(run: Mapping[str, Any], scores: pd.DataFrame) -> str:
    if scores.empty:
        return "No pipeline was scored."
    lines = [line for block in _blocks(_columns()) for line in (*_block(run, scores, block), "")]
    pooled = ", ".join(metric.label for metric in METRICS.values() if not metric.probabilistic)
    legend = wrap(
        f"{pooled}: pooled over the test folds; interval of UAR over speakers, those of the others in scores.csv; "
        "train: UAR on the training subset; ms/clip: extraction and prediction on one thread"
    )
    return "\n".join([*lines, legend, _budget(scores)])


def _block(run: Mapping[str, Any], scores: pd.DataFrame, columns: Sequence[_Column]) -> list[str]:
    head = f"{'pipeline':<{NAME_WIDTH}} " + " ".join(f"{column.heading:>{column.width}}" for column in columns)
    lines = [head, "-" * len(head)]
    for _, row in scores.iterrows():
        signs = "".join(SIGNS[flag] for flag in run["pipelines"][row["pipeline"]]["flags"] if flag in SIGNS)
        name = row["pipeline"] + (f" {signs}" if signs else "")
        if len(name) > NAME_WIDTH:
            lines.append(name)
            name = ""
        cells = " ".join(f"{column.text(row):>{column.width}}" for column in columns)
        lines.append(f"{name:<{NAME_WIDTH}} {cells}")
    return lines


def _budget(scores: pd.DataFrame) -> str:
    spent = [
        f"{row['pipeline']} {row['n_candidates']:.0f} settings in {row['search_seconds']:.1f} s"
        for _, row in scores.iterrows()
        if row["n_candidates"] > 1
    ]
    return wrap(f"Tuned on inner folds of training speakers, CPU time a fold: {'; '.join(spent)}") if spent else ""


def _missing(run: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, pipeline in run["pipelines"].items():
        if pipeline["status"] == "skipped":
            lines.append(wrap(f"skipped {name}: {pipeline['reason']}", hang="  "))
        elif pipeline["status"] == "failed":
            folds = [cell["fold"] for cell in run["jobs"] if cell["pipeline"] == name and cell["status"] == "failed"]
            where = f"{len(folds)} of its jobs, first in fold {folds[0]}"
            lines.append(wrap(f"FAILED {name}, in {where}: {pipeline['reason']} (traceback in run.json)", hang="  "))
    return lines


def _notes(run: Mapping[str, Any]) -> list[str]:
    marks = dict.fromkeys(mark for pipeline in run["pipelines"].values() for mark in pipeline["flags"])
    notes = [f"{SIGNS[mark]} {mark}: {Flag(mark).explanation}" for mark in marks if mark in SIGNS]
    notes += [f"note: {note}" for note in (*run["corpus"].get("notes", ()), *run["folds"].get("notes", ()))]
    own: dict[str, list[str]] = {}
    for cell in run["jobs"]:
        for note in cell.get("notes") or ():
            own.setdefault(f"{cell['pipeline']}: {note}", []).append(cell["fold"])
    notes += [f"note: {note} ({len(folds)} jobs)" for note, folds in own.items()]
    return [wrap(note, hang="  ") for note in notes]
