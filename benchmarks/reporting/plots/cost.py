"""Cost: UAR against the time that one clip takes."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from benchmarks.reporting.plots.style import (
    FAINT,
    GRID,
    INK,
    SERIES,
    broken,
    explain_markers,
    marker_of,
    new_figure,
    style,
)
from features.plotting import Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from benchmarks.reporting.ranking import Entry, Ranking

LINE = 0.15
"""Height of a line of a name, in inches."""


def cost_plot(ranking: Ranking) -> Plot | None:
    """UAR against milliseconds per clip, extraction and prediction together, on a logarithmic axis.

    Examples
    --------
    >>> cost_plot(rank(Run.load("results/emodb"))).save("cost.svg")  # doctest: +SKIP
    """
    from matplotlib.ticker import LogLocator

    timed = [entry for entry in ranking.scored if entry.scores["ms_per_utterance"] > 0]
    if not timed:
        return None
    names = [broken(entry.name) for entry in timed]
    lines = [name.count("\n") + 1 for name in names]
    height = max(2.4, LINE * (sum(lines) + 2))
    heights = _spread([entry.scores["uar"] for entry in timed], [LINE * n / height for n in lines])
    with style():
        figure, axes = new_figure(4.6, height + 0.7)
        for entry, name, y in zip(timed, names, heights, strict=True):
            _draw(axes, entry, name, y)
        times = [entry.scores["ms_per_utterance"] for entry in timed]
        explain_markers(axes, [entry.flags for entry in timed])
        axes.set_xscale("log")
        axes.set_xlim(min(times) / 2, max(times) * 2)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.grid(color=GRID)
        axes.set(ylim=(0, 1), xlabel="ms per clip, extraction and prediction", ylabel="UAR")
        axes.minorticks_off()
        axes.xaxis.set_major_formatter("{x:g}")
    parts = [f"{s.name} {s.scores['uar']:.2f} in {s.scores['ms_per_utterance']:.3g} ms" for s in timed]
    return Plot(figure, f"UAR against time for one clip: {'; '.join(parts)}.")


def _draw(axes: Axes, entry: Entry, name: str, y: float) -> None:
    """Draw one pipeline's dot and interval, and its name at the right margin, with a line that leads there."""
    score, colour = entry.scores, SERIES[0] if entry.ranked else FAINT
    x = score["ms_per_utterance"]
    if not math.isnan(score["uar_low"]):
        axes.plot((x, x), (score["uar_low"], score["uar_high"]), color=colour, linewidth=2, alpha=0.4)
    axes.plot(x, score["uar"], marker_of(entry.flags), color=colour, markersize=6)
    axes.annotate(
        name,
        (x, score["uar"]),
        xytext=(1.03, y),
        textcoords="axes fraction",
        va="center",
        fontsize=8,
        color=INK,
        arrowprops={"arrowstyle": "-", "color": FAINT, "linewidth": 0.6, "relpos": (0, 0.5), "shrinkB": 4},
    )


def _spread(values: list[float], sizes: list[float]) -> list[float]:
    """Move the middles of names of some heights apart, below 1, so that they do not lie on one another."""
    order = sorted(range(len(values)), key=lambda index: values[index])
    moved = list(values)
    for lower, upper in pairwise(order):
        moved[upper] = max(moved[upper], moved[lower] + (sizes[lower] + sizes[upper]) / 2)
    ceiling = 1.0
    for index in reversed(order):
        moved[index] = min(moved[index], ceiling - sizes[index] / 2)
        ceiling = moved[index] - sizes[index] / 2
    return moved
