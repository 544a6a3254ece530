"""Curves of UAR with their intervals, one a pipeline: what learning curves and enrolment curves are drawn with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchmarks.reporting.plots.style import FAINT, GRID, MARKERS, colour_of, new_figure, style
from features.plotting import Plot

if TYPE_CHECKING:
    import pandas as pd


def curves(table: pd.DataFrame, step: str, ticks: Mapping[Any, float], *, chance: float, label: str, alt: str) -> Plot:
    """UAR against the steps of a curve.

    Parameters
    ----------
    table : DataFrame
        `pipeline, uar, uar_low, uar_high` and the steps.
    step : str
        Column of the steps.
    ticks : mapping of step to float
        Where each step stands on the axis.
    chance : float
        UAR of guessing.
    label : str
        Of the axis of the steps.
    alt : str
        What UAR is drawn against, for the text that replaces the picture.
    """
    parts = []
    with style():
        figure, axes = new_figure(4.6, 3.2)
        axes.axhline(chance, color=FAINT, linestyle=(0, (4, 3)), linewidth=1)
        for index, (name, rows) in enumerate(table.groupby("pipeline", sort=False)):
            colour, marker, x = colour_of(index), MARKERS[index % len(MARKERS)], rows[step].map(ticks)
            axes.fill_between(x, rows["uar_low"], rows["uar_high"], color=colour, alpha=0.12, linewidth=0)
            axes.plot(x, rows["uar"], marker=marker, color=colour, markersize=5, label=str(name))
            parts.append(f"{name}: " + ", ".join(f"{uar:.2f} with {at}" for uar, at in zip(rows["uar"], rows[step])))
        axes.grid(color=GRID)
        axes.set(ylim=(0, 1), xlabel=label, ylabel="UAR")
        axes.set_xticks(list(ticks.values()), list(map(str, ticks)))
        axes.legend(loc="lower right")
    return Plot(figure, f"UAR against {alt}. {'; '.join(parts)}.")
