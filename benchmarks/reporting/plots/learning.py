"""Learning curve: UAR against the number of training speakers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.reporting.plots.recalls import MARKERS
from benchmarks.reporting.plots.style import FAINT, GRID, colour_of, new_figure, style
from benchmarks.reporting.ranking import Findings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def learning_figure(findings: Findings) -> Figure | None:
    """Draw UAR against the number of training speakers, where a learning curve was computed."""
    table = findings.run.learning
    if table is None or table["speakers"].nunique() < 2:
        return None
    with style():
        figure, axes = new_figure(4.6, 3.2)
        axes.axhline(findings.chance, color=FAINT, linestyle=(0, (4, 3)), linewidth=1)
        for number, (name, rows) in enumerate(table.groupby("pipeline", sort=False)):
            colour = colour_of(number)
            axes.fill_between(
                rows["speakers"], rows["uar_low"], rows["uar_high"], color=colour, alpha=0.12, linewidth=0
            )
            marker = MARKERS[number % len(MARKERS)]
            axes.plot(rows["speakers"], rows["uar"], marker=marker, color=colour, markersize=5, label=str(name))
        axes.grid(color=GRID)
        axes.set(ylim=(0, 1), xlabel="training speakers", ylabel="UAR")
        axes.set_xticks(sorted(table["speakers"].unique()))
        axes.legend(loc="lower right")
    return figure


def learning_words(findings: Findings) -> str:
    """Say what `learning_figure` shows."""
    table = findings.run.learning
    if table is None:
        return ""
    parts = [
        f"{name}: " + ", ".join(f"{row.uar:.2f} with {row.speakers}" for row in rows.itertuples())
        for name, rows in table.groupby("pipeline", sort=False)
    ]
    return f"UAR against the number of training speakers. {'; '.join(parts)}."
