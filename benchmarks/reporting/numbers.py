"""How numbers are written for readers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any


def interval_text(low: float | None, high: float | None, *, sign: str = "") -> str | None:
    """Write an interval with two decimals.

    Parameters
    ----------
    low, high : float or None
        Its ends.
    sign : str, default=""
        "+" writes a sign before positive numbers.

    Returns
    -------
    str or None
        None where there is no interval.

    Examples
    --------
    >>> interval_text(-0.123, 0.456, sign="+")
    '−0.12 to +0.46'
    """
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return None
    return f"{low:{sign}.2f} to {high:{sign}.2f}".replace("-", "−")


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign and so many decimals, as text that a person reads.

    Examples
    --------
    >>> signed(-0.123), signed(-0.001), signed(12.34, 1)
    ('−0.12', '+0.00', '+12.3')
    """
    # Rounded first and a zero added, so that a small negative number is not written as minus zero.
    return f"{round(float(value), digits) + 0.0:+.{digits}f}".replace("-", "−")


def with_intervals(
    rows: Iterable[Mapping[Any, Any]], *names: str, signed_names: Iterable[str] = ()
) -> tuple[dict[str, Any], ...]:
    """Rows of a table with the text of each interval beside its ends: `uar_interval` beside `uar_low` and `uar_high`.

    Parameters
    ----------
    rows : iterable of mapping
    *names : str
        Of the quantities that have intervals.
    signed_names : iterable of str
        Those of them whose ends are written with their signs.

    Examples
    --------
    >>> with_intervals([{"uar": 0.5, "uar_low": 0.4, "uar_high": 0.6}], "uar")[0]["uar_interval"]
    '0.40 to 0.60'
    """
    signs = {name: "+" if name in signed_names else "" for name in names}
    return tuple(
        {str(key): value for key, value in row.items()}
        | {
            f"{name}_interval": interval_text(row[f"{name}_low"], row[f"{name}_high"], sign=sign)
            for name, sign in signs.items()
        }
        for row in rows
    )
