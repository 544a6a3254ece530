"""What pages share that a program makes: tables in Markdown, and a command that writes or prints the page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under a head, bars in cells escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def write_page(page: Callable[[], str], arguments: Sequence[str] | None = None) -> int:
    """Write a page to the file that is named, or print it."""
    names = list(sys.argv[1:] if arguments is None else arguments)
    if names:
        Path(names[0]).write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())
    return 0
