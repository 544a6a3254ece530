"""Train one pipeline on a whole corpus and keep it: `python -m benchmarks.train`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.pipelines.options import at_least_one
from benchmarks.run import add_corpus_arguments, add_pipeline_arguments, load_corpus, options_of, pick_cache

EXAMPLES = """\
examples:
  python -m benchmarks.train --corpus emodb --root emodb --pipeline svm --out model.skops
  python -m benchmarks.train --corpus manifest --root mine.csv --pipeline svm+xgboost --out mine.skops
  python -m benchmarks.train --corpus emodb --root emodb --pipeline wav2vec2 --encoder FOLDER --out model/
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser of this command; the command reference is made from it."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.train",
        description="Train one pipeline on all utterances of a corpus and write it with a model card. It is first "
        "tested on the corpus's speaker-independent folds, for the card's scores.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pipeline", default="svm", metavar="NAME", help="model[@features][:normalise] (default: svm)")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="PATH", help="FILE.skops, or a folder for deep models"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed (default: 0)")
    parser.add_argument("--jobs", type=at_least_one, metavar="N", help="processes (default: all cores)")
    parser.add_argument("--results", type=Path, metavar="DIR", help="where the test is kept (default: results/CORPUS)")
    parser.add_argument(
        "--no-scores", action="store_true", help="do not test it on folds; the card then shows no scores"
    )
    parser.add_argument("--no-cache", action="store_true", help="extract features anew, and keep none")
    add_corpus_arguments(parser)
    add_pipeline_arguments(parser)
    return parser


def execute(args: argparse.Namespace) -> int:
    """Carry out what the options say; the exit status."""
    import joblib

    from benchmarks.evaluation.evaluate import evaluate
    from benchmarks.evaluation.final_model import scores_for_card, train
    from features.errors import PipelineError

    corpus, options, cache = load_corpus(args), options_of(args), pick_cache(args)
    jobs = args.jobs or joblib.cpu_count()
    progress = sys.stderr.isatty()
    scores, protocol = {}, ""
    if not args.no_scores:
        folder = args.results or Path("results") / f"{corpus.name}-{args.out.stem}"
        result = evaluate(
            corpus,
            pipelines=[args.pipeline],
            seeds=(args.seed,),
            jobs=jobs,
            out=folder,
            options=options,
            cache=cache,
            progress=progress,
        )
        if result.scores.empty:
            reasons = [entry["reason"] for entry in result.run["pipelines"].values()]
            raise PipelineError(f"{args.pipeline} could not be tested: {reasons[0]}")
        scores = scores_for_card(result.scores.iloc[0])
        protocol = f"{len(result.run['folds']['folds'])} folds ({result.run['folds']['scheme']}), speakers held out"
    kept = train(
        corpus,
        args.pipeline,
        args.out,
        options=options,
        seed=args.seed,
        jobs=jobs,
        cache=cache,
        scores=scores,
        protocol=protocol,
        progress=progress,
    )
    for note in kept.notes:
        print(f"note: {note}", file=sys.stderr)
    shown = f" (UAR {100 * scores['uar']:.1f} % on {protocol})" if scores else ""
    print(f"{kept.place}{shown}")
    print(f"{kept.card}")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 done, 2 wrong use."""
    from features.errors import SerError

    args = build_parser().parse_args(argv)
    try:
        return execute(args)
    except SerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; nothing was written", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
