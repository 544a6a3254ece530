"""Lines that fit on a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

WIDTH = 80


def fill(text: str, *, indent: str = "", hang: str = "") -> str:
    """Text broken at 80 columns.

    Examples
    --------
    >>> fill("word " * 20, indent="- ", hang="  ").splitlines()[1][:6]
    '  word'
    """
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=hang or indent, break_on_hyphens=False)


def fitted(lines: Iterable[str]) -> str:
    """Lines of which those that are too long are broken at 80 columns, and go on two columns further in.

    Examples
    --------
    >>> fitted(["a   row", "word " * 20]).splitlines()[::2]
    ['a   row', '  word word word word']
    """
    return "\n".join(fill(line, hang="  ") if len(line) > WIDTH else line for line in lines)
