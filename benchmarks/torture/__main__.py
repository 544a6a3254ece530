"""Run the table of hostile inputs and faults: `python -m benchmarks.torture`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from features.command import add_jobs_argument, command, make_parser

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
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        outcomes = run_all(cases, args.keep or Path(folder), jobs=args.jobs, progress=sys.stderr.isatty())
    for outcome in outcomes:
        if outcome.wrong:
            print(f"WRONG {outcome.case.root}: {outcome.case.name}: {'; '.join(outcome.wrong)}")
    wrong = sum(bool(outcome.wrong) for outcome in outcomes)
    print(f"{len(outcomes)} cases, {wrong} wrong")
    if args.markdown:
        args.markdown.write_text(as_markdown(outcomes), encoding="utf-8")
    return 1 if wrong else 0


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
