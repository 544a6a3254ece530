"""The table of cases: one module per group of roots, one line here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.torture.case import Case

MODULES = ("sound", "tables", "names", "files", "words", "encoders", "stored", "policy", "ends", "processes")


def all_cases() -> list[Case]:
    """Every case, group by group.

    Returns
    -------
    list of Case
    """
    return [case for name in MODULES for case in import_module(f"benchmarks.torture.{name}_cases").CASES]
