"""Runs with their reports: what evaluation leaves and reporting shows, with the sections of all studies."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec

from benchmarks.evaluation import evaluate as engine
from benchmarks.evaluation.runs import Run
from benchmarks.reporting import page, plots
from benchmarks.reporting.ranking import rank
from benchmarks.reporting.sections import FolderSection, Section
from benchmarks.reporting.study_page import study_page
from benchmarks.studies import STUDIES
from benchmarks.studies.comparison import compare_runs

if TYPE_CHECKING:
    from benchmarks.reporting.ranking import Ranking
    from benchmarks.reporting.sections import ReportSection
    from benchmarks.reporting.study_page import StudyPage
    from features.plotting import Plot

__all__ = ["draw", "evaluate", "study_sections", "write_report", "write_reports"]

P = ParamSpec("P")


def study_sections() -> tuple[ReportSection, ...]:
    """The sections of all studies, in the order of `STUDIES`.

    Examples
    --------
    >>> [section.title for section in study_sections()][:2]
    ['Which features carry it?', 'Would more speakers help?']
    """
    modules = [import_module(name) for name in STUDIES.values()]
    return tuple(section for module in modules for section in getattr(module, "SECTIONS", ()))


def studies_in(folder: Path) -> list[StudyPage]:
    """What studies left in a folder that holds no run.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of StudyPage
        Empty where there is a run, or no table of a study.

    Raises
    ------
    ResultsError
        If such a table is damaged.

    Examples
    --------
    >>> studies_in(Path("nowhere"))
    []
    """
    return [study_page(folder, section) for section in _sections_in(folder)]


def holds_studies_alone(folder: Path) -> bool:
    """Whether a folder holds what studies left, and no run; nothing is read.

    Examples
    --------
    >>> holds_studies_alone(Path("nowhere"))
    False
    """
    return bool(_sections_in(folder))


def _sections_in(folder: Path) -> list[FolderSection]:
    if not folder.is_dir() or (folder / "predictions.csv").exists():
        return []
    alone = (section for section in study_sections() if isinstance(section, FolderSection))
    return [section for section in alone if section.is_in(folder)]


def write_report(
    run: Run | str | Path, *, out: str | Path | None = None, audio: bool = True, rope: float | None = None
) -> Path:
    """Write the report of a run, or of a study that is none; see `benchmarks.reporting.page.write_report`.

    Parameters
    ----------
    run : Run or path
        The run, or its folder, or the folder of a study.
    out : path, optional
        Where the page goes; `report.html` in the folder unless given.
    audio : bool, default=True
        Whether the sound of wrong predictions may be embedded where its licence allows that.
    rope : float, optional
        As for `benchmarks.evaluate`; what the run was made with unless given.

    Returns
    -------
    Path
        The page.

    Examples
    --------
    >>> import benchmarks
    >>> benchmarks.write_report("results/emodb").name  # doctest: +SKIP
    'report.html'
    """
    if not isinstance(run, Run) and (studies := studies_in(Path(run))):
        return _write_studies(studies, Path(out) if out else Path(run) / "report.html")
    return page.write_report(run, out=out, audio=audio, sections=study_sections(), rope=rope)


def _write_studies(studies: Sequence[StudyPage], out: Path) -> Path:
    for study in studies:
        study.write_files()
    return page.write_page([], out, studies=studies)


def write_reports(
    paths: Sequence[Path],
    *,
    out: Path | None = None,
    audio: bool = True,
    join_names: bool = False,
    rope: float | None = None,
) -> Path:
    """Write one page of one or several runs and studies, and the report of each that has a folder.

    Runs on the same utterances are one table: every pipeline of all of them, ranked and tested together.

    Parameters
    ----------
    paths : sequence of Path
        Folders of runs and of studies, or files `predictions.csv` from elsewhere.
    out : Path, optional
        The page; by default `report.html` in a single folder, or here for several.
    audio, rope
        As for `write_report`.
    join_names : bool, default=False
        As for `benchmarks.scoring.predictions.read_predictions`.

    Returns
    -------
    Path
        The page.

    Examples
    --------
    >>> write_reports([Path("results/emodb"), Path("results/ravdess")])  # doctest: +SKIP
    """
    studies = {path: found for path in paths if (found := studies_in(path))}
    read = [(path, Run.load(path, join_names=join_names)) for path in paths if path not in studies]
    if len(paths) == 1 and paths[0].is_dir():
        if not read:
            return _write_studies(studies[paths[0]], out or paths[0] / "report.html")
        return write_report(read[0][1], out=out, audio=audio, rope=rope)
    for path, run in read:
        if path.is_dir():
            write_report(run, audio=audio, rope=rope)
    for path, found in studies.items():
        _write_studies(found, path / "report.html")
    rankings: list[Ranking] = []
    sections: list[tuple[ReportSection, ...]] = []
    for group in _same_tests(read):
        places, runs = zip(*group)
        together = len(runs) > 1
        rankings.append(
            compare_runs(runs, places, join_names=join_names, rope=rope) if together else rank(runs[0], rope=rope)
        )
        sections.append(() if together else study_sections())
    alone = [study for found in studies.values() for study in found]
    return page.write_page(rankings, out or Path("report.html"), audio=audio, sections=sections, studies=alone)


def _same_tests(read: Sequence[tuple[Path, Run]]) -> list[list[tuple[Path, Run]]]:
    """Paths and runs that were tested on the same utterances, with the same speakers and labels, together."""
    groups: dict[frozenset[tuple[str, ...]], list[tuple[Path, Run]]] = {}
    for path, run in read:
        table = run.predictions
        rows = table[["utterance", "speaker", "truth"]].drop_duplicates() if len(table) else table
        key = frozenset(map(tuple, rows.to_numpy())) or frozenset({(str(path),)})
        groups.setdefault(key, []).append((path, run))
    return list(groups.values())


def draw(run: Run | Ranking | str | Path, name: str) -> Plot:
    """Draw one plot of the report on its own, those of studies included.

    Parameters
    ----------
    run : Run, Ranking or path
        A run, or its folder, or a lone `predictions.csv`.
    name : str
        Of a plot: scores, differences, recalls, speakers, calibration, cost; of an ablation shapley, subsets, emotions,
        pairs_of_emotions; of a learning curve learning; of a run
        whose pipelines enrol speakers enrolment.

    Returns
    -------
    Plot
        The figure with its alt text; a notebook shows it, `with_title` gives it a title, `save` writes it.

    Raises
    ------
    ResultsError
        If there is no such plot, or the run has nothing to show in it.

    Examples
    --------
    >>> import benchmarks
    >>> benchmarks.draw("results/emodb", "recalls").save("recalls.svg")  # doctest: +SKIP
    """
    studied = (plot for section in study_sections() if isinstance(section, Section) for plot in section.plots)
    return plots.draw(run, name, plots=[*plots.PLOTS, *studied])


def _reported(run_pipelines: Callable[P, Run]) -> Callable[P, Run]:
    @functools.wraps(run_pipelines)
    def with_report(*args: P.args, **kwargs: P.kwargs) -> Run:
        run = run_pipelines(*args, **kwargs)
        if not run.predictions.empty and engine.loses_nothing(run):
            write_report(run)
        return run

    return with_report


evaluate = _reported(engine.evaluate)
