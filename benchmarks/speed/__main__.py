"""Command: how fast, how exact and how informative the parts of this toolkit are, beside their peers.

A measurement is one module with `build_parser` and `main`, and one line in `SUBCOMMANDS`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from features.command import make_parser

SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "features": ("benchmarks.speed.features", "the extractor beside openSMILE, librosa and Praat"),
    "cluster": ("benchmarks.speed.cluster", "a Dask cluster beside bare processes"),
    "kernels": ("benchmarks.speed.kernels", "the SVM, exact and on Nystroem features, by number of utterances"),
    "stream": ("benchmarks.speed.stream", "a stream in chunks beside the same sound in a file"),
    "encoders": ("benchmarks.speed.encoders", "a frozen encoder in float32 and bfloat16"),
    "deep": ("deep.speed", "the encoders and their training"),
}


def build_parser() -> argparse.ArgumentParser:
    """Options of `python -m benchmarks.speed`; what follows the subcommand belongs to it."""
    parser = make_parser(
        "benchmarks.speed",
        "Measure one part of the toolkit; `SUBCOMMAND --help` shows its options.",
        examples="python -m benchmarks.speed features --only time pitch",
    )
    lines = "\n".join(f"  {name:10} {about}" for name, (_, about) in SUBCOMMANDS.items())
    parser.description = f"{parser.description}\n\n{lines}"
    parser.add_argument("subcommand", choices=sorted(SUBCOMMANDS))
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the subcommand and return its exit status."""
    command_line = list(sys.argv[1:] if argv is None else argv)
    subcommand = build_parser().parse_args(command_line[:1]).subcommand
    status: int = import_module(SUBCOMMANDS[subcommand][0]).main(command_line[1:])
    return status


if __name__ == "__main__":
    sys.exit(main())
