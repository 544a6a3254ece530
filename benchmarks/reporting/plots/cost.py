"""Cost: UAR against the time that a clip takes, and against the time and the energy of a training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from benchmarks.reporting.plots.style import (
    FAINT,
    GRID,
    INK,
    SERIES,
    broken,
    explain_markers,
    lines_of,
    marker_of,
    style,
)
from features.plotting import Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from benchmarks.reporting.ranking import Entry, Ranking

LINE = 0.15
"""Height of a line of a name, in inches."""

COSTS = {
    "ms_per_utterance": "ms per clip, extraction and prediction",
    "fit_seconds": "seconds of training a fold, tuning included",
    "fit_joules": "joules of training a fold, tuning included",
}
"""Columns of the scores that are drawn where they are known, and the words of their axes."""


def cost_plot(ranking: Ranking) -> Plot | None:
    """UAR against what a clip and a training take, each on a logarithmic axis in a panel of its own.

    Examples
    --------
    >>> cost_plot(rank(Run.load("results/emodb"))).save("cost.svg")  # doctest: +SKIP
    """
    from matplotlib.figure import Figure

    known = {name: [entry for entry in ranking.scored if entry.scores[name] > 0] for name in COSTS}
    known = {name: some for name, some in known.items() if some}
    if not known:
        return None
    heights = [max(2.4, LINE * (sum(lines_of(entry.name) for entry in some) + 2)) for some in known.values()]
    with style():
        figure = Figure(figsize=(4.6, sum(heights) + 0.7 * len(heights)), layout="constrained")
        panels = figure.subplots(len(known), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axes, (name, some), height in zip(panels, known.items(), heights, strict=True):
            _draw_panel(axes, some, name, height)
        explain_markers(panels[0], [entry.flags for entry in ranking.scored])
    words = [f"UAR against {COSTS[name]}: {_in_words(some, name)}." for name, some in known.items()]
    return Plot(figure, " ".join(words))


def _in_words(entries: Sequence[Entry], cost: str) -> str:
    return "; ".join(f"{one.name} {one.scores['uar']:.2f} in {one.scores[cost]:.3g}" for one in entries)


def _draw_panel(axes: Axes, entries: Sequence[Entry], cost: str, height: float) -> None:
    """Draw pipelines against one cost, names at the right margin."""
    from matplotlib.ticker import LogLocator

    uars = [entry.scores["uar"] for entry in entries]
    for entry, y in zip(
        entries, _spread(uars, [LINE * lines_of(entry.name) / height for entry in entries]), strict=True
    ):
        _draw(axes, entry, cost, y)
    values = [entry.scores[cost] for entry in entries]
    axes.set_xscale("log")
    axes.set_xlim(min(values) / 2, max(values) * 2)
    wide = max(values) > 200 * min(values)
    axes.xaxis.set_major_locator(LogLocator(subs=(1,) if wide else (1, 2, 5)))
    axes.grid(color=GRID)
    axes.set(ylim=(0, 1), xlabel=COSTS[cost], ylabel="UAR")
    axes.minorticks_off()
    axes.xaxis.set_major_formatter("{x:g}")


def _draw(axes: Axes, entry: Entry, cost: str, y: float) -> None:
    """Draw one pipeline's dot and interval, and its name at the right margin, with a line that leads there."""
    score, colour = entry.scores, SERIES[0] if entry.ranked else FAINT
    x = score[cost]
    if not math.isnan(score["uar_low"]):
        axes.plot((x, x), (score["uar_low"], score["uar_high"]), color=colour, linewidth=2, alpha=0.4)
    axes.plot(x, score["uar"], marker_of(entry.flags), color=colour, markersize=6)
    axes.annotate(
        broken(entry.name),
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
