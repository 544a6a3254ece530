"""How many clips of a speaker are enough to standardise the speaker by: `python -m benchmarks.enrolment`."""

from __future__ import annotations

import argparse
import sys

from benchmarks import command as shared
from features.command import command, make_parser, show

EXAMPLES = """
python -m benchmarks.enrolment
python -m benchmarks.enrolment --corpus emodb --root emodb --pipelines svm --seeds 0 1 2
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.enrolment",
        "Enrolment curve: how the score grows from no clip of a speaker (global), over 1, 3, 5 and 10 unlabelled ones "
        "that enrol the speaker, to all (speaker). Ten clips of each speaker are drawn by each seed and scored for no "
        "pipeline. The curve stands in enrolment.csv, and in the report of the run.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "--pipelines",
        nargs="+",
        default=["svm"],
        metavar="NAME",
        help="as benchmarks.run, without :normalise (default: svm)",
    )
    shared.add_corpus_arguments(parser)
    shared.add_fold_arguments(parser)
    shared.add_run_arguments(parser, out="results/CORPUS-enrolment")
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Run every pipeline under every normalisation, print the curve, and write the report."""
    from benchmarks.evaluation.runs import load_run
    from benchmarks.studies.enrolment_curve import curve_text, enrolment_curve
    from benchmarks.studies.reports import write_report

    corpus = shared.check_sound(shared.load_corpus(arguments), arguments, arguments.pipelines)
    keywords = shared.run_arguments("benchmarks.enrolment", arguments, corpus, suffix="-enrolment")
    show(curve_text(enrolment_curve(corpus, pipelines=arguments.pipelines, **keywords)))
    show(f"table: {keywords['out'] / 'enrolment.csv'}\nreport: {write_report(keywords['out'])}")
    return shared.say_whether_chance_holds(corpus, load_run(keywords["out"]).predictions)


main = command(build_parser, execute, on_interrupt=shared.GOES_ON)

if __name__ == "__main__":
    sys.exit(main())
