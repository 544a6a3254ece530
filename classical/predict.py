"""Predict the emotion of sound files with a saved pipeline: ``python -m classical.predict model.skops a.wav``."""

from __future__ import annotations

import argparse
import sys
import warnings
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.command import command, make_parser, show_notes
from features.predicting import Answers, Task, add_prediction_arguments, execute_prediction

if TYPE_CHECKING:
    import pandas as pd

    from classical.persistence import SavedModel

EXAMPLES = """
python -m classical.predict model.skops a.wav b.wav folder/
python -m classical.predict model.skops folder/ --json --explain
python -m classical.predict model.skops call.wav --window 3 --hop 1 --plot call.png
python -m classical.predict model.skops calls/ --out calls.csv --jobs 8      (goes on where it was stopped)
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


def execute(arguments: argparse.Namespace) -> int:
    """Load the model, predict, and write the predictions; 1 where a clip could not be analysed."""
    from features.files import content_hash

    model = _loaded(arguments.model)
    show_notes(model.notes)
    how = partial(predict, arguments.model, explain=arguments.explain, n_jobs=1)
    whole = "speaker" in _scopes(model.pipeline)
    if whole:  # everything comes in one piece, so that its features are shared out instead
        how = partial(how, n_jobs=arguments.jobs or 1)
    name = f"{Path(arguments.model).name} {content_hash(arguments.model)[:16]}"
    return execute_prediction(arguments, Task(how, model=name, whole=whole))


def predict(path: str, table: pd.DataFrame, *, explain: bool = False, n_jobs: int = 1) -> Answers:
    """Answers of a saved pipeline, which a process reads once.

    Parameters
    ----------
    path : str
        The saved pipeline.
    table : pandas.DataFrame
        Utterances table.
    explain : bool
        Add the features that contributed most.
    n_jobs : int
        Processes that compute features.

    Returns
    -------
    Answers

    Raises
    ------
    AudioError
        If a clip cannot be analysed.
    """
    from classical.normalise import FallbackWarning
    from features.predictions import to_predictions

    model = _loaded(path)
    for extractor in _extractors(model.pipeline):
        if "n_jobs" in extractor.get_params():
            extractor.set_params(n_jobs=n_jobs)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", category=FallbackWarning)
        probabilities = model.predict_proba(table)
        attributions = _attributions(model.pipeline, table, probabilities) if explain else []
    predictions = to_predictions(table, list(model.classes_), probabilities, attributions=attributions)
    notes = [str(warning.message) for warning in caught if issubclass(warning.category, FallbackWarning)]
    return Answers(tuple(predictions), notes=tuple(dict.fromkeys(notes)))


@lru_cache(maxsize=1)
def _loaded(path: str) -> SavedModel:
    from classical.persistence import load

    return load(path)


def _members(pipeline: Any) -> list[Any]:
    """The pipelines of a fusion, or the one that is none."""
    return [member for _, member in getattr(pipeline, "members_", ())] or [pipeline]


def _scopes(pipeline: Any) -> set[str]:
    return {str(member.normalise) for member in _members(pipeline)}


def _extractors(pipeline: Any) -> list[Any]:
    return [member.features for member in _members(pipeline)]


def _attributions(pipeline: Any, table: pd.DataFrame, probabilities: Any) -> list[list[tuple[str, float]]]:
    from classical.attributions import top_attributions

    return top_attributions(pipeline, table, pipeline.classes_[probabilities.argmax(axis=1)])


main = command(build_parser, execute, on_interrupt="stopped; with --out FILE the same command goes on from here")

if __name__ == "__main__":
    sys.exit(main())
