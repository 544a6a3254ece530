"""Letters in pictures: a font that has them, or numbers in place of names that no font here can write.

matplotlib's own font has Latin, Greek, Cyrillic, Arabic and more, but no Chinese and no emoji; what a font lacks is
drawn as a box, with a warning for each.
"""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from features.names import printable

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

FAMILY = "DejaVu Sans"
"""matplotlib brings it along."""

NO_LETTERS = ("last resort", "symbol", "stixnonunicode", "stixsize")
"""Fonts that have boxes or signs where letters should be."""

LONGEST = 30
"""Characters of a name in a picture; longer ones are shortened in the middle."""

LONGEST_LINE = 44
"""Characters of a line in a picture: a name with a number beside it."""


def shortened(text: str, *, most: int = LONGEST) -> str:
    """A text whose lines are short enough for a picture, with nothing in it that cannot be shown.

    Examples
    --------
    >>> shortened("a" * 50 + "b", most=10)
    'aaaaaaa…ab'
    """
    lines = [printable(line) for line in text.split("\n")]
    head, tail = most - 3, 2
    return "\n".join(line if len(line) <= most else f"{line[:head]}…{line[-tail:]}" for line in lines)


def wrapped(title: str, *, most: int = LONGEST_LINE) -> str:
    r"""A title broken between words into lines that need no shortening; a longer word has a line of its own.

    Examples
    --------
    >>> wrapped("73 % right in fold Ses01, whom the SVM never heard")
    '73 % right in fold Ses01, whom the SVM never\nheard'
    """
    return "\n".join(
        textwrap.fill(line, most, break_long_words=False, break_on_hyphens=False) if len(line) > most else line
        for line in title.split("\n")
    )


def unwritable(names: Iterable[str]) -> Mapping[str, str]:
    """A number for each name that no font here can write; names that can be written are not among them.

    Parameters
    ----------
    names : iterable of str
        The same ones in the same order get the same numbers.

    Returns
    -------
    mapping
        Name to number, from 1.

    Examples
    --------
    >>> dict(unwritable(["anger", "Ärger", "خشم"]))
    {}
    """
    known = dict.fromkeys(names)
    missing = [name for name in known if fonts_for(name)[1]]
    return {name: str(number) for number, name in enumerate(missing, start=1)}


def note_on_letters(numbers: Mapping[str, str], *, where: str = "") -> str:
    """What a user should know of names that stand as numbers in pictures.

    Parameters
    ----------
    numbers : mapping
        As `unwritable` gives them; at least one.
    where : str, default=""
        File that lists them all.

    Examples
    --------
    >>> note_on_letters({"悲伤": "1"}).partition(";")[0]
    'no font here has the letters of 1 name: in pictures a number stands for it (1 悲伤)'
    """
    shown = ", ".join(f"{number} {printable(name)}" for name, number in list(numbers.items())[:8])
    more = f", and {len(numbers) - 8} more" if len(numbers) > 8 else ""
    count = (
        "1 name: in pictures a number stands for it"
        if len(numbers) == 1
        else (f"{len(numbers)} names: in pictures numbers stand for them")
    )
    listed = f", all in {where}" if where else ""
    return f"no font here has the letters of {count} ({shown}{more}{listed}); install a font such as Noto Sans"


@lru_cache(maxsize=256)
def fonts_for(text: str) -> tuple[tuple[str, ...], str]:
    """Fonts that write what matplotlib's own cannot, and the characters that none of them has.

    Parameters
    ----------
    text : str

    Returns
    -------
    families : tuple of str
        To be tried in this order behind `FAMILY`.
    missing : str
        Empty where all can be written.

    Examples
    --------
    >>> fonts_for("Zoë"), fonts_for("غم")
    (((), ''), ((), ''))
    """
    wanted = {ord(char) for char in printable(text) if not char.isspace()} - _own_characters()
    families: list[str] = []
    for family, characters in _other_fonts() if wanted else ():
        if wanted & characters:
            families.append(family)
            wanted = wanted - characters
        if not wanted:
            break
    return tuple(families), "".join(map(chr, sorted(wanted)))


@lru_cache(maxsize=1)
def _own_characters() -> frozenset[int]:
    from matplotlib import font_manager

    # no pattern to be parsed: matplotlib 3.9 warns of what it calls in newer releases of pyparsing
    return _characters(font_manager.findfont(font_manager.FontProperties(family=[FAMILY])))


@lru_cache(maxsize=1)
def _other_fonts() -> tuple[tuple[str, frozenset[int]], ...]:
    """Family and characters of every other font, those without serifs first; fonts installed since are seen too."""
    from matplotlib import font_manager

    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in font_manager.findSystemFonts():
        if path not in known:
            with _whatever_is_wrong():
                font_manager.fontManager.addfont(path)
    entries = [
        entry
        for entry in font_manager.fontManager.ttflist
        if entry.style == "normal" and not entry.name.lower().startswith(NO_LETTERS) and Path(entry.fname).is_file()
    ]
    entries.sort(key=lambda entry: ("sans" not in entry.name.lower(), "mono" in entry.name.lower(), entry.name))
    by_family = {entry.name: entry.fname for entry in reversed(entries)}
    return tuple((name, _characters(by_family[name])) for name in dict.fromkeys(entry.name for entry in entries))


@contextmanager
def _whatever_is_wrong() -> Iterator[None]:
    """A font that cannot be opened is as good as none."""
    try:
        yield
    except (OSError, RuntimeError, ValueError):
        return


def _characters(path: str) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    with _whatever_is_wrong():
        font = FT2Font(path)
        return frozenset(font.get_charmap()) if font.scalable else frozenset()
    return frozenset()


def shorten_texts(figure: Figure) -> None:
    """Shorten the texts of a figure, and let them be written in fonts that have their letters.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figure = Figure()
    >>> title = figure.suptitle("a" * 50)
    >>> shorten_texts(figure)
    >>> len(title.get_text())
    44
    """
    _replace(figure, lambda text: shortened(text, most=LONGEST_LINE))
    families = dict.fromkeys(family for text in _texts(figure) for family in fonts_for(text)[0])
    if families:
        from matplotlib.text import Text

        for text in figure.findobj(Text):
            text.set_fontfamily([FAMILY, *families])


def number_texts(figure: Figure, numbers: Mapping[str, str]) -> None:
    """Put numbers in place of names that no font can write, and escapes for what is left of other texts.

    Parameters
    ----------
    figure : Figure
        Its texts shortened.
    numbers : mapping
        As `unwritable` gives them.
    """
    short = sorted(((shortened(name), number) for name, number in numbers.items()), key=lambda pair: -len(pair[0]))

    def written(text: str) -> str:
        missing = fonts_for(text)[1]
        for name, number in short if missing else ():
            text = text.replace(name, number)
        missing = fonts_for(text)[1]
        return "".join(char.encode("unicode_escape").decode() if char in missing else char for char in text)

    _replace(figure, written)


def unwritable_in(figure: Figure) -> Mapping[str, str]:
    """A number for each text of a figure that no font here can write; see `unwritable`."""
    return unwritable(_texts(figure))


@contextmanager
def without_warnings_of_glyphs() -> Iterator[None]:
    """Draw without matplotlib's warning for each letter that its fonts lack; a page's reader has fonts of its own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
        yield


def _texts(figure: Figure) -> list[str]:
    from matplotlib.text import Text

    ticks = [text for axis in _named_axes(figure) for text in _tick_names(axis)]
    return [text for text in (*ticks, *(text.get_text() for text in figure.findobj(Text))) if text]  # type: ignore[attr-defined]


def _replace(figure: Figure, change: Callable[[str], str]) -> None:
    """Change the texts of a figure; those of ticks are made anew whenever it is drawn, so their names are changed."""
    from matplotlib.text import Text

    for axis in _named_axes(figure):
        names = _tick_names(axis)
        if [change(name) for name in names] != names:
            axis.set_ticklabels([change(name) for name in names])
    for text in figure.findobj(Text):
        text.set_text(change(text.get_text()))  # type: ignore[attr-defined]


def _named_axes(figure: Figure) -> list[Axis]:
    """The axes whose ticks have names instead of numbers."""
    from matplotlib.ticker import FixedLocator, FuncFormatter

    both = [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
    return [
        axis
        for axis in both
        if isinstance(axis.get_major_locator(), FixedLocator) and isinstance(axis.get_major_formatter(), FuncFormatter)
    ]


def _tick_names(axis: Axis) -> list[str]:
    return [axis.get_major_formatter()(place, 0) for place in axis.get_major_locator()()]
