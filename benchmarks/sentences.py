"""How much of a score is that the test's sentences were trained on: `python -m benchmarks.sentences`."""

from __future__ import annotations

import argparse
import sys

from benchmarks import command as shared
from features.command import command, make_parser, show

EXAMPLES = """
python -m benchmarks.sentences
python -m benchmarks.sentences --corpus emodb --root emodb --pipelines svm xgboost
python -m benchmarks.sentences --corpus ravdess --root ravdess --folds 6 --pipelines svm svm@encoder --encoder FOLDER
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.sentences",
        "What knowing the sentence is worth: pipelines trained on other speakers who say the test's sentences too, and "
        "with those sentences left out (folds speaker-x-text), on as many clips of each speaker and label, tested on "
        "the same clips. The table stands in sentences.csv.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "--pipelines", nargs="+", default=["svm"], metavar="NAME", help="as benchmarks.run (default: svm)"
    )
    parser.add_argument(
        "--draws", type=int, default=3, metavar="N", help="how often as few clips are drawn (default: 3)"
    )
    shared.add_corpus_arguments(parser)
    shared.add_fold_arguments(parser)
    shared.add_pipeline_arguments(parser)
    shared.add_run_arguments(parser, out="results/CORPUS-sentences")
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Train with and without the test's sentences, and print what they are worth."""
    from benchmarks.studies.reports import write_report
    from benchmarks.studies.sentences import known_sentences, sentences_text

    options = shared.options_of(arguments)
    corpus = shared.check_sound(shared.load_corpus(arguments), arguments, arguments.pipelines, options)
    keywords = shared.run_arguments("benchmarks.sentences", arguments, corpus, suffix="-sentences")
    worth = known_sentences(corpus, pipelines=arguments.pipelines, draws=arguments.draws, options=options, **keywords)
    show(sentences_text(worth, corpus))
    show(f"table: {keywords['out'] / 'sentences.csv'}\nreport: {write_report(keywords['out'])}")


main = command(build_parser, execute, on_interrupt=shared.GOES_ON)

if __name__ == "__main__":
    sys.exit(main())
