"""Run the table of hostile inputs and faults: `python -m benchmarks.torture`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from features.command import add_jobs_argument, command, make_parser, show
from features.errors import InputError
from features.files import write_atomically

EXAMPLES = """
python -m benchmarks.torture
python -m benchmarks.torture --only sound tables --jobs 2 --markdown docs/torture.md
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the parser of this command."""
    parser = make_parser(
        "benchmarks.torture",
        "Meet every command with inputs and faults that must not harm it, and compare what comes of it with what must.",
        examples=EXAMPLES,
    )
    parser.add_argument("--only", nargs="+", metavar="WORD", help="cases whose root or name holds one of these words")
    parser.add_argument("--list", action="store_true", help="show the cases, and run none")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table as a page")
    parser.add_argument(
        "--checkout",
        type=Path,
        metavar="DIR",
        help="run the commands of another checkout instead",
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave inputs and results there")
    add_jobs_argument(parser, "cases at a time (default: all cores)")
    return parser


def execute(args: argparse.Namespace) -> int:
    """Run the cases; the status is 1 where one went wrong."""
    from benchmarks.torture.registry import all_cases
    from benchmarks.torture.table import as_markdown, run_all

    wanted = [word.lower() for word in args.only or ()]
    cases = [
        case for case in all_cases() if not wanted or any(word in f"{case.root} {case.name}".lower() for word in wanted)
    ]
    if args.list:
        print("\n".join(f"{case.root}: {case.name}" for case in cases))
        return 0
    if args.checkout:
        if not (args.checkout / "features").is_dir():
            raise InputError(f"{args.checkout}: no checkout of this repository; expected a folder that holds features/")
        os.environ["PYTHONPATH"] = str(args.checkout.resolve())  # that of the commands; what runs here is imported
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        outcomes = []
        for outcome in run_all(cases, args.keep or Path(folder), jobs=args.jobs, progress=sys.stderr.isatty()):
            outcomes.append(outcome)
            if outcome.wrong:
                show(f"WRONG {outcome.case.root}: {outcome.case.name}: {'; '.join(outcome.wrong)}")
    wrong = sum(bool(outcome.wrong) for outcome in outcomes)
    print(f"{len(outcomes)} cases, {wrong} wrong")
    if args.markdown:
        write_atomically(args.markdown, as_markdown(outcomes))
    return 1 if wrong else 0


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
