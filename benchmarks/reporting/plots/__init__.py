"""Plots of a run, each a function from its ranking to a figure with alt text, in one registry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.evaluation.runs import Run
from benchmarks.reporting.plots.calibration import calibration_plot
from benchmarks.reporting.plots.confusion import confusion_plot, plot_counts
from benchmarks.reporting.plots.cost import cost_plot
from benchmarks.reporting.plots.intervals import differences_plot, scores_plot
from benchmarks.reporting.plots.recalls import recalls_plot, speakers_plot
from benchmarks.reporting.ranking import Ranking, rank
from features.errors import ResultsError

if TYPE_CHECKING:
    from features.plotting import Plot

__all__ = ["PLOTS", "ReportPlot", "confusion_plot", "draw", "plot_counts"]


@dataclass(frozen=True)
class ReportPlot:
    """A plot of the report.

    Attributes
    ----------
    name : str
        Its files' name without the ending.
    title : str
        Shown below it.
    function : callable
        From a ranking to the plot, or None where the run has nothing to show in it.

    Examples
    --------
    >>> PLOTS[0].name
    'scores'
    """

    name: str
    title: str
    function: Callable[[Ranking], Plot | None]


PLOTS: tuple[ReportPlot, ...] = (
    ReportPlot("scores", "UAR with its interval over speakers", scores_plot),
    ReportPlot("differences", "Behind the best", differences_plot),
    ReportPlot("recalls", "Recall of every emotion", recalls_plot),
    ReportPlot("speakers", "Every speaker", speakers_plot),
    ReportPlot("calibration", "Confidence against truth", calibration_plot),
    ReportPlot("cost", "Score against cost", cost_plot),
)
"""The plots of every run, in the order of the report; those of studies stand in the studies' sections."""


def draw(run: Run | Ranking | str | Path, name: str, *, plots: Sequence[ReportPlot] = PLOTS) -> Plot:
    """Draw one plot of the report on its own.

    Parameters
    ----------
    run : Run, Ranking or path
        A run, or its folder, or a lone `predictions.csv`.
    name : str
        Of a plot: scores, differences, recalls, speakers, calibration, cost.
    plots : sequence of ReportPlot
        Where the name is looked up.

    Returns
    -------
    Plot
        The figure with its alt text; a notebook shows it, `with_title` gives it a title, `save` writes it.

    Raises
    ------
    ResultsError
        If there is no such plot, or the run has nothing to show in it.

    Examples
    --------
    >>> draw("results/emodb", "recalls").save("recalls.svg")  # doctest: +SKIP
    """
    functions = {plot.name: plot.function for plot in plots}
    if name not in functions:
        raise ResultsError(f"no plot {name!r}; expected one of {', '.join(functions)}")
    ranking = run if isinstance(run, Ranking) else rank(run if isinstance(run, Run) else Run.load(run))
    plot = functions[name](ranking)
    if plot is None:
        raise ResultsError(f"{ranking.run.folder} has nothing to show as {name!r}; run what it needs first")
    return plot
