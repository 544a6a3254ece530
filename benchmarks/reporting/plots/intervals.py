"""UAR of every pipeline with its interval over speakers, and the differences to the best one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchmarks.pipelines.flags import Flag
from benchmarks.reporting.plots.style import FAINT, GRID, INK, PAPER, SERIES, broken, new_figure, style
from benchmarks.reporting.ranking import Findings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def scores_figure(findings: Findings) -> Figure:
    """Draw the UAR of every pipeline and its 95 % interval, guessing as a line; contaminated ones as hollow marks."""
    standings = findings.scored
    with style():
        figure, axes = new_figure(4.6, 1.05 + 0.34 * len(standings))
        axes.axvline(findings.chance, color=FAINT, linestyle=(0, (4, 3)), linewidth=1)
        axes.text(findings.chance, -0.75, "guessing", color=FAINT, fontsize=8, ha="center", va="bottom")
        for row, standing in enumerate(standings):
            score, hollow = standing.scores, not standing.ranked
            colour = FAINT if hollow else SERIES[0]
            _bar(axes, row, (score["uar_low"], score["uar_high"]), colour)
            axes.plot(score["uar"], row, "o", markersize=6, color=PAPER if hollow else colour, markeredgecolor=colour)
        names = [f"{s.name} †" if Flag.CONTAMINATED in s.marks else s.name for s in standings]
        _rows(axes, names)
        axes.set(xlim=(0, 1.0), xlabel="UAR, all test clips")
    return figure


def differences_figure(findings: Findings) -> Figure | None:
    """Draw how far every ranked pipeline lies behind the best, with 95 % intervals over speakers."""
    tests = [test for test in findings.tests if findings.best and test.first == findings.best.name]
    if not tests:
        return None
    with style():
        figure, axes = new_figure(4.6, 0.9 + 0.34 * len(tests))
        axes.axvline(0, color=INK, linewidth=1)
        for row, test in enumerate(tests):
            colour = SERIES[0] if test.verdict() == "difference" else FAINT
            _bar(axes, row, (-test.difference.high, -test.difference.low), colour)
            axes.plot(-test.difference.estimate, row, "o", markersize=6, color=colour)
        _rows(axes, [test.second for test in tests])
        axes.set_xlabel("UAR minus that of the best")
    return figure


def scores_words(findings: Findings) -> str:
    """Say what `scores_figure` shows."""
    parts = [
        f"{s.name} {s.scores['uar']:.2f} ({s.scores['uar_low']:.2f} to {s.scores['uar_high']:.2f})"
        for s in findings.scored
    ]
    listing = "; ".join(parts)
    return f"UAR of every pipeline with its 95 % interval over speakers: {listing}. Guessing: {findings.chance:.2f}."


def differences_words(findings: Findings) -> str:
    """Say what `differences_figure` shows."""
    best = findings.best.name if findings.best else ""
    parts = [
        f"{t.second} {-t.difference.estimate:+.2f} ({-t.difference.high:+.2f} to {-t.difference.low:+.2f})"
        for t in findings.tests
        if t.first == best
    ]
    return f"Difference of UAR to {best}: {'; '.join(parts)}."


def _bar(axes: Axes, row: int, ends: tuple[float, float], colour: str) -> None:
    if not math.isnan(ends[0]):
        axes.plot(ends, (row, row), color=colour, linewidth=2.2, solid_capstyle="round", alpha=0.55)


def _rows(axes: Axes, names: list[str]) -> None:
    axes.set_yticks(range(len(names)), [broken(name) for name in names])
    axes.locator_params(axis="x", nbins=5)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="x", color=GRID)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
