"""The report as one HTML page that needs nothing but itself, with every plot and table as files of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.evaluation.runs import Run
from benchmarks.pipelines.flags import Flag
from benchmarks.reporting.clips import ShownClip, shown_clips
from benchmarks.reporting.glossary import GLOSSARY
from benchmarks.reporting.markup import fill_template, script
from benchmarks.reporting.methods import Methods, methods_of
from benchmarks.reporting.numbers import interval_text
from benchmarks.reporting.paper import PaperTable, paper_table
from benchmarks.reporting.plots import PLOTS, plot_counts
from benchmarks.reporting.plots.style import render
from benchmarks.reporting.ranking import Ranking, confident_errors, rank
from benchmarks.reporting.sections import (
    ReportSection,
    ShownPlot,
    ShownSection,
    draw_section,
    drawn,
    found_or_none,
    plots_of,
)
from benchmarks.reporting.summary import caveats, summarise
from benchmarks.reporting.tables import TABLES, Column, Table
from benchmarks.scoring.metrics import METRICS
from features.errors import ResultsError
from features.files import write_atomically
from features.lettering import note_on_letters, unwritable

if TYPE_CHECKING:
    from benchmarks.reporting.study_page import StudyPage

PAGE_BYTES = 2_500_000
"""So many bytes of sound stand in a page at most."""

LONGEST_FILE_NAME = 120
"""Characters of a pipeline's name in the name of a file; file systems allow 255 bytes in all."""

NAMES = "names.txt"
"""File beside the plots that lists the names which stand as numbers in them, where there are any."""

MOST_MATRICES = 12
"""So many confusion matrices stand in a page; every one is in its own file."""


@dataclass(frozen=True)
class _Matrix:
    """A confusion matrix in the page: shares of the truth in percent, row by row, and clips per row."""

    pipeline: str
    shares: tuple[tuple[float, ...], ...]
    clips: tuple[int, ...]


@dataclass(frozen=True)
class _RunPage:
    """Everything that the page shows of one run."""

    ranking: Ranking
    summary: tuple[str, ...]
    caveats: tuple[str, ...]
    tables: Mapping[str, Table]
    plots: Mapping[str, ShownPlot]
    sections: tuple[ShownSection, ...]
    matrices: tuple[_Matrix, ...]
    clips: tuple[ShownClip, ...]
    paper: PaperTable
    methods: Methods

    @property
    def record(self) -> Mapping[str, Any]:
        """The run's record."""
        return self.ranking.run.record


def write_report(
    run: Run | str | Path,
    *,
    out: str | Path | None = None,
    audio: bool = True,
    sections: Sequence[ReportSection] = (),
    rope: float | None = None,
) -> Path:
    """Write `report.html`, `plots/*.png`, `plots/*.svg`, `tables/*.csv` and `tables/*.tex` into a run's folder.

    Parameters
    ----------
    run : Run or path
        The run, or its folder.
    out : path, optional
        Where the page goes instead.
    audio : bool, default=True
        Whether the sound of wrong predictions may be embedded where its licence allows that.
    sections : sequence of ReportSection
        Those of studies; one is shown where the run's folder holds what it needs. `benchmarks.write_report` passes
        those of all studies.
    rope : float, optional
        As for `benchmarks.reporting.ranking.rank`.

    Returns
    -------
    Path
        The page.

    Examples
    --------
    >>> write_report("results/emodb")  # doctest: +SKIP
    """
    run = run if isinstance(run, Run) else Run.load(run)
    page = _run_page(rank(run, rope=rope), audio=audio, budget=PAGE_BYTES, sections=sections)
    numbers = unwritable(names_in_pictures(run))
    plots, tables = run.folder / "plots", run.folder / "tables"
    plots.mkdir(exist_ok=True)
    if numbers:
        write_atomically(plots / NAMES, "".join(f"{number}\t{name}\n" for name, number in numbers.items()))
    tables.mkdir(exist_ok=True)
    for shown in page.plots.values():
        shown.drawing.write(plots)
    for name, counts in _counts(page.ranking).items():
        figure = plot_counts(counts, run.labels, name).figure
        render(figure, f"confusion_{_file_name(name)}", numbers=numbers).write(plots)
    for name, table in page.tables.items():
        (tables / f"{name}.csv").write_text(table.csv(), encoding="utf-8")
        (tables / f"{name}.tex").write_text(table.latex(), encoding="utf-8")
    (tables / "scores.tex").write_text(page.paper.latex(), encoding="utf-8")
    (tables / "scores.md").write_text(f"{page.paper.markdown()}\n", encoding="utf-8")
    page.methods.write(run.folder / "paper")
    target = Path(out) if out else run.folder / "report.html"
    write_atomically(target, _render([page]))
    return target


def write_page(
    rankings: Sequence[Ranking],
    out: Path,
    *,
    audio: bool = True,
    sections: Sequence[Sequence[ReportSection]] = (),
    studies: Sequence[StudyPage] = (),
) -> Path:
    """Write one page of rankings, each a run's or that of several runs on the same utterances, and of studies.

    Parameters
    ----------
    rankings : sequence of Ranking
    out : Path
    audio : bool, default=True
        As for `write_report`.
    sections : sequence of sequence of Section
        For each ranking those that are shown; none unless given.
    studies : sequence of StudyPage
        Those that are no runs, shown after the rankings.

    Returns
    -------
    Path
        `out`.

    Examples
    --------
    >>> write_page([rank(Run.load("results/emodb"))], Path("emodb.html"))  # doctest: +SKIP
    """
    shown = sections or [()] * len(rankings)
    write_atomically(out, _page_of(rankings, audio=audio, sections=shown, studies=studies))
    return out


def build(
    paths: Sequence[Path],
    *,
    audio: bool = True,
    join_names: bool = False,
    sections: Sequence[ReportSection] = (),
    rope: float | None = None,
) -> str:
    """Make one page of one or several runs.

    Parameters
    ----------
    paths : sequence of Path
        Folders of runs, or files `predictions.csv` from elsewhere.
    audio, sections, rope
        As for `write_report`.
    join_names : bool, default=False
        As for `benchmarks.scoring.predictions.read_predictions`.

    Returns
    -------
    str
        HTML that needs no other file and no network.

    Raises
    ------
    ResultsError
        If there is no folder, or one holds no predictions.

    Examples
    --------
    >>> html = build([Path("results/emodb")])  # doctest: +SKIP
    """
    rankings = [rank(Run.load(path, join_names=join_names), rope=rope) for path in paths]
    return _page_of(rankings, audio=audio, sections=[sections] * len(rankings))


def _page_of(
    rankings: Sequence[Ranking],
    *,
    audio: bool,
    sections: Sequence[Sequence[ReportSection]],
    studies: Sequence[StudyPage] = (),
) -> str:
    """HTML of rankings, each with its own sections, and of studies; sound is shared out evenly."""
    if not rankings and not studies:
        raise ResultsError("no run given; name at least one folder that holds a predictions.csv")
    budget = PAGE_BYTES // max(len(rankings), 1)
    shown = zip(rankings, sections, strict=True)
    pages = [_run_page(ranking, audio=audio, budget=budget, sections=own) for ranking, own in shown]
    return _render(pages, studies)


def names_in_pictures(run: Run) -> tuple[str, ...]:
    """Every name of one's own that a plot of a run may show: labels, speakers, pipelines.

    Examples
    --------
    >>> names_in_pictures(Run.load("results/emodb"))[:2]  # doctest: +SKIP
    ('ang', 'hap')
    """
    return (*run.labels, *run.speakers, *run.scores.get("pipeline", ()))


def notes_on_pictures(run: Run) -> tuple[str, ...]:
    """What a user should know of the plots of a run: names that no font here can write.

    Examples
    --------
    >>> notes_on_pictures(Run.load("results/emodb"))  # doctest: +SKIP
    ()
    """
    numbers = unwritable(names_in_pictures(run)) if not run.predictions.empty else {}
    return (note_on_letters(numbers, where=str(run.folder / "plots" / NAMES)),) if numbers else ()


def _run_page(ranking: Ranking, *, audio: bool, budget: int, sections: Sequence[ReportSection]) -> _RunPage:
    run = ranking.run
    allowed = audio and bool(run.corpus.get("embed_audio", False))
    numbers = unwritable(names_in_pictures(run))
    studies = tuple(_sections(ranking, sections, numbers))
    tables = [*(make(ranking) for make in TABLES), *(table for study in studies for table in study.tables)]
    plots = drawn(plots_of(PLOTS, ranking), numbers)
    for study in studies:
        plots |= study.plots
    return _RunPage(
        ranking=ranking,
        summary=summarise(ranking),
        caveats=caveats(ranking),
        tables={table.name: table for table in tables if table.rows},
        plots=plots,
        sections=studies,
        matrices=tuple(_matrix(name, counts) for name, counts in _counts(ranking).items()),
        clips=shown_clips(confident_errors(ranking), run.utterances, audio=allowed, budget=budget),
        paper=paper_table(ranking),
        methods=methods_of(ranking),
    )


def _sections(
    ranking: Ranking, sections: Sequence[ReportSection], numbers: Mapping[str, str]
) -> Iterator[ShownSection]:
    for section in sections:
        found = found_or_none(section.title, ranking.run.folder, partial(section.of_run, ranking))
        if found is not None and (found.plots or found.tables):
            yield draw_section(section.title, found, numbers=numbers)


def _counts(ranking: Ranking) -> dict[str, NDArray[np.float64]]:
    return {entry.name: ranking.run.confusions[entry.name].sum(axis=0) for entry in ranking.scored}


def _matrix(name: str, counts: NDArray[np.float64]) -> _Matrix:
    total = counts.sum(axis=1)
    shares = 100 * counts / np.maximum(total, 1e-9)[:, None]
    return _Matrix(name, tuple(map(tuple, shares.tolist())), tuple(round(n) for n in total.tolist()))


def _render(pages: Sequence[_RunPage], studies: Sequence[StudyPage] = ()) -> str:
    """Fill the template."""
    metrics = [metric for metric in METRICS.values() if not metric.probabilistic]
    return fill_template(
        "report.html",
        pages=pages,
        studies=studies,
        names=[*(str(page.ranking.run.corpus["name"]) for page in pages), *(study.name for study in studies)],
        overview=_overview(pages),
        most=MOST_MATRICES,
        metrics=metrics,
        glossary=GLOSSARY,
        **script("copy"),
    )


def _overview(pages: Sequence[_RunPage]) -> Table | None:
    """UAR of every pipeline (rows) in every run (columns), or None for a single run."""
    if len(pages) < 2:
        return None
    rows: dict[str, dict[str, str]] = {}
    for number, page in enumerate(pages):
        for entry in page.ranking.entries:
            text: str = entry.status
            if entry.scores:
                span = interval_text(entry.scores["uar_low"], entry.scores["uar_high"])
                flags = ", ".join(flag for flag in entry.flags if flag != Flag.SYNTHETIC)
                text = f"{entry.scores['uar']:.3f}" + (f" [{span}]" if span else "") + (f" ({flags})" if flags else "")
            rows.setdefault(entry.name, {"pipeline": entry.name})[str(number)] = text
    columns = [Column(str(number), _corpus_name(page)) for number, page in enumerate(pages)]
    caption = "UAR with 95 % interval over speakers, in every run."
    return Table("overview", caption, (Column("pipeline", "Pipeline"), *columns), tuple(rows.values()))


def _corpus_name(page: _RunPage) -> str:
    run = page.ranking.run
    return f"{run.corpus['name']}{' (synthetic voices)' if run.synthetic else ''}"


def _file_name(name: str) -> str:
    """A pipeline's name as a part of a file's name: a long one ends in a hash that tells it from others."""
    plain = "".join(c if (c.isascii() and c.isalnum()) or c in ".+-" else "_" for c in name)
    if len(plain) <= LONGEST_FILE_NAME:
        return plain
    return (
        f"{plain[: LONGEST_FILE_NAME - 9]}-{hashlib.blake2b(name.encode(errors='replace'), digest_size=4).hexdigest()}"
    )
