"""The table of what something is ahead of something else, paired, which several studies show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks.reporting.numbers import with_intervals
from benchmarks.reporting.tables import Column, Table

if TYPE_CHECKING:
    import pandas as pd


def gains_table(name: str, caption: str, found: pd.DataFrame, *, places: Sequence[Column], against: str) -> Table:
    """Make a table of training clips, UAR and gain, each row in its place.

    Parameters
    ----------
    name, caption : str
        Of the table.
    found : DataFrame
        `pipeline, clips, uar, uar_low, uar_high, gain, gain_low, gain_high`, and the columns of the places.
    places : sequence of Column
        What a row is of, beside its pipeline.
    against : str
        What a gain is ahead of.

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"pipeline": "svm", "by": "same", "clips": 40, "uar": 0.7, "uar_low": 0.6, "uar_high": 0.8}
    >>> gain = {"gain": 0.1, "gain_low": 0.0, "gain_high": 0.2}
    >>> table = gains_table("x", "Gains.", pd.DataFrame([row | gain]), places=[Column("by", "By")], against="other")
    >>> [column.heading for column in table.columns][-2:], table.rows[0]["gain_interval"]
    (['Ahead of other', '95 % interval'], '+0.00 to +0.20')
    """
    columns = (
        Column("pipeline", "Pipeline"),
        *places,
        Column("clips", "Clips", ".0f"),
        Column("uar", "UAR", ".3f"),
        Column("uar_interval", "95 % interval"),
        Column("gain", f"Ahead of {against}", "+.3f"),
        Column("gain_interval", "95 % interval"),
    )
    rows = with_intervals(found.to_dict("records"), "uar", "gain", signed_names=("gain",))
    return Table(name, caption, columns, rows)
