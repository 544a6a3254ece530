"""A model's part in a prediction command, and its answers to some utterances, the bad ones told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from features.bad_files import UNREADABLE, BadClip, BadClipsError
from features.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd

    from features.prediction_sets import Calibration
    from features.predictions import Prediction

LARGEST_CHUNK = 16

Predict = Callable[["pd.DataFrame"], "Answers"]


@dataclass(frozen=True)
class Answers:
    """What a model says of some utterances.

    Attributes
    ----------
    predictions : tuple of Prediction
        Of those whose sound can be analysed.
    bad : tuple of BadClip
        The others.
    notes : tuple of str
        What a user should know.
    """

    predictions: tuple[Prediction, ...]
    bad: tuple[BadClip, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """A model's part in a prediction command.

    Attributes
    ----------
    predict : callable
        Answers of an utterances table; it can be sent to another process, and raises where sound is bad.
    model : str
        What identifies the model in files of predictions.
    labels : tuple of str
        Those that the model knows, in the order of its probabilities.
    whole : bool
        Whether an answer depends on the other utterances, so that all must come together.
    chunk : int
        Most utterances at a time.
    explained : bool
        Whether the features that contributed most are named.
    gpu : bool
        Whether a graphics card is wanted where there are some.
    notes : tuple of str
        What a user should know of the model, once there is something to predict.
    calibration : Calibration or None
        By which it can say sets of labels; None where the model keeps none.
    coverage : float or None
        How often the sets that it says hold the truth; None where it says none.
    """

    predict: Predict
    model: str
    labels: tuple[str, ...]
    whole: bool = False
    chunk: int = LARGEST_CHUNK
    explained: bool = False
    gpu: bool = False
    notes: tuple[str, ...] = ()
    calibration: Calibration | None = None
    coverage: float | None = None


@dataclass(frozen=True)
class AnswersWithSets:
    """Answers with the set of labels that holds the truth as often as is asked.

    Attributes
    ----------
    predict : callable
    calibration : Calibration
    coverage : float
    """

    predict: Predict
    calibration: Calibration
    coverage: float

    def __call__(self, table: pd.DataFrame) -> Answers:
        """Answers of an utterances table."""
        from features.prediction_sets import with_sets

        answers = self.predict(table)
        return replace(answers, predictions=with_sets(answers.predictions, self.calibration, self.coverage))


@dataclass(frozen=True)
class Attempt:
    """Answers of a chunk, without the clips that turn out to be bad.

    Attributes
    ----------
    predict : callable
    """

    predict: Predict

    def __call__(self, chunk: pd.DataFrame) -> Answers:
        """Answers of an utterances table; bad clips are named by their position in it."""
        from features.clips import clips_from
        from features.sound_survey import find_bad

        try:
            return self.predict(chunk)
        except UNREADABLE as error:
            bad = list(error.bad) if isinstance(error, BadClipsError) else find_bad(clips_from(chunk))
            if not bad:
                raise
        wrong = {clip.position for clip in bad}
        good = [position for position in range(len(chunk)) if position not in wrong]
        answers = self(chunk.iloc[good]) if good else Answers(())
        more = (replace(clip, position=good[clip.position]) for clip in answers.bad)
        return replace(answers, bad=(*bad, *more))


def with_coverage(task: Task, coverage: float | None) -> Task:
    """The task as one whose answers are sets, where these are asked for: another model to files of predictions.

    Raises
    ------
    ModelError
        If the model keeps no calibration, or its speakers cannot promise so much.

    Examples
    --------
    >>> task = Task(lambda table: Answers(()), "svm.skops 6f1a", ("ang", "sad"))
    >>> with_coverage(task, None) is task
    True
    """
    if coverage is None:
        return task
    if task.calibration is None:
        raise ModelError(
            f"--coverage {coverage:g}: {task.model.split()[0]} keeps no calibration; train it again with "
            "benchmarks.train (a deep model without benchmarks.train --no-scores), or predict without --coverage"
        )
    said = task.calibration.promise(coverage)
    return replace(
        task,
        predict=AnswersWithSets(task.predict, task.calibration, coverage),
        model=f"{task.model} coverage {coverage:g}",
        notes=(*task.notes, said),
        coverage=coverage,
    )
