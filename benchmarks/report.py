"""Write the report of one run or of several: `python -m benchmarks.report`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.command import add_rope_argument
from features.command import add_join_names_argument, command, make_parser, show, show_notes

EXAMPLES = """
python -m benchmarks.report results/emodb
python -m benchmarks.report results/emodb results/ravdess --out both.html
python -m benchmarks.report results/emodb results/emodb-robustness --out all.html
python -m benchmarks.report results/emodb --cite
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.report",
        "A report of one run or several, and of studies, as one HTML page, with every plot and table as files of their "
        "own.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="OUT", help="folder of a run or of a study, or a predictions.csv"
    )
    parser.add_argument("--no-audio", action="store_true", help="embed no sound, whatever the licence")
    parser.add_argument(
        "--cite", action="store_true", help="print how each run was made, for a paper (LaTeX), and its BibTeX"
    )
    add_join_names_argument(parser)
    add_rope_argument(parser)
    parser.add_argument(
        "--out", type=Path, help="the page (default: OUT/report.html, or ./report.html for several runs)"
    )
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Write the page and print where it is."""
    from benchmarks.evaluation.runs import Run
    from benchmarks.reporting.methods import methods_of
    from benchmarks.reporting.page import notes_on_pictures
    from benchmarks.reporting.ranking import rank
    from benchmarks.studies.reports import holds_studies_alone, write_reports

    joins = arguments.join_names
    page = write_reports(
        arguments.runs, out=arguments.out, audio=not arguments.no_audio, join_names=joins, rope=arguments.rope
    )
    show(str(page))
    runs = [path for path in arguments.runs if not holds_studies_alone(path)]
    for path in (path for path in runs if path.is_dir() or arguments.cite):
        run = Run.load(path, join_names=joins)
        if path.is_dir():
            show_notes(notes_on_pictures(run))
        if arguments.cite:
            methods = methods_of(rank(run, rope=arguments.rope))
            show(f"\n{methods.latex()}\n\n{methods.bibtex()}")


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
