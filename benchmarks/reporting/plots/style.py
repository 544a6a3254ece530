"""Figures without pyplot's state, in colours that a page can turn dark, and as PNG, SVG or inline SVG."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1b1d21"
FAINT = "#6b7078"
GRID = "#dcdfe4"
PAPER = "#fefefe"
HEAT = "#16508e"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#b0568d", "#8a6d00", "#3f8fc4")
"""The colours of Okabe and Ito, which people with any colour vision can tell apart, darkened for white paper."""

_VARIABLES = {
    INK: "var(--ink)",
    FAINT: "var(--faint)",
    GRID: "var(--grid)",
    PAPER: "var(--paper)",
    HEAT: "var(--heat)",
    **{colour: f"var(--series-{number})" for number, colour in enumerate(SERIES, start=1)},
}

_STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": FAINT,
    "axes.facecolor": "none",
    "axes.grid": False,
    "axes.labelcolor": INK,
    "axes.labelsize": 9.0,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.0,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "figure.facecolor": PAPER,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "savefig.facecolor": PAPER,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": FAINT,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8.5,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw and save within this: the toolkit's look, and nobody else's settings changed."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        settings: Any = mpl.rcParams
        settings.update(_STYLE)
        yield


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Make a figure of one pair of axes, in inches, laid out so that nothing is cut off."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


@dataclass(frozen=True)
class Drawing:
    """A figure, drawn: as SVG text and as the bytes of a PNG of 150 dots an inch."""

    name: str
    svg: str
    png: bytes

    def write(self, folder: Path) -> None:
        """Write `<name>.svg` and `<name>.png` into the folder."""
        (folder / f"{self.name}.svg").write_text(self.svg, encoding="utf-8")
        (folder / f"{self.name}.png").write_bytes(self.png)

    def inline(self) -> str:
        """SVG to stand inside a page: its colours are the page's variables, and only definitions keep an id.

        It is hidden from screen readers; the page says in words what it shows.
        """
        text = re.sub(r"<metadata>.*?</metadata>", "", self.svg[self.svg.index("<svg") :], flags=re.DOTALL)
        text = re.sub(r'<g id="[^"]*"', "<g", text)
        for attribute in ("width", "height"):
            text = re.sub(rf'(<svg[^>]*?) {attribute}="[^"]*"', r"\1", text, count=1)
        text = text.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
        for colour, variable in _VARIABLES.items():
            text = text.replace(colour, variable)
        return text


def render(figure: Figure, name: str) -> Drawing:
    """Draw a figure that was made within `style`; the name keeps its marks apart from those of others in one page."""
    import matplotlib as mpl

    text, picture = io.StringIO(), io.BytesIO()
    with style(), mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
        # The first drawing has placed everything; to place it once more would take as long again.
        figure.set_layout_engine("none")
        figure.savefig(picture, format="png", dpi=150, metadata={"Software": None})
    return Drawing(name=name, svg=text.getvalue(), png=picture.getvalue())


def save(figure: Figure, stem: Path) -> None:
    """Write `<stem>.png` and `<stem>.svg`."""
    render(figure, stem.name).write(stem.parent)


def colour_of(position: int) -> str:
    """Colour of the series at a position; they repeat after the last."""
    return SERIES[position % len(SERIES)]


def broken(name: str, *, most: int = 24) -> str:
    """Write a pipeline's name on as few lines as it needs, broken behind what joins its parts.

    Examples
    --------
    >>> print(broken("svm+svm@whisper-tiny.en-encoder/auto"))
    svm+svm@
    whisper-tiny.en-encoder/auto
    """
    lines = [""]
    for part in re.split(r"(?<=[+@:,])|(?=~)", name):
        if lines[-1] and len(lines[-1]) + len(part) > most:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)
