"""The tuned SVM on real speech, nested and whole: it must be strong, and blind to permuted labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up_speakers import StoredFeatures
from sklearn.metrics import balanced_accuracy_score

from classical.models import build
from features import FeatureExtractor
from features.utterances import utterances

LABELS = {"W": "ang", "L": "bor", "E": "dis", "A": "fea", "F": "hap", "T": "sad", "N": "neu"}

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def emodb(emodb_root):
    table = utterances([emodb_root / "wav"])
    names = table["path"].str.extract(r"(\w+)\.wav$")[0]
    table.index = pd.MultiIndex.from_arrays([names.str[:2], names], names=["speaker", "id"])
    extracted = FeatureExtractor("all", n_jobs=2).extract(table)
    features = StoredFeatures(extracted.to_frame(table.index))
    return table, names.str[5].map(LABELS).to_numpy().astype(str), features


def leave_one_speaker_out(table, labels, pipeline):
    speakers = table.index.get_level_values("speaker")
    found = np.empty(len(labels), dtype=labels.dtype)
    for speaker in speakers.unique():
        test = speakers == speaker
        found[test] = pipeline.fit(table[~test], labels[~test]).predict(table[test])
    return balanced_accuracy_score(labels, found)


@pytest.mark.parametrize(("normalise", "least"), [("global", 0.70), ("speaker", 0.82)])
def test_the_svm_is_strong_on_emodb(emodb, normalise, least):
    table, labels, features = emodb
    assert leave_one_speaker_out(table, labels, build("svm", features=features, normalise=normalise)) > least


def test_permuted_labels_of_emodb_land_at_chance(emodb):
    table, labels, features = emodb
    permuted = np.random.default_rng(0).permutation(labels)
    found = leave_one_speaker_out(table, permuted, build("svm", features=features))
    smallest_class = np.unique(labels, return_counts=True)[1].min()
    assert abs(found - 1 / 7) < 1.96 * np.sqrt(1 / 7 * 6 / 7 / (7 * smallest_class))
