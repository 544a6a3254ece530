"""Plots of stored results, each a function from findings to a figure, in one registry."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "confusion_figure": "benchmarks.reporting.plots.confusion",
    "confusion_picture": "benchmarks.reporting.plots.confusion",
    "draw": "benchmarks.reporting.plots.registry",
    "save": "benchmarks.reporting.plots.style",
}

__all__ = ["confusion_figure", "confusion_picture", "draw", "save"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
