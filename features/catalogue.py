"""The catalogue of features, as it stands in docs/features.md: group, unit, formula and source of each."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from features.command import command, make_parser

if TYPE_CHECKING:
    from features.compute import Feature


def catalogue(spec: str = "statistics") -> tuple[Feature, ...]:
    """Features that a text stands for, in the order of the columns.

    Parameters
    ----------
    spec : str
        As for `features.groups.parts_of`.

    Examples
    --------
    >>> len(catalogue()), len(catalogue("all"))
    (646, 3241)
    """
    from features.compute import features_in
    from features.groups import parts_of

    return features_in(parts_of(spec))


def as_markdown() -> str:
    """The catalogue as a Markdown document: one table per group of statistics, one per other kind."""
    from features.groups import GROUPS
    from features.kinds import KINDS

    parts = [
        "# Catalogue of features\n\n"
        "Made by `python -m features.catalogue`; do not edit. Frames lie every 10 ms. `all` and `unvoiced` frames are "
        "taken from the\nfirst to the last active frame of the utterance; a statistic without frames is NaN.\n\n"
        "Each group has statistics of its contours, named one by one here, and of some contours how they move together "
        "(`covariance`)\nand what shapes they take (`shape`); the last two tables name these by their pattern. "
        "`svm@statistics` is trained on the first kind alone.\n"
    ]
    for group in GROUPS:
        features = catalogue(f"{group}.statistics")
        rows = "".join(f"| `{f.name}` | {f.unit} | {f.formula} | {f.source} |\n" for f in features)
        parts.append(f"## {group}: {len(features)}\n\n| name | unit | formula | source |\n|---|---|---|---|\n{rows}")
    return "\n".join([*parts, *map(_pattern, KINDS[1:])])


def _pattern(kind: str) -> str:
    """A kind whose features are too many to be named one by one."""
    from features.kinds import CONTOURS

    features = catalogue(kind)
    first = features[0]
    rows = []
    for group, contours in CONTOURS[kind].items():
        names = [feature.name for feature in catalogue(f"{group}.{kind}")]
        rows.append(f"| {group} | {len(names)} | {', '.join(contours)} | `{names[0]}` |\n")
    return (
        f"## {kind}: {len(features)}\n\nEach is the {first.formula}.\nSource: {first.source}.\n\n"
        f"| group | features | of | first |\n|---|---|---|---|\n{''.join(rows)}"
    )


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
