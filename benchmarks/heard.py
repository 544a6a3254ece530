"""What published models have heard of the corpora, with sources: `python -m benchmarks.heard`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from features.command import command, make_parser, show

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLES = """
python -m benchmarks.heard
python -m benchmarks.heard superb/hubert-large-superb-er
python -m benchmarks.heard openai/whisper-tiny facebook/wav2vec2-base --corpus iemocap
"""


def build_parser() -> argparse.ArgumentParser:
    """Make the command's parser."""
    parser = make_parser(
        "benchmarks.heard",
        "Look up whether a published model was trained on a corpus's labels or sound, with the source of each answer. "
        "What no source says is unknown, never no.",
        examples=EXAMPLES,
    )
    parser.add_argument("model", nargs="*", metavar="MODEL", help="hub name or folder (default: the whole register)")
    parser.add_argument("--corpus", metavar="NAME", help="only this corpus")
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Print the register, or what it says of some models with the sources."""
    from benchmarks.corpora import find
    from benchmarks.corpora.registry import MODULES
    from benchmarks.pipelines.heard import heard, models

    published = [name for name in MODULES if not (find(name).own or find(name).synthetic)]
    corpora = [find(arguments.corpus).name] if arguments.corpus else published
    if not arguments.model:
        show(_table(models(), corpora))
        return
    for model in arguments.model:
        show(model)
        for corpus in corpora:
            finding = heard(model, corpus)
            origin = f" ({finding.model})" if finding.model not in ("", model) else ""
            show(f"  {corpus:<9} {finding.heard}{origin}: {finding.says or 'not in the register'}")
            if finding.source:
                show(f"            {finding.source}")


def _table(names: Sequence[str], corpora: Sequence[str]) -> str:
    """A line per model, a column per corpus."""
    from benchmarks.pipelines.heard import heard

    width = max(len(name) for name in names) + 2
    lines = ["".ljust(width) + "".join(f"{corpus:<9}" for corpus in corpora)]
    lines += [name.ljust(width) + "".join(f"{heard(name, corpus).heard:<9}" for corpus in corpora) for name in names]
    return "\n".join(line.rstrip() for line in lines)


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
