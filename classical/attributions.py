"""Which features and which groups decide: TreeSHAP, permutation by group, and the reasons of single answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from classical.fusion import FusionClassifier
from classical.persistence import parts
from classical.speech_classifier import SpeechClassifier
from classical.tuning import uar
from features.errors import PipelineError


def group_of(name: str) -> str:
    """Group of a feature: its name up to the first dot."""
    return name.partition(".")[0]


def pushes(pipeline: Any, X: Any, *, speakers: NDArray | None = None) -> pd.DataFrame:
    """How far each feature pushes each utterance towards each class, in units of log probability.

    Boosted trees are taken apart exactly (TreeSHAP). For other models it is the change of the class's score when the
    feature is put at its training mean and the others stay. Values are centred over the classes, since only differences
    between classes decide. A fusion's pushes are the weighted sums of its members'.

    Parameters
    ----------
    pipeline
        Fitted `SpeechClassifier` or `FusionClassifier` of such.
    X
        Utterances table, paths, or (waveform, rate) pairs.
    speakers : (n_utterances,), optional
        Who speaks, where X does not say.

    Returns
    -------
    table
        A row an utterance and class, index (utterance: position in X, label); a column a feature.

    Raises
    ------
    PipelineError
        If a member's model gives no scores to explain.
    """
    if isinstance(pipeline, FusionClassifier):
        tables = [
            weight * pushes(own, X, speakers=speakers) for (_, own), weight in zip(pipeline.members_, pipeline.weights_)
        ]
        names = list(dict.fromkeys(name for table in tables for name in table))
        return pd.concat([table.reindex(columns=names, fill_value=0.0) for table in tables]).groupby(level=[0, 1]).sum()
    values = _pushes(pipeline.model_, pipeline.standardise(X, speakers=speakers))
    index = pd.MultiIndex.from_product([range(len(values)), pipeline.classes_], names=["utterance", "label"])
    return pd.DataFrame(values.reshape(len(index), -1), index=index, columns=pipeline.feature_names_)


def _pushes(model: Any, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centred pushes of standardised features, shape (n_utterances, n_classes, n_features)."""
    if hasattr(model, "contributions"):
        raw = model.contributions(values)[:, :, :-1]
    elif hasattr(model, "decision_function"):
        raw = np.stack([_occluded(model, row) for row in values])
    else:
        raise PipelineError(f"{type(model).__name__} gives no scores, so there is nothing to explain")
    return (raw - raw.mean(axis=1, keepdims=True)) * model.sharpness_


def _occluded(model: Any, row: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fall of each class's score as each feature in turn is put at its mean, shape (n_classes, n_features)."""
    without = np.tile(row, (len(row), 1))
    np.fill_diagonal(without, 0.0)
    return (model.decision_function(row[None]) - model.decision_function(without)).T


def reasons(
    pipeline: Any, X: Any, labels: Sequence[str], *, most: int = 5, speakers: NDArray | None = None
) -> list[list[tuple[str, float]]]:
    """Name the features that pushed hardest for or against the label of each utterance.

    Parameters
    ----------
    pipeline, X, speakers
        As for `pushes`.
    labels : (n_utterances,)
        The label to explain for each utterance.
    most
        Number of features to name.

    Returns
    -------
    reasons
        For each utterance (feature, push) pairs, the hardest first; above 0 towards the label.
    """
    table = pushes(pipeline, X, speakers=speakers)
    told = []
    for position, label in enumerate(labels):
        row = table.loc[(position, label)]
        hardest = row.abs().sort_values(ascending=False, kind="stable").index[:most]
        told.append([(str(name), float(row[name])) for name in hardest])
    return told


def tree_importance(pipeline: Any, X: Any) -> pd.DataFrame:
    """Mean absolute TreeSHAP value of every feature, over utterances and by class.

    Parameters
    ----------
    pipeline
        Fitted pipeline with boosted trees, or a fusion that holds one.
    X
        Utterances table.

    Returns
    -------
    table
        A row a feature, the most important first; columns group, importance (mean over the classes), then one a class.

    Raises
    ------
    PipelineError
        If there are no trees.
    """
    trees = [own for own in parts(pipeline) if hasattr(own.model_, "contributions")]
    if not trees:
        raise PipelineError("TreeSHAP needs boosted trees: use an xgboost pipeline, or permutation_importance")
    own = trees[0]
    size = np.abs(own.model_.contributions(own.standardise(X))[:, :, :-1]).mean(axis=0)
    table = pd.DataFrame(size.T, index=pd.Index(own.feature_names_, name="feature"), columns=own.classes_)
    table.insert(0, "group", [group_of(name) for name in table.index])
    table.insert(1, "importance", size.mean(axis=0))
    return table.sort_values("importance", ascending=False, kind="stable")


def by_group(table: pd.DataFrame) -> pd.DataFrame:
    """Sum a table of importances by feature over the groups, the most important group first."""
    return table.groupby("group").sum(numeric_only=True).sort_values("importance", ascending=False, kind="stable")


def permutation_importance(
    pipeline: Any, X: pd.DataFrame, y: NDArray, *, repeats: int = 5, random_state: int = 0
) -> pd.DataFrame:
    """Loss of UAR when all features of a group are shuffled together between the utterances.

    Features of a group say much the same, so shuffling one alone would find none of them important (L. Breiman, "Random
    forests", Machine Learning 2001, for single features). Shuffling is done on standardised features and across
    speakers.

    Parameters
    ----------
    pipeline
        Fitted `SpeechClassifier` or `FusionClassifier` of such.
    X
        Utterances table that was not trained on.
    y : (n_utterances,)
        Labels.
    repeats
        Number of shuffles.
    random_state
        Seed of the shuffles.

    Returns
    -------
    table
        A row a group; columns importance (mean loss of UAR) and deviation (over shuffles).
    """
    rng = np.random.default_rng(random_state)
    codes = np.searchsorted(pipeline.classes_, np.asarray(y).astype(str))
    own = list(parts(pipeline))
    values = [part.standardise(X) for part in own]
    reached = uar(codes, _pooled(pipeline, own, values))
    groups = list(dict.fromkeys(group_of(name) for part in own for name in part.feature_names_))
    rows = []
    for group in groups:
        losses = []
        for _ in range(repeats):
            order = rng.permutation(len(codes))
            shuffled = [_shuffled(part, table, group, order) for part, table in zip(own, values)]
            losses.append(reached - uar(codes, _pooled(pipeline, own, shuffled)))
        rows.append((group, float(np.mean(losses)), float(np.std(losses))))
    return pd.DataFrame(rows, columns=["group", "importance", "deviation"]).set_index("group")


def _pooled(pipeline: Any, own: Sequence[SpeechClassifier], values: Sequence[NDArray]) -> NDArray[np.float64]:
    probabilities = [part.model_.predict_proba(table) for part, table in zip(own, values)]
    return pipeline.pool(probabilities) if isinstance(pipeline, FusionClassifier) else probabilities[0]


def _shuffled(part: SpeechClassifier, values: NDArray, group: str, order: NDArray) -> NDArray:
    columns = [group_of(name) == group for name in part.feature_names_]
    return np.where(columns, values[order], values)


def over_folds(
    pipeline: Any,
    X: pd.DataFrame,
    y: NDArray,
    folds: Iterable[tuple[NDArray, NDArray]],
    *,
    repeats: int = 5,
    random_state: int = 0,
) -> pd.DataFrame:
    """Permutation importance by group on the test side of every fold, with its deviation over folds.

    Parameters
    ----------
    pipeline
        Unfitted pipeline; a copy is fitted to each fold.
    X
        Utterances table.
    y : (n_utterances,)
        Labels.
    folds
        Pairs of (positions to fit on, positions to explain).
    repeats, random_state
        As for `permutation_importance`.

    Returns
    -------
    table
        A row a group, the most important first; columns importance (mean over folds), deviation (over folds), n_folds.
    """
    y = np.asarray(y).astype(str)
    tables = []
    for fit_on, explained in folds:
        own = clone(pipeline).fit(X.iloc[fit_on], y[fit_on])
        found = permutation_importance(own, X.iloc[explained], y[explained], repeats=repeats, random_state=random_state)
        tables.append(found["importance"])
    wide = pd.concat(tables, axis=1)
    summary = {"importance": wide.mean(axis=1), "deviation": wide.std(axis=1, ddof=1), "n_folds": wide.count(axis=1)}
    return pd.DataFrame(summary).sort_values("importance", ascending=False, kind="stable")
