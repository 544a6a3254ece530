"""Predict the emotion of sound files with a deep model: ``python -m deep.predict MODEL a.wav folder/``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from deep.hub import RELEASED
from features.command import add_prediction_arguments, command, make_parser, read_inputs, show_predictions
from features.errors import InputError

EXAMPLES = f"""
python -m deep.predict model/ a.wav b.wav folder/
python -m deep.predict model/ call.wav --window 3 --hop 1 --plot call.png
python -m deep.predict {RELEASED} a.wav --json
"""


def build_parser() -> argparse.ArgumentParser:
    """Options of the command."""
    parser = make_parser(
        "deep.predict",
        "Predict the emotion of sound files with a fine-tuned speech encoder, or with the published emotion model.",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "model",
        metavar="MODEL",
        nargs="?",
        help="folder written by benchmarks.train, or folder or hub name of the published model",
    )
    parser.add_argument("--model", dest="model_option", metavar="MODEL", help=argparse.SUPPRESS)
    add_prediction_arguments(parser)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: %(default)s)")
    parser.add_argument(
        "--precision", default="auto", help="float32, bfloat16, or auto: bfloat16 on a GPU that has it (default: auto)"
    )
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Load the model, predict, and print the predictions."""
    from features.predictions import to_predictions
    from features.speech_check import speech_in

    if arguments.model_option is not None:  # as it was given before MODEL came first
        arguments.inputs = [*([arguments.model] if arguments.model else []), *arguments.inputs]
        arguments.model = arguments.model_option
    if arguments.model is None or Path(arguments.model).is_file():
        expected = f"a folder, or a hub name such as {RELEASED}"
        raise InputError(f"MODEL is {arguments.model or 'missing'}; expected {expected}; name it before the inputs")
    table = read_inputs(arguments)
    from deep.loading import load

    model = load(arguments.model, device=arguments.device, precision=arguments.precision)
    for note in model.notes_:
        print(f"note: {note}", file=sys.stderr)
    probabilities = model.predict_proba(table)
    predictions = to_predictions(table, model.classes_.tolist(), probabilities, speech=speech_in(table))
    show_predictions(predictions, arguments)


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
