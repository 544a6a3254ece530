"""How the score grows with the number of training speakers: `python -m benchmarks.learning`."""

from __future__ import annotations

import argparse
import sys

from benchmarks import command as shared
from features.command import command, make_parser, show

EXAMPLES = """
python -m benchmarks.learning --sizes 2 4
python -m benchmarks.learning --corpus emodb --root emodb --pipelines svm xgboost --out results/emodb
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.learning",
        "Learning curves: how the score grows with the number of training speakers. The curve stands in learning.csv, "
        "and in the report where --out holds a run.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "--pipelines", nargs="+", default=["svm"], metavar="NAME", help="as benchmarks.run (default: svm)"
    )
    parser.add_argument("--sizes", nargs="+", type=int, default=(), metavar="N", help="numbers of training speakers")
    shared.add_corpus_arguments(parser)
    shared.add_fold_arguments(parser)
    shared.add_run_arguments(parser)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Compute the curve and print it; the report of a run that is there gets it too."""
    import pandas as pd

    from benchmarks.studies.learning_curve import curve_text, learning_curve
    from benchmarks.studies.reports import write_report

    corpus = shared.check_sound(shared.load_corpus(arguments), arguments, arguments.pipelines)
    keywords = shared.run_arguments("benchmarks.learning", arguments, corpus)
    curve = learning_curve(corpus, pipelines=arguments.pipelines, sizes=arguments.sizes, **keywords)
    folder = keywords["out"]
    show(curve_text(curve))
    show(f"table: {folder / 'learning.csv'}")
    if (folder / "predictions.csv").is_file():
        write_report(folder)
    if not corpus.control:
        return 0
    answers = pd.read_csv(folder / "learning" / "predictions.csv", dtype=str, keep_default_na=False)
    return shared.say_whether_chance_holds(corpus, answers, by=("pipeline", "speakers"))


main = command(build_parser, execute, on_interrupt=shared.GOES_ON)

if __name__ == "__main__":
    sys.exit(main())
