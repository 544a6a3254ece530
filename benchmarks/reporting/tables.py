"""A table that is the same in a page, in CSV and in LaTeX."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "–": "--",
    "−": "$-$",
    "±": r"$\pm$",
}


@dataclass(frozen=True)
class Column:
    """A column: its key in the rows, its heading, and how its numbers are written (a format, or None for text)."""

    key: str
    heading: str
    format: str | None = None


@dataclass(frozen=True)
class Table:
    """Rows under headings.

    Attributes
    ----------
    name
        Its file name without the ending.
    caption
        What it shows, one sentence.
    columns
        In order.
    rows
        Raw values by key; what is missing or NaN is shown as an empty cell.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Any], ...]

    def cell(self, row: Mapping[str, Any], column: Column) -> str:
        """Write the value of a row in a column, as a person reads it."""
        value = row.get(column.key)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return ""
        return str(value) if column.format is None else format(value, column.format).replace("-", "−")

    def csv(self) -> str:
        """Write all keys and raw values as CSV."""
        buffer = io.StringIO()
        writer = csv.DictWriter(
            buffer, [column.key for column in self.columns], extrasaction="ignore", lineterminator="\n"
        )
        writer.writeheader()
        for row in self.rows:
            writer.writerow({key: "" if value is None or value != value else value for key, value in row.items()})
        return buffer.getvalue()

    def text(self, keys: Sequence[str]) -> str:
        """Write some of the columns in plain text, aligned, with the caption below."""
        columns = [column for key in keys for column in self.columns if column.key == key]
        lines = [[column.heading for column in columns], *([self.cell(row, c) for c in columns] for row in self.rows)]
        widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
        aligned = [
            "  ".join(
                cell.ljust(width) if column.format is None else cell.rjust(width)
                for cell, width, column in zip(line, widths, columns)
            ).rstrip()
            for line in lines
        ]
        return "\n".join([aligned[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *aligned[1:], self.caption])

    def latex(self) -> str:
        """Write a `table` for the package booktabs."""
        align = "".join("l" if column.format is None else "r" for column in self.columns)
        lines = [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{latex_text(self.caption)}}}",
            rf"\begin{{tabular}}{{{align}}}",
            r"\toprule",
            _line(column.heading for column in self.columns),
            r"\midrule",
            *(_line(self.cell(row, column) for column in self.columns) for row in self.rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
        return "\n".join(lines) + "\n"


def latex_text(text: str) -> str:
    """Escape text so that LaTeX prints it as it is."""
    return "".join(_LATEX.get(character, character) for character in text)


def _line(cells: Any) -> str:
    return " & ".join(latex_text(cell) for cell in cells) + r" \\"
