"""The forms in which folds are kept: a form is added by one module and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import FoldError

if TYPE_CHECKING:
    from benchmarks.folds.formats.base import FoldFormat
    from features.tables import Table

MODULES: Mapping[str, str] = {
    "csv": "benchmarks.folds.formats.folds_csv",
    "predictions": "benchmarks.folds.formats.predictions",
    "emobox": "benchmarks.folds.formats.emobox",
    "s3prl": "benchmarks.folds.formats.s3prl",
    "speechbrain": "benchmarks.folds.formats.speechbrain",
    "tables": "benchmarks.folds.formats.tables",
}
"""Name of a form to its module, whose `FORMAT` describes it; the first that finds files of its own reads a path."""


def find(name: str) -> FoldFormat:
    """A form by its name.

    Examples
    --------
    >>> find("emobox").title
    'EmoBox'
    """
    found: FoldFormat = import_module(MODULES[name]).FORMAT
    return found


def form_of(path: Path) -> FoldFormat | None:
    """The form of a file or a folder of folds; None where it is none of them."""
    return next((form for name in MODULES if (form := find(name)).find(path)), None)


def read_form(path: Path) -> tuple[Table, FoldFormat]:
    """Read a file or a folder of folds of any form.

    Raises
    ------
    FoldError
        If it is no form that is known, or cannot be read.
    """
    form = form_of(path)
    if form is None and path.is_dir():
        forms = sorted(map(find, MODULES), key=lambda form: not form.one_side)
        layouts = "; ".join(f"{form.layout} ({form.title})" for form in forms)
        raise FoldError(f"{path} holds no folds: expected files such as {layouts}")
    form = form or find("csv")  # whose reader says what is wrong with the file
    return form.read(form.find(path) or [path], path), form
