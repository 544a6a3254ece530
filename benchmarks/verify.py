"""Check that a stored run is what it says: `python -m benchmarks.verify`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.pipelines.options import at_least_one
from features.command import command, make_parser, show

EXAMPLES = """
python -m benchmarks.verify results/emodb
python -m benchmarks.verify results/emodb --rerun 3
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.verify",
        "Recompute every score of a run from its predictions, and these from the stored jobs; check folds, labels, "
        "libraries and code; and train some jobs anew, of a run or of a study. Ends with 1 where something is not as "
        "the record says.",
        examples=EXAMPLES,
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a run or of a study")
    parser.add_argument(
        "--rerun",
        type=at_least_one,
        metavar="N",
        help="train N jobs anew, by the command that stored them, from the folder where it was given, and compare; a "
        "study that keeps no jobs (benchmarks.layers) is computed whole",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the jobs that are drawn (default: 0)")
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Print what was checked; 1 where something does not hold."""
    from benchmarks.evaluation.verification import verify

    checks = verify(arguments.run, rerun=arguments.rerun or 0, random_state=arguments.seed)
    show("\n".join(map(str, checks)))
    return 0 if all(check.holds for check in checks) else 1


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
