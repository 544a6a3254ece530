"""Which jobs a run computes."""

from __future__ import annotations

from enum import StrEnum


class Overwrite(StrEnum):
    """Which jobs a run computes.

    Examples
    --------
    >>> [str(choice) for choice in Overwrite]
    ['missing', 'all']
    """

    MISSING = "missing"
    """Those that are not stored yet, or failed."""
    ALL = "all"
    """All of them."""
