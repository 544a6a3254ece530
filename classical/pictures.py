"""Plots of what `classical.attributions` and `classical.profiles` find, each with words for who cannot see it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from features.plotting import PALETTE, Plot


def importance_plot(table: pd.DataFrame, *, what: str = "loss of UAR when shuffled", most: int = 20) -> Plot:
    """Bars of importance, with deviations where the table has them.

    Parameters
    ----------
    table
        Indexed by group or feature; columns importance and, if known, deviation.
    what
        What importance is measured in, for the axis.
    most
        Number of rows to draw.
    """
    shown = table.sort_values("importance", ascending=False, kind="stable").head(most)
    figure = Figure(figsize=(7.0, 1.0 + 0.35 * len(shown)), layout="constrained")
    panel = figure.subplots()
    spread = shown["deviation"].fillna(0.0) if "deviation" in shown else None
    panel.barh(np.arange(len(shown)), shown["importance"], xerr=spread, color=PALETTE[0], ecolor="#444444", capsize=3)
    panel.set_yticks(np.arange(len(shown)), [str(name) for name in shown.index], parse_math=False)
    panel.invert_yaxis()
    panel.axvline(0, color="#444444", linewidth=0.8)
    panel.set_xlabel(what)
    panel.grid(axis="x", alpha=0.3)
    told = [f"{name} {value:.3f}" for name, value in shown["importance"].head(6).items()]
    return Plot(figure, f"Bars of importance ({what}), the largest first: {', '.join(told)}.")


def profile_plot(profiles: pd.DataFrame, features: list[str]) -> Plot:
    """Dots of each class's difference from the speaker's mean, one panel a feature.

    Parameters
    ----------
    profiles
        As `classical.profiles.class_profiles` gives them.
    features
        Names of the features to draw.
    """
    labels = list(dict.fromkeys(profiles["label"]))
    figure = Figure(figsize=(8.0, 0.6 + (0.5 + 0.25 * len(labels)) * len(features)), layout="constrained")
    panels = figure.subplots(len(features), 1, squeeze=False)[:, 0]
    told = []
    for panel, feature in zip(panels, features):
        own = profiles[profiles["feature"] == feature].set_index("label").loc[labels]
        unit = str(own["unit"].iloc[0])
        for place, label in enumerate(labels):
            panel.errorbar(
                own.loc[label, "difference"],
                place,
                xerr=np.nan_to_num(own.loc[label, "deviation"]),
                fmt="o",
                color=PALETTE[place % len(PALETTE)],
                capsize=3,
            )
        panel.set_yticks(range(len(labels)), labels, parse_math=False)
        panel.set_ylim(len(labels) - 0.5, -0.5)
        panel.axvline(0, color="#444444", linewidth=0.8)
        panel.set_title(feature, loc="left", fontsize="medium", parse_math=False)
        panel.set_xlabel(f"difference from the speaker's own mean ({unit})")
        panel.grid(axis="x", alpha=0.3)
        told.append(
            f"{feature}: " + ", ".join(f"{label} {own.loc[label, 'difference']:+.1f}" for label in labels) + f" {unit}"
        )
    return Plot(figure, "Difference of each class from the speaker's own mean. " + "; ".join(told) + ".")
