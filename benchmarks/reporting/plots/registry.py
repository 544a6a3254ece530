"""All plots of a run, in the order of the report. A new plot is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.evaluation.runs import load_run
from benchmarks.reporting.plots.ablation import (
    emotions_figure,
    emotions_words,
    pairs_figure,
    pairs_words,
    shapley_figure,
    shapley_words,
    subsets_figure,
    subsets_words,
)
from benchmarks.reporting.plots.calibration import calibration_figure, calibration_words
from benchmarks.reporting.plots.cost import cost_figure, cost_words
from benchmarks.reporting.plots.intervals import differences_figure, differences_words, scores_figure, scores_words
from benchmarks.reporting.plots.learning import learning_figure, learning_words
from benchmarks.reporting.plots.recalls import recalls_figure, recalls_words, speakers_figure, speakers_words
from benchmarks.reporting.ranking import Findings, find
from features import plotting
from features.errors import ResultsError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Plot:
    """A plot of findings.

    Attributes
    ----------
    name
        Its file's name without the ending.
    title
        Shown above it.
    draw
        From findings to a figure, or None where these findings have nothing to show.
    words
        What it shows, for a person who cannot see it.
    """

    name: str
    title: str
    draw: Callable[[Findings], Figure | None]
    words: Callable[[Findings], str]


PLOTS: tuple[Plot, ...] = (
    Plot("scores", "UAR and how sure it is", scores_figure, scores_words),
    Plot("differences", "Behind the best", differences_figure, differences_words),
    Plot("shapley", "What every group adds", shapley_figure, shapley_words),
    Plot("subsets", "Groups alone and left out", subsets_figure, subsets_words),
    Plot("emotions", "What every group adds to the recall of every emotion", emotions_figure, emotions_words),
    Plot(
        "pairs_of_emotions",
        "Which block tells two emotions apart; in colour what is clear after correction for all pairs",
        pairs_figure,
        pairs_words,
    ),
    Plot("recalls", "Recall of every emotion", recalls_figure, recalls_words),
    Plot("speakers", "Every speaker", speakers_figure, speakers_words),
    Plot("calibration", "Confidence against truth", calibration_figure, calibration_words),
    Plot("learning", "UAR with more training speakers", learning_figure, learning_words),
    Plot("cost", "Score against time", cost_figure, cost_words),
)


def draw(run: Path | Findings, name: str) -> plotting.Plot:
    """Draw one plot of the report on its own.

    Parameters
    ----------
    run : path or Findings
        The folder of a run, such as `Result.folder` or `Ablation.folder`, or a lone `predictions.csv`.
    name : str
        Of a plot in `PLOTS`: scores, differences, shapley, subsets, emotions, ...

    Returns
    -------
    features.plotting.Plot
        The figure with its text; a notebook shows it, `with_title` gives it a title, `save` writes it.

    Raises
    ------
    ResultsError
        If there is no such plot, or these results have nothing to show in it.
    """
    known = {plot.name: plot for plot in PLOTS}
    if name not in known:
        raise ResultsError(f"no plot {name!r}; expected one of {', '.join(known)}")
    findings = run if isinstance(run, Findings) else find(load_run(Path(run)))
    figure = known[name].draw(findings)
    if figure is None:
        raise ResultsError(f"{findings.run.folder} has nothing to show as {name!r}; run what it needs first")
    return plotting.Plot(figure, known[name].words(findings))
