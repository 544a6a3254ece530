"""Answers of a saved pipeline to utterances tables, in whatever process they are asked for."""

from __future__ import annotations

import warnings
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from classical.clip_answers import answers_of_model
from classical.enrolment import COLUMN, enrolling_clips, ranks_of, short_of_clips
from classical.fusion import parts
from classical.normalise import FallbackWarning
from classical.persistence import SavedModel, load
from features.compute import prepare
from features.errors import AudioError, ModelError, PipelineError
from features.extractors.joined import single_extractors
from features.extractors.statistics import FeatureExtractor
from features.files import content_hash
from features.prediction_sets import Calibration
from features.prediction_task import Answers, Task

if TYPE_CHECKING:
    import pandas as pd


def task_of(path: str, *, encoders: tuple[str, ...] = (), explain: bool = False, n_jobs: int = 1) -> Task:
    """A saved pipeline as a prediction command takes it.

    Parameters
    ----------
    path : str
        The saved pipeline.
    encoders : tuple of str
        Where its speech encoders lie now, as `classical.load` takes them.
    explain : bool
        Add the features that contributed most.
    n_jobs : int
        Processes that compute features where all utterances must come together.

    Returns
    -------
    Task
    """
    path, content = str(Path(path).absolute()), _content(path)
    model = _loaded(path, encoders, content)
    members = list(parts(model.pipeline))
    extractors = single_extractors(member.features for member in members)
    if any(isinstance(extractor, FeatureExtractor) for extractor in extractors):
        prepare(n_jobs=n_jobs)  # before any process is started, so that what is compiled is said, and found by all
    whole = any(str(member.normalise) != "global" for member in members)
    how = partial(answer, path, content=content, encoders=encoders, explain=explain, n_jobs=n_jobs if whole else 1)
    return Task(
        how,
        f"{Path(path).name} {content[:16]}",
        tuple(map(str, model.classes_)),
        whole=whole,
        explained=explain,
        notes=tuple(model.notes),
        calibration=Calibration.of_json(model.metadata.get("calibration")),
    )


def read(path: str, *, encoders: tuple[str, ...] = ()) -> None:
    """Read a saved pipeline into the memory of this process, where `answer` finds it.

    Parameters
    ----------
    path : str
        The saved pipeline.
    encoders : tuple of str
        Where its speech encoders lie now.

    Raises
    ------
    ModelError
        If the model cannot be read.
    """
    _loaded(str(Path(path).absolute()), encoders, _content(path))


def answer(
    path: str,
    table: pd.DataFrame,
    *,
    content: str,
    encoders: tuple[str, ...] = (),
    explain: bool = False,
    n_jobs: int = 1,
) -> Answers:
    """Answers of a saved pipeline, which a process reads once.

    Parameters
    ----------
    path : str
        The saved pipeline.
    table : pandas.DataFrame
        Utterances table.
    content : str
        Hash of the file: a process, of whatever machine, that finds another model there refuses to mix their answers.
    encoders : tuple of str
        Where its speech encoders lie now.
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
    ModelError
        If the model cannot be read, or is another one by now.
    PipelineError
        If it standardises speakers by clips that enrol, and a speaker has none.
    """
    model = _loaded(path, encoders, content)
    _check_enrolled(table, max(enrolling_clips(member.normalise) for member in parts(model.pipeline)))
    for member in parts(model.pipeline):
        if "n_jobs" in member.features.get_params():
            member.features.set_params(n_jobs=n_jobs)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", category=FallbackWarning)
        predictions = answers_of_model(model, table, explain=explain, n_jobs=n_jobs)
    for warning in caught:
        if not issubclass(warning.category, FallbackWarning):
            warnings.warn(warning.message, stacklevel=2)
    notes = [str(warning.message) for warning in caught if issubclass(warning.category, FallbackWarning)]
    return Answers(tuple(predictions), notes=tuple(dict.fromkeys(notes)))


@lru_cache(maxsize=1)
def _loaded(path: str, encoders: tuple[str, ...], content: str) -> SavedModel:
    model = load(path, encoders=encoders)
    if _content(path) != content:
        raise ModelError(
            f"{path} holds another model than when the command began; expected one model for all clips; start again"
        )
    return model


def _content(path: str) -> str:
    """Hash of a model's file; empty where it cannot be read, which `load` says."""
    with suppress(OSError, AudioError):
        return content_hash(path)
    return ""


def _check_enrolled(table: pd.DataFrame, n_clips: int) -> None:
    """Refuse speakers of whom no clip enrols, where the model standardises by such clips."""
    ranks = ranks_of(table)
    if not n_clips or ranks is None or "" in table.index.get_level_values("speaker"):
        return  # what is missing altogether is said where speakers are standardised
    missing = [name for name, count in short_of_clips(table.index.get_level_values("speaker"), ranks, 1).items()]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise PipelineError(
            f"no clip enrols speaker {', '.join(missing[:5])}{more}; expected {n_clips} of each, by which this model "
            f"standardises them: mark them in the column {COLUMN} of the manifest, with 1 in their rows"
        )
