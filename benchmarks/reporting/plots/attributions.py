"""Attributions: the features that move a pipeline most towards each emotion, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.reporting.plots.style import FAINT, colour_of, interval_bar, name_rows, new_figure, style
from features.plotting import Plot

if TYPE_CHECKING:
    import pandas as pd


def attributions_figure(table: pd.DataFrame, *, pipeline: str) -> Plot:
    """The loudest features of each emotion as rows, in the colour of the emotion.

    Parameters
    ----------
    table : DataFrame
        `label, feature, attribution, attribution_low, attribution_high, level` of one pipeline, a row to show each.
    pipeline : str
        Its name.

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"label": "ang", "feature": "energy.rms", "attribution": 0.2, "attribution_low": 0.1}
    >>> table = pd.DataFrame([row | {"attribution_high": 0.3, "level": 1.0}])
    >>> attributions_figure(table, pipeline="svm").alt_text
    'What moves svm towards each emotion, in log probability. ang: energy.rms, high, +0.20.'
    """
    rows = table.to_dict("records")
    labels = list(dict.fromkeys(table["label"]))
    told: dict[str, list[str]] = {label: [] for label in labels}
    with style():
        figure, axes = new_figure(4.6, 1.1 + 0.22 * len(rows))
        axes.axvline(0, color=FAINT, linewidth=1)
        for place, row in enumerate(rows):
            colour, high = colour_of(labels.index(row["label"])), row["level"] > 0
            interval_bar(axes, place, row["attribution_low"], row["attribution_high"], colour)
            name = "_" if told[row["label"]] else str(row["label"])  # each label once in the legend
            axes.plot(row["attribution"], place, "^" if high else "v", color=colour, ms=6, label=name)
            told[row["label"]].append(f"{row['feature']}, {'high' if high else 'low'}, {row['attribution']:+.2f}")
        name_rows(axes, list(table["feature"]), "log probability, ▲ high or ▼ low there", legend=4)
    parts = ". ".join(f"{label}: {'; '.join(texts)}" for label, texts in told.items())
    return Plot(figure, f"What moves {pipeline} towards each emotion, in log probability. {parts}.")
