"""Which kind of feature carries it: every subset of the six groups, run over the same folds."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.studies.ablation import Ablation

EXAMPLE = """example:
  python -m benchmarks.ablation --corpus emodb --root emodb --pipelines svm --out results/emodb

In a folder that holds a run of the same corpus and folds, that run's report gets a section."""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    from benchmarks.run import add_corpus_arguments, add_run_arguments

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ablation",
        description="Prosodic against spectral: run models on every subset of the six groups of features, and share "
        "their score among the groups by Shapley values, with intervals over speakers.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--pipelines",
        nargs="+",
        default=["svm"],
        metavar="NAME",
        help="models without features, as svm or xgboost:speaker (default: svm)",
    )
    add_corpus_arguments(parser)
    group = parser.add_argument_group("folds")
    group.add_argument(
        "--folds", metavar="SCHEME", help="session, speaker, speaker-811 or a number (default: the corpus's)"
    )
    group.add_argument("--allow-duplicates", action="store_true", help="accept byte-identical clips on both sides")
    add_run_arguments(parser)
    return parser


def execute(arguments: argparse.Namespace, line: Sequence[str]) -> int:
    """Run the ablation and print what it found."""
    from benchmarks.run import load_corpus, pick_cache
    from benchmarks.studies.ablation import ablate

    corpus = load_corpus(arguments)
    found = ablate(
        corpus,
        models=arguments.pipelines,
        folds=arguments.folds,
        seeds=arguments.seeds,
        jobs=arguments.jobs,
        out=arguments.out or Path("results") / corpus.name,
        overwrite=arguments.overwrite,
        cache=pick_cache(arguments),
        allow_duplicates=arguments.allow_duplicates,
        progress=sys.stderr.isatty(),
        command=shlex.join(["python", "-m", "benchmarks.ablation", *line]),
    )
    print(found_text(found))
    return 0


def found_text(found: Ablation) -> str:
    """Write the Shapley values of the UAR as a table for a terminal, and the answer in words."""
    from benchmarks.reporting.ablation_summary import answer

    rows = found.shapley[found.shapley["target"] == "uar"]
    lines = [f"{'model':<18}{'players':<9}{'':<22}{'adds to UAR':>12}   95 % interval"]
    lines.extend(
        f"{row.model:<18}{row.players:<9}{row.group:<22}{row.value:>+12.3f}   {row.low:+.3f} to {row.high:+.3f}"
        for row in rows.itertuples()
    )
    sentences = [sentence for model in rows["model"].unique() for sentence in answer(found.shapley, str(model))]
    return "\n".join([*lines, "", *sentences, f"tables and report: {found.folder}"])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 done, 2 wrong use."""
    from features.errors import SerError

    line = list(sys.argv[1:] if argv is None else argv)
    arguments = build_parser().parse_args(line)
    try:
        return execute(arguments, line)
    except SerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
