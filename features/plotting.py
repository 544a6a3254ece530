"""What all plots share: the palette, and a figure with the text that describes it."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which people with any colour vision tell apart; line styles go on where colours end.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8A7000")
STYLES = ("-", "--", ":", "-.")
GREY = "#6b7078"


def line_style(index: int) -> dict[str, str]:
    """Colour and line style of the line at an index; no two of the first 32 are alike.

    Examples
    --------
    >>> line_style(0)
    {'color': '#0072B2', 'linestyle': '-'}
    >>> line_style(8)
    {'color': '#0072B2', 'linestyle': '--'}
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

    def save(self, path: str | Path) -> None:
        """Write the figure as its suffix says (PNG, SVG, PDF), its text in the file's metadata.

        Raises
        ------
        InputError
            If the suffix is another one, or the file cannot be written.
        """
        suffix = Path(path).suffix.lower()
        if suffix not in (".png", ".svg", ".pdf"):
            raise InputError(f"{path}: a plot is written as .png, .svg or .pdf; choose one of these suffixes")
        key = {".png": "Description", ".svg": "Description", ".pdf": "Subject"}[suffix]
        try:
            self.figure.savefig(path, bbox_inches="tight", metadata={key: self.alt_text})
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror or error}); check the folder") from error

    def with_title(self, title: str) -> Plot:
        """Put a title above the figure, where `save` and a notebook leave space for it, and return the plot."""
        self.figure.draw_without_rendering()
        self.figure.set_layout_engine("none")  # positions are final now
        above = 1 + 0.08 / self.figure.get_figheight()
        self.figure.text(0.01, above, title, ha="left", va="bottom", fontsize="large", parse_math=False)
        for legend in self.figure.legends:  # else they would move up with the edge of what is saved
            legend.set_bbox_to_anchor((0, 0, 1, 1), transform=self.figure.transFigure)
        return self

    def _repr_html_(self) -> str:
        """The figure with its text, as a notebook shows it."""
        import base64
        import io

        image = io.BytesIO()
        self.figure.savefig(image, format="png", dpi=120, bbox_inches="tight", metadata={"Software": None})
        text = html.escape(self.alt_text, quote=True)
        return f'<img alt="{text}" src="data:image/png;base64,{base64.b64encode(image.getvalue()).decode()}">'
