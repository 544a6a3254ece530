"""Confusion matrix: which emotion is taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from benchmarks.reporting.plots.style import HEAT, INK, PAPER, style
from benchmarks.scoring.confusion import confusion, recalls_of
from features.plotting import Plot

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
        Save it with `benchmarks.reporting.plots.save(figure, stem)`, or with its own `savefig`.
    """
    return confusion_plot(confusion(truth, prediction, labels), labels, title)


def confusion_picture(truth: ArrayLike, prediction: ArrayLike, labels: Sequence[str], title: str) -> Plot:
    """Draw what `confusion_figure` draws, with the words that stand for it; a notebook shows it."""
    matrix = confusion(truth, prediction, labels)
    recalls = ", ".join(f"{name} {value:.0%}" for name, value in zip(labels, recalls_of(matrix)) if value == value)
    wrong = matrix - np.diag(np.diagonal(matrix))
    row, column = divmod(int(wrong.argmax()), len(labels))
    most = f" Most often wrong: {labels[row]} taken for {labels[column]}, {wrong.max()} times." if wrong.any() else ""
    return Plot(confusion_plot(matrix, labels, title), f"{title}. Right of each label: {recalls}.{most}")


def confusion_plot(matrix: ArrayLike, labels: Sequence[str], title: str) -> Figure:
    """Draw a confusion matrix that is already counted, shape (k, k), rows are the truth."""
    counts = np.asarray(matrix, dtype=float)
    total = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
    names = [f"{name}  ({n:.0f})" for name, n in zip(labels, total[:, 0])]
    with style():
        figure, axes = _figure(len(labels), longest=max(len(name) for name in names))
        _cells(axes, share)
        axes.set_xticks(range(len(labels)), labels)
        axes.set_yticks(range(len(labels)), names)
        axes.set(xlim=(-0.5, len(labels) - 0.5), ylim=(len(labels) - 0.5, -0.5), aspect="equal")
        axes.set(xlabel="predicted", ylabel="true (clips)")
        axes.set_title(title)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return figure


def _figure(n_labels: int, *, longest: int) -> tuple[Figure, Axes]:
    """Make the axes with margins reckoned from the labels: to measure every text would take longer than to draw it."""
    from matplotlib.figure import Figure

    side = max(0.56 * n_labels, 2.0)
    left, right, bottom, top = 0.5 + 0.085 * longest, 0.25, 0.65, 0.4
    width, height = left + side + right, bottom + side + top
    figure = Figure(figsize=(width, height))
    return figure, figure.add_axes((left / width, bottom / height, side / width, side / height))


def _cells(axes: Axes, share: np.ndarray) -> None:
    from matplotlib.colors import to_rgb

    empty, full = (np.asarray(to_rgb(colour)) for colour in ("#f1f3f6", HEAT))
    edges = np.arange(len(share) + 1) - 0.5
    mixed = empty + (full - empty) * share[:, :, None]
    axes.pcolormesh(edges, edges, mixed, edgecolors=PAPER, linewidth=2)
    for (row, column), value in np.ndenumerate(share):
        text = f"{100 * value:.0f}" if value >= 0.005 else "·"
        axes.text(column, row, text, ha="center", va="center", color=PAPER if value > 0.68 else INK)
