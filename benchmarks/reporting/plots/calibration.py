"""Calibration: whether probabilities agree with how often a prediction is correct."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.reporting.plots.style import FAINT, GRID, MARKERS, colour_of, new_figure, style
from benchmarks.scoring.metrics import reliability
from benchmarks.scoring.predictions import probabilities
from features.plotting import Plot

if TYPE_CHECKING:
    from benchmarks.reporting.ranking import Ranking

LEAST = 5
"""Fewer clips than this in a bin say nothing about a share."""


def calibration_plot(ranking: Ranking) -> Plot | None:
    """Accuracy against confidence in ten bins, for the first four pipelines that give probabilities.

    Examples
    --------
    >>> calibration_plot(rank(Run.load("results/emodb"))).save("calibration.svg")  # doctest: +SKIP
    """
    curves = {}
    for entry in ranking.scored[:4]:
        rows = ranking.run.predictions[ranking.run.predictions["pipeline"] == entry.name]
        table = probabilities(rows, ranking.labels)
        if table is not None:
            curve = reliability(rows["truth"], table, ranking.labels, bins=10)
            if (curve["n"] >= LEAST).sum() > 1:
                curves[entry.name] = curve
    if not curves:
        return None
    with style():
        figure, axes = new_figure(4.6, 3.8 + 0.18 * len(curves))
        axes.plot((0, 1), (0, 1), color=FAINT, linestyle=(0, (4, 3)), linewidth=1)
        for index, (name, curve) in enumerate(curves.items()):
            filled = curve["n"] >= LEAST
            x, y, colour = curve["confidence"][filled], curve["accuracy"][filled], colour_of(index)
            axes.plot(x, y, marker=MARKERS[index], color=colour, linewidth=1.5, markersize=4.5, label=name)
        axes.grid(color=GRID)
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel="confidence", ylabel="share that is correct")
        figure.legend(loc="outside upper left")
    errors = [f"{s.name} {s.scores['ece']:.3f}" for s in ranking.scored if s.scores["ece"] == s.scores["ece"]]
    return Plot(
        figure,
        "Share of correct predictions against confidence; on the diagonal the two agree. "
        f"Expected calibration error: {', '.join(errors)}.",
    )
