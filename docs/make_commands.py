"""The command reference, made from the parsers of all commands: `python docs/make_commands.py`.

Every module of the packages that runs as a command is found by itself, so a new command needs no line here.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from textwrap import fill
from typing import Any, cast

PACKAGES = ("benchmarks", "classical", "deep", "features")
WIDTH = 80
HEAD = """\
# Commands

Made by `make docs` from what each command answers to `--help`; do not edit. Results go to stdout, progress and errors
to stderr. The exit status is 0; 1 where something asked for was not done; 2 for wrong use, with one line that says what
to mend; 130 after Ctrl-C.

A shell completes options of the short names (`ser-run`, `ser-predict` and the like) with the extra `completion`:
`pip install 'speech-emotion-baselines[completion]'`, then `eval "$(register-python-argcomplete ser-run ser-predict)"`.

| command | what it does |
|---|---|
"""


def command_modules() -> Iterator[str]:
    """Names of all modules of the packages that run as commands, found in their source without importing them."""
    for package in PACKAGES:
        folder = Path(str(import_module(package).__file__)).parent
        for path in sorted(folder.rglob("*.py")):
            if _runs(path.read_text(encoding="utf-8")):
                yield ".".join(path.relative_to(folder.parent).with_suffix("").parts)


def _runs(source: str) -> bool:
    """Whether a module's source makes a parser, or does something when it is run."""
    return any(
        (isinstance(node, ast.FunctionDef) and node.name == "build_parser")
        or (isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'")
        for node in ast.parse(source).body
    )


def reference() -> str:
    """The whole reference as Markdown, help texts in 80 columns whatever the terminal."""
    entries = [_entry(name) for name in command_modules()]
    rows = "".join(f"| [{title}](#{anchor(title)}) | {_first_sentence(about)} |\n" for title, about, _ in entries)
    return "\n".join([HEAD + rows, *(f"## {title}\n\n```text\n{text}\n```\n" for title, _, text in entries)])


def _entry(module: str) -> tuple[str, str, str]:
    """Title, what it is about, and help text of one command."""
    command = import_module(module)
    if not hasattr(command, "build_parser"):
        about = " ".join((command.__doc__ or "").split())
        return module, about, f"usage: python -m {module}"
    parser: argparse.ArgumentParser = command.build_parser()
    parser.formatter_class = cast(Any, partial(cast(Any, parser.formatter_class), width=WIDTH))
    lines = parser.format_help().rstrip().splitlines()
    text = "\n".join(line if line.startswith(" ") else fill(line, WIDTH) for line in lines)
    return parser.prog.removeprefix("python -m "), parser.description or "", text


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.;])\s|\n", text.strip(), maxsplit=1)[0].rstrip(".;")


def anchor(heading: str) -> str:
    """The anchor that GitHub gives to a heading.

    Examples
    --------
    >>> anchor("benchmarks.speed features")
    'benchmarksspeed-features'
    """
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def build_parser() -> argparse.ArgumentParser:
    """The parser of this command."""
    parser = argparse.ArgumentParser(
        prog="python docs/make_commands.py",
        description="Write the reference of all commands as Markdown, made from their parsers.",
        epilog="example: python docs/make_commands.py docs/commands.md",
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="where to (default: stdout)")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Write the reference; 0 done, 2 wrong use."""
    options = build_parser().parse_args(argv)
    text = reference()
    if options.file is None:
        sys.stdout.write(text)
        return 0
    try:
        options.file.write_text(text, encoding="utf-8")
    except OSError as error:
        sys.stderr.write(f"error: {options.file}: {error.strerror}; give a place that can be written\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
