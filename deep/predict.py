"""Predict the emotion of sound files with a deep model: ``python -m deep.predict --model DIR a.wav folder/``."""

from __future__ import annotations

import argparse
import sys

from deep.hub import RELEASED
from features.command import add_prediction_arguments, command, make_parser, read_inputs, show_predictions

EXAMPLES = f"""
python -m deep.predict --model model/ a.wav b.wav folder/
python -m deep.predict --model model/ call.wav --window 3 --hop 1 --plot call.png
python -m deep.predict a.wav --json                    ({RELEASED})
"""


def build_parser() -> argparse.ArgumentParser:
    """Options of the command."""
    parser = make_parser(
        "deep.predict",
        "Predict the emotion of sound files with a fine-tuned speech encoder, or with the published emotion model.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "--model",
        metavar="DIR|NAME",
        default=RELEASED,
        help="folder written by benchmarks.train, or folder or hub name of the published model (default: %(default)s)",
    )
    add_prediction_arguments(parser)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: %(default)s)")
    parser.add_argument(
        "--precision", default="auto", help="float32, bfloat16, or auto: bfloat16 on a GPU that has it (default: auto)"
    )
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Load the model, predict, and print the predictions."""
    from features.predictions import to_predictions

    table = read_inputs(arguments)
    from deep.persistence import load, made_otherwise

    model = load(arguments.model, device=arguments.device, precision=arguments.precision)
    for note in made_otherwise(arguments.model):
        print(f"note: {note}", file=sys.stderr)
    show_predictions(to_predictions(table, model.classes_.tolist(), model.predict_proba(table)), arguments)


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
