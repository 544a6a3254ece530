"""Enrolment: UAR against the number of clips by which each speaker is standardised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.reporting.plots.style import FAINT, GRID, MARKERS, colour_of, new_figure, style
from features.plotting import Plot

if TYPE_CHECKING:
    import pandas as pd


def enrolment_figure(curve: pd.DataFrame, *, chance: float) -> Plot | None:
    """UAR from no clip of a speaker to all, at even distances; None with fewer than two points.

    Parameters
    ----------
    curve : DataFrame
        `pipeline, clips, uar, uar_low, uar_high`; `clips` is text, in the order of the rows.
    chance : float
        UAR of guessing.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("svm", "none", 0.7, 0.6, 0.8), ("svm", "3", 0.8, 0.7, 0.9)]
    >>> curve = pd.DataFrame(rows, columns=["pipeline", "clips", "uar", "uar_low", "uar_high"])
    >>> enrolment_figure(curve, chance=0.25).save("enrolment.svg")  # doctest: +SKIP
    """
    ticks = list(dict.fromkeys(curve["clips"])) if len(curve) else []
    if len(ticks) < 2:
        return None
    parts = []
    with style():
        figure, axes = new_figure(4.6, 3.2)
        axes.axhline(chance, color=FAINT, linestyle=(0, (4, 3)), linewidth=1)
        for index, (name, rows) in enumerate(curve.groupby("pipeline", sort=False)):
            colour, marker = colour_of(index), MARKERS[index % len(MARKERS)]
            x = [ticks.index(clips) for clips in rows["clips"]]
            axes.fill_between(x, rows["uar_low"], rows["uar_high"], color=colour, alpha=0.12, linewidth=0)
            axes.plot(x, rows["uar"], marker=marker, color=colour, markersize=5, label=str(name))
            parts.append(f"{name}: " + ", ".join(f"{row.uar:.2f} with {row.clips}" for row in rows.itertuples()))
        axes.grid(color=GRID)
        axes.set(ylim=(0, 1), xlabel="clips of each speaker that enrol", ylabel="UAR")
        axes.set_xticks(range(len(ticks)), ticks)
        axes.legend(loc="lower right")
    return Plot(figure, f"UAR against the number of clips by which each speaker is standardised. {'; '.join(parts)}.")
