"""Nothing of a test clip reaches a fitted part: changing the clip changes no fitted number."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from benchmarks import corpora
from benchmarks.pipelines.table_features import TableFeatures
from classical.models import build
from features import FeatureExtractor, FeatureTable

if TYPE_CHECKING:
    from classical.speech_classifier import SpeechClassifier

SPEC = "energy,pitch.covariance,voice.shape"


@pytest.fixture(scope="module")
def utterances() -> pd.DataFrame:
    return corpora.load("synthetic").utterances.iloc[::3]


@pytest.fixture(scope="module")
def features(utterances: pd.DataFrame) -> FeatureTable:
    return FeatureExtractor(SPEC).extract(utterances)


def fitted(
    name: str, normalise: str, utterances: pd.DataFrame, table: FeatureTable, train: np.ndarray
) -> tuple[SpeechClassifier, bytes]:
    pipeline = build(name, features=TableFeatures(table, utterances.index.tolist()), normalise=normalise)
    pipeline.fit(utterances[train], utterances["label"][train])
    parts = {key: value for key, value in vars(pipeline).items() if key.endswith("_") and "search_time" not in key}
    parts["model_"].search_time_ = 0.0
    return pipeline, pickle.dumps(parts)


@pytest.mark.parametrize("normalise", ["global", "speaker"])
@pytest.mark.parametrize("name", ["svm", "xgboost", "logistic"])
def test_changing_test_clips_changes_no_fitted_number(
    name: str, normalise: str, utterances: pd.DataFrame, features: FeatureTable
) -> None:
    speakers = utterances.index.get_level_values("speaker")
    test = np.asarray(speakers == speakers[0])
    changed = features.values.copy()
    changed[test] = np.random.default_rng(0).normal(scale=1e6, size=changed[test].shape)
    other = FeatureTable(changed, features.names, features.seconds)
    pipeline, parts = fitted(name, normalise, utterances, features, ~test)
    again, parts_again = fitted(name, normalise, utterances, other, ~test)
    assert parts == parts_again
    seen, seen_again = (model.predict_proba(utterances[~test]) for model in (pipeline, again))
    assert seen.tobytes() == seen_again.tobytes()
    assert pipeline.predict_proba(utterances[test]).tobytes() != again.predict_proba(utterances[test]).tobytes()


def test_one_test_clip_says_nothing_of_another(utterances: pd.DataFrame, features: FeatureTable) -> None:
    speakers = utterances.index.get_level_values("speaker")
    test = np.flatnonzero(speakers == speakers[0])
    pipeline, _ = fitted("svm", "global", utterances, features, np.asarray(speakers != speakers[0]))
    together = pipeline.predict_proba(utterances.iloc[test])
    alone = np.concatenate([pipeline.predict_proba(utterances.iloc[[position]]) for position in test])
    np.testing.assert_allclose(alone, together, atol=1e-12)
