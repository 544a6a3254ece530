"""A run's result as text for a terminal of 80 columns."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import Any

import pandas as pd

from benchmarks.pipelines.flags import Flag

WIDTH = 80
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
    return "    -" if math.isnan(value) else f"{100 * value:5.1f}"


def _table(run: Mapping[str, Any], scores: pd.DataFrame) -> str:
    if scores.empty:
        return "No pipeline was scored."
    head = (
        f"{'pipeline':<24}  {'UAR %':>5}  {'95 % interval':>13}  {'WA %':>5}  {'F1 %':>5}  {'train':>5}  {'ms/clip':>7}"
    )
    lines = [head, "-" * len(head)]
    for _, row in scores.iterrows():
        signs = "".join(SIGNS[mark] for mark in run["pipelines"][row["pipeline"]]["marks"] if mark in SIGNS)
        name = row["pipeline"] + (f" {signs}" if signs else "")
        low, high = _percent(row["uar_low"]).strip(), _percent(row["uar_high"]).strip()
        interval = "-" if low == "-" else f"{low} to {high}"
        cells = (
            f"{_percent(row['uar'])}  {interval:>13}  {_percent(row['wa'])}  {_percent(row['macro_f1'])}  "
            f"{_percent(row['train_uar'])}  {row['ms_per_utterance']:7.1f}"
        )
        if len(name) > 24:
            lines.append(name)
            name = ""
        lines.append(f"{name:<24}  {cells}")
    budget = _budget(scores)
    legend = wrap(
        "UAR, WA and F1 pooled over the test folds; interval over speakers; train: UAR on the training side; ms/clip: "
        "extraction and prediction on one thread"
    )
    return "\n".join([*lines, "", legend, budget])


def _budget(scores: pd.DataFrame) -> str:
    spent = [
        f"{row['pipeline']} {row['n_settings']:.0f} settings in {row['tuning_cpu_seconds']:.1f} s"
        for _, row in scores.iterrows()
        if row["n_settings"] > 1
    ]
    return wrap(f"Tuned on inner folds of training speakers, CPU time a fold: {'; '.join(spent)}") if spent else ""


def _missing(run: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, pipeline in run["pipelines"].items():
        if pipeline["status"] == "skipped":
            lines.append(wrap(f"skipped {name}: {pipeline['reason']}", hang="  "))
        elif pipeline["status"] == "failed":
            folds = [cell["fold"] for cell in run["cells"] if cell["pipeline"] == name and cell["status"] == "failed"]
            where = f"{len(folds)} of its cells, first in fold {folds[0]}"
            lines.append(wrap(f"FAILED {name}, in {where}: {pipeline['reason']} (traceback in run.json)", hang="  "))
    return lines


def _notes(run: Mapping[str, Any]) -> list[str]:
    marks = dict.fromkeys(mark for pipeline in run["pipelines"].values() for mark in pipeline["marks"])
    notes = [f"{SIGNS[mark]} {mark}: {Flag(mark).explanation}" for mark in marks if mark in SIGNS]
    notes += [f"note: {note}" for note in (*run["corpus"]["notes"], *run["folds"]["notes"])]
    own: dict[str, list[str]] = {}
    for cell in run["cells"]:
        for note in cell.get("notes") or ():
            own.setdefault(f"{cell['pipeline']}: {note}", []).append(cell["fold"])
    notes += [f"note: {note} ({len(folds)} cells)" for note, folds in own.items()]
    return [wrap(note, hang="  ") for note in notes]
