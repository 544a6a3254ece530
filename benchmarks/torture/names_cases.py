"""Names: one person in two spellings, names that are no names, and names that nobody can print."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.torture.case import Case
from benchmarks.torture.inputs import LABELS, SPEAKERS, corpus_rows, run_line, write_table

SPELLINGS = "one name in two spellings"
NO_NAME = "a name that is none"
UNPRINTABLE = "names that cannot be shown"


def _renamed(column: str, mapping: Mapping[str, tuple[str, str]], *more: str) -> Callable[[Path], Sequence[str]]:
    """Every name replaced by two spellings that take turns."""

    def command(folder: Path) -> Sequence[str]:
        rows = corpus_rows(folder)
        for i, row in enumerate(rows):
            row[column] = mapping.get(row[column], (row[column],) * 2)[i % 2]
        write_table(folder / "my.csv", rows)
        return run_line("my.csv", *more)

    return command


def _speakers(
    name: str, first: str, second: str, *, status: int = 2, says: Sequence[str] = (), more: Sequence[str] = ()
) -> Case:
    told = says or (r"spell", "join-names")
    return Case(
        SPELLINGS,
        f"speakers {name}",
        _renamed("speaker", {"03": (first, second)}, *more),
        status,
        told if status else says,
    )


def _labels(name: str, names: Sequence[str], *, status: int = 0, says: Sequence[str] = ()) -> Case:
    mapping = {old: (new, new) for old, new in zip(LABELS, names)}
    return Case(UNPRINTABLE, name, _renamed("label", mapping), status, says, (r"Glyph",))


def _named_file(name: str) -> Callable[[Path], Sequence[str]]:
    def command(folder: Path) -> Sequence[str]:
        rows = corpus_rows(folder)
        (folder / rows[0]["path"]).rename(folder / "clips" / name)
        rows[0]["path"] = f"clips/{name}"
        write_table(folder / "my.csv", rows)
        return run_line("my.csv")

    return command


def _no_formula(folder: Path) -> str | None:
    cells = [
        cell for path in folder.glob("out/*.csv") for line in path.read_text().splitlines() for cell in line.split(",")
    ]
    formulas = [cell for cell in cells if cell.startswith(("=", "@", "+c", "-c"))]
    return f"formulas stand in the tables: {formulas[:2]}" if formulas else None


def _numbered(stem: str) -> dict[str, tuple[str, str]]:
    return {name: (f"{stem}{name}", f"{stem}{name}") for name in SPEAKERS}


CASES = (
    _speakers("03 and 3", "03", "3"),
    _speakers("3 and 3.0", "3", "3.0"),
    _speakers("Anna and ANNA", "Anna", "ANNA"),
    _speakers("composed and decomposed", "Zoë", unicodedata.normalize("NFD", "Zoë"), status=0),
    _speakers("with a space behind", "Anna", "Anna ", status=0),
    _speakers("with a no-break space", "An\u00a0na", "An na"),
    _speakers("in wide letters", "Ａ１", "A1"),
    _speakers("joined when asked", "03", "3", status=0, more=("--join-names",)),
    Case(SPELLINGS, "labels in two cases", _renamed("label", {"ang": ("ang", "ANG")}), 2, ("ang", "ANG", "join-names")),
    Case(SPELLINGS, "labels joined when asked", _renamed("label", {"ang": ("ang", "ANG")}, "--join-names"), 0),
    Case(NO_NAME, "label nan", _renamed("label", {"ang": ("nan", "nan")}), 2, ("nan",)),
    Case(NO_NAME, "label None", _renamed("label", {"ang": ("None", "None")}), 2, ("None",)),
    Case(NO_NAME, "label empty", _renamed("label", {"ang": ("", "")}), 2, ("label",)),
    Case(NO_NAME, "speaker nan", _renamed("speaker", {"03": ("nan", "nan")}), 2, ("nan",)),
    Case(NO_NAME, "speaker empty", _renamed("speaker", {"03": ("", "")}), 2, ("speaker",)),
    Case(NO_NAME, "speaker NaT", _renamed("speaker", {"03": ("NaT", "NaT")}), 2, ("NaT",)),
    _labels("Chinese labels", ("愤怒", "高兴", "中性", "悲伤")),
    _labels("Persian labels", ("خشم", "شادی", "خنثی", "غم")),
    _labels("emoji labels", ("😠", "😀", "😐", "😢")),
    _labels("labels that are formulas", ("=1+1", "@SUM(A1)", "+cmd", "-cmd")),
    _labels("labels with markup", ("<b>ang", "h&p", "$neu_%", "\\sad{}")),
    _labels("very long labels", tuple(letter * 300 for letter in "abcd")),
    Case(
        UNPRINTABLE,
        "speakers that are formulas",
        _renamed("speaker", _numbered("=cmd|' /C calc'!A")),
        0,
        holds=_no_formula,
    ),
    Case(
        UNPRINTABLE,
        "a file whose name moves the terminal's cursor",
        _named_file("a\x1b[2Jb.wav"),
        0,
        (),
        ("\x1b\\[2J",),
    ),
    Case(UNPRINTABLE, "a file with a newline in its name", _named_file("a\nb.wav"), 0),
    Case(UNPRINTABLE, "a file in emoji", _named_file("😀.wav"), 0),
    Case(UNPRINTABLE, "a file with a quote and a comma", _named_file('a",b.wav'), 0),
)
