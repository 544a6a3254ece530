"""Answer for sound files with a kept pipeline: ``python -m classical.predict model.skops a.wav folder/``."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from features.errors import SerError
from features.predictions import add_options, answers, asked_for, timeline, to_json, to_text

if TYPE_CHECKING:
    import pandas as pd

EXAMPLE = """examples:
  python -m classical.predict model.skops a.wav b.wav folder/
  python -m classical.predict model.skops folder/ --json --explain
  python -m classical.predict model.skops call.wav --window 3 --hop 1 --plot call.png
  python -m classical.predict model.skops --manifest clips.csv        (path, speaker, start, end)
"""


def build_parser() -> argparse.ArgumentParser:
    """Options of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m classical.predict",
        description="Answer for sound files with a pipeline that benchmarks.train has kept.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", help="kept pipeline, .skops")
    add_options(parser)
    parser.add_argument("--explain", action="store_true", help="name the features that pushed hardest")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0, or 2 for what the user can mend."""
    options = build_parser().parse_args(argv)
    try:
        _answer(options)
    except SerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _answer(options: argparse.Namespace) -> None:
    from classical.normalise import FallbackWarning
    from classical.persistence import load

    model = load(options.model)
    table = asked_for(options)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", category=FallbackWarning)
        probabilities = model.predict_proba(table)
        reasons = _reasons(model.pipeline, table, probabilities) if options.explain else []
    for note in dict.fromkeys([*model.notes, *(str(warning.message) for warning in caught)]):
        print(f"note: {note}", file=sys.stderr)
    given = answers(table, list(model.classes_), probabilities, reasons=reasons)
    print(to_json(given) if options.json else to_text(given))
    if options.plot:
        timeline(given).save(options.plot)


def _reasons(pipeline: Any, table: pd.DataFrame, probabilities: Any) -> list[list[tuple[str, float]]]:
    from classical.attributions import reasons

    return reasons(pipeline, table, pipeline.classes_[probabilities.argmax(axis=1)])


if __name__ == "__main__":
    sys.exit(main())
