"""A study that is no run, as a page shows it: what its folder's tables say, and how they came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.reporting.sections import ShownSection, draw_section, found_or_none
from features.errors import ResultsError

if TYPE_CHECKING:
    from benchmarks.reporting.sections import FolderSection


@dataclass(frozen=True)
class StudyPage:
    """Everything that a page shows of one study.

    Attributes
    ----------
    folder : Path
    section : ShownSection
    record : mapping
        `study.json`; empty where there is none.
    """

    folder: Path
    section: ShownSection
    record: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What a page of several calls it: its corpus, and its heading."""
        corpus = self.record.get("corpus", {}).get("name")
        return f"{corpus}: {self.section.title}" if corpus else self.section.title

    def write_files(self) -> None:
        """Write `plots/*.png`, `plots/*.svg`, `tables/*.csv` and `tables/*.tex` into the folder."""
        plots, tables = self.folder / "plots", self.folder / "tables"
        for folder, shown_there in ((plots, self.section.plots), (tables, self.section.tables)):
            if shown_there:
                folder.mkdir(exist_ok=True)
        for shown in self.section.plots.values():
            shown.drawing.write(plots)
        for table in self.section.tables:
            (tables / f"{table.name}.csv").write_text(table.csv(), encoding="utf-8")
            (tables / f"{table.name}.tex").write_text(table.latex(), encoding="utf-8")


def study_page(folder: Path, section: FolderSection) -> StudyPage:
    """Read what a study left in a folder.

    Parameters
    ----------
    folder : Path
    section : FolderSection
        One that is in the folder.

    Raises
    ------
    ResultsError
        If its tables or its record are damaged.

    Examples
    --------
    >>> from benchmarks.reporting.sections import Findings, FolderSection
    >>> section = FolderSection("How long?", ("length",), lambda tables, record: Findings())
    >>> study_page(Path("nowhere"), section)
    Traceback (most recent call last):
    features.errors.ResultsError: nowhere: length.csv is damaged; expected the table of a study; run it again
    """
    found = found_or_none(section.title, folder, partial(section.of_folder, folder))
    if found is None or not found.tables:
        raise ResultsError(f"{folder}: {section.tables[0]}.csv is damaged; expected the table of a study; run it again")
    return StudyPage(folder, draw_section(section.title, found), section.record_in(folder))
