"""The table of what something is ahead of something else, paired, which several studies show."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.reporting.numbers import signed, with_intervals
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


def gains_text(found: pd.DataFrame, *, places: Sequence[str], against: str) -> str:
    """Write the same for a terminal, in percent and points, the rows of each pipeline under its name.

    Parameters
    ----------
    found, against
        As of `gains_table`.
    places : sequence of str
        The columns that say what a row is of.

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"pipeline": "svm", "by": "same", "clips": 40, "uar": 0.7, "uar_low": 0.6, "uar_high": 0.8}
    >>> gain = {"gain": 0.1, "gain_low": -0.02, "gain_high": 0.2}
    >>> print(gains_text(pd.DataFrame([row | gain]), places=["by"], against="other"))
    by                       clips  UAR %  95 % interval   points ahead of other
    svm
      same                      40   70.0  60.0 to 80.0    +10.0, −2.0 to +20.0
    """
    lines = [f"{', '.join(places):<24}{'clips':>6}{'UAR %':>7}  {'95 % interval':<16}points ahead of {against}"]
    for pipeline, rows in found.groupby("pipeline", sort=False):
        lines.append(str(pipeline))
        for row in rows.to_dict("records"):
            name = ", ".join(str(row[place]) for place in places)
            gain = f"{signed(100 * row['gain'], 1)}, {_percent(row, 'gain', '+')}" if row["gain"] == row["gain"] else ""
            numbers = f"{row['clips']:>6.0f}{100 * row['uar']:>7.1f}  {_percent(row, 'uar'):<16}{gain}"
            lines.append(f"  {name:<22}{numbers}".rstrip())
    return "\n".join(lines)


def _percent(row: Mapping[Hashable, Any], of: str, sign: str = "") -> str:
    low, high = (100 * row[f"{of}_{end}"] for end in ("low", "high"))
    return "" if low != low else f"{low:{sign}.1f} to {high:{sign}.1f}".replace("-", "−")
