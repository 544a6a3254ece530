"""What all plots share: the palette, and a figure with the text that describes it."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import InputError
from features.lettering import (
    note_on_letters,
    number_texts,
    shorten_texts,
    unwritable_in,
    without_warnings_of_glyphs,
    wrapped,
)
from features.names import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#b0568d", "#8a6d00", "#3f8fc4", "#000000", "#5e3c99")
"""The colours of Okabe and Ito, which people with any colour vision can tell apart, darkened for white paper."""

STYLES = ("-", "--", ":", "-.")
"""Line styles, which go on where colours end."""

GREY = "#6b7078"

_BROAD = 6.4
"""Inches, beyond which a notebook's page lets a figure be scrolled on a phone instead of making its text too small."""


def line_style(index: int) -> dict[str, str]:
    """Colour and line style of the line at an index; no two of the first 32 are alike.

    Examples
    --------
    >>> line_style(0)
    {'color': '#0072b2', 'linestyle': '-'}
    >>> line_style(8)
    {'color': '#0072b2', 'linestyle': '--'}
    """
    return {"color": PALETTE[index % len(PALETTE)], "linestyle": STYLES[index // len(PALETTE) % len(STYLES)]}


@dataclass(frozen=True)
class Plot:
    """A figure, and the text that stands for it where it cannot be seen.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    alt_text : str
        What it shows, in words and numbers.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> Plot(Figure(), "Nothing yet.").alt_text
    'Nothing yet.'
    """

    figure: Figure
    alt_text: str

    def save(self, path: str | Path) -> tuple[str, ...]:
        """Write the figure as its suffix says (PNG, SVG, PDF), its text in the file's metadata.

        Returns
        -------
        tuple of str
            What a user should know, such as names that no font here can write; usually nothing.

        Raises
        ------
        InputError
            If the suffix is another one, or the file cannot be written.
        """
        suffix = Path(path).suffix.lower()
        if suffix not in (".png", ".svg", ".pdf"):
            raise InputError(f"{path}: a plot is written as .png, .svg or .pdf; choose one of these suffixes")
        key = {".png": "Description", ".svg": "Description", ".pdf": "Subject"}[suffix]
        shorten_texts(self.figure)
        numbers = unwritable_in(self.figure)
        if suffix != ".svg":  # who looks at an SVG has fonts of his own
            number_texts(self.figure, numbers)
        try:
            with without_warnings_of_glyphs():
                self.figure.savefig(path, bbox_inches="tight", metadata={key: printable(self.alt_text)})
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror or error}); check the folder") from error
        return (note_on_letters(numbers),) if numbers and suffix != ".svg" else ()

    def with_title(self, title: str) -> Plot:
        """Put a title above the figure, where `save` and a notebook leave space for it, and return the plot.

        A long one is broken between words.
        """
        self.figure.draw_without_rendering()
        self.figure.set_layout_engine("none")  # positions are final now
        above = 1 + 0.08 / self.figure.get_figheight()
        self.figure.text(0.01, above, wrapped(title), ha="left", va="bottom", fontsize="large", parse_math=False)
        for legend in self.figure.legends:  # else they would move up with the edge of what is saved
            legend.set_bbox_to_anchor((0, 0, 1, 1), transform=self.figure.transFigure)
        return self

    def _repr_html_(self) -> str:
        """The figure with its text, as a notebook shows it."""
        import base64
        import io

        image = io.BytesIO()
        shorten_texts(self.figure)
        number_texts(self.figure, unwritable_in(self.figure))
        self.figure.savefig(image, format="png", dpi=120, bbox_inches="tight", metadata={"Software": None})
        text = html.escape(self.alt_text, quote=True)
        source = f"data:image/png;base64,{base64.b64encode(image.getvalue()).decode()}"
        if self.figure.get_figwidth() <= _BROAD:
            return f'<img alt="{text}" src="{source}">'
        return f'<div style="overflow-x: auto"><img style="min-width: 40rem" alt="{text}" src="{source}"></div>'
