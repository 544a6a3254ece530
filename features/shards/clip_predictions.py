"""Predictions of any number of clips in a folder of Parquet files."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features.bad_files import BadClip
from features.command import show_notes, workers_of
from features.engines.identity import identity
from features.engines.registry import engine_of
from features.errors import InputError
from features.names import storable
from features.prediction_task import Attempt, Predict, Task, with_coverage
from features.predictions import set_text
from features.shards.contents import ROWS, Columns, Made, Summary
from features.shards.filling import fill
from features.shards.folder import Row, ShardFolder
from features.shards.heard import Computed, rows_of
from features.shards.report import report_summary
from features.shards.sources import ListedClips, ManifestClips
from features.utterance_pieces import LongManifest
from features.utterances import utterances
from features.version import VERSION

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from features.clips import Clip
    from features.engines.engine import Engine
    from features.predictions import Prediction


@dataclass(frozen=True)
class ClipPredictions:
    """What a model says of clips that lie in files.

    Attributes
    ----------
    predict : callable
        Of an utterances table; see `features.prediction_task.Task`.
    """

    predict: Predict

    def __call__(self, clips: Sequence[Clip]) -> list[Row | BadClip]:
        """A row for each clip, or what is wrong with it."""
        return rows_of(clips, self._computed)

    def _computed(self, clips: Sequence[Clip]) -> Computed:
        answers = Attempt(self.predict)(_table(clips))
        wrong = {bad.position: bad for bad in answers.bad}
        good = (position for position in range(len(clips)) if position not in wrong)
        return {**wrong, **{k: _cells(one) for k, one in zip(good, answers.predictions, strict=True)}}


def _table(clips: Sequence[Clip]) -> pd.DataFrame:
    """An utterances table of clips of which nobody is known to say two."""
    import pandas as pd

    names = [f"{clip.name}#{position}" for position, clip in enumerate(clips)]
    index = pd.MultiIndex.from_arrays([[""] * len(clips), names], names=["speaker", "id"])
    paths = pd.Series([str(clip.path) for clip in clips], index=index, dtype=object)
    times = {name: [getattr(clip, name) for clip in clips] for name in ("start", "end")}
    return pd.DataFrame({"path": paths, **times, "gender": "", "session": ""}, index=index).astype(
        {"start": float, "end": float}
    )


def _cells(prediction: Prediction) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    named = [] if prediction.labels is None else [set_text(prediction.labels, prediction.probabilities)]
    texts = tuple(storable(text) for text in (prediction.label, *named))
    return np.array(list(prediction.probabilities.values()), dtype=np.float32), texts


def predict_shards(
    task: Task, inputs: Sequence[str], manifest: str | None, target: Path, engine: Engine, *, rows: int = ROWS
) -> Summary:
    """Write what a model says of any number of clips into a folder of Parquet files, and go on where that was left.

    Parameters
    ----------
    task : Task
        Of a model whose answer to a clip does not depend on others.
    inputs : sequence of str
        Sound files and folders of them.
    manifest : str or None
        CSV with one row per clip, which is read in pieces where there are no other inputs.
    target : Path
        The folder: `id path start end sound`, `label`, `set` where sets are said, and `p_LABEL` for every label.
    engine : Engine
        Who works.
    rows : int
        Of each file.

    Returns
    -------
    Summary
        What is in the table; clips that cannot be analysed are in its `_bad.csv`.

    Raises
    ------
    FeatureError
        If the folder holds another table.
    InputError
        If the model sets clips against each other, features are to be named, or the folder cannot be written.
    """
    if task.whole:
        raise InputError(
            f"{target}: this model sets each clip against all others of its speaker, which must come together; "
            "expected a model that answers each clip by itself (a pipeline without `:`), or a file: --out answers.csv"
        )
    if task.explained:
        raise InputError(f"{target}: holds no attributions; expected a file for these: --out answers.csv")
    clips = _sources(inputs, manifest)
    sets = () if task.coverage is None else ("set",)
    columns = Columns(tuple(storable(f"p_{label}") for label in task.labels), texts=("label", *sets))
    made = Made(f"predictions of {task.model}", json.dumps(identity()), VERSION, clips.identity(), rows)
    folder = ShardFolder(target, made, columns)
    work = ClipPredictions(task.predict)
    return fill(folder, clips, work, engine, what="predict", together=task.chunk, gpu=task.gpu)


def _sources(inputs: Sequence[str], manifest: str | None) -> ListedClips | ManifestClips:
    if manifest is not None and not inputs:
        return ManifestClips(LongManifest.of(Path(manifest)))
    from features.clips import clips_from

    table = utterances(inputs, manifest=manifest)
    return ListedClips(dict(zip(map(storable, table.index.get_level_values("id")), clips_from(table))))


def execute_prediction_of_folder(arguments: argparse.Namespace, task: Task) -> int:
    """Predict what the arguments of `features.predicting.add_prediction_arguments` ask for, into a folder.

    Parameters
    ----------
    arguments : argparse.Namespace
    task : Task

    Returns
    -------
    int
        Exit status: 1 where a clip could not be analysed, unless that is accepted.

    Raises
    ------
    InputError
        If the arguments do not go together, there are no inputs, or the folder cannot be written.
    FeatureError
        If the folder holds another table, or no clip could be analysed.
    """
    asked = [f"--{name}" for name in ("window", "format", "plot") if getattr(arguments, name) is not None]
    if asked:
        raise InputError(
            f"{arguments.out}: {' and '.join(asked)} go with files; expected none of them with a folder of Parquet "
            "files; give windows as rows of a manifest, with start and end"
        )
    task = with_coverage(task, arguments.coverage)
    show_notes(task.notes)
    with workers_of(argparse.Namespace(cluster=arguments.cluster_for_folder)):
        engine = engine_of(arguments.jobs or 1)
        summary = predict_shards(task, arguments.inputs, arguments.manifest, arguments.out, engine)
    return report_summary(summary, arguments.out, arguments.on_error)
