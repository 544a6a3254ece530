"""Which groups of features carry a score: Shapley values, subsets, and what each group says about each emotion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.reporting.numbers import signed
from benchmarks.reporting.plots.style import (
    FAINT,
    GRID,
    INK,
    MARKERS,
    SERIES,
    colour_of,
    interval_bar,
    name_rows,
    new_figure,
    style,
)
from benchmarks.reporting.ranking import ALPHA
from benchmarks.reporting.summary import pair_contrasts
from benchmarks.scoring.shapley import TargetKind
from features.groups import GROUPS, PRESETS
from features.plotting import Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from benchmarks.reporting.ranking import Ranking

TOTALS = ("all", "prosodic", "spectral")
BLOCKS = ("prosodic", "voice", "spectral")
MOST_PAIRS = 28


def shapley_plot(ranking: Ranking) -> Plot | None:
    """What every group of features, and every block of groups, adds to the UAR, one marker per model.

    Examples
    --------
    >>> shapley_plot(rank(Run.load("results/emodb"))).save("shapley.svg")  # doctest: +SKIP
    """
    table = ranking.run.shapley
    if table is None:
        return None
    models = dict(iter(table[table["target"] == TargetKind.UAR].groupby("model", sort=False)))
    keys = [*(("groups", group) for group in GROUPS), *(("blocks", block) for block in BLOCKS)]
    names = [*GROUPS, *(f"all {block}" for block in BLOCKS)]
    parts = []
    with style():
        figure, axes = new_figure(4.6, 1.3 + 0.32 * len(names))
        axes.axvline(0, color=INK, linewidth=1)
        axes.axhline(len(GROUPS) - 0.5, color=GRID, linewidth=0.8)
        for index, (model, rows) in enumerate(models.items()):
            values = rows.set_index(["players", "group"]).loc[keys, ["value", "low", "high"]]
            _draw_rows(axes, values, index, str(model))
            parts.append(f"{model}: " + ", ".join(f"{n} {signed(v)}" for n, v in zip(names, values["value"])))
        name_rows(axes, names, "adds to UAR (Shapley value)", legend=3 if len(models) > 1 else 0)
    return Plot(figure, f"Shapley values for UAR of the groups of features and of whole blocks. {'; '.join(parts)}.")


def subsets_plot(ranking: Ranking) -> Plot | None:
    """UAR of all groups, the presets, every group alone and every group left out, one marker per model.

    Examples
    --------
    >>> subsets_plot(rank(Run.load("results/emodb"))).save("subsets.svg")  # doctest: +SKIP
    """
    table = ranking.run.ablation
    if table is None:
        return None
    rows = table[table["role"].isin([*TOTALS, "alone", "left out"])]
    models = dict(iter(rows.groupby("model", sort=False)))
    first = next(iter(models.values()))
    order = sorted(zip(first["role"], first["groups"]), key=lambda subset: _order(*subset))
    names, parts = [subset_name(role, groups) for role, groups in order], []
    with style():
        figure, axes = new_figure(4.6, 1.3 + 0.26 * len(names))
        axes.axvline(ranking.chance, color=FAINT, linestyle=(0, (4, 3)), linewidth=1)
        for index, (model, subsets) in enumerate(models.items()):
            values = subsets.set_index("groups").loc[[groups for _, groups in order], ["uar", "uar_low", "uar_high"]]
            _draw_rows(axes, values, index, str(model))
            parts += [f"{model} {name} {uar:.2f}" for name, uar in zip(names, values["uar"])]
        name_rows(axes, names, "UAR", legend=3 if len(models) > 1 else 0)
        axes.set_xlim(0, 1)
    return Plot(figure, f"UAR of subsets of the groups of features: {', '.join(parts)}.")


def emotions_plot(ranking: Ranking) -> Plot | None:
    """What every group (columns) adds to the recall of every emotion (rows), for the first model.

    Examples
    --------
    >>> emotions_plot(rank(Run.load("results/emodb"))).save("emotions.svg")  # doctest: +SKIP
    """
    table = ranking.run.shapley
    if table is None:
        return None
    from matplotlib.patches import Rectangle

    recalls = table[(table["target"] == TargetKind.RECALL) & (table["model"] == table["model"].iloc[0])]
    values = recalls[recalls["players"] == "groups"].pivot(index="label", columns="group", values="value")
    values = values.loc[[label for label in ranking.labels if label in values.index], list(GROUPS)]
    strongest = max(float(np.abs(values.to_numpy()).max()), 0.05)
    with style():
        figure, axes = new_figure(4.6, 1.0 + 0.36 * len(values))
        for (row, column), value in np.ndenumerate(values.to_numpy()):
            colour, alpha = (SERIES[0] if value > 0 else SERIES[1]), 0.6 * abs(value) / strongest
            corner = (column - 0.47, row - 0.46)
            axes.add_patch(Rectangle(corner, 0.94, 0.92, linewidth=0, facecolor=GRID, alpha=0.3))
            axes.add_patch(Rectangle(corner, 0.94, 0.92, linewidth=0, facecolor=colour, alpha=alpha))
            axes.text(column, row, signed(value), ha="center", va="center", fontsize=8.5)
        axes.set(xlim=(-0.5, values.shape[1] - 0.5), ylim=(len(values) - 0.5, -0.5))
        axes.set_xticks(range(values.shape[1]), list(values.columns))
        axes.set_yticks(range(len(values)), [str(name) for name in values.index])
        axes.tick_params(length=0)
        axes.xaxis.tick_top()
        axes.spines[:].set_visible(False)
    parts = [f"{label}: most from {row.idxmax()} ({signed(row.max())})" for label, row in values.iterrows()]
    return Plot(figure, f"What every group adds to the recall of every emotion. {'; '.join(parts)}.")


def pairs_plot(ranking: Ranking) -> Plot | None:
    """Which block of groups tells two emotions apart better, for every two emotions and the first model.

    Intervals are of 95 % each, of one pair alone; in colour what the paired test shows after correction for all pairs.

    Examples
    --------
    >>> pairs_plot(rank(Run.load("results/emodb"))).save("pairs.svg")  # doctest: +SKIP
    """
    shapley = ranking.run.shapley
    table = pd.DataFrame() if shapley is None else pair_contrasts(shapley, str(shapley["model"].iloc[0]))
    if not 1 < len(table) <= MOST_PAIRS:
        return None
    with style():
        figure, axes = new_figure(4.6, 1.1 + 0.22 * len(table))
        axes.axvline(0, color=INK, linewidth=1)
        for row, (_, pair) in enumerate(table.iterrows()):
            colour = FAINT if not pair["p_holm"] <= ALPHA else SERIES[0] if pair["value"] > 0 else SERIES[1]
            interval_bar(axes, row, pair["low"], pair["high"], colour)
            axes.plot(pair["value"], row, "o", color=colour, markersize=5)
        names = [f"{row.label} / {row.other}" for row in table.itertuples()]
        name_rows(axes, names, "share of spectrum minus share of prosody")
    parts = [f"{row.label} or {row.other} {signed(row.value)}" for row in table.itertuples()]
    return Plot(figure, f"Share of spectral minus prosodic groups in telling two emotions apart: {', '.join(parts)}.")


def subset_name(role: str, groups: str) -> str:
    """Name a subset of the groups by its role in the ablation.

    Parameters
    ----------
    role : str
        'alone', 'left out', the name of a preset, or empty.
    groups : str
        Its groups, joined by commas.

    Examples
    --------
    >>> subset_name("alone", "pitch"), subset_name("left out", "energy,timing,voice,mfcc,spectrum")
    ('pitch alone', 'without pitch')
    """
    if role == "alone":
        return f"{groups} alone"
    if role == "left out":
        return f"without {next(group for group in GROUPS if group not in groups.split(','))}"
    return role or groups


def _order(role: str, groups: str) -> tuple[int, int]:
    """Rank of a subset from top to bottom: presets, then groups alone, then groups left out."""
    if role in PRESETS:
        return 0, TOTALS.index(role)
    if role == "alone":
        return 1, GROUPS.index(groups)
    return 2, next(index for index, group in enumerate(GROUPS) if group not in groups.split(","))


def _draw_rows(axes: Axes, rows: pd.DataFrame, index: int, model: str) -> None:
    """Draw a model's values with their intervals, one row each; the columns are value, low and high."""
    colour, heights = colour_of(index), np.arange(len(rows)) + 0.18 * index
    for height, (_, low, high) in zip(heights, rows.to_numpy(dtype=float)):
        interval_bar(axes, height, low, high, colour)
    axes.plot(rows.iloc[:, 0], heights, MARKERS[index % len(MARKERS)], color=colour, markersize=5.5, label=model)
