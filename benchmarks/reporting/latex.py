"""Text as LaTeX prints it."""

from __future__ import annotations

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


def latex_text(text: str) -> str:
    r"""Escape text so that LaTeX prints it as it is; pandas' own escaping leaves minus signs, dashes and `<`.

    Examples
    --------
    >>> print(latex_text("50 % of a_1 < b"))
    50 \% of a\_1 \textless{} b
    """
    return "".join(_LATEX.get(character, character) for character in text)
