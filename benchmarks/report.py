"""A report of one run or several, as one HTML page, with every plot and table as files of their own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from features.errors import ResultsError, SerError

EXAMPLE = """example:
  python -m benchmarks.report results/emodb
  python -m benchmarks.report results/emodb results/ravdess --out both.html"""

PAGE_BYTES = 2_500_000


def build(folders: Sequence[Path], *, audio: bool = True) -> str:
    """Make one page of one or several runs.

    Parameters
    ----------
    folders
        Runs as `benchmarks.run` left them, or files `predictions.csv` from elsewhere.
    audio
        Whether the sound of wrong predictions may be embedded where its licence allows that.

    Returns
    -------
    str
        HTML that needs no other file and no network.

    Raises
    ------
    ResultsError
        If there is no folder, or one holds no predictions.
    """
    from benchmarks.evaluation.runs import load_run
    from benchmarks.reporting.page import render_page, run_page
    from benchmarks.reporting.ranking import find

    if not folders:
        raise ResultsError("no run given; name at least one folder that holds a predictions.csv")
    budget = PAGE_BYTES // len(folders)
    return render_page([run_page(find(load_run(Path(f))), audio=audio, budget=budget) for f in folders])


def write_report(folder: Path, *, out: Path | None = None, audio: bool = True) -> Path:
    """Write `report.html`, `plots/*.png`, `plots/*.svg`, `tables/*.csv` and `tables/*.tex` into a run's folder.

    Parameters
    ----------
    folder
        The run.
    out
        Where the page goes instead.
    audio
        Whether the sound of wrong predictions may be embedded where its licence allows that.

    Returns
    -------
    Path
        The page.
    """
    from benchmarks.evaluation.runs import load_run
    from benchmarks.evaluation.store import write_atomically
    from benchmarks.reporting.page import confusion_drawings, render_page, run_page
    from benchmarks.reporting.ranking import find

    run = load_run(Path(folder))
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
    write_atomically(target, render_page([page]).encode())
    return target


def _write(runs: Sequence[Path], out: Path | None, *, audio: bool) -> Path:
    if len(runs) == 1 and runs[0].is_dir():
        return write_report(runs[0], out=out, audio=audio)
    from benchmarks.evaluation.store import write_atomically

    for folder in runs:
        if folder.is_dir():
            write_report(folder, audio=audio)
    target = out or Path("report.html")
    write_atomically(target, build(runs, audio=audio).encode())
    return target


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.report",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="OUT", help="folder of a run, or a predictions.csv")
    parser.add_argument("--no-audio", action="store_true", help="embed no sound, whatever the licence")
    parser.add_argument(
        "--out", type=Path, help="the page (default: OUT/report.html, or ./report.html for several runs)"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page and print where it is."""
    arguments = build_parser().parse_args(argv)
    audio = not arguments.no_audio
    try:
        target = _write(arguments.runs, arguments.out, audio=audio)
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}; give a place that can be written", file=sys.stderr)
        return 2
    except SerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
