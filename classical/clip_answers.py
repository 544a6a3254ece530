"""What a saved pipeline in memory says of clips, or of an utterances table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classical.attributions import top_attributions
from classical.fusion import parts
from classical.shared_features import shared_features
from features.errors import PipelineError
from features.predictions import Prediction, to_predictions
from features.speech_check import speech_in

if TYPE_CHECKING:
    from classical.persistence import SavedModel


def answers_of_model(model: SavedModel, X: Any, *, explain: bool = False, n_jobs: int = 1) -> list[Prediction]:
    """What a model in memory says of some utterances.

    Parameters
    ----------
    model : SavedModel
    X : DataFrame or sequence of Clip
        Utterances table, or clips.
    explain : bool
        Add the features that contributed most.
    n_jobs : int
        Processes that look for speech.

    Returns
    -------
    list of Prediction

    Raises
    ------
    AudioError
        If a clip cannot be analysed.
    """
    with shared_features(parts(model.pipeline)) as cache:
        probabilities = model.predict_proba(X)
        attributions = _attributions(model.pipeline, X, probabilities) if explain else []
        speech = speech_in(X, cache=cache, n_jobs=n_jobs)
    return to_predictions(_rows(X), list(model.classes_), probabilities, attributions=attributions, speech=speech)


def _rows(X: Any) -> Any:
    """The utterances table of clips; a table as it is."""
    if hasattr(X, "columns"):
        return X
    import pandas as pd

    columns = {name: [getattr(clip, name) for clip in X] for name in ("name", "start", "end")}
    return pd.DataFrame(columns).rename(columns={"name": "path"}).astype({"start": float, "end": float})


def check_single(model: SavedModel) -> None:
    """Refuse a model whose answer to a clip depends on other clips, where each clip is answered as it comes.

    Raises
    ------
    PipelineError
        If it standardises each speaker by their clips.
    """
    scopes = {str(member.normalise) for member in parts(model.pipeline)} - {"global"}
    if scopes:
        raise PipelineError(
            f"this model is normalised by {', '.join(sorted(scopes))}, so that an answer needs other clips; expected "
            "one that answers each clip by itself: train a pipeline without `:`, such as svm"
        )


def _attributions(pipeline: Any, X: Any, probabilities: Any) -> list[list[tuple[str, float]]]:
    return top_attributions(pipeline, X, pipeline.classes_[probabilities.argmax(axis=1)])
