"""Which groups of features carry a score: Shapley values, subsets, and what each group says about each emotion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.reporting.ablation_summary import pair_contrasts
from benchmarks.reporting.plots.recalls import MARKERS
from benchmarks.reporting.plots.style import FAINT, GRID, INK, SERIES, colour_of, new_figure, style
from benchmarks.reporting.ranking import Findings
from benchmarks.scoring.shapley import TargetKind
from features.groups import GROUPS, PRESETS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TOTALS = ("prosodic", "spectral")
BLOCKS = ("prosodic", "voice", "spectral")
MOST_PAIRS = 28


def shapley_figure(findings: Findings) -> Figure | None:
    """Draw what every group adds to the UAR, and what each block of groups adds, one marker per model."""
    table = findings.run.shapley
    if table is None:
        return None
    rows = table[table["target"] == "uar"]
    keys = [*(("groups", group) for group in GROUPS), *(("blocks", block) for block in BLOCKS)]
    names = [*GROUPS, *(f"all {block}" for block in BLOCKS)]
    with style():
        figure, axes = new_figure(4.6, 1.3 + 0.32 * len(names))
        axes.axvline(0, color=INK, linewidth=1)
        axes.axhline(len(GROUPS) - 0.5, color=GRID, linewidth=0.8)
        for number, (model, own) in enumerate(rows.groupby("model", sort=False)):
            _marks(axes, own.set_index(["players", "group"]).loc[keys], number, str(model), ("value", "low", "high"))
        _finish(axes, names, "adds to UAR (Shapley value)", legend=rows["model"].nunique() > 1)
    return figure


def subsets_figure(findings: Findings) -> Figure | None:
    """Draw the UAR of all groups, the presets, every group alone and every group left out, one marker per model."""
    table = findings.run.ablation
    if table is None:
        return None
    rows = table[table["role"].isin(["all", *TOTALS, "alone", "left out"])]
    first = rows[rows["model"] == rows["model"].iloc[0]].set_index("groups")
    order = sorted(first.index, key=lambda name: _place(str(first.loc[name, "role"]), str(name)))
    names = [subset_words(str(first.loc[name, "role"]), str(name)) for name in order]
    with style():
        figure, axes = new_figure(4.6, 1.3 + 0.26 * len(names))
        axes.axvline(findings.chance, color=FAINT, linestyle=(0, (4, 3)), linewidth=1)
        for number, (model, own) in enumerate(rows.groupby("model", sort=False)):
            _marks(axes, own.set_index("groups").loc[order], number, str(model), ("uar", "uar_low", "uar_high"))
        _finish(axes, names, "UAR", legend=rows["model"].nunique() > 1)
        axes.set_xlim(0, 1)
    return figure


def emotions_figure(findings: Findings) -> Figure | None:
    """Draw what every group (columns) adds to the recall of every emotion (rows), for the first model."""
    values = _by_emotion(findings)
    if values is None:
        return None
    from matplotlib.patches import Rectangle

    reach = max(float(np.abs(values.to_numpy()).max()), 0.05)
    with style():
        figure, axes = new_figure(4.6, 1.0 + 0.36 * len(values))
        for (row, column), value in np.ndenumerate(values.to_numpy()):
            colour, alpha = (SERIES[0] if value > 0 else SERIES[1]), 0.6 * abs(value) / reach
            box = (column - 0.47, row - 0.46)
            axes.add_patch(Rectangle(box, 0.94, 0.92, linewidth=0, facecolor=GRID, alpha=0.3))
            axes.add_patch(Rectangle(box, 0.94, 0.92, linewidth=0, facecolor=colour, alpha=alpha))
            axes.text(
                column, row, f"{round(value, 2) + 0.0:+.2f}".replace("-", "−"), ha="center", va="center", fontsize=8.5
            )
        axes.set(xlim=(-0.5, values.shape[1] - 0.5), ylim=(len(values) - 0.5, -0.5))
        axes.set_xticks(range(values.shape[1]), list(values.columns))
        axes.set_yticks(range(len(values)), [str(name) for name in values.index])
        axes.tick_params(length=0)
        axes.xaxis.tick_top()
        axes.spines[:].set_visible(False)
    return figure


def pairs_figure(findings: Findings) -> Figure | None:
    """Draw for every two emotions which block of groups tells them apart better, for the first model.

    Intervals are of 95 % each; those in colour are clear of 0 after correction for all pairs.
    """
    table = _contrasts(findings)
    if table is None or not 1 < len(table) <= MOST_PAIRS:
        return None
    with style():
        figure, axes = new_figure(4.6, 1.1 + 0.22 * len(table))
        axes.axvline(0, color=INK, linewidth=1)
        for row, (_, pair) in enumerate(table.iterrows()):
            clear = pair["low_of_all"] > 0 or pair["high_of_all"] < 0
            colour = FAINT if not clear else SERIES[0] if pair["value"] > 0 else SERIES[1]
            if not math.isnan(pair["low"]):
                axes.plot((pair["low"], pair["high"]), (row, row), color=colour, linewidth=2, alpha=0.55)
            axes.plot(pair["value"], row, "o", color=colour, markersize=5)
        names = [f"{row.label} / {row.other}" for row in table.itertuples()]
        _finish(axes, names, "share of spectrum minus share of prosody", legend=False)
    return figure


def shapley_words(findings: Findings) -> str:
    """Say what `shapley_figure` shows."""
    table = findings.run.shapley
    rows = pd.DataFrame() if table is None else table[table["target"] == "uar"]
    parts = [
        f"{model}: " + ", ".join(f"{row.group} {row.value:+.2f}" for row in own.itertuples() if row.players == "groups")
        for model, own in rows.groupby("model", sort=False)
    ]
    return f"Shapley value of every group of features, and of prosody, voice and spectrum, for UAR. {'; '.join(parts)}."


def subsets_words(findings: Findings) -> str:
    """Say what `subsets_figure` shows."""
    table = findings.run.ablation
    rows = pd.DataFrame(columns=["model"]) if table is None else table[table["role"] != ""].dropna(subset=["role"])
    parts = [f"{row.model} {subset_words(row.role, row.groups)} {row.uar:.2f}" for row in rows.itertuples()]
    return f"UAR of subsets of the groups of features: {', '.join(parts)}."


def emotions_words(findings: Findings) -> str:
    """Say what `emotions_figure` shows."""
    values = _by_emotion(findings)
    if values is None:
        return ""
    parts = [f"{label}: most from {row.idxmax()} ({row.max():+.2f})" for label, row in values.iterrows()]
    return f"What every group adds to the recall of every emotion. {'; '.join(parts)}."


def pairs_words(findings: Findings) -> str:
    """Say what `pairs_figure` shows."""
    table = _contrasts(findings)
    if table is None:
        return ""
    parts = [f"{row.label} or {row.other} {row.value:+.2f}" for row in table.itertuples()]
    return f"Share of spectral minus prosodic groups in telling two emotions apart: {', '.join(parts)}."


def subset_words(role: str, groups: str) -> str:
    """Name a subset by its role: 'pitch alone', 'without pitch', 'prosodic'."""
    if role == "alone":
        return f"{groups} alone"
    if role == "left out":
        return f"without {next(group for group in GROUPS if group not in groups.split(','))}"
    return role or groups


def _place(role: str, groups: str) -> tuple[int, int]:
    if role in PRESETS:
        return 0, ("all", *TOTALS).index(role)
    inside = groups.split(",")
    if role == "alone":
        return 1, GROUPS.index(inside[0])
    return 2, next(place for place, group in enumerate(GROUPS) if group not in inside)


def _by_emotion(findings: Findings) -> pd.DataFrame | None:
    table = findings.run.shapley
    if table is None:
        return None
    recalls = table[(table["target"] == TargetKind.RECALL) & (table["model"] == table["model"].iloc[0])]
    wide = recalls[recalls["players"] == "groups"].pivot(index="label", columns="group", values="value")
    return wide.loc[[label for label in findings.labels if label in wide.index], list(GROUPS)]


def _contrasts(findings: Findings) -> pd.DataFrame | None:
    table = findings.run.shapley
    if table is None:
        return None
    return pair_contrasts(table, str(table["model"].iloc[0]))


def _marks(axes: Axes, rows: pd.DataFrame, number: int, model: str, keys: tuple[str, str, str]) -> None:
    places = np.arange(len(rows)) + 0.18 * number
    colour, (value, low, high) = colour_of(number), keys
    for place, (_, row) in zip(places, rows.iterrows()):
        if not math.isnan(row[low]):
            axes.plot((row[low], row[high]), (place, place), color=colour, linewidth=2, alpha=0.55)
    axes.plot(rows[value], places, MARKERS[number % len(MARKERS)], color=colour, markersize=5.5, label=model)


def _finish(axes: Axes, names: Sequence[str], quantity: str, *, legend: bool) -> None:
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel(quantity)
    axes.locator_params(axis="x", nbins=6)
    axes.grid(axis="x", color=GRID)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    if legend:
        axes.figure.legend(loc="outside upper left", ncols=3, handletextpad=0.2)  # type: ignore[call-arg]
