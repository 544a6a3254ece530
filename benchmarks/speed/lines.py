"""What measurements print: a table with a line for each figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One line of the table: what was measured, the figure, what is asked of it, and the peers' figures."""

    measure: str
    figure: str
    asked: str
    peers: str = ""


def as_markdown(lines: Sequence[Line]) -> str:
    """A Markdown table."""
    rows = "".join(f"| {line.measure} | {line.figure} | {line.asked} | {line.peers} |\n" for line in lines)
    return f"| measure | here | asked | peers |\n|---|---|---|---|\n{rows}"
