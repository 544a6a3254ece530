"""Learning curve: UAR against the number of training speakers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.reporting.plots.curves import curves

if TYPE_CHECKING:
    from benchmarks.reporting.ranking import Ranking
    from features.plotting import Plot


def learning_plot(ranking: Ranking) -> Plot | None:
    """UAR against the number of training speakers, where a learning curve was computed.

    Examples
    --------
    >>> learning_plot(rank(Run.load("results/emodb"))).save("learning.svg")  # doctest: +SKIP
    """
    table = ranking.run.learning
    if table is None or table["speakers"].nunique() < 2:
        return None
    return curves(
        table,
        "speakers",
        {size: size for size in sorted(table["speakers"].unique())},
        chance=ranking.chance,
        label="training speakers",
        alt="the number of training speakers",
    )
