"""Recall of every emotion, and UAR of every speaker, by pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.pipelines.flags import Flag
from benchmarks.reporting.plots.style import FAINT, GRID, MARKERS, colour_of, name_rows, new_figure, style
from features.plotting import Plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from benchmarks.reporting.ranking import Ranking


def recalls_plot(ranking: Ranking) -> Plot:
    """Recall of every class by the first pipelines of the ranking, one row per class.

    Examples
    --------
    >>> recalls_plot(rank(Run.load("results/emodb"))).save("recalls.svg")  # doctest: +SKIP
    """
    table = ranking.recalls()
    shown = table.T.iloc[:, : len(MARKERS)].rename(columns=_marked(ranking))
    figure = _rows_figure(shown, "recall", chance=ranking.chance)
    lowest_first = table.iloc[0].dropna().sort_values()
    parts = ", ".join(f"{label} {value:.2f}" for label, value in lowest_first.items())
    return Plot(figure, f"Recall of every class. {table.index[0]}, lowest first: {parts}.")


def speakers_plot(ranking: Ranking) -> Plot | None:
    """UAR of every speaker by the first pipelines, the best pipeline's worst speaker on top.

    Examples
    --------
    >>> speakers_plot(rank(Run.load("results/emodb"))).save("speakers.svg")  # doctest: +SKIP
    """
    table = ranking.speaker_uars().iloc[:, :4]
    if len(table) < 2 or len(table) > 40:
        return None
    shown = table.sort_values(table.columns[0]).rename(columns=_marked(ranking))
    figure = _rows_figure(shown, "UAR", chance=ranking.chance)
    uars = table.iloc[:, 0].dropna().sort_values()
    return Plot(
        figure,
        f"UAR of every speaker. {table.columns[0]}: worst speaker {uars.index[0]} {uars.iloc[0]:.2f}, "
        f"median {uars.median():.2f}, best speaker {uars.index[-1]} {uars.iloc[-1]:.2f}.",
    )


def _marked(ranking: Ranking) -> dict[str, str]:
    """Names of brought rows as the legend shows them."""
    return {entry.name: f"{entry.name} ({Flag.BROUGHT})" for entry in ranking.scored if Flag.BROUGHT in entry.flags}


def _rows_figure(table: pd.DataFrame, quantity: str, *, chance: float) -> Figure:
    columns = 2 if max(len(str(name)) for name in table.columns) <= 24 else 1
    legend = 0.18 * -(-table.shape[1] // columns)
    # each pipeline on a height of its own, so that equal values do not hide each other
    offsets = np.linspace(-0.28, 0.28, table.shape[1]) if table.shape[1] > 1 else [0.0]
    with style():
        figure, axes = new_figure(4.6, 0.8 + legend + max(0.24, 0.09 * table.shape[1]) * len(table))
        axes.axvline(chance, color=FAINT, linestyle=(0, (4, 3)), linewidth=1)
        rows = np.arange(len(table))
        axes.hlines(rows, 0, 1, color=GRID, linewidth=0.8)
        for index, name in enumerate(table.columns):
            size, alpha = (6.5, 0.95) if index == 0 else (5, 0.75)
            colour, above = colour_of(index), 3 - 0.1 * index
            values = table[name]
            axes.plot(
                values,
                rows + offsets[index],
                MARKERS[index],
                color=colour,
                ms=size,
                alpha=alpha,
                label=name,
                zorder=above,
            )
        name_rows(axes, [str(name) for name in table.index], quantity, legend=columns)
        axes.grid(visible=False)
        axes.set(xlim=(-0.02, 1.02), ylim=(len(table) - 0.5, -0.5))
    return figure
