"""Whom a pipeline serves worse: `python -m benchmarks.people RUN`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from features.command import command, make_parser, show

EXAMPLES = """
python -m benchmarks.people results/emodb
python -m benchmarks.people results/emodb --pipelines svm
python -m benchmarks.people results/calls --speakers speakers.csv        (speaker,gender,accent)
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.people",
        "Whom a pipeline serves worse: UAR by gender, age, language and accent, where the corpus or a table tells "
        "them, with intervals over speakers and p corrected for all comparisons; and the speaker with the lowest "
        "score, without the luck of being the lowest. From the stored predictions of a run. Tables: people.csv and "
        "people_speakers.csv; the run's report shows them.",
        examples=EXAMPLES,
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a run")
    parser.add_argument("--pipelines", nargs="+", default=(), metavar="NAME", help="only these (default: all)")
    parser.add_argument(
        "--speakers",
        type=Path,
        metavar="CSV",
        help="what is known of the speakers: the column speaker, and one for each way to group them",
    )
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Compare groups and speakers, print them, and write the tables and the report."""
    from benchmarks.evaluation.runs import Run
    from benchmarks.studies.people import people, people_text
    from benchmarks.studies.reports import write_report

    run = Run.load(arguments.run)
    folder = run.folder
    show(people_text(people(run, pipelines=arguments.pipelines, speakers=arguments.speakers)))
    show(f"tables: {folder / 'people.csv'}, {folder / 'people_speakers.csv'}\nreport: {write_report(run)}")


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
