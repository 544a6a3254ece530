"""Predict the emotion of sound files with a saved pipeline: ``python -m classical.predict model.skops a.wav``."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from features.command import command, make_parser
from features.predicting import add_prediction_arguments, execute_prediction, into_folder, n_beside, other_processes

EXAMPLES = """
python -m classical.predict model.skops a.wav b.wav folder/
python -m classical.predict model.skops folder/ --json --explain
python -m classical.predict model.skops call.wav --window 3 --hop 1 --plot call.png
python -m classical.predict model.skops calls/ --out calls.csv --jobs 8      (goes on where it was stopped)
python -m classical.predict model.skops --manifest calls.csv --out answers.parquet/ --cluster tcp://HOST:8786
python -m classical.predict model.skops clip.wav --encoder FOLDER        (its speech encoder has moved)
python -m classical.predict model.skops --manifest clips.csv        (path, speaker, start, end)
"""


def build_parser() -> argparse.ArgumentParser:
    """Options of the command."""
    parser = make_parser(
        "classical.predict",
        "Predict the emotion of sound files with a saved pipeline.",
        examples=EXAMPLES,
    )
    parser.add_argument("model", metavar="MODEL", help="saved pipeline, .skops")
    add_prediction_arguments(parser)
    parser.add_argument(
        "--encoder",
        action="append",
        default=[],
        metavar="DIR",
        help="where the speech encoder of an svm@encoder model lies now; another encoder is refused",
    )
    parser.add_argument("--explain", action="store_true", help="name the features that contributed most")
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Load the model, predict, and write the predictions; 1 where a clip could not be analysed."""
    encoders = tuple(arguments.encoder)
    jobs = arguments.jobs or 1
    with other_processes(n_beside(arguments), partial(_read, arguments.model, encoders)) as others:
        from classical.answers import task_of  # after the others have begun: it takes as long as they do

        task = task_of(arguments.model, encoders=encoders, explain=arguments.explain, n_jobs=jobs)
        if into_folder(arguments):
            from features.shards.clip_predictions import execute_prediction_of_folder

            return execute_prediction_of_folder(arguments, task)
        return execute_prediction(arguments, task, others)


def _read(model: str, encoders: tuple[str, ...]) -> None:
    from classical.answers import read

    read(model, encoders=encoders)


main = command(build_parser, execute, on_interrupt="stopped; with --out FILE the same command goes on from here")

if __name__ == "__main__":
    sys.exit(main())
