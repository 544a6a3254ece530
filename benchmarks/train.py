"""Train one pipeline on a whole corpus and save it: `python -m benchmarks.train`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from benchmarks import command as shared
from features.command import add_jobs_argument, command, make_parser, show, show_notes

EXAMPLES = """
python -m benchmarks.train --corpus emodb --root emodb --pipeline svm --out model.skops
python -m benchmarks.train --corpus manifest --root mine.csv --pipeline svm+xgboost --out mine.skops
python -m benchmarks.train --corpus emodb --root emodb --pipeline wav2vec2 --encoder FOLDER --out model/
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.train",
        "Train one pipeline on all utterances of a corpus and write it with a model card. It is first tested on the "
        "corpus's speaker-independent folds, for the card's scores.",
        examples=EXAMPLES,
    )
    parser.add_argument("--pipeline", default="svm", metavar="NAME", help="model[@features][:normalise] (default: svm)")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="PATH", help="FILE.skops, or a folder for deep models"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed (default: 0)")
    add_jobs_argument(parser)
    parser.add_argument(
        "--results", type=Path, metavar="DIR", help="where the test is kept (default: beside the model, NAME-CORPUS)"
    )
    parser.add_argument(
        "--no-scores", action="store_true", help="do not test it on folds; the card then shows no scores"
    )
    shared.add_cache_argument(parser)
    shared.add_corpus_arguments(parser)
    shared.add_fold_arguments(parser)
    shared.add_pipeline_arguments(parser)
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Test the pipeline, train it on everything, save it, and print where it is."""
    from benchmarks.evaluation.final_model import card_scores, check_saving, train
    from benchmarks.studies.reports import evaluate

    options = shared.options_of(arguments)
    corpus = shared.load_corpus(arguments)
    check_saving(corpus, arguments.pipeline, arguments.out, options=options)
    corpus = shared.check_sound(corpus, arguments, [arguments.pipeline], options)
    how: dict[str, Any] = {
        "options": options,
        "jobs": arguments.jobs,
        "cache": shared.cache_of(arguments),
        "progress": sys.stderr.isatty(),
    }
    scores: dict[str, float] = {}
    protocol, tested = "", None
    if not arguments.no_scores:
        folder = arguments.results or arguments.out.parent / f"{arguments.out.stem}-{corpus.name}"
        run = evaluate(
            corpus,
            pipelines=[arguments.pipeline],
            folds=arguments.folds,
            seeds=(arguments.seed,),
            allow_duplicates=arguments.allow_duplicates,
            out=folder,
            **how,
        )
        scores, protocol = card_scores(run)
        tested = run.predictions
    saved = train(
        corpus,
        arguments.pipeline,
        arguments.out,
        folds=arguments.folds,
        seed=arguments.seed,
        scores=scores,
        protocol=protocol,
        tested=tested,
        **how,
    )
    for note in saved.notes:
        show_notes([note])
    tested = f" (UAR {100 * scores['uar']:.1f} % on {protocol})" if scores else ""
    show(f"{saved.path}{tested}\n{saved.card}")


main = command(build_parser, execute, on_interrupt="stopped; nothing was written")

if __name__ == "__main__":
    sys.exit(main())
