"""The catalogue of features, as it stands in docs/features.md: group, unit, formula and source of each."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from features.command import command, make_parser

if TYPE_CHECKING:
    from features.compute import Feature


def catalogue(groups: tuple[str, ...] | None = None) -> tuple[Feature, ...]:
    """All features of some groups, by default of all, in the order of the columns.

    Examples
    --------
    >>> len(catalogue())
    646
    """
    from features.compute import features_in
    from features.groups import GROUPS

    return features_in(GROUPS if groups is None else groups)


def as_markdown() -> str:
    """The catalogue as a Markdown document: one table per group."""
    from features.groups import GROUPS

    parts = [
        "# Catalogue of features\n\n"
        "Made by `python -m features.catalogue`; do not edit. Frames lie every 10 ms. `all` and `unvoiced` frames are "
        "taken from the\nfirst to the last active frame of the utterance; a statistic without frames is NaN.\n"
    ]
    for group in GROUPS:
        features = catalogue((group,))
        rows = "".join(f"| `{f.name}` | {f.unit} | {f.formula} | {f.source} |\n" for f in features)
        parts.append(f"## {group}: {len(features)}\n\n| name | unit | formula | source |\n|---|---|---|---|\n{rows}")
    return "\n".join(parts)


def build_parser() -> argparse.ArgumentParser:
    """Options of the command."""
    return make_parser(
        "features.catalogue",
        "Print the catalogue of features, with unit, formula and source, as Markdown.",
        examples="python -m features.catalogue > features.md",
    )


def execute(_: argparse.Namespace) -> None:
    """Print the catalogue."""
    sys.stdout.write(as_markdown())


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
