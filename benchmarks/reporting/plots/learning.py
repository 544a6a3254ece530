"""Learning curve: UAR against the number of training speakers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.reporting.plots.style import FAINT, GRID, MARKERS, colour_of, new_figure, style
from features.plotting import Plot

if TYPE_CHECKING:
    from benchmarks.reporting.ranking import Ranking


def learning_plot(ranking: Ranking) -> Plot | None:
    """UAR against the number of training speakers, where a learning curve was computed.

    Examples
    --------
    >>> learning_plot(rank(Run.load("results/emodb"))).save("learning.svg")  # doctest: +SKIP
    """
    table = ranking.run.learning
    if table is None or table["speakers"].nunique() < 2:
        return None
    parts = []
    with style():
        figure, axes = new_figure(4.6, 3.2)
        axes.axhline(ranking.chance, color=FAINT, linestyle=(0, (4, 3)), linewidth=1)
        for index, (name, rows) in enumerate(table.groupby("pipeline", sort=False)):
            colour, marker, x = colour_of(index), MARKERS[index % len(MARKERS)], rows["speakers"]
            axes.fill_between(x, rows["uar_low"], rows["uar_high"], color=colour, alpha=0.12, linewidth=0)
            axes.plot(x, rows["uar"], marker=marker, color=colour, markersize=5, label=str(name))
            parts.append(f"{name}: " + ", ".join(f"{row.uar:.2f} with {row.speakers}" for row in rows.itertuples()))
        axes.grid(color=GRID)
        axes.set(ylim=(0, 1), xlabel="training speakers", ylabel="UAR")
        axes.set_xticks(sorted(table["speakers"].unique()))
        axes.legend(loc="lower right")
    return Plot(figure, f"UAR against the number of training speakers. {'; '.join(parts)}.")
