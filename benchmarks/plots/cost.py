"""What a score costs: UAR against the time that one clip takes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchmarks.findings import Findings, Standing
from benchmarks.plots.canvas import FAINT, GRID, INK, SERIES, new_figure, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def cost_figure(findings: Findings) -> Figure | None:
    """Draw UAR against milliseconds a clip, extraction and prediction together, on a logarithmic axis."""
    timed = _timed(findings)
    if not timed:
        return None
    with style():
        figure, axes = new_figure(4.6, 3.4)
        for standing in timed:
            score, colour = standing.scores, SERIES[0] if standing.ranked else FAINT
            x = score["ms_per_utterance"]
            if not math.isnan(score["uar_low"]):
                axes.plot((x, x), (score["uar_low"], score["uar_high"]), color=colour, linewidth=2, alpha=0.4)
            axes.plot(x, score["uar"], "o", color=colour, markersize=6)
            axes.annotate(
                standing.name,
                (x, score["uar"]),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color=INK,
            )
        axes.set_xscale("log")
        axes.margins(x=0.35)
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
