"""Rank and test the same pipelines over several corpora: `python -m benchmarks.combine`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.command import command_line
from features.command import add_join_names_argument, command, make_parser, show

EXAMPLES = """
python -m benchmarks.combine results/emodb results/ravdess
python -m benchmarks.combine results/emodb results/ravdess --pipelines svm xgboost --out results/both
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.combine",
        "Ranks and tests of the same pipelines over several corpora, from one run of each: the p values of the corpora "
        "are combined with weights, and standardised effects stand beside. The figures stand in combined.csv and "
        "ranks.csv, the critical-difference diagrams in report.html.",
        examples=EXAMPLES,
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of a run, or a predictions.csv")
    parser.add_argument("--pipelines", nargs="+", default=(), metavar="NAME", help="only these (default: all)")
    add_join_names_argument(parser)
    parser.add_argument("--seed", type=int, default=0, help="seed of drawn swaps, beyond 16 speakers (default: 0)")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("results") / "combined",
        metavar="DIR",
        help="where tables and diagrams go (default: results/combined)",
    )
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Print ranks and tests, and write them."""
    from benchmarks.studies.combined_text import combined_text
    from benchmarks.studies.combining import combine, save
    from benchmarks.studies.reports import write_report

    found = combine(
        arguments.runs,
        pipelines=arguments.pipelines,
        join_names=arguments.join_names,
        random_state=arguments.seed,
    )
    show(combined_text(found))
    tables = save(found, arguments.out, command=command_line("benchmarks.combine", arguments))[:2]
    show(f"tables: {', '.join(map(str, tables))}\nreport: {write_report(arguments.out)}")


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
