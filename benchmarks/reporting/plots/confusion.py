"""Confusion matrix: which emotion is taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from benchmarks.reporting.plots.style import FULL, ON_FULL, ON_PALE, PAPER, heat, style
from benchmarks.scoring.confusion import confusion, recalls_of
from features.lettering import shortened, wrapped
from features.plotting import Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDEST = 10
"""Labels of more characters than this stand upright below a matrix."""


def confusion_plot(truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str], title: str) -> Plot:
    """Draw a confusion matrix whose rows, the truth, sum to 100 %.

    Parameters
    ----------
    truth, prediction : array-like of shape (n_utterances,)
        Labels; several seeds may stand one after another.
    labels : sequence of str
        All labels, in the order of rows and columns.
    title : str
        Shown above; usually the pipeline and the corpus.

    Returns
    -------
    Plot
        A notebook shows it; `save` writes it.

    Examples
    --------
    >>> confusion_plot(["ang", "ang", "sad"], ["ang", "sad", "sad"], ["ang", "sad"], "svm").alt_text
    'svm. Recall of each label: ang 50%, sad 100%. Most often wrong: ang taken for sad, 1 times.'
    """
    return plot_counts(confusion(truth, prediction, labels), labels, title)


def plot_counts(matrix: ArrayLike, labels: Sequence[str], title: str) -> Plot:
    """Draw a confusion matrix that is already counted.

    Parameters
    ----------
    matrix : array-like of shape (n_labels, n_labels)
        Counts, rows are the truth.
    labels, title
        As `confusion_plot` takes them.

    Returns
    -------
    Plot

    Examples
    --------
    >>> plot_counts([[2, 0], [0, 1]], ["ang", "sad"], "svm").alt_text
    'svm. Recall of each label: ang 100%, sad 100%.'
    """
    counts = np.asarray(matrix, dtype=float)
    total = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
    short = [shortened(name) for name in labels]
    names = [f"{name}  ({n:.0f})" for name, n in zip(short, total[:, 0])]
    with style():
        widest = max(map(len, short))
        upright = widest > WIDEST
        below = 0.085 * widest if upright else 0.0
        figure, axes = _figure(len(labels), longest=max(len(name) for name in names), below=below)
        _fields(axes, share)
        axes.set_xticks(range(len(labels)), short, rotation=90 if upright else 0)
        axes.set_yticks(range(len(labels)), names)
        axes.set(xlim=(-0.5, len(labels) - 0.5), ylim=(len(labels) - 0.5, -0.5), aspect="equal")
        axes.set(xlabel="predicted", ylabel="true (clips)")
        axes.set_title(wrapped(title))
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    recalls = ", ".join(f"{name} {value:.0%}" for name, value in zip(labels, recalls_of(counts)) if value == value)
    wrong = counts - np.diag(np.diagonal(counts))
    row, column = divmod(int(wrong.argmax()), len(labels))
    most = f" Most often wrong: {labels[row]} taken for {labels[column]}, {wrong.max():.0f} times."
    return Plot(figure, f"{title}. Recall of each label: {recalls}.{most if wrong.any() else ''}")


def _figure(n_labels: int, *, longest: int, below: float) -> tuple[Figure, Axes]:
    """Make the axes with margins computed from the labels: to measure every text would take longer than to draw it."""
    from matplotlib.figure import Figure

    size = max(0.56 * n_labels, 2.0)
    left, right, bottom, top = 0.5 + 0.085 * longest, 0.25, 0.65 + below, 0.4
    width, height = left + size + right, bottom + size + top
    figure = Figure(figsize=(width, height))
    return figure, figure.add_axes((left / width, bottom / height, size / width, size / height))


def _fields(axes: Axes, share: np.ndarray) -> None:
    edges = np.arange(len(share) + 1) - 0.5
    axes.pcolormesh(edges, edges, heat(share), edgecolors=PAPER, linewidth=2)
    for (row, column), value in np.ndenumerate(share):
        text = f"{100 * value:.0f}" if value >= 0.005 else "·"
        axes.text(column, row, text, ha="center", va="center", color=ON_FULL if value > FULL else ON_PALE)
