"""Predict the emotion of sound files with a deep model: ``python -m deep.predict MODEL a.wav folder/``."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from deep.hub import RELEASED
from features.command import command, make_parser, show_notes
from features.errors import InputError, ModelError
from features.predicting import add_prediction_arguments, execute_prediction, into_folder, n_beside, other_processes

EXAMPLES = f"""
python -m deep.predict model/ a.wav b.wav folder/
python -m deep.predict model/ call.wav --window 3 --hop 1 --plot call.png
python -m deep.predict {RELEASED} a.wav --json
python -m deep.predict model/ calls/ --out calls.jsonl              (goes on where it was stopped)
python -m deep.predict model/ --manifest calls.csv --out answers.parquet/ --cluster tcp://HOST:8786
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


def execute(arguments: argparse.Namespace) -> int:
    """Load the model, predict, and write the predictions; 1 where a clip could not be analysed."""
    if arguments.model_option is not None:  # as it was given before MODEL came first
        arguments.inputs = [*([arguments.model] if arguments.model else []), *arguments.inputs]
        arguments.model = arguments.model_option
    if arguments.model is None or Path(arguments.model).is_file():
        expected = f"a folder, or a hub name such as {RELEASED}"
        raise InputError(f"MODEL is {arguments.model or 'missing'}; expected {expected}; name it before the inputs")
    from deep.versions import availability

    missing = availability()
    if missing:
        raise ModelError(f"deep.predict {missing}")
    from deep.answers import task_of
    from deep.runtime import resolve

    how = {"device": arguments.device, "precision": arguments.precision}
    if resolve(arguments.device).type != "cpu" and (arguments.jobs or 1) > 1:
        show_notes([f"--jobs {arguments.jobs} is for a CPU; one process feeds the GPU"])
        arguments.jobs = 1
    with other_processes(n_beside(arguments), partial(task_of, arguments.model, **how)) as others:
        task = task_of(arguments.model, **how)
        if into_folder(arguments):
            from features.shards.clip_predictions import execute_prediction_of_folder

            return execute_prediction_of_folder(arguments, task)
        return execute_prediction(arguments, task, others)


main = command(build_parser, execute, on_interrupt="stopped; with --out FILE the same command goes on from here")

if __name__ == "__main__":
    sys.exit(main())
