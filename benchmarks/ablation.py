"""Which features carry the score: `python -m benchmarks.ablation`."""

from __future__ import annotations

import argparse
import sys

from benchmarks import command as shared
from features.command import command, make_parser, show

EXAMPLES = """
python -m benchmarks.ablation
python -m benchmarks.ablation --corpus emodb --root emodb --pipelines svm --out results/emodb
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.ablation",
        "Prosodic against spectral: run models on every subset of the six groups of features, and share their score "
        "among the groups by Shapley values, with intervals over speakers. In a folder that holds a run of the same "
        "corpus and folds, that run's report gets a section.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "--pipelines",
        nargs="+",
        default=["svm"],
        metavar="NAME",
        help="models without features, as svm or xgboost:speaker (default: svm)",
    )
    shared.add_corpus_arguments(parser)
    shared.add_fold_arguments(parser)
    shared.add_run_arguments(parser)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Run the ablation, write the report, and print what it found."""
    from benchmarks.scoring.predictions import read_predictions
    from benchmarks.studies.ablation import ablate, ablation_text
    from benchmarks.studies.reports import write_report

    corpus = shared.check_sound(shared.load_corpus(arguments), arguments, arguments.pipelines)
    found = ablate(
        corpus,
        models=arguments.pipelines,
        **shared.run_arguments("benchmarks.ablation", arguments, corpus),
    )
    write_report(found.folder)
    show(ablation_text(found))
    if not corpus.control:
        return 0
    return shared.say_whether_chance_holds(corpus, read_predictions(found.folder / "ablation"))


main = command(build_parser, execute, on_interrupt=shared.GOES_ON)

if __name__ == "__main__":
    sys.exit(main())
