"""Figures without pyplot's state, in colours that a page can turn dark, and as PNG, SVG or inline SVG."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
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


def save(figure: Figure, stem: Path) -> None:
    """Write `<stem>.png` (150 dots an inch) and `<stem>.svg`."""
    with style():
        figure.savefig(stem.with_name(stem.name + ".png"), dpi=150, metadata={"Software": None})
        stem.with_name(stem.name + ".svg").write_text(_svg(figure, stem.name), encoding="utf-8")


def inline_svg(figure: Figure, *, name: str) -> str:
    """SVG to stand inside a page: its colours are the page's variables, and its marks do not clash with another's.

    Parameters
    ----------
    figure
        Drawn within `style`.
    name
        Unique in the page.
    """
    with style():
        text = _svg(figure, name)
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = text.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, variable)
    return text.replace("#ffffff", "var(--paper)")


def colour_of(position: int) -> str:
    """Colour of the series at a position; they repeat after the last."""
    return SERIES[position % len(SERIES)]


def _svg(figure: Figure, salt: str) -> str:
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": salt}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
