"""Critical-difference diagram: mean ranks over corpora, each corpus's dots behind, and what is not shown to differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.reporting.plots.style import FAINT, GRID, INK, MARKERS, broken, colour_of, style
from features.lettering import shortened
from features.plotting import Plot

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def ranks_plot(
    ranks: pd.DataFrame, apart: Sequence[tuple[str, str]], *, critical_difference: float | None = None
) -> Plot:
    """Draw mean ranks, with bars that join pipelines of which no two are shown to differ, and the UAR of each corpus.

    Parameters
    ----------
    ranks : DataFrame
        `pipeline, rank, uar` and the UAR on each corpus, best rank first.
    apart : sequence of (str, str)
        Pairs that the corrected tests show to differ.
    critical_difference : float, optional
        Nemenyi's, drawn where it is given.

    Returns
    -------
    Plot

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"pipeline": ["svm", "knn"], "rank": [1.0, 2.0], "uar": 0.5, "a": [0.6, 0.5]})
    >>> ranks_plot(table, []).alt_text
    'Mean rank over corpora: svm 1.00 (a 60%), knn 2.00 (a 50%). Not shown to differ: svm, knn.'
    """
    from matplotlib.figure import Figure

    names, corpora = list(ranks["pipeline"]), [str(name) for name in ranks.columns[3:]]
    joined = alike(names, apart)
    with style():
        figure = Figure(figsize=(7.4, 1.5 + 0.42 * len(names)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        _rows(left, ranks, ranks[corpora].rank(ascending=False), "rank", "mean rank over corpora, 1 is best")
        _rows(right, 100 * ranks[["uar", *corpora]], 100 * ranks[corpora], "uar", "UAR %")
        for place, group in enumerate(joined):
            rows = [names.index(name) for name in group]
            x = len(names) + 0.35 + 0.15 * place
            left.plot((x, x), (rows[0] - 0.2, rows[-1] + 0.2), color=INK, linewidth=3, solid_capstyle="round")
        if critical_difference is not None:
            ends = (1.0, 1.0 + critical_difference)
            left.plot(ends, (-0.8, -0.8), color=INK, linewidth=1.2, marker="|")
            left.text(ends[1], -0.8, f"  critical difference {critical_difference:.2f}", va="center", fontsize="small")
        left.set_xlim(0.7, max(len(names), 2) + 0.6 + 0.15 * len(joined))
        left.set_ylim(len(names) - 0.4, -1.2 if critical_difference is not None else -0.6)
        left.set_yticks(range(len(names)), [broken(name) for name in names])
        handles, texts = left.get_legend_handles_labels()
        figure.legend(handles, texts, loc="outside lower center", ncols=4)
    rows = ranks.to_dict("records")
    words = [f"{r['pipeline']} {r['rank']:.2f} ({', '.join(f'{c} {r[c]:.0%}' for c in corpora)})" for r in rows]
    alike_words = "; ".join(", ".join(group) for group in joined)
    found = f" Not shown to differ: {alike_words}." if joined else ""
    return Plot(figure, f"Mean rank over corpora: {', '.join(words)}.{found}")


def alike(names: Sequence[str], apart: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Longest stretches of the ranking of which no two are shown to differ, of two pipelines or more.

    Examples
    --------
    >>> alike(["a", "b", "c"], [("a", "c")])
    [['a', 'b'], ['b', 'c']]
    """
    known = {frozenset(pair) for pair in apart}
    stretches: list[list[str]] = []
    for first in range(len(names)):
        last = first
        while last + 1 < len(names) and not any(
            frozenset((name, names[last + 1])) in known for name in names[first : last + 1]
        ):
            last += 1
        stretch = list(names[first : last + 1])
        if last > first and not any(set(stretch) <= set(other) for other in stretches):
            stretches.append(stretch)
    return stretches


def _rows(axes: Axes, means: pd.DataFrame, dots: pd.DataFrame, key: str, quantity: str) -> None:
    rows = np.arange(len(means))
    for index, corpus in enumerate(dots.columns):
        axes.scatter(
            dots[corpus],
            rows,
            marker=MARKERS[index % len(MARKERS)],
            color=colour_of(index),
            alpha=0.6,
            s=26,
            linewidth=0,
            label=shortened(str(corpus)),
        )
    axes.scatter(means[key], rows, marker="D", facecolor="none", edgecolor=INK, s=60, label="mean", zorder=3)
    axes.set_xlabel(quantity)
    axes.locator_params(axis="x", integer=True, nbins=6)
    axes.grid(axis="x", color=GRID)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", color=FAINT)
    axes.spines["left"].set_visible(False)
