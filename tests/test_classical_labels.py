"""Labels through the public names of `classical`, as scikit-learn's tools give them."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_speakers import speak
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import GroupKFold, cross_val_predict

import classical

TWELVE = tuple(f"{k:02d}" for k in range(12))


def utterances(classes, **options):
    table, labels, features = speak(classes=classes, apart=4.0, **options)
    return table, labels.astype(int), features


def test_integer_labels_come_back_as_integers():
    X, y, features = utterances(("0", "1", "2"))
    model = classical.build("svm", features=features).fit(X, y)
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.score(X, y) > 0.9


def test_probabilities_of_twelve_classes_stand_in_the_columns_of_their_classes():
    X, y, features = utterances(TWELVE, n_speakers=4, n_each=3)
    model = classical.build("svm", features=features)
    speakers = X.index.get_level_values("speaker")
    found = cross_val_predict(model, X, y, groups=speakers, cv=GroupKFold(4), method="predict_proba")
    assert (found.argmax(axis=1) == y).mean() > 0.8


def test_soft_voting_of_twelve_classes():
    X, y, features = utterances(TWELVE, n_speakers=3, n_each=3)
    members = [(name, classical.build(name, features=features)) for name in ("svm", "logistic")]
    assert VotingClassifier(members, voting="soft").fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize("missing", [None, np.nan])
def test_a_missing_label_is_refused(missing):
    X, y, features = speak(n_each=3)
    y = y.astype(object)
    y[5] = missing
    with pytest.raises(ValueError, match="1 of 72 labels are missing"):
        classical.build("majority", features=features).fit(X, y)


def test_a_refusal_is_a_value_error():
    X, y, features = speak(n_each=3)
    with pytest.raises(ValueError, match="give one label each"):
        classical.build("svm", features=features).fit(X, y[:-1])


def test_a_parameter_of_a_members_model_is_set_by_name():
    _, _, features = speak(n_each=1)
    fusion = classical.FusionClassifier([("svm", classical.build("svm", features=features))])
    assert fusion.set_params(svm__model__n_inner=2).members[0][1].model.n_inner == 2
