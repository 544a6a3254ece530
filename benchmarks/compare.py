"""Compare the predictions of two runs on the same utterances: `python -m benchmarks.compare`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.command import add_rope_argument
from features.command import add_join_names_argument, command, make_parser, show

EXAMPLES = """
python -m benchmarks.compare results/emodb /elsewhere/predictions.csv
python -m benchmarks.compare results/emodb results/emodb-deep --pipelines svm wav2vec2
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.compare",
        "Compare the predictions of two runs, made here, elsewhere or by another tool, on the same utterances. A "
        "predictions.csv has the columns pipeline, seed, fold, utterance, speaker, truth, prediction and p_<label> if "
        "known.",
        examples=EXAMPLES,
    )
    parser.add_argument("first", type=Path, metavar="A", help="folder of a run, or a predictions.csv")
    parser.add_argument("second", type=Path, metavar="B", help="another, tested on the same utterances")
    parser.add_argument("--pipelines", nargs="+", default=(), metavar="NAME", help="only these (default: all)")
    add_join_names_argument(parser)
    add_rope_argument(parser)
    parser.add_argument("--seed", type=int, default=0, help="seed of drawn swaps, beyond 16 speakers (default: 0)")
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Print the comparison."""
    from benchmarks.studies.comparison import compare, comparison_text

    found = compare(
        arguments.first,
        arguments.second,
        pipelines=arguments.pipelines,
        join_names=arguments.join_names,
        random_state=arguments.seed,
        rope=arguments.rope,
    )
    show(comparison_text(found))


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
