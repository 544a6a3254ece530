"""When a pipeline should say nothing: `python -m benchmarks.abstention RUN`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from features.command import command, make_parser, show

EXAMPLES = """
python -m benchmarks.abstention results/emodb
python -m benchmarks.abstention results/emodb --pipelines svm --coverage 0.8 0.9
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.abstention",
        "Sets of labels that hold the truth as often as is asked, calibrated over the training speakers of every fold, "
        "and tried on its test speakers; and how many answers are right where only the surest clips are answered. From "
        "what a run stores. Tables: abstention.csv and selective.csv; the run's report shows them.",
        examples=EXAMPLES,
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a run")
    parser.add_argument("--pipelines", nargs="+", default=(), metavar="NAME", help="only these (default: all)")
    parser.add_argument(
        "--coverage",
        nargs="+",
        type=float,
        default=[0.8, 0.9, 0.95],
        metavar="C",
        help="shares of a speaker's clips whose set is to hold the truth (default: 0.8 0.9 0.95)",
    )
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Try the sets, print what they hold, and write the tables and the report."""
    from benchmarks.evaluation.runs import Run
    from benchmarks.studies.abstention import abstention, abstention_text
    from benchmarks.studies.reports import write_report

    run = Run.load(arguments.run)
    show(abstention_text(abstention(run, pipelines=arguments.pipelines, coverages=arguments.coverage)))
    tables = f"{run.folder / 'abstention.csv'}, {run.folder / 'selective.csv'}"
    show(f"tables: {tables}\nreport: {write_report(run)}")


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
