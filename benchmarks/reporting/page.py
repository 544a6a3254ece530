"""The report as one HTML page that needs nothing but itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.evaluation.runs import Run
from benchmarks.reporting.ablation_summary import answer
from benchmarks.reporting.clips import ShownClip, shown_clips
from benchmarks.reporting.plots.confusion import confusion_plot
from benchmarks.reporting.plots.registry import PLOTS
from benchmarks.reporting.plots.style import Drawing, render
from benchmarks.reporting.ranking import Findings, confident_errors, find
from benchmarks.reporting.report_tables import (
    ablation_table,
    calibration_table,
    costs_table,
    folds_table,
    interval_text,
    pairs_table,
    recalls_table,
    scores_table,
    settings_table,
    shapley_table,
    speakers_table,
)
from benchmarks.reporting.summary import caveats, verdict
from benchmarks.reporting.tables import Column, Table
from benchmarks.scoring.metrics import METRICS
from features.errors import ResultsError
from features.files import write_atomically

PAGE_BYTES = 2_500_000
"""So many bytes of sound stand in a page at most."""

MOST_MATRICES = 12
"""So many confusion matrices stand in a page; every one is in its own file."""


@dataclass(frozen=True)
class Shown:
    """A plot in the page: its title, its drawing, and what it shows in words."""

    title: str
    drawing: Drawing
    words: str


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix in the page: shares of the truth in percent, row by row, and clips a row."""

    pipeline: str
    shares: tuple[tuple[float, ...], ...]
    clips: tuple[int, ...]


@dataclass(frozen=True)
class RunPage:
    """Everything that the page shows of one run."""

    findings: Findings
    verdict: tuple[str, ...]
    caveats: tuple[str, ...]
    tables: Mapping[str, Table]
    plots: Mapping[str, Shown]
    matrices: tuple[Matrix, ...]
    clips: tuple[ShownClip, ...]
    answers: tuple[str, ...]

    @property
    def record(self) -> Mapping[str, Any]:
        """The run's record."""
        return self.findings.run.record


def run_page(findings: Findings, *, audio: bool = True, budget: int = PAGE_BYTES) -> RunPage:
    """Draw and tabulate the findings of one run.

    Parameters
    ----------
    findings
        Of the run.
    audio
        Whether sounds may be embedded; a corpus that forbids it is never embedded.
    budget
        Bytes of sound at most.
    """
    allowed = audio and bool(findings.run.corpus.get("embed_audio", False))
    errors = confident_errors(findings)
    return RunPage(
        findings=findings,
        verdict=verdict(findings),
        caveats=caveats(findings),
        tables={table.name: table for table in _tables(findings)},
        plots=_plots(findings),
        matrices=tuple(_matrix(name, counts) for name, counts in _confusions(findings).items()),
        clips=shown_clips(errors, findings.run.utterances, audio=allowed, budget=budget),
        answers=_answers(findings),
    )


def confusion_drawings(findings: Findings) -> tuple[Drawing, ...]:
    """The confusion matrix of every scored pipeline, to be written beside the page."""
    return tuple(
        render(confusion_plot(counts, findings.labels, name), f"confusion_{file_name(name)}")
        for name, counts in _confusions(findings).items()
    )


def render_page(pages: Sequence[RunPage]) -> str:
    """Fill the template; every name and label is escaped.

    Parameters
    ----------
    pages
        One, or several runs that then stand under a table of all of them.
    """
    from jinja2 import Environment, PackageLoader
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("benchmarks.reporting", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Only what this package drew itself goes in as markup; matplotlib escapes the text in it.
    environment.filters["drawn"] = Markup
    environment.filters["breakable"] = breakable
    environment.globals["metrics"] = [
        metric for metric in METRICS.values() if metric.name != "uar" and not metric.probabilistic
    ]
    return environment.get_template("report.html").render(pages=pages, overview=overview(pages), most=MOST_MATRICES)


def breakable(name: str) -> Any:
    """Escape a name, and allow a line to break after what joins its parts."""
    from markupsafe import Markup, escape

    text = re.sub(r"([+@:,])(?=[A-Za-z])", r"\1<wbr>", str(escape(name)))
    return Markup(text.replace(" %", "\u00a0%"))


def overview(pages: Sequence[RunPage]) -> Table | None:
    """UAR of every pipeline (rows) in every run (columns), or None for a single run."""
    if len(pages) < 2:
        return None
    names = list(dict.fromkeys(s.name for page in pages for s in page.findings.standings))
    rows: list[dict[str, Any]] = [{"pipeline": name} for name in names]
    for number, page in enumerate(pages):
        standings = {standing.name: standing for standing in page.findings.standings}
        for row in rows:
            standing = standings.get(row["pipeline"])
            if standing is None:
                continue
            score = standing.scores
            told = [mark for mark in standing.marks if mark != "synthetic"]
            marks = f" ({', '.join(told)})" if told else ""
            if score:
                span = interval_text(score["uar_low"], score["uar_high"])
                row[str(number)] = f"{score['uar']:.3f}" + (f" [{span}]" if span else "") + marks
            else:
                row[str(number)] = standing.status
    columns = [Column(str(number), _corpus_name(page)) for number, page in enumerate(pages)]
    caption = "UAR with 95 % interval over speakers, in every run."
    return Table("overview", caption, (Column("pipeline", "Pipeline"), *columns), tuple(rows))


def _corpus_name(page: RunPage) -> str:
    run = page.findings.run
    return f"{run.corpus['name']}{' (synthetic voices)' if run.synthetic else ''}"


def file_name(name: str) -> str:
    """Turn a pipeline's name into a part of a file's name."""
    return "".join(c if c.isalnum() or c in ".+-" else "_" for c in name)


def _tables(findings: Findings) -> list[Table]:
    tables = [scores_table(findings)]
    if findings.tests:
        tables.append(pairs_table(findings))
    makers: tuple[Callable[[Findings], Table], ...] = (
        recalls_table,
        speakers_table,
        calibration_table,
        costs_table,
        folds_table,
        settings_table,
        shapley_table,
        ablation_table,
    )
    tables.extend(make(findings) for make in makers)
    return [table for table in tables if table.rows]


def _plots(findings: Findings) -> dict[str, Shown]:
    shown = {}
    for plot in PLOTS:
        figure = plot.draw(findings)
        if figure is not None:
            shown[plot.name] = Shown(plot.title, render(figure, plot.name), plot.words(findings))
    return shown


def _answers(findings: Findings) -> tuple[str, ...]:
    table = findings.run.shapley
    models = [] if table is None else table["model"].unique()
    return tuple(sentence for model in models for sentence in answer(table, str(model)))


def _confusions(findings: Findings) -> dict[str, np.ndarray]:
    return {standing.name: findings.confusions[standing.name].sum(axis=0) for standing in findings.scored}


def _matrix(name: str, counts: np.ndarray) -> Matrix:
    total = counts.sum(axis=1)
    shares = 100 * counts / np.maximum(total, 1e-9)[:, None]
    return Matrix(name, tuple(tuple(float(v) for v in row) for row in shares), tuple(round(float(n)) for n in total))


def write_report(run: Run | str | Path, *, out: Path | None = None, audio: bool = True) -> Path:
    """Write `report.html`, `plots/*.png`, `plots/*.svg`, `tables/*.csv` and `tables/*.tex` into a run's folder.

    Parameters
    ----------
    run : Run or path
        The run, or its folder.
    out : Path, optional
        Where the page goes instead.
    audio : bool, default=True
        Whether the sound of wrong predictions may be embedded where its licence allows that.

    Returns
    -------
    Path
        The page.

    Examples
    --------
    >>> write_report("results/emodb")  # doctest: +SKIP
    """
    run = run if isinstance(run, Run) else Run.load(run)
    findings = find(run)
    page = run_page(findings, audio=audio, budget=PAGE_BYTES)
    plots, tables = run.folder / "plots", run.folder / "tables"
    plots.mkdir(exist_ok=True)
    tables.mkdir(exist_ok=True)
    for drawing in (*(shown.drawing for shown in page.plots.values()), *confusion_drawings(findings)):
        drawing.write(plots)
    for name, table in page.tables.items():
        (tables / f"{name}.csv").write_text(table.csv(), encoding="utf-8")
        (tables / f"{name}.tex").write_text(table.latex(), encoding="utf-8")
    target = out or run.folder / "report.html"
    write_atomically(target, render_page([page]))
    return target


def write_reports(paths: Sequence[Path], *, out: Path | None = None, audio: bool = True) -> Path:
    """Write one page of one or several runs, and the report of each run that has a folder.

    Parameters
    ----------
    paths : sequence of Path
        Folders of runs, or files `predictions.csv` from elsewhere.
    out : Path, optional
        The page; by default `report.html` in the folder of a single run, or here for several.
    audio : bool, default=True
        As for `write_report`.

    Returns
    -------
    Path
        The page.
    """
    if len(paths) == 1 and paths[0].is_dir():
        return write_report(paths[0], out=out, audio=audio)
    for path in paths:
        if path.is_dir():
            write_report(path, audio=audio)
    target = out or Path("report.html")
    write_atomically(target, build(paths, audio=audio))
    return target


def build(paths: Sequence[Path], *, audio: bool = True) -> str:
    """Make one page of one or several runs.

    Parameters
    ----------
    paths : sequence of Path
        Folders of runs, or files `predictions.csv` from elsewhere.
    audio : bool, default=True
        As for `write_report`.

    Returns
    -------
    str
        HTML that needs no other file and no network.

    Raises
    ------
    ResultsError
        If there is no folder, or one holds no predictions.
    """
    if not paths:
        raise ResultsError("no run given; name at least one folder that holds a predictions.csv")
    budget = PAGE_BYTES // len(paths)
    return render_page([run_page(find(Run.load(path)), audio=audio, budget=budget) for path in paths])
