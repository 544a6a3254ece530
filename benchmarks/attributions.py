"""Which features speak for which emotion: `python -m benchmarks.attributions`."""

from __future__ import annotations

import argparse
import sys

from benchmarks import command as shared
from features.command import command, make_parser, show

EXAMPLES = """
python -m benchmarks.attributions --pipelines logistic@prosodic
python -m benchmarks.attributions --corpus emodb --root emodb --pipelines svm xgboost
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.attributions",
        "Which features move a pipeline towards each emotion, on clips of speakers whom it never heard: attributions "
        "of every fold's test clips, averaged over speakers, with intervals. The table stands in attributions.csv, and "
        "in the report of the run.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "--pipelines",
        nargs="+",
        default=["svm"],
        metavar="NAME",
        help="classical ones, as benchmarks.run, without a + (default: svm)",
    )
    shared.add_corpus_arguments(parser)
    shared.add_fold_arguments(parser)
    shared.add_pipeline_arguments(parser)
    shared.add_run_arguments(parser)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Run the pipelines, explain them, print the loudest features, and write the report."""
    from benchmarks.evaluation.runs import load_run
    from benchmarks.studies.attributions import attributions_text, emotion_attributions
    from benchmarks.studies.reports import write_report

    options = shared.options_of(arguments)
    corpus = shared.check_sound(shared.load_corpus(arguments), arguments, arguments.pipelines, options)
    keywords = shared.run_arguments("benchmarks.attributions", arguments, corpus)
    found = emotion_attributions(corpus, pipelines=arguments.pipelines, options=options, **keywords)
    show(attributions_text(found))
    show(f"table: {keywords['out'] / 'attributions.csv'}\nreport: {write_report(keywords['out'])}")
    return shared.say_whether_chance_holds(corpus, load_run(keywords["out"]).predictions)


main = command(build_parser, execute, on_interrupt=shared.GOES_ON)

if __name__ == "__main__":
    sys.exit(main())
