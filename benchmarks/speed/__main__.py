"""Command: how fast, how exact and how informative the parts of this toolkit are, beside their peers.

One module a subcommand, with `build_parser()` and `main(argv)`, and one line in `SUBCOMMANDS`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "features": ("benchmarks.speed.features", "the extractor beside openSMILE, librosa and Praat"),
    "deep": ("deep.speed", "the encoders and their training"),
}


def build_parser() -> argparse.ArgumentParser:
    """Options of `python -m benchmarks.speed`; what follows the subcommand belongs to it."""
    lines = "\n".join(f"  {name:10} {about}" for name, (_, about) in SUBCOMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description=f"Measure one part of the toolkit; `SUBCOMMAND --help` shows its options.\n\n{lines}",
        epilog="example: python -m benchmarks.speed features --only time pitch",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("subcommand", choices=sorted(SUBCOMMANDS))
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    chosen = build_parser().parse_args(given[:1]).subcommand
    return import_module(SUBCOMMANDS[chosen][0]).main(given[1:])


if __name__ == "__main__":
    raise SystemExit(main())
