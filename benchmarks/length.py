"""How many seconds of speech are enough: `python -m benchmarks.length`."""

from __future__ import annotations

import argparse
import sys

from benchmarks import command as shared
from features.command import command, make_parser, show

EXAMPLES = """
python -m benchmarks.length --pipelines svm@timing
python -m benchmarks.length --corpus emodb --root emodb --pipelines svm xgboost --seconds 1 2 3
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.length",
        "Train every pipeline on whole clips, and test it on their first seconds: which window a long recording asks "
        "for, what it loses, and how long one waits for an answer. The figures stand in length.csv, the "
        "curve in report.html.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "--pipelines", nargs="+", default=["svm"], metavar="NAME", help="as benchmarks.run (default: svm)"
    )
    parser.add_argument(
        "--seconds",
        nargs="+",
        type=float,
        default=[0.5, 1.0, 1.5, 2.0, 3.0],
        metavar="S",
        help="how much of a clip is heard (default: 0.5 1 1.5 2 3)",
    )
    shared.add_corpus_arguments(parser)
    shared.add_fold_arguments(parser)
    shared.add_pipeline_arguments(parser)
    shared.add_run_arguments(parser, out="results/CORPUS-length")
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Score every pipeline on the first seconds, print the curve and what it asks of a window, and write the report."""
    from benchmarks.studies.length import length_curve, length_text
    from benchmarks.studies.reports import write_report

    options = shared.options_of(arguments)
    corpus = shared.check_sound(shared.load_corpus(arguments), arguments, arguments.pipelines, options)
    keywords = shared.run_arguments("benchmarks.length", arguments, corpus, suffix="-length")
    table = length_curve(corpus, pipelines=arguments.pipelines, seconds=arguments.seconds, options=options, **keywords)
    show(length_text(table))
    folder = keywords["out"]
    show(f"table: {folder / 'length.csv'}\nreport: {write_report(folder)}")


main = command(build_parser, execute, on_interrupt=shared.GOES_ON)

if __name__ == "__main__":
    sys.exit(main())
