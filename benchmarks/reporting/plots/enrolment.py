"""Enrolment: UAR against the number of clips by which each speaker is standardised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.reporting.plots.curves import curves

if TYPE_CHECKING:
    import pandas as pd

    from features.plotting import Plot


def enrolment_figure(curve: pd.DataFrame, *, chance: float) -> Plot | None:
    """UAR from no clip of a speaker to all, at even distances; None with fewer than two points.

    Parameters
    ----------
    curve : DataFrame
        `pipeline, clips, uar, uar_low, uar_high`; `clips` is text, in the order of the rows.
    chance : float
        UAR of guessing.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("svm", "none", 0.7, 0.6, 0.8), ("svm", "3", 0.8, 0.7, 0.9)]
    >>> curve = pd.DataFrame(rows, columns=["pipeline", "clips", "uar", "uar_low", "uar_high"])
    >>> enrolment_figure(curve, chance=0.25).save("enrolment.svg")  # doctest: +SKIP
    """
    steps = list(dict.fromkeys(curve["clips"])) if len(curve) else []
    if len(steps) < 2:
        return None
    return curves(
        curve,
        "clips",
        {clips: place for place, clips in enumerate(steps)},
        chance=chance,
        label="clips of each speaker that enrol",
        alt="the number of clips by which each speaker is standardised",
    )
