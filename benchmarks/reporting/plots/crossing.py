"""Across corpora: UAR by the corpus that trained and the one that tests, a field each with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.reporting.plots.style import FULL, ON_FULL, ON_PALE, PAPER, heat, style
from features.lettering import shortened
from features.plotting import Plot

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def crossing_plot(table: pd.DataFrame) -> Plot:
    """Draw the matrix of one pipeline, a panel for each adaptation.

    Parameters
    ----------
    table : DataFrame
        Rows of one pipeline of `benchmarks.studies.cross_corpus.cross_corpus`.

    Returns
    -------
    Plot
        Fields without a figure stay blank.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = [("a", "a", "svm", "none", 0.8, 0.7, 0.9), ("a", "b", "svm", "none", 0.5, 0.4, 0.6)]
    >>> names = ["train", "test", "pipeline", "adaptation", "uar", "uar_low", "uar_high"]
    >>> crossing_plot(pd.DataFrame(cells, columns=names)).alt_text
    'svm, UAR: none: a to a 80% (70 to 90), a to b 50% (40 to 60).'
    """
    trains, tests = list(dict.fromkeys(table["train"])), list(dict.fromkeys(table["test"]))
    kinds = list(dict.fromkeys(table["adaptation"]))
    with style():
        figure, panels = _panels(len(kinds), n_rows=len(trains), n_columns=len(tests))
        for axes, kind in zip(panels, kinds):
            cells = table[table["adaptation"] == kind].set_index(["train", "test"])
            _fields(axes, cells, trains, tests)
            axes.set_title(f"adaptation: {kind}")
        for axes in panels[len(kinds) :]:
            axes.remove()
    words = "; ".join(f"{kind}: {_words(table[table['adaptation'] == kind])}" for kind in kinds)
    return Plot(figure, f"{table['pipeline'].iloc[0]}, UAR: {words}.")


def _panels(count: int, *, n_rows: int, n_columns: int) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    across = min(count, 2)
    down = -(-count // across)
    figure = Figure(figsize=(across * (1.4 + 1.1 * n_columns), down * (1.1 + 0.62 * n_rows)), layout="constrained")
    return figure, list(np.atleast_1d(figure.subplots(down, across)).flat)


def _fields(axes: Axes, cells: pd.DataFrame, trains: list[str], tests: list[str]) -> None:
    values = np.array([[cells["uar"].get((row, column), np.nan) for column in tests] for row in trains])
    columns, rows = (np.arange(len(names) + 1) - 0.5 for names in (tests, trains))
    axes.pcolormesh(columns, rows, heat(values), edgecolors=PAPER, linewidth=2)
    axes.set(xlim=(columns[0], columns[-1]), ylim=(rows[-1], rows[0]))
    for i, row in enumerate(trains):
        for j, column in enumerate(tests):
            if (row, column) not in cells.index:
                continue
            cell = cells.loc[(row, column)]
            text = f"{100 * cell['uar']:.0f}\n[{100 * cell['uar_low']:.0f}, {100 * cell['uar_high']:.0f}]"
            colour = ON_FULL if cell["uar"] > FULL else ON_PALE
            weight = "bold" if row == column else "normal"
            axes.text(j, i, text, ha="center", va="center", color=colour, fontsize="small", fontweight=weight)
    axes.set_xticks(range(len(tests)), [shortened(name) for name in tests])
    axes.set_yticks(range(len(trains)), [shortened(name) for name in trains])
    axes.set(xlabel="tested on", ylabel="trained on")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _words(table: pd.DataFrame) -> str:
    return ", ".join(
        f"{row.train} to {row.test} {row.uar:.0%} ({100 * row.uar_low:.0f} to {100 * row.uar_high:.0f})"
        for row in table.itertuples()
    )
