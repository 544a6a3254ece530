"""Lines that fit on a terminal."""

from __future__ import annotations

import textwrap

WIDTH = 80


def fill(text: str, *, indent: str = "", hang: str = "") -> str:
    """Text broken at 80 columns.

    Examples
    --------
    >>> fill("word " * 20, indent="- ", hang="  ").splitlines()[1][:6]
    '  word'
    """
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=hang or indent, break_on_hyphens=False)
