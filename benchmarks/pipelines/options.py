"""The options of pipelines, handed on from `deep.options`, and what reads them from a command line."""

from __future__ import annotations

import argparse

from deep.options import PipelineOptions

__all__ = ["PipelineOptions", "at_least_one"]


def at_least_one(text: str) -> int:
    """Read a whole number of at least 1 from a command line.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is none.
    """
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a whole number of at least 1")
    return int(text)
