"""Layers: what linear probes read of each, and its clips in a plane, by emotion and by speaker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.reporting.plots.style import FAINT, GRID, MARKERS, SERIES, colour_of, style
from features.plotting import Plot

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MOST_NAMED = 12
"""So many classes have a legend; more are told apart by colour and marker alone."""


def layers_figure(table: pd.DataFrame) -> Plot:
    """Draw the UAR of every target over the layers, a panel for the pretrained and one for the random weights.

    Parameters
    ----------
    table : DataFrame
        `weights, target, layer, chance, uar, uar_low, uar_high`.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("pretrained", "emotion", layer, 0.25, 0.5 + layer / 10, 0.4, 0.7) for layer in (0, 1)]
    >>> columns = ["weights", "target", "layer", "chance", "uar", "uar_low", "uar_high"]
    >>> layers_figure(pd.DataFrame(rows, columns=columns)).alt_text
    'UAR of linear probes over the layers. pretrained: emotion 50 % at layer 0 to 60 % at layer 1, chance 25 %.'
    """
    from matplotlib.figure import Figure

    targets, told = list(dict.fromkeys(table["target"])), []
    by_weights = list(table.groupby("weights", sort=False))
    with style():
        figure = Figure(figsize=(7.4, 3.8), layout="constrained")
        panels = figure.subplots(1, len(by_weights), sharey=True, squeeze=False)[0]
        for axes, (weights, rows) in zip(panels, by_weights):
            _curves(axes, rows, targets)
            axes.set_title(f"{weights} weights")
            told.append(f"{weights}: {', '.join(_words(rows, target) for target in targets)}")
        panels[0].set_ylabel("UAR; dotted: guessing")
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=3)
    return Plot(figure, f"UAR of linear probes over the layers. {'; '.join(told)}.")


def _curves(axes: Axes, table: pd.DataFrame, targets: list[str]) -> None:
    for index, target in enumerate(targets):
        rows, colour = table[table["target"] == target].sort_values("layer"), colour_of(index)
        axes.fill_between(rows["layer"], rows["uar_low"], rows["uar_high"], color=colour, alpha=0.12, linewidth=0)
        axes.plot(rows["layer"], rows["uar"], marker=MARKERS[index], color=colour, markersize=4.5, label=target)
        axes.axhline(rows["chance"].iloc[0], color=colour, linewidth=1, linestyle=(0, (1, 2)))
    axes.grid(color=GRID)
    layers = sorted(set(table["layer"]))
    axes.set_xticks(layers[:: max(1, len(layers) // 7)])
    axes.set(ylim=(0, 1.02), xlabel="layer; 0: input of the first")


def _words(table: pd.DataFrame, target: str) -> str:
    rows = table[table["target"] == target].sort_values("layer")
    first, last = rows.iloc[0], rows.iloc[-1]
    return (
        f"{target} {100 * first['uar']:.0f} % at layer {first['layer']:.0f} to {100 * last['uar']:.0f} % at layer "
        f"{last['layer']:.0f}, chance {100 * first['chance']:.0f} %"
    )


def layer_points_figure(points: pd.DataFrame, *, axes_named: tuple[str, str]) -> Plot:
    """Draw clips in a plane twice, coloured by emotion and by speaker.

    Parameters
    ----------
    points : DataFrame
        `layer, label, speaker, x, y`, of one layer.
    axes_named : tuple of str
        What the two coordinates are.

    Examples
    --------
    >>> import pandas as pd
    >>> points = pd.DataFrame({"layer": 2, "label": ["ang", "sad"], "speaker": "01", "x": [0, 1], "y": [0, 1]})
    >>> layer_points_figure(points, axes_named=("first", "second")).alt_text
    '2 clips by the mean vector of layer 2 in a plane (first, second), coloured by 2 emotions and by 1 speakers.'
    """
    from matplotlib.figure import Figure

    with style():
        figure = Figure(figsize=(7.4, 4.6), layout="constrained")
        panels = figure.subplots(1, 2, sharex=True, sharey=True)
        for axes, column, title in zip(panels, ("label", "speaker"), ("by emotion", "by speaker")):
            _points(axes, points, column)
            axes.set_title(title)
            axes.set(xlabel=axes_named[0], xticks=[], yticks=[])
        panels[0].set_ylabel(axes_named[1])
    counts = [points[column].nunique() for column in ("label", "speaker")]
    return Plot(
        figure,
        f"{len(points)} clips by the mean vector of layer {points['layer'].iloc[0]:.0f} in a plane "
        f"({', '.join(axes_named)}), coloured by {counts[0]} emotions and by {counts[1]} speakers.",
    )


def _points(axes: Axes, points: pd.DataFrame, column: str) -> None:
    names = sorted(points[column].unique())
    for index, name in enumerate(names):
        rows = points[points[column] == name]
        # markers go on where colours end, so that no two of the first 36 are alike
        mark = MARKERS[(index + index // len(SERIES)) % len(MARKERS)]
        axes.scatter(
            rows["x"], rows["y"], s=14, marker=mark, color=colour_of(index), alpha=0.75, linewidths=0, label=str(name)
        )
    if len(names) <= MOST_NAMED:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=4, columnspacing=1.0, handletextpad=0.1)
    else:
        axes.text(0.5, -0.14, f"{len(names)} of them", transform=axes.transAxes, ha="center", color=FAINT)
