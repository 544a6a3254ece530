"""Saliency of deep models: `features.occlusion`, from a model in memory, a folder or a hub name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from deep.loading import load
from features.occlusion import Saliency
from features.occlusion import saliency as of_any_model

if TYPE_CHECKING:
    from features.occlusion import Model


def saliency(
    model: Model | str | Path,
    clip: Any,
    *,
    label: str | None = None,
    window: float = 0.3,
    hop: float = 0.1,
    fill: str = "noise",
    random_state: int = 0,
) -> Saliency:
    """Say what a deep model's answer loses without each window of a clip; see `features.saliency`.

    Parameters
    ----------
    model : Predictor, fitted classifier, str or Path
        A model, or what `deep.load` takes.
    clip, label, window, hop, fill, random_state
        As for `features.saliency`.

    Returns
    -------
    Saliency

    Raises
    ------
    ModelError
        If the model cannot be loaded.
    SerError
        As of `features.saliency`.

    Examples
    --------
    >>> import deep
    >>> found = deep.saliency("model/", "clip.wav", window=0.5, hop=0.25)  # doctest: +SKIP
    >>> found.to_frame().columns.tolist()  # doctest: +SKIP
    """
    if isinstance(model, str | Path):
        model = load(model)
    return of_any_model(model, clip, label=label, window=window, hop=hop, fill=fill, random_state=random_state)
