"""What a score costs: UAR against the time that one clip takes."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from benchmarks.reporting.plots.style import FAINT, GRID, INK, SERIES, broken, new_figure, style
from benchmarks.reporting.ranking import Findings, Standing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINE = 0.15
"""Height of a line of a name, in inches."""


def cost_figure(findings: Findings) -> Figure | None:
    """Draw UAR against milliseconds a clip, extraction and prediction together, on a logarithmic axis."""
    from matplotlib.ticker import LogLocator

    timed = _timed(findings)
    if not timed:
        return None
    names = [broken(standing.name) for standing in timed]
    lines = [name.count("\n") + 1 for name in names]
    height = max(2.4, LINE * (sum(lines) + 2))
    heights = _spread([standing.scores["uar"] for standing in timed], [LINE * n / height for n in lines])
    with style():
        figure, axes = new_figure(4.6, height + 0.7)
        for standing, name, place in zip(timed, names, heights, strict=True):
            _draw(axes, standing, name, place)
        times = [standing.scores["ms_per_utterance"] for standing in timed]
        axes.set_xscale("log")
        axes.set_xlim(min(times) / 2, max(times) * 2)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.grid(color=GRID)
        axes.set(ylim=(0, 1), xlabel="ms a clip, extraction and prediction", ylabel="UAR")
        axes.minorticks_off()
        axes.xaxis.set_major_formatter("{x:g}")
    return figure


def cost_words(findings: Findings) -> str:
    """Say what `cost_figure` shows."""
    parts = [f"{s.name} {s.scores['uar']:.2f} in {s.scores['ms_per_utterance']:.3g} ms" for s in _timed(findings)]
    return f"UAR against time for one clip: {'; '.join(parts)}."


def _timed(findings: Findings) -> list[Standing]:
    return [s for s in findings.scored if s.scores["ms_per_utterance"] > 0]


def _draw(axes: Axes, standing: Standing, name: str, place: float) -> None:
    """Draw one pipeline's dot and interval, and its name at the right margin, with a line that leads there."""
    score, colour = standing.scores, SERIES[0] if standing.ranked else FAINT
    x = score["ms_per_utterance"]
    if not math.isnan(score["uar_low"]):
        axes.plot((x, x), (score["uar_low"], score["uar_high"]), color=colour, linewidth=2, alpha=0.4)
    axes.plot(x, score["uar"], "o", color=colour, markersize=6)
    axes.annotate(
        name,
        (x, score["uar"]),
        xytext=(1.03, place),
        textcoords="axes fraction",
        va="center",
        fontsize=8,
        color=INK,
        arrowprops={"arrowstyle": "-", "color": FAINT, "linewidth": 0.6, "relpos": (0, 0.5), "shrinkB": 4},
    )


def _spread(values: list[float], sizes: list[float]) -> list[float]:
    """Move the middles of names of some heights apart, below 1, so that they do not lie on one another."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    moved = list(values)
    for lower, upper in pairwise(order):
        moved[upper] = max(moved[upper], moved[lower] + (sizes[lower] + sizes[upper]) / 2)
    ceiling = 1.0
    for place in reversed(order):
        moved[place] = min(moved[place], ceiling - sizes[place] / 2)
        ceiling = moved[place] - sizes[place] / 2
    return moved
