"""Answer for sound files with a deep model: ``python -m deep.predict --model DIR a.wav folder/``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from deep.hub import RELEASED
from features.errors import SerError
from features.predictions import add_options, answers, asked_for, timeline, to_json, to_text

EXAMPLE = f"""examples:
  python -m deep.predict --model model/ a.wav b.wav folder/
  python -m deep.predict --model model/ call.wav --window 3 --hop 1 --plot call.png
  python -m deep.predict a.wav --json                    ({RELEASED})
"""


def build_parser() -> argparse.ArgumentParser:
    """Options of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m deep.predict",
        description="Answer for sound files with a fine-tuned speech encoder, or with the released emotion model.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--model",
        metavar="DIR|NAME",
        default=RELEASED,
        help="folder written by benchmarks.train, or folder or hub name of the released model (default: %(default)s)",
    )
    add_options(parser)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: %(default)s)")
    parser.add_argument(
        "--precision", default="auto", help="float32, bfloat16, or auto: bfloat16 on a GPU that has it (default: auto)"
    )
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
    table = asked_for(options)
    from deep.loading import load

    model = load(options.model, device=options.device, precision=options.precision)
    for note in model.notes_:
        print(f"note: {note}", file=sys.stderr)
    given = answers(table, model.classes_.tolist(), model.predict_proba(table))
    print(to_json(given) if options.json else to_text(given))
    if options.plot:
        timeline(given).save(options.plot)


if __name__ == "__main__":
    sys.exit(main())
