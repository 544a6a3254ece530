"""The deep part of `python -m benchmarks.speed`: options and table; `deep.speed` measures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from features.errors import SerError

if TYPE_CHECKING:
    from deep.speed import Line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `python -m benchmarks.speed deep`."""
    parser.add_argument("--clips", type=int, help="clips to answer for (default: 12 on a CPU, 600 on a GPU)")
    parser.add_argument("--rounds", type=int, default=2, help="rounds that alternate, the best counts (default: 2)")
    parser.add_argument("--steps", type=int, help="training batches to measure (default: 2 on a CPU, all on a GPU)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: %(default)s)")
    parser.add_argument("--threads", type=int, help="CPU threads (default: torch's own choice)")
    parser.add_argument("--layers", type=int, default=12, help="transformer layers; base size has 12 (default: 12)")
    parser.add_argument("--batch-seconds", type=float, help="seconds of sound in a batch of answers")
    parser.add_argument("--train-batch-seconds", type=float, default=64.0, help="the same in training (default: 64)")


def build_parser() -> argparse.ArgumentParser:
    """Options of `python -m benchmarks.speed deep`."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed deep",
        description="Measure a wav2vec2 of base size with random weights on clips of lengths drawn as IEMOCAP's.",
        epilog="example: python -m benchmarks.speed deep --clips 24 --device cpu",
    )
    add_arguments(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    return run(build_parser().parse_args(argv))


def run(args: argparse.Namespace) -> int:
    """Measure and print a table; 0, or 2 for what the user can mend."""
    from deep.speed import measured

    try:
        sys.stdout.write(as_markdown(measured(args)))
    except SerError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def as_markdown(lines: Sequence[Line]) -> str:
    """Return the lines as a Markdown table."""
    rows = [f"| {line.measure} | {line.figure} | {line.asked} |" for line in lines]
    return "\n".join(["| measure | figure | asked |", "|---|---|---|", *rows]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
