"""UAR of every pipeline with its interval over speakers, and the differences to the best one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.pipelines.flags import Flag
from benchmarks.reporting.numbers import signed
from benchmarks.reporting.plots.style import (
    FAINT,
    INK,
    PAPER,
    SERIES,
    explain_markers,
    interval_bar,
    marker_of,
    name_rows,
    new_figure,
    row_height,
    style,
)
from features.plotting import Plot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.reporting.ranking import Ranking


def scores_plot(ranking: Ranking) -> Plot:
    """UAR of every pipeline and its 95 % interval, guessing as a line; hollow markers are not ranked, diamonds brought.

    Examples
    --------
    >>> scores_plot(rank(Run.load("results/emodb"))).save("scores.svg")  # doctest: +SKIP
    """
    entries = ranking.scored
    with style():
        names = [f"{entry.name}{_mark(entry.flags)}" for entry in entries]
        figure, axes = new_figure(4.6, 1.05 + row_height(names, least=0.34) * len(entries))
        axes.axvline(ranking.chance, color=FAINT, linestyle=(0, (4, 3)), linewidth=1)
        axes.text(ranking.chance, -0.75, "guessing", color=FAINT, fontsize=8, ha="center", va="bottom")
        for row, entry in enumerate(entries):
            colour = SERIES[0] if entry.ranked else FAINT
            interval_bar(axes, row, entry.scores["uar_low"], entry.scores["uar_high"], colour)
            fill = colour if entry.ranked else PAPER
            marker = marker_of(entry.flags)
            axes.plot(entry.scores["uar"], row, marker, markersize=6, color=fill, markeredgecolor=colour)
        explain_markers(axes, [entry.flags for entry in entries])
        name_rows(axes, names, "UAR, all test clips")
        axes.set_xlim(0, 1.0)
    parts = [
        f"{entry.name}{' (brought)' if Flag.BROUGHT in entry.flags else ''} {entry.scores['uar']:.2f} "
        f"({entry.scores['uar_low']:.2f} to {entry.scores['uar_high']:.2f})"
        for entry in entries
    ]
    return Plot(
        figure,
        f"UAR of every pipeline with its 95 % interval over speakers: {'; '.join(parts)}. "
        f"Guessing: {ranking.chance:.2f}.",
    )


def _mark(flags: Sequence[str]) -> str:
    """The sign behind a name: it has heard the corpus, or may have."""
    if {Flag.CONTAMINATED, Flag.HEARD_SOUND} & set(flags):
        return " †"
    return " ?" if Flag.MAY_HAVE_HEARD in flags else ""


def differences_plot(ranking: Ranking) -> Plot | None:
    """How far every ranked pipeline lies behind the best, with 95 % intervals over speakers.

    Examples
    --------
    >>> differences_plot(rank(Run.load("results/emodb"))).save("differences.svg")  # doctest: +SKIP
    """
    best = ranking.best
    tests = [test for test in ranking.tests if best and test.first == best.name]
    if best is None or not tests:
        return None
    parts = []
    flags = {entry.name: entry.flags for entry in ranking.entries}
    with style():
        names = [test.second for test in tests]
        figure, axes = new_figure(4.6, 0.9 + row_height(names, least=0.34) * len(tests))
        axes.axvline(0, color=INK, linewidth=1)
        for row, test in enumerate(tests):
            colour = SERIES[0] if test.verdict() == "difference" else FAINT
            value, low, high = -test.difference.estimate, -test.difference.high, -test.difference.low
            interval_bar(axes, row, low, high, colour)
            axes.plot(value, row, marker_of(flags[test.second]), markersize=6, color=colour)
            parts.append(f"{test.second} {signed(value)} ({signed(low)} to {signed(high)})")
        explain_markers(axes, [flags[test.second] for test in tests])
        name_rows(axes, names, "UAR minus that of the best")
    return Plot(figure, f"Difference of UAR to {best.name}: {'; '.join(parts)}.")
