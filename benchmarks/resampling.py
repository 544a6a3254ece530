"""Whether pipelines differ, trained anew on other speakers: `python -m benchmarks.resampling`."""

from __future__ import annotations

import argparse
import sys

from benchmarks import command as shared
from features.command import command, make_parser, show

EXAMPLES = """
python -m benchmarks.resampling --pipelines svm@energy logistic@energy --draws 5
python -m benchmarks.resampling --corpus emodb --root emodb --pipelines svm xgboost --draws 50
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.resampling",
        "Pipelines as algorithms: speakers are divided at random many times, each half trains and the other is tested. "
        "Of every pair the difference with an interval that knows who trained, beside that of the models as trained, "
        "and how much it varies with who is tested, who trains and the seed. The table stands in resampling.csv, and "
        "in the report where --out holds a run.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "--pipelines",
        nargs="+",
        default=["svm", "xgboost"],
        metavar="NAME",
        help="two or more, as benchmarks.run (default: svm xgboost)",
    )
    parser.add_argument(
        "--draws", type=int, default=20, metavar="N", help="how often the speakers are divided (default: 20)"
    )
    shared.add_corpus_arguments(parser)
    shared.add_fold_arguments(
        parser, schemes="what is drawn whole: speaker or session (default: as the corpus's folds)"
    )
    shared.add_pipeline_arguments(parser)
    shared.add_run_arguments(parser)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Train on the halves, print what was found; the report of a run that is there gets it too."""
    import pandas as pd

    from benchmarks.studies.reports import write_report
    from benchmarks.studies.resampling import resampling, resampling_text

    options = shared.options_of(arguments)
    corpus = shared.check_sound(shared.load_corpus(arguments), arguments, arguments.pipelines, options)
    keywords = shared.run_arguments("benchmarks.resampling", arguments, corpus)
    found = resampling(corpus, pipelines=arguments.pipelines, draws=arguments.draws, options=options, **keywords)
    folder = keywords["out"]
    show(resampling_text(found))
    show(f"table: {folder / 'resampling.csv'}")
    if (folder / "predictions.csv").is_file():
        write_report(folder)
    if not corpus.control:
        return 0
    answers = pd.read_csv(folder / "resampling" / "predictions.csv", dtype=str, keep_default_na=False)
    return shared.say_whether_chance_holds(corpus, answers)


main = command(build_parser, execute, on_interrupt=shared.GOES_ON)

if __name__ == "__main__":
    sys.exit(main())
