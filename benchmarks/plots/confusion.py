"""Confusion matrix: which emotion is taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from benchmarks.metrics import confusion
from benchmarks.plots.canvas import GRID, HEAT, INK, PAPER, new_figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def confusion_figure(truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str], title: str) -> Figure:
    """Draw a confusion matrix whose rows, the truth, sum to 100 %.

    Parameters
    ----------
    truth, prediction
        Labels of n utterances; several seeds may stand one after another.
    labels
        All labels, in the order of rows and columns.
    title
        Shown above; usually the pipeline and the corpus.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with `benchmarks.plots.save(figure, stem)`, or with its own `savefig`.
    """
    return confusion_plot(confusion(truth, prediction, labels), labels, title)


def confusion_plot(matrix: ArrayLike, labels: Sequence[str], title: str) -> Figure:
    """Draw a confusion matrix that is already counted, shape (k, k), rows are the truth."""
    counts = np.asarray(matrix, dtype=float)
    total = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
    size = 0.56 * len(labels)
    with style():
        figure, axes = new_figure(max(size + 1.0, 3.2), max(size + 1.0, 2.8))
        _cells(axes, share)
        axes.set_xticks(range(len(labels)), labels)
        axes.set_yticks(range(len(labels)), [f"{name}  ({n:.0f})" for name, n in zip(labels, total[:, 0])])
        axes.set(xlim=(-0.5, len(labels) - 0.5), ylim=(len(labels) - 0.5, -0.5), aspect="equal")
        axes.set(xlabel="predicted", ylabel="true (clips)")
        axes.set_title(title, wrap=True)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return figure


def _cells(axes: Axes, share: np.ndarray) -> None:
    from matplotlib.patches import Rectangle

    for (row, column), value in np.ndenumerate(share):
        for colour, alpha in ((GRID, 0.35), (HEAT, float(value))):
            corner = (column - 0.47, row - 0.47)
            axes.add_patch(Rectangle(corner, 0.94, 0.94, linewidth=0, facecolor=colour, alpha=alpha))
        text = f"{100 * value:.0f}" if value >= 0.005 else "·"
        axes.text(column, row, text, ha="center", va="center", color=PAPER if value > 0.68 else INK)
