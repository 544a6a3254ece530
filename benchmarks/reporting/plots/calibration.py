"""Whether probabilities mean what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.reporting.plots.recalls import MARKERS
from benchmarks.reporting.plots.style import FAINT, GRID, colour_of, new_figure, style
from benchmarks.reporting.ranking import Findings
from benchmarks.scoring.metrics import reliability
from benchmarks.scoring.predictions import probabilities

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def calibration_figure(findings: Findings) -> Figure | None:
    """Draw accuracy against confidence in ten bins, for the first four pipelines that give probabilities."""
    curves = []
    for standing in findings.scored[:4]:
        rows = findings.run.predictions[findings.run.predictions["pipeline"] == standing.name]
        table = probabilities(rows, findings.labels)
        if table is not None:
            curve = reliability(rows["truth"], table, findings.labels, bins=10)
            if (curve["n"] >= 5).sum() > 1:
                curves.append((standing.name, curve))
    if not curves:
        return None
    with style():
        figure, axes = new_figure(4.6, 3.8 + 0.18 * len(curves))
        axes.plot((0, 1), (0, 1), color=FAINT, linestyle=(0, (4, 3)), linewidth=1)
        for number, (name, curve) in enumerate(curves):
            said = curve["n"] >= 5  # fewer clips say nothing about a share
            axes.plot(
                curve["confidence"][said],
                curve["accuracy"][said],
                marker=MARKERS[number],
                color=colour_of(number),
                linewidth=1.5,
                markersize=4.5,
                label=name,
            )
        axes.grid(color=GRID)
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel="confidence", ylabel="share of these that is right")
        figure.legend(loc="outside upper left")
    return figure


def calibration_words(findings: Findings) -> str:
    """Say what `calibration_figure` shows."""
    parts = [f"{s.name} {s.scores['ece']:.3f}" for s in findings.scored if s.scores["ece"] == s.scores["ece"]]
    return (
        "Share of right predictions against confidence; on the diagonal a confidence means what it says. "
        f"Expected calibration error: {', '.join(parts)}."
    )
