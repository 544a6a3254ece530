"""Figures without pyplot's state, in colours that a page can turn dark, and as PNG, SVG or inline SVG."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.pipelines.flags import Flag
from features.lettering import number_texts, shorten_texts, without_warnings_of_glyphs
from features.plotting import GREY, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1b1d21"
FAINT = GREY
GRID = "#dcdfe4"
PAPER = "#fefefe"
HEAT = "#16508e"
ON_PALE, ON_FULL = "#000000", "#ffffff"
"""Colours of text on fields that `heat` coloured, which a dark page leaves as they are."""
FULL = 0.745
"""From this share on, a field is so dark that its text is `ON_FULL`: either way the contrast is 4.5 : 1 or more."""
SERIES = PALETTE[:6]
"""Colours of series; `report.css` has the same ones, and lighter ones for a dark page."""
MARKERS = "osD^vP"
"""Markers of series; so many can be told apart by marker and colour in one plot."""

_BROAD = 460.0
"""Points, of which an inch has 72."""

NO_NUMBERS: Mapping[str, str] = MappingProxyType({})

_VARIABLES = {
    INK: "var(--ink)",
    FAINT: "var(--faint)",
    GRID: "var(--grid)",
    PAPER: "var(--paper)",
    HEAT: "var(--heat)",
    **{colour: f"var(--series-{number})" for number, colour in enumerate(SERIES, start=1)},
}

_EMPTY = "#f1f3f6"
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


def heat(share: np.ndarray) -> np.ndarray:
    """Colours between pale and full of shares from 0 to 1; those that are NaN get the pale one.

    Parameters
    ----------
    share : ndarray

    Returns
    -------
    ndarray of the same shape and three more, red, green and blue

    Examples
    --------
    >>> heat(np.array([0.0, 1.0])).round(2)
    array([[0.95, 0.95, 0.96],
           [0.09, 0.31, 0.56]])
    """
    from matplotlib.colors import to_rgb

    empty, full = (np.asarray(to_rgb(colour)) for colour in (_EMPTY, HEAT))
    return empty + (full - empty) * np.nan_to_num(share)[..., None]


@contextmanager
def style() -> Iterator[None]:
    """Draw and save within this context: the toolkit's style, with nobody else's settings changed.

    Examples
    --------
    >>> import matplotlib as mpl
    >>> with style():
    ...     mpl.rcParams["legend.frameon"]
    False
    """
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        settings: Any = mpl.rcParams
        settings.update(_STYLE)
        yield


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Make a figure with one pair of axes, laid out so that nothing is cut off.

    Parameters
    ----------
    width, height : float
        In inches.

    Examples
    --------
    >>> figure, axes = new_figure(4.6, 3.0)
    >>> axes.figure is figure
    True
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def name_rows(axes: Axes, names: Sequence[str], quantity: str, *, legend: int = 0) -> None:
    """Finish axes whose rows, the first on top, have names and whose x axis has a quantity.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Row i lies at y = i.
    names : sequence of str
        Of the rows.
    quantity : str
        Label of the x axis.
    legend : int, default=0
        Columns of a legend above the axes; 0 for none.

    Examples
    --------
    >>> figure, axes = new_figure(4.6, 3.0)
    >>> name_rows(axes, ["svm", "xgboost"], "UAR")
    >>> axes.get_xlabel()
    'UAR'
    """
    axes.set_yticks(range(len(names)), [broken(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel(quantity)
    axes.locator_params(axis="x", nbins=6)
    axes.grid(axis="x", color=GRID)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    if legend:
        axes.figure.legend(loc="outside upper left", ncols=legend, handletextpad=0.2)  # type: ignore[call-arg]


def marker_of(flags: Sequence[str]) -> str:
    """The marker of a row: a circle, or a diamond for predictions of another tool.

    Examples
    --------
    >>> marker_of([]), marker_of(["brought"])
    ('o', 'D')
    """
    return "D" if Flag.BROUGHT in flags else "o"


def explain_markers(axes: Axes, flags: Sequence[Sequence[str]]) -> None:
    """Add a legend above axes that says what a diamond is, where one of some rows has it.

    Examples
    --------
    >>> figure, axes = new_figure(4.6, 3.0)
    >>> explain_markers(axes, [[], ["brought"]])
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['run here', 'brought: predictions of another tool']
    """
    if not any(Flag.BROUGHT in some for some in flags):
        return
    for marker, words in (("o", "run here"), ("D", f"{Flag.BROUGHT}: predictions of another tool")):
        axes.plot([], [], marker, markersize=6, color=FAINT, label=words)
    axes.figure.legend(loc="outside upper left", ncols=2, handletextpad=0.2)  # type: ignore[call-arg]


def interval_bar(axes: Axes, row: float, low: float, high: float, colour: str) -> None:
    """Draw an interval as a bar in a row; nothing where it is NaN.

    Examples
    --------
    >>> figure, axes = new_figure(4.6, 3.0)
    >>> interval_bar(axes, 0, 0.6, 0.8, INK)
    >>> len(axes.lines)
    1
    """
    if low == low:
        axes.plot((low, high), (row, row), color=colour, linewidth=2.2, solid_capstyle="round", alpha=0.55)


@dataclass(frozen=True)
class Drawing:
    """A figure, drawn.

    Attributes
    ----------
    name : str
        Its files' name without the ending.
    svg : str
        The figure as SVG.
    png : bytes
        The figure as PNG with 150 dots per inch.

    Examples
    --------
    >>> Drawing("empty", "<svg></svg>", b"").name
    'empty'
    """

    name: str
    svg: str
    png: bytes

    @property
    def broad(self) -> bool:
        """Whether it is too broad to stand beside another, or to be read on a phone as a whole."""
        width = re.search(r'<svg[^>]*? width="([0-9.]+)pt"', self.svg)
        return width is not None and float(width[1]) > _BROAD

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


def render(figure: Figure, name: str, *, numbers: Mapping[str, str] = NO_NUMBERS) -> Drawing:
    """Draw a figure that was made within `style`.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        To be drawn.
    name : str
        Keeps its ids apart from those of other drawings in one page.
    numbers : mapping, optional
        What stands in the PNG in place of names that no font here can write; see `features.lettering.unwritable`. The
        SVG keeps the names: whoever looks at it has fonts of his own.

    Examples
    --------
    >>> with style():
    ...     figure, axes = new_figure(2, 1)
    >>> render(figure, "empty").inline()[:5]
    '<svg '
    """
    import matplotlib as mpl

    text, image = io.StringIO(), io.BytesIO()
    with style(), mpl.rc_context({"svg.hashsalt": name}):
        shorten_texts(figure)
        with without_warnings_of_glyphs():
            figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
        # The first drawing has placed everything; to place it once more would take as long again.
        figure.set_layout_engine("none")
        number_texts(figure, numbers)
        figure.savefig(image, format="png", dpi=150, metadata={"Software": None})
    return Drawing(name=name, svg=text.getvalue(), png=image.getvalue())


def colour_of(index: int) -> str:
    """Colour of the series at an index; they repeat after the last.

    Examples
    --------
    >>> colour_of(0)
    '#0072b2'
    """
    return SERIES[index % len(SERIES)]


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


def lines_of(name: str) -> int:
    """How many lines a name takes, as `broken` writes it.

    Examples
    --------
    >>> lines_of("svm+svm@whisper-tiny.en-encoder/auto")
    2
    """
    return broken(name).count("\n") + 1


def row_height(names: Iterable[str], *, least: float) -> float:
    """Inches from row to row that leave room for the names, as `broken` writes them.

    Examples
    --------
    >>> row_height(["svm"], least=0.34)
    0.34
    >>> round(row_height(["linear@whisper-tiny.en-encoder~random/all"], least=0.34), 2)
    0.55
    """
    lines = max(map(lines_of, names), default=1)
    return max(least, 0.16 * lines + 0.07)
