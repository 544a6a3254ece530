"""Predict the emotion of sound files with a saved pipeline: ``python -m classical.predict model.skops a.wav``."""

from __future__ import annotations

import argparse
import sys
import warnings
from typing import TYPE_CHECKING, Any

from features.command import add_prediction_arguments, command, make_parser, read_inputs, show_predictions

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = """
python -m classical.predict model.skops a.wav b.wav folder/
python -m classical.predict model.skops folder/ --json --explain
python -m classical.predict model.skops call.wav --window 3 --hop 1 --plot call.png
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
    parser.add_argument("--explain", action="store_true", help="name the features that contributed most")
    return parser


def execute(arguments: argparse.Namespace) -> None:
    """Load the model, predict, and print the predictions."""
    from classical.normalise import FallbackWarning
    from classical.persistence import load
    from classical.shared_features import shared_features
    from features.predictions import to_predictions
    from features.speech_check import speech_in

    model = load(arguments.model)
    table = read_inputs(arguments)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", category=FallbackWarning)
        with shared_features(model.pipeline) as cache:
            probabilities = model.predict_proba(table)
            attributions = _attributions(model.pipeline, table, probabilities) if arguments.explain else []
            speech = speech_in(table, cache=cache)
    for note in dict.fromkeys([*model.notes, *(str(warning.message) for warning in caught)]):
        print(f"note: {note}", file=sys.stderr)
    classes = list(model.classes_)
    predictions = to_predictions(table, classes, probabilities, attributions=attributions, speech=speech)
    show_predictions(predictions, arguments)


def _attributions(pipeline: Any, table: pd.DataFrame, probabilities: Any) -> list[list[tuple[str, float]]]:
    from classical.attributions import top_attributions

    return top_attributions(pipeline, table, pipeline.classes_[probabilities.argmax(axis=1)])


main = command(build_parser, execute)

if __name__ == "__main__":
    sys.exit(main())
