"""Robustness: UAR as a disturbance grows, a panel for each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.reporting.plots.style import FAINT, GRID, MARKERS, colour_of, style
from features.plotting import Plot

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_ACROSS = 3


def robustness_plot(table: pd.DataFrame, *, chance: float) -> Plot:
    """Draw the curves of all pipelines that trained on clips as they are.

    Parameters
    ----------
    table : DataFrame
        Rows of `benchmarks.studies.robustness.robustness` of one training.
    chance : float
        UAR of guessing.

    Returns
    -------
    Plot

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("svm", "clean", "clean", 0.8, 0.7, 0.9), ("svm", "white", "white noise 0 dB", 0.4, 0.3, 0.5)]
    >>> table = pd.DataFrame(rows, columns=["pipeline", "kind", "condition", "uar", "uar_low", "uar_high"])
    >>> robustness_plot(table.assign(level=0.0), chance=0.25).alt_text
    'UAR under disturbances. white: svm 80% clean, 40% at white noise 0 dB.'
    """
    from matplotlib.figure import Figure

    curves = table[~table["kind"].isin(["clean", "all"])]
    kinds = list(dict.fromkeys(curves["kind"]))
    down = -(-len(kinds) // _ACROSS)
    with style():
        figure = Figure(figsize=(7.4, 0.6 + 1.9 * down), layout="constrained")
        panels = np.atleast_1d(figure.subplots(down, min(_ACROSS, len(kinds)), sharey=True)).ravel()
        for axes, kind in zip(panels, kinds):
            _panel(axes, table, kind, chance)
        for axes in panels[len(kinds) :]:
            axes.remove()
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=3)
    return Plot(figure, "UAR under disturbances. " + "; ".join(_words(table, kind) for kind in kinds) + ".")


def _panel(axes: Axes, table: pd.DataFrame, kind: str, chance: float) -> None:
    axes.axhline(chance, color=FAINT, linestyle=(0, (4, 3)), linewidth=1)
    levels = list(dict.fromkeys(table.loc[table["kind"] == kind, "level"]))
    for index, (name, rows) in enumerate(table.groupby("pipeline", sort=False)):
        shown = rows[rows["kind"].isin(["clean", kind])]
        x, colour = np.arange(len(shown)), colour_of(index)
        axes.fill_between(x, shown["uar_low"], shown["uar_high"], color=colour, alpha=0.12, linewidth=0)
        axes.plot(x, shown["uar"], marker=MARKERS[index % len(MARKERS)], color=colour, markersize=4, label=str(name))
    axes.grid(color=GRID)
    single = len(levels) == 1 and not levels[0]
    axes.set_xticks(range(len(levels) + 1), ["clean", *(["so"] if single else [f"{level:g}" for level in levels])])
    axes.set(ylim=(0, 1))
    axes.set_title(
        table.loc[table["kind"] == kind, "condition"].iloc[-1].removesuffix(" 0") if single else _title(table, kind)
    )


def _title(table: pd.DataFrame, kind: str) -> str:
    """What the levels of a kind are, without the level: `white noise, dB`."""
    rows = table[table["kind"] == kind].iloc[-1]
    title, _, unit = str(rows["condition"]).partition(f" {rows['level']:g}")
    return f"{title},{unit}" if unit else title


def _words(table: pd.DataFrame, kind: str) -> str:
    parts = []
    for name, rows in table.groupby("pipeline", sort=False):
        clean, worst = rows[rows["kind"] == "clean"].iloc[0], rows[rows["kind"] == kind].iloc[-1]
        parts.append(f"{name} {clean['uar']:.0%} clean, {worst['uar']:.0%} at {worst['condition']}")
    return f"{kind}: {', '.join(parts)}"
