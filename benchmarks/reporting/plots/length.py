"""Length: UAR against the seconds of a clip that are heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.reporting.plots.style import FAINT, GRID, MARKERS, colour_of, new_figure, style
from features.plotting import Plot

if TYPE_CHECKING:
    import pandas as pd


def length_figure(table: pd.DataFrame, *, chance: float) -> Plot:
    """Draw the curve of every pipeline, with whole clips as a line of its own colour.

    Parameters
    ----------
    table : DataFrame
        `pipeline, seconds, uar, uar_low, uar_high`; seconds are NaN for whole clips.
    chance : float
        UAR of guessing.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("svm", 1.0, 0.6, 0.5, 0.7), ("svm", float("nan"), 0.8, 0.7, 0.9)]
    >>> table = pd.DataFrame(rows, columns=["pipeline", "seconds", "uar", "uar_low", "uar_high"])
    >>> length_figure(table, chance=0.25).alt_text
    'UAR against seconds heard. svm: 0.60 at 1 s, 0.80 whole.'
    """
    told = []
    with style():
        figure, axes = new_figure(4.6, 3.4)
        axes.axhline(chance, color=FAINT, linestyle=(0, (4, 3)), linewidth=1)
        for index, (name, rows) in enumerate(table.groupby("pipeline", sort=False)):
            colour, whole = colour_of(index), rows[rows["seconds"].isna()]
            part = rows.dropna(subset=["seconds"]).sort_values("seconds")
            axes.fill_between(part["seconds"], part["uar_low"], part["uar_high"], color=colour, alpha=0.12, linewidth=0)
            mark = MARKERS[index % len(MARKERS)]
            axes.plot(part["seconds"], part["uar"], marker=mark, color=colour, markersize=5, label=str(name))
            for value in whole["uar"]:
                axes.axhline(value, color=colour, linewidth=1, linestyle=(0, (1, 2)))
            points = [f"{row.uar:.2f} at {row.seconds:g} s" for row in part.itertuples()]
            told.append(f"{name}: {', '.join([*points, *(f'{value:.2f} whole' for value in whole['uar'])])}")
        axes.grid(color=GRID)
        axes.set(ylim=(0, 1), xlim=(0, None), xlabel="seconds heard; dotted: whole clips", ylabel="UAR")
        axes.legend(loc="lower right", frameon=False)
    return Plot(figure, f"UAR against seconds heard. {'; '.join(told)}.")
