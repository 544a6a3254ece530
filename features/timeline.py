"""The course of a recording as a heat strip: the answer, how sure it is, every label's probability, and speech."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features.errors import InputError
from features.plotting import GREY, PALETTE, Plot
from features.predictions import NO_SPEECH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from features.predictions import Prediction

ANSWER_HEIGHT = 1.8
"""Of the row of answers, in heights of a label's row."""


COLOURS = (*PALETTE[:5], *PALETTE[6:], PALETTE[5])
"""Of labels in their order; the two blues, alike where they are pale, come first and last."""


def timeline(predictions: Sequence[Prediction]) -> Plot:
    """Draw what is said of the windows of recordings over time, one panel each.

    The uppermost row shows the label of each window in its colour, paler where the model is less sure (the highest
    probability, from that of guessing to 1). Each label's row shows its probability from white to its colour, the
    lowest row where there is speech. A window stands for the time that is nearer to its middle than to that of others.

    Parameters
    ----------
    predictions : sequence of Prediction
        Of windows, with start and end.

    Raises
    ------
    InputError
        If there are none, or one has no start or end.

    Examples
    --------
    >>> from features.predictions import Prediction
    >>> timeline([Prediction("a.wav", "sad", {"sad": 1.0}, start=0.0, end=2.0)]).alt_text
    'Class probabilities over time. a.wav: sad 0.0 to 2.0 s.'
    """
    from matplotlib.figure import Figure

    if not predictions or any(prediction.start is None or prediction.end is None for prediction in predictions):
        raise InputError("a timeline needs windows: give --window and --hop")
    by_path: dict[str, list[Prediction]] = {}
    for prediction in predictions:
        by_path.setdefault(prediction.path, []).append(prediction)
    height = 0.9 + 0.3 * (len(predictions[0].probabilities) + 1 + ANSWER_HEIGHT)
    figure = Figure(figsize=(9.0, height * len(by_path)), layout="constrained")
    panels = figure.subplots(len(by_path), 1, squeeze=False)[:, 0]
    for panel, (path, windows) in zip(panels, by_path.items()):
        _draw(panel, sorted(windows, key=lambda window: window.start or 0.0))
        panel.set_title(Path(path).name, loc="left", fontsize="medium", parse_math=False)
    courses = "; ".join(f"{Path(path).name}: {_course(windows)}" for path, windows in by_path.items())
    return Plot(figure, f"Class probabilities over time. {courses}.")


def _draw(panel: Axes, windows: Sequence[Prediction]) -> None:
    labels = list(windows[0].probabilities)
    edges, shown = _cells(windows)
    colours = np.ones((len(labels) + 2, len(shown), 3))
    for column, window in enumerate(shown):
        if window is not None:
            colours[:, column] = _column(window, labels)
    heights = np.array([ANSWER_HEIGHT, *[1.0] * len(labels), 1.0])
    rows = np.concatenate([[0.0], np.cumsum(heights)])
    # As pixels: between neighbouring shapes of an SVG the paper would shine through.
    panel.pcolormesh(edges, rows, colours, rasterized=True)
    for row in rows[1:-1]:
        panel.axhline(row, color="white", linewidth=2)
    panel.set_yticks((rows[1:] + rows[:-1]) / 2, ["answer", *labels, "speech"])
    long = edges[-1] >= 120
    time = "time (min:s)" if long else "time (s)"
    panel.set(ylim=(rows[-1], 0), xlim=(edges[0], edges[-1]), xlabel=f"{time}; paler: less sure")
    panel.tick_params(axis="y", length=0)
    if long:
        panel.xaxis.set_major_formatter(lambda seconds, _: f"{int(seconds) // 60}:{int(seconds) % 60:02d}")


def _cells(windows: Sequence[Prediction]) -> tuple[list[float], list[Prediction | None]]:
    """Edges of the time that each window stands for, and the windows between them; None where there is none."""
    spans = [(float(window.start or 0.0), float(window.end or 0.0)) for window in windows]
    borders = [sum(one + other) / 4 for one, other in pairwise(spans)]
    edges = [spans[0][0]]
    shown: list[Prediction | None] = []
    for window, (start, end), before, after in zip(
        windows, spans, [-np.inf, *borders], [*borders, np.inf], strict=True
    ):
        left, right = max(start, before), min(end, after)
        if left > edges[-1]:
            edges.append(left)
            shown.append(None)
        if right > edges[-1]:
            edges.append(right)
            shown.append(window)
    return edges, shown


def _column(window: Prediction, labels: Sequence[str]) -> NDArray[np.float64]:
    """Colours of a window from the answer down to speech, shape (n_labels + 2, 3)."""
    probabilities = np.array([window.probabilities[label] for label in labels])
    own = np.stack([_rgb(COLOURS[k % len(COLOURS)]) for k in range(len(labels))])
    rows = _paler(own, probabilities[:, None])
    if window.label == NO_SPEECH:
        return np.vstack([np.ones(3), rows, np.ones(3)])
    guessing = 1 / len(labels) if len(labels) > 1 else 0.0
    sure = (probabilities.max() - guessing) / (1 - guessing)
    return np.vstack([_paler(own[probabilities.argmax()], 0.15 + 0.85 * sure), rows, _rgb(GREY)])


def _rgb(colour: str) -> NDArray[np.float64]:
    from matplotlib.colors import to_rgb

    return np.array(to_rgb(colour))


def _paler(colour: NDArray[np.float64], share: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """A colour mixed with white, of which so much is left."""
    return np.clip(1 - (1 - colour) * share, 0, 1)


def _course(windows: Sequence[Prediction]) -> str:
    """Which label leads from when to when, in words."""
    parts: list[tuple[str, float, float]] = []
    for window in windows:
        start, end = float(window.start or 0.0), float(window.end or 0.0)
        if parts and parts[-1][0] == window.label:
            parts[-1] = (window.label, parts[-1][1], end)
        else:
            parts.append((window.label, start, end))
    first = ", ".join(f"{label} {start:.1f} to {end:.1f} s" for label, start, end in parts[:8])
    return first + (f", and {len(parts) - 8} more changes" if len(parts) > 8 else "")
