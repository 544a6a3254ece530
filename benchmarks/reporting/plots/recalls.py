"""Recall of every emotion, and UAR of every speaker, by pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.reporting.plots.style import FAINT, GRID, colour_of, new_figure, style
from benchmarks.reporting.ranking import Findings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^vP"
MOST = len(MARKERS)
"""So many pipelines can be told apart by mark and colour in one plot."""


def recalls_figure(findings: Findings) -> Figure:
    """Draw the recall of every class by the first pipelines of the ranking, a row a class."""
    return _rows_figure(findings.recalls().T.iloc[:, :MOST], "recall", chance=findings.chance)


def speakers_figure(findings: Findings) -> Figure | None:
    """Draw the UAR of every speaker by the first pipelines, the best pipeline's worst speaker on top."""
    table = findings.speaker_uars().iloc[:, :4]
    if len(table) < 2 or len(table) > 40:
        return None
    return _rows_figure(table.sort_values(table.columns[0]), "UAR", chance=findings.chance)


def recalls_words(findings: Findings) -> str:
    """Say what `recalls_figure` shows."""
    table = findings.recalls()
    best = table.iloc[0].dropna().sort_values()
    parts = ", ".join(f"{label} {value:.2f}" for label, value in best.items())
    return f"Recall of every class. {table.index[0]}, lowest first: {parts}."


def speakers_words(findings: Findings) -> str:
    """Say what `speakers_figure` shows."""
    uars = findings.speaker_uars().iloc[:, 0].dropna().sort_values()
    return (
        f"UAR of every speaker. {findings.scored[0].name}: worst speaker {uars.index[0]} {uars.iloc[0]:.2f}, "
        f"median {uars.median():.2f}, best speaker {uars.index[-1]} {uars.iloc[-1]:.2f}."
    )


def _rows_figure(table: pd.DataFrame, quantity: str, *, chance: float) -> Figure:
    columns = 2 if max(len(str(name)) for name in table.columns) <= 24 else 1
    legend = 0.18 * -(-table.shape[1] // columns)
    with style():
        figure, axes = new_figure(4.6, 0.8 + legend + 0.24 * len(table))
        axes.axvline(chance, color=FAINT, linestyle=(0, (4, 3)), linewidth=1)
        rows = np.arange(len(table))
        axes.hlines(rows, 0, 1, color=GRID, linewidth=0.8)
        for number, name in reversed(list(enumerate(table.columns))):
            axes.plot(
                table[name],
                rows,
                MARKERS[number % MOST],
                color=colour_of(number),
                markersize=6.5 if number == 0 else 5,
                alpha=0.95 if number == 0 else 0.75,
                label=name,
            )
        _finish(axes, [str(name) for name in table.index], quantity, columns)
    return figure


def _finish(axes: Axes, names: Sequence[str], quantity: str, columns: int) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set(xlim=(-0.02, 1.02), ylim=(len(names) - 0.5, -0.5), xlabel=quantity)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    handles, words = axes.get_legend_handles_labels()
    axes.figure.legend(handles[::-1], words[::-1], loc="outside upper left", ncols=columns, handletextpad=0.2)  # type: ignore[call-arg]
