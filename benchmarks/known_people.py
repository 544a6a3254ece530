"""Training on one group of people and testing on another: `python -m benchmarks.known_people`."""

from __future__ import annotations

import argparse
import sys

from benchmarks import command as shared
from features.command import command, make_parser, show

EXAMPLES = """
python -m benchmarks.known_people
python -m benchmarks.known_people --corpus emodb --root emodb --pipelines svm xgboost
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.known_people",
        "What it is worth that training held people like the one who is tested: trained on speakers of the same "
        "gender, of both by halves, and of the other, always on as many speakers and as many clips of each label, "
        "tested on the same clips. The table stands in known_people.csv.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "--pipelines", nargs="+", default=["svm"], metavar="NAME", help="as benchmarks.run (default: svm)"
    )
    parser.add_argument("--by", default="gender", metavar="COLUMN", help="what groups speakers (default: gender)")
    parser.add_argument(
        "--draws", type=int, default=1, metavar="N", help="how often speakers and clips are drawn (default: 1)"
    )
    shared.add_corpus_arguments(parser)
    shared.add_fold_arguments(parser)
    shared.add_pipeline_arguments(parser)
    shared.add_run_arguments(parser, out="results/CORPUS-people")
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Train on every group, test, and print the table."""
    from benchmarks.studies.known_people import known_people, known_text
    from benchmarks.studies.reports import write_report

    options = shared.options_of(arguments)
    corpus = shared.check_sound(shared.load_corpus(arguments), arguments, arguments.pipelines, options)
    keywords = shared.run_arguments("benchmarks.known_people", arguments, corpus, suffix="-people")
    how = {"by": arguments.by, "draws": arguments.draws, "options": options}
    show(known_text(known_people(corpus, pipelines=arguments.pipelines, **how, **keywords)))
    show(f"table: {keywords['out'] / 'known_people.csv'}\nreport: {write_report(keywords['out'])}")


main = command(build_parser, execute, on_interrupt=shared.GOES_ON)

if __name__ == "__main__":
    sys.exit(main())
