"""Predict the emotion of sound files with a deep model: ``python -m deep.predict MODEL a.wav folder/``."""

from __future__ import annotations

import argparse
import hashlib
import sys
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from deep.hub import RELEASED, Kind
from features.command import command, make_parser, show_notes
from features.errors import InputError
from features.files import content_hash
from features.predicting import LARGEST_CHUNK, Answers, Task, add_prediction_arguments, execute_prediction

if TYPE_CHECKING:
    import pandas as pd

    from deep.predictor import Predictor

LARGEST_CHUNK_OF_GPU = 256

EXAMPLES = f"""
python -m deep.predict model/ a.wav b.wav folder/
python -m deep.predict model/ call.wav --window 3 --hop 1 --plot call.png
python -m deep.predict {RELEASED} a.wav --json
python -m deep.predict model/ calls/ --out calls.jsonl              (goes on where it was stopped)
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
    from deep.hub import resolve
    from deep.runtime import resolve as device_of

    how = {"device": arguments.device, "precision": arguments.precision}
    on_cpu = device_of(arguments.device).type == "cpu"
    if not on_cpu and (arguments.jobs or 1) > 1:
        show_notes([f"--jobs {arguments.jobs} is for a CPU; one process feeds the GPU"])
        arguments.jobs = 1
    model = _loaded(arguments.model, **how)
    show_notes(model.notes_)
    name = f"{Path(arguments.model).name} {_identity(resolve(arguments.model, hub_kind=Kind.RELEASED).folder)}"
    chunk = LARGEST_CHUNK if on_cpu else LARGEST_CHUNK_OF_GPU
    return execute_prediction(arguments, Task(partial(predict, arguments.model, **how), model=name, chunk=chunk))


def predict(source: str, table: pd.DataFrame, *, device: str, precision: str) -> Answers:
    """Answers of a deep model, which a process reads once.

    Parameters
    ----------
    source : str
        Folder or hub name.
    table : pandas.DataFrame
        Utterances table.
    device, precision : str
        As for `deep.load`.

    Returns
    -------
    Answers

    Raises
    ------
    AudioError
        If a clip cannot be read.
    """
    from features.predictions import to_predictions

    model = _loaded(source, device=device, precision=precision)
    return Answers(tuple(to_predictions(table, model.classes_.tolist(), model.predict_proba(table))))


@lru_cache(maxsize=1)
def _loaded(source: str, *, device: str, precision: str) -> Predictor:
    from deep.loading import load

    return load(source, device=device, precision=precision)


def _identity(folder: Path) -> str:
    """Hash of the files of a model's folder."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        digest.update(f"{path.name} {content_hash(path)}\n".encode())
    return digest.hexdigest()


main = command(build_parser, execute, on_interrupt="stopped; with --out FILE the same command goes on from here")

if __name__ == "__main__":
    sys.exit(main())
