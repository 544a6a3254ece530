"""What a score costs: UAR against the time that one clip takes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchmarks.findings import Findings, Standing
from benchmarks.plots.canvas import FAINT, GRID, INK, SERIES, broken, new_figure, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def cost_figure(findings: Findings) -> Figure | None:
    """Draw UAR against milliseconds a clip, extraction and prediction together, on a logarithmic axis."""
    from matplotlib.ticker import LogLocator

    timed = _timed(findings)
    if not timed:
        return None
    with style():
        figure, axes = new_figure(4.6, 3.4)
        times = [standing.scores["ms_per_utterance"] for standing in timed]
        names = [broken(standing.name) for standing in timed]
        heights = _spread([standing.scores["uar"] for standing in timed], 0.052 * max(n.count("\n") + 1 for n in names))
        for standing, name, height in zip(timed, names, heights):
            score, colour = standing.scores, SERIES[0] if standing.ranked else FAINT
            x = score["ms_per_utterance"]
            if not math.isnan(score["uar_low"]):
                axes.plot((x, x), (score["uar_low"], score["uar_high"]), color=colour, linewidth=2, alpha=0.4)
            axes.plot(x, score["uar"], "o", color=colour, markersize=6)
            late = x > math.sqrt(min(times) * max(times))
            axes.annotate(
                name,
                (x, height),
                xytext=(-7 if late else 7, 0),
                textcoords="offset points",
                ha="right" if late else "left",
                va="center",
                fontsize=8,
                color=INK,
            )
        axes.set_xscale("log")
        room = max(4.0, (max(times) / min(times)) ** 0.4)
        axes.set_xlim(min(times) / 2, max(times) * (room if max(times) < 2 * min(times) else 2))
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.grid(color=GRID)
        axes.set(ylim=(0, 1), xlabel="milliseconds a clip, extraction and prediction", ylabel="UAR")
        axes.minorticks_off()
        axes.xaxis.set_major_formatter("{x:g}")
    return figure


def cost_words(findings: Findings) -> str:
    """Say what `cost_figure` shows."""
    parts = [f"{s.name} {s.scores['uar']:.2f} in {s.scores['ms_per_utterance']:.3g} ms" for s in _timed(findings)]
    return f"UAR against time for one clip: {'; '.join(parts)}."


def _timed(findings: Findings) -> list[Standing]:
    return [s for s in findings.scored if s.scores["ms_per_utterance"] > 0]


def _spread(values: list[float], gap: float) -> list[float]:
    """Move values apart, so that the names beside them do not lie on one another."""
    moved = dict.fromkeys(range(len(values)), 0.0)
    last = -1.0
    for place in sorted(moved, key=lambda i: values[i]):
        last = moved[place] = max(values[place], last + gap)
    return list(moved.values())
