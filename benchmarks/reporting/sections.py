"""Sections that studies add to a report: from a run's ranking, or from the tables that a study left in a folder."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from benchmarks.evaluation.runs import STUDY_RECORD, read_record
from benchmarks.evaluation.side_tables import read_side_table
from benchmarks.reporting.plots.style import Drawing, render
from features.errors import Note
from features.lettering import unwritable, unwritable_in

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.reporting.plots import ReportPlot
    from benchmarks.reporting.ranking import Ranking
    from benchmarks.reporting.tables import Table
    from features.plotting import Plot


@dataclass(frozen=True)
class NamedPlot:
    """A plot that a study made.

    Attributes
    ----------
    name : str
        Its files' name without the ending.
    title : str
        Shown below it.
    plot : Plot

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from features.plotting import Plot
    >>> NamedPlot("length", "UAR against seconds heard", Plot(Figure(), "A curve.")).name
    'length'
    """

    name: str
    title: str
    plot: Plot


@dataclass(frozen=True)
class Findings:
    """What a study found, as a page shows it.

    Attributes
    ----------
    sentences : tuple of str
    plots : tuple of NamedPlot
    tables : tuple of Table

    Examples
    --------
    >>> Findings(("Nothing was lost.",)).plots
    ()
    """

    sentences: tuple[str, ...] = ()
    plots: tuple[NamedPlot, ...] = ()
    tables: tuple[Table, ...] = ()


class ReportSection(Protocol):
    """A section of the report of a run, as the page asks for it."""

    @property
    def title(self) -> str:
        """Its heading."""

    def of_run(self, ranking: Ranking) -> Findings:
        """What it shows of a run; no plot and no table where there is nothing to show."""


@dataclass(frozen=True)
class Section:
    """A section of the report of a run, made from its ranking and from what a study left in its folder.

    Attributes
    ----------
    title : str
        Its heading.
    plots : tuple of ReportPlot
        Drawn below the sentences.
    tables : tuple of callable
        Each from a ranking to a table; one without rows is left out.
    sentences : callable
        From a ranking to what the study found, in sentences.

    Examples
    --------
    >>> Section("Would more speakers help?").plots
    ()
    """

    title: str
    plots: tuple[ReportPlot, ...] = ()
    tables: tuple[Callable[[Ranking], Table], ...] = ()
    sentences: Callable[[Ranking], Sequence[str]] = lambda _ranking: ()

    def of_run(self, ranking: Ranking) -> Findings:
        """What the section shows of a run."""
        return Findings(
            tuple(self.sentences(ranking)),
            plots_of(self.plots, ranking),
            tuple(table for make in self.tables if (table := make(ranking)).rows),
        )


@dataclass(frozen=True)
class FolderSection:
    """A section made from the tables of a folder alone: of a run's report, or a page of its own where there is no run.

    Attributes
    ----------
    title : str
        Its heading.
    tables : tuple of str
        Names of the tables that it needs; the first tells that the study was made.
    findings : callable
        From these tables, by name, and the study's record to what the section shows.
    part : str
        Folder in it that holds the study's jobs and record; empty for the folder itself.

    Examples
    --------
    >>> FolderSection("How long?", ("length",), lambda tables, record: Findings()).is_in(Path("nowhere"))
    False
    """

    title: str
    tables: tuple[str, ...]
    findings: Callable[[Mapping[str, pd.DataFrame], Mapping[str, Any]], Findings]
    part: str = ""

    def is_in(self, folder: Path) -> bool:
        """Whether a folder holds the study."""
        return (folder / f"{self.tables[0]}.csv").is_file()

    def of_run(self, ranking: Ranking) -> Findings:
        """What the section shows of a run: nothing where its folder does not hold the study."""
        return self.of_folder(ranking.run.folder) if self.is_in(ranking.run.folder) else Findings()

    def of_folder(self, folder: Path) -> Findings:
        """What the section shows of a folder; nothing, with a note, where a table is damaged."""
        found = {name: read_side_table(folder / f"{name}.csv") for name in self.tables}
        tables = {name: table for name, table in found.items() if table is not None}
        return self.findings(tables, self.record_in(folder)) if len(tables) == len(found) else Findings()

    def record_in(self, folder: Path) -> Mapping[str, Any]:
        """How the study of a folder came about; empty where that is not known."""
        return read_record(folder / self.part, STUDY_RECORD)


@dataclass(frozen=True)
class ShownPlot:
    """A plot as a page holds it.

    Attributes
    ----------
    title : str
    drawing : Drawing
    alt_text : str
    """

    title: str
    drawing: Drawing
    alt_text: str


@dataclass(frozen=True)
class ShownSection:
    """A section as a page holds it.

    Attributes
    ----------
    title : str
    sentences : tuple of str
    plots : mapping of str to ShownPlot
    tables : tuple of Table
    """

    title: str
    sentences: tuple[str, ...]
    plots: Mapping[str, ShownPlot]
    tables: tuple[Table, ...]


def draw_section(title: str, findings: Findings, *, numbers: Mapping[str, str] | None = None) -> ShownSection:
    """Draw what a section shows.

    Parameters
    ----------
    title : str
    findings : Findings
    numbers : mapping, optional
        What stands in pictures for names that no font here can write; those of the plots unless given.
    """
    numbers = numbers_in(findings) if numbers is None else numbers
    return ShownSection(title, findings.sentences, drawn(findings.plots, numbers), findings.tables)


def plots_of(entries: Sequence[ReportPlot], ranking: Ranking) -> tuple[NamedPlot, ...]:
    """Those plots of a registry for which a run has something to show."""
    made = ((entry, entry.function(ranking)) for entry in entries)
    return tuple(NamedPlot(entry.name, entry.title, plot) for entry, plot in made if plot is not None)


def drawn(plots: Sequence[NamedPlot], numbers: Mapping[str, str]) -> dict[str, ShownPlot]:
    """Plots by name, drawn with numbers in place of names that no font here can write."""
    return {
        each.name: ShownPlot(each.title, render(each.plot.figure, each.name, numbers=numbers), each.plot.alt_text)
        for each in plots
    }


def numbers_in(findings: Findings) -> Mapping[str, str]:
    """A number for each text in plots that no font here can write; see `features.lettering.unwritable`."""
    return unwritable(name for each in findings.plots for name in unwritable_in(each.plot.figure))


def found_or_none(title: str, folder: Path, find: Callable[[], Findings]) -> Findings | None:
    """What a study found; None, with a note, where the tables that it left are damaged.

    Parameters
    ----------
    title : str
        Of its section.
    folder : Path
        Where its tables lie.
    find : callable
        Reads them.
    """
    try:
        return find()
    except Exception as error:  # a damaged table may hold anything, and lead plots and sentences to any of these
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        message = f"{folder}: {title!r} is left out, as tables of its study are damaged ({reason})"
        warnings.warn(Note(f"{message}; run the study again"), stacklevel=3)
        return None
