"""People: every speaker as a dot in the row of each group, with the group's UAR and its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.reporting.plots.style import FAINT, INK, colour_of, interval_bar, name_rows, new_figure, style
from features.plotting import Plot

if TYPE_CHECKING:
    import pandas as pd


def people_figure(groups: pd.DataFrame, speakers: pd.DataFrame, *, pipeline: str, chance: float) -> Plot:
    """UAR of the speakers of every group, and of the group.

    Parameters
    ----------
    groups : DataFrame
        `attribute, group, uar, uar_low, uar_high` of one pipeline.
    speakers : DataFrame
        `speaker, uar` and a column per attribute.
    pipeline : str
        Its name.
    chance : float
        UAR of guessing.

    Examples
    --------
    >>> import pandas as pd
    >>> groups = pd.DataFrame([("gender", "female", 0.8, 0.7, 0.9)], columns=["attribute", "group", "uar", "uar_low",
    ...                                                                      "uar_high"])
    >>> speakers = pd.DataFrame({"speaker": ["08"], "gender": ["female"], "uar": [0.8]})
    >>> people_figure(groups, speakers, pipeline="svm", chance=0.25).alt_text
    'UAR of svm by group, and of every speaker as a dot. gender: female 0.80 (1 speakers).'
    """
    rows = groups.to_dict("records")
    attributes = list(dict.fromkeys(groups["attribute"]))
    parts: dict[str, list[str]] = {name: [] for name in attributes}
    with style():
        figure, axes = new_figure(4.6, 0.9 + 0.42 * len(rows))
        axes.axvline(chance, color=FAINT, linestyle=(0, (4, 3)), linewidth=1)
        for place, row in enumerate(rows):
            own = speakers[speakers[row["attribute"]].astype(str) == row["group"]]["uar"].to_numpy()
            colour = colour_of(attributes.index(row["attribute"]))
            apart = np.random.default_rng(0).uniform(-0.22, 0.22, size=len(own))  # so that equal dots can be counted
            axes.plot(own, place + apart, "o", color=colour, ms=4.5, alpha=0.45, markeredgewidth=0)
            interval_bar(axes, place, row["uar_low"], row["uar_high"], INK)
            axes.plot(row["uar"], place, "D", color=INK, ms=5.5)
            parts[row["attribute"]].append(f"{row['group']} {row['uar']:.2f} ({len(own)} speakers)")
        name_rows(axes, [f"{row['attribute']}: {row['group']}" for row in rows], f"UAR of {pipeline}")
        axes.set_xlim(-0.02, 1.02)
    told = "; ".join(f"{name}: {', '.join(texts)}" for name, texts in parts.items())
    return Plot(figure, f"UAR of {pipeline} by group, and of every speaker as a dot. {told}.")
