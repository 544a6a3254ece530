"""What noise, rooms, telephones and haste do to every pipeline: `python -m benchmarks.robustness`."""

from __future__ import annotations

import argparse
import sys

from benchmarks import command as shared
from features.command import command, make_parser, show

EXAMPLES = """
python -m benchmarks.robustness --corpus emodb --root emodb --pipelines svm xgboost svm:speaker
python -m benchmarks.robustness --conditions white babble --pipelines svm --train-disturbed
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.robustness",
        "Train every pipeline on clips as they are, and test it on clips under noise, babble of other speakers, in "
        "rooms, over telephones and codecs, clipped, softened, cut short, faster and slower. The figures stand in "
        "robustness.csv, the curves in report.html.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "--pipelines", nargs="+", default=["svm"], metavar="NAME", help="as benchmarks.run (default: svm)"
    )
    parser.add_argument(
        "--conditions",
        nargs="+",
        default=[],
        metavar="KIND",
        help="white, pink, babble, room, telephone, mp3, opus, overdrive, attenuation, beginning, faster, slower "
        "(default: all)",
    )
    parser.add_argument(
        "--train-disturbed",
        action="store_true",
        help="train a second time, with a copy of each training clip under a drawn condition beside it",
    )
    shared.add_corpus_arguments(parser)
    shared.add_fold_arguments(parser)
    shared.add_pipeline_arguments(parser)
    shared.add_run_arguments(parser, out="results/CORPUS-robustness")
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Score every pipeline under every condition, print what it found, and write the report."""
    from benchmarks.studies.reports import write_report
    from benchmarks.studies.robustness import robustness, robustness_text

    options = shared.options_of(arguments)
    corpus = shared.check_sound(shared.load_corpus(arguments), arguments, arguments.pipelines, options)
    keywords = shared.run_arguments("benchmarks.robustness", arguments, corpus, suffix="-robustness")
    table = robustness(
        corpus,
        pipelines=arguments.pipelines,
        kinds=arguments.conditions,
        augment=arguments.train_disturbed,
        options=options,
        **keywords,
    )
    show(robustness_text(table))
    folder = keywords["out"]
    show(f"table: {folder / 'robustness.csv'}\nreport: {write_report(folder)}")


main = command(build_parser, execute, on_interrupt=shared.GOES_ON)

if __name__ == "__main__":
    sys.exit(main())
