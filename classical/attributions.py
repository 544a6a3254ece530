"""Which features speak for and against a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classical.fusion import FusionClassifier
from features.errors import PipelineError


def attributions(pipeline: Any, X: Any, *, speakers: NDArray | None = None) -> pd.DataFrame:
    """How far each feature moves each utterance towards each class, in units of log probability.

    Boosted trees are taken apart exactly (TreeSHAP). For other models it is the change of the class's score when the
    feature is put at its training mean and the others stay. Values are centred over the classes, since only differences
    between classes decide. A fusion's attributions are the weighted sums of its members'.

    Parameters
    ----------
    pipeline : SpeechClassifier or FusionClassifier
        Fitted.
    X : DataFrame or sequence
        Utterances table, paths, or (waveform, rate) pairs.
    speakers : ndarray of shape (n_utterances,), optional
        Who speaks, where X does not say.

    Returns
    -------
    DataFrame
        A row per utterance and class, index (utterance: position in X, label); a column per feature.

    Raises
    ------
    PipelineError
        If a member's model gives no scores to explain.

    Examples
    --------
    >>> import numpy as np
    >>> from classical import build
    >>> class Loudness:  # stands for an extractor
    ...     def transform(self, X):
    ...         return np.array(X, dtype=float)
    ...     def get_feature_names_out(self):
    ...         return np.array(["energy.rms", "pitch.f0"])
    >>> X, y = [[-1.0, 0.1], [1.0, -0.1], [-1.1, 0.0], [1.1, 0.2]] * 4, ["sad", "ang"] * 8
    >>> pipeline = build("logistic", features=Loudness()).fit(X, y, groups=["ann", "ann", "bob", "bob"] * 4)
    >>> attributions(pipeline, [[2.0, 0.0]]).loc[(0, "ang")].idxmax()
    'energy.rms'
    """
    if isinstance(pipeline, FusionClassifier):
        tables = [
            weight * attributions(member, X, speakers=speakers)
            for (_, member), weight in zip(pipeline.members_, pipeline.weights_)
        ]
        names = list(dict.fromkeys(name for table in tables for name in table))
        return pd.concat([table.reindex(columns=names, fill_value=0.0) for table in tables]).groupby(level=[0, 1]).sum()
    values = _attributions(pipeline.model_, pipeline.standardise(X, speakers=speakers))
    index = pd.MultiIndex.from_product([range(len(values)), pipeline.classes_], names=["utterance", "label"])
    return pd.DataFrame(values.reshape(len(index), -1), index=index, columns=pipeline.feature_names_)


def _attributions(model: Any, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centred attributions of standardised features, shape (n_utterances, n_classes, n_features)."""
    if hasattr(model, "contributions"):
        raw = model.contributions(values)[:, :, :-1]
    elif hasattr(model, "class_scores"):
        raw = np.stack([_occluded(model, row) for row in values])
    else:
        raise PipelineError(f"{type(model).__name__} gives no scores, so there is nothing to explain")
    return (raw - raw.mean(axis=1, keepdims=True)) * model.inverse_temperature_


def _occluded(model: Any, row: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fall of each class's score as each feature in turn is put at its mean, shape (n_classes, n_features)."""
    if hasattr(model, "scores_without"):
        scores = model.scores_without(row)
    else:
        without = np.tile(row, (len(row), 1))
        np.fill_diagonal(without, 0.0)
        scores = model.class_scores(without)
    return (model.class_scores(row[None]) - scores).T


def top_attributions(
    pipeline: Any, X: Any, labels: Sequence[Any], *, n: int = 5, speakers: NDArray | None = None
) -> list[list[tuple[str, float]]]:
    """Name the features that speak loudest for or against the label of each utterance.

    Parameters
    ----------
    pipeline, X, speakers
        As for `attributions`.
    labels : sequence of shape (n_utterances,)
        The label to explain for each utterance.
    n : int
        Number of features to name.

    Returns
    -------
    list of list of (str, float)
        For each utterance pairs of feature and attribution, the largest first; above 0 towards the label.

    Examples
    --------
    >>> import classical
    >>> model = classical.load("model.skops")  # doctest: +SKIP
    >>> top_attributions(model.pipeline, ["clip.wav"], model.predict(["clip.wav"]), n=1)  # doctest: +SKIP
    """
    table = attributions(pipeline, X, speakers=speakers)
    result = []
    for position, label in enumerate(labels):
        row = table.loc[(position, label)]
        largest = row.abs().sort_values(ascending=False, kind="stable").index[:n]
        result.append([(str(name), float(row[name])) for name in largest])
    return result
