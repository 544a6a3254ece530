"""Abstention: right answers against the share of clips that is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.reporting.plots.style import GRID, MARKERS, colour_of, new_figure, style
from features.plotting import Plot

if TYPE_CHECKING:
    import pandas as pd


def selective_figure(curve: pd.DataFrame) -> Plot:
    """Share of right answers where only the surest share of clips is answered, of the first pipelines.

    Parameters
    ----------
    curve : DataFrame
        `pipeline, answered, right, right_low, right_high`.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("svm", 1.0, 0.8, 0.7, 0.9), ("svm", 0.5, 0.9, 0.8, 0.95)]
    >>> curve = pd.DataFrame(rows, columns=["pipeline", "answered", "right", "right_low", "right_high"])
    >>> selective_figure(curve).alt_text
    'Right answers against the share of clips answered, the surest first. svm: 0.80 of 1, 0.90 of 0.5.'
    """
    parts = []
    with style():
        figure, axes = new_figure(4.6, 3.2)
        names = list(dict.fromkeys(curve["pipeline"]))[: len(MARKERS)]
        for index, name in enumerate(names):
            rows, colour = curve[curve["pipeline"] == name], colour_of(index)
            if index == 0:  # one band can be read
                axes.fill_between(
                    rows["answered"], rows["right_low"], rows["right_high"], color=colour, alpha=0.12, linewidth=0
                )
            axes.plot(
                rows["answered"], rows["right"], marker=MARKERS[index], color=colour, markersize=4, label=str(name)
            )
            told = ", ".join(f"{right:.2f} of {at:g}" for right, at in zip(rows["right"], rows["answered"]))
            parts.append(f"{name}: {told}")
        axes.grid(color=GRID)
        axes.set(xlim=(0, 1.02), xlabel="share of clips answered, the surest first", ylabel="share right")
        axes.legend(loc="lower left")
    return Plot(figure, f"Right answers against the share of clips answered, the surest first. {'; '.join(parts)}.")
