"""Answers of a deep model to utterances tables, in whatever process they are asked for."""

from __future__ import annotations

import hashlib
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from deep import runtime
from deep.formats.saved import read_description
from deep.hub import Kind, resolve
from deep.loading import load
from deep.predictor import Predictor
from features.files import content_hash
from features.prediction_sets import Calibration
from features.prediction_task import LARGEST_CHUNK, Answers, Task
from features.predictions import to_predictions
from features.speech_check import speech_in

if TYPE_CHECKING:
    import pandas as pd

LARGEST_CHUNK_OF_GPU = 256


def task_of(source: str, *, device: str, precision: str) -> Task:
    """A deep model as a prediction command takes it.

    Parameters
    ----------
    source : str
        Folder or hub name.
    device, precision : str
        As for `deep.load`.

    Returns
    -------
    Task
    """
    folder = resolve(source, hub_kind=Kind.RELEASED).folder.absolute()
    identity = _identity(folder)
    model = _loaded(source, identity, device=device, precision=precision)
    return Task(
        partial(answer, str(folder), identity=identity, device=device, precision=precision),
        f"{Path(source).name} {identity}",
        tuple(map(str, model.classes_)),
        chunk=LARGEST_CHUNK if runtime.resolve(device).type == "cpu" else LARGEST_CHUNK_OF_GPU,
        gpu=device != "cpu",
        notes=tuple(model.notes_),
        calibration=_calibration(source),
    )


def _calibration(source: str) -> Calibration | None:
    """What a model of this toolkit's keeps of how far from the truth it was; nothing for a published one."""
    found = resolve(source, hub_kind=Kind.RELEASED)
    if found.kind is not Kind.SAVED:
        return None
    return Calibration.of_json(read_description(found.folder).get("about", {}).get("calibration"))


def answer(source: str, table: pd.DataFrame, *, identity: str, device: str, precision: str) -> Answers:
    """Answers of a deep model, which a process reads once.

    Parameters
    ----------
    source : str
        Folder or hub name.
    table : pandas.DataFrame
        Utterances table.
    identity : str
        Hash of the model's files, so that another model at the same place is another one.
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
    model = _loaded(source, identity, device=device, precision=precision)
    probabilities = model.predict_proba(table)
    return Answers(tuple(to_predictions(table, model.classes_.tolist(), probabilities, speech=speech_in(table))))


@lru_cache(maxsize=1)
def _loaded(source: str, _identity: str, *, device: str, precision: str) -> Predictor:
    return load(source, device=device, precision=precision)


def _identity(folder: Path) -> str:
    """Hash of the files of a model's folder."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        digest.update(f"{path.name} {content_hash(path)}\n".encode())
    return digest.hexdigest()
