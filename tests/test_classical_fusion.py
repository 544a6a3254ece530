from __future__ import annotations

import numpy as np
import pytest
from made_up_speakers import speak
from sklearn.dummy import DummyClassifier

from classical.fusion import FusionClassifier, combine, learn_weights
from classical.models import build
from features.errors import PipelineError

CLASSES = np.array(["ang", "neu", "sad"])


def opinions(n, sharpness, *, seed, truth):
    """Calibrated-looking probabilities around the truth."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, 3)) + sharpness * (np.arange(3) == truth[:, None])
    return np.exp(scores) / np.exp(scores).sum(1, keepdims=True)


def test_a_pool_of_one_is_that_one():
    own = opinions(20, 1.0, seed=0, truth=np.zeros(20, int))
    assert np.allclose(combine([own], np.array([1.0])), own)


def test_a_pool_does_not_care_for_the_order_of_members_and_sums_to_1():
    truth = np.arange(30) % 3
    a, b = (opinions(30, 1.0, seed=seed, truth=truth) for seed in (0, 1))
    pooled = combine([a, b], np.array([0.3, 0.9]))
    assert np.allclose(pooled, combine([b, a], np.array([0.9, 0.3])))
    assert np.allclose(pooled.sum(1), 1)


def test_certainty_of_one_member_is_no_veto():
    sure, unsure = np.array([[1.0, 0.0, 0.0]]), np.array([[0.0, 1.0, 0.0]])
    assert np.isfinite(combine([sure, unsure], np.array([0.5, 0.5]))).all()


def test_the_member_that_knows_more_weighs_more():
    truth = np.arange(600) % 3
    good, poor = opinions(600, 3.0, seed=0, truth=truth), opinions(600, 0.2, seed=1, truth=truth)
    weights = learn_weights([poor, good], CLASSES[truth], CLASSES)
    assert weights[1] > 3 * weights[0]
    pooled = combine([poor, good], weights)
    assert (pooled.argmax(1) == truth).mean() >= (good.argmax(1) == truth).mean() - 0.01


def test_few_rows_leave_the_weights_near_equal():
    truth = np.arange(4) % 3
    weights = learn_weights(
        [opinions(4, 3.0, seed=0, truth=truth), opinions(4, 0.1, seed=1, truth=truth)], CLASSES[truth], CLASSES
    )
    assert np.allclose(weights, 0.5, atol=0.1)


def test_rows_that_a_member_has_no_answer_for_are_left_out():
    truth = np.arange(90) % 3
    a, b = (opinions(90, 2.0, seed=seed, truth=truth) for seed in (0, 1))
    known = np.arange(90) >= 30
    expected = learn_weights([a[known], b[known]], CLASSES[truth[known]], CLASSES)
    b[~known] = np.nan
    assert np.allclose(learn_weights([a, b], CLASSES[truth], CLASSES), expected)
    assert np.isnan(combine([a, b], expected)[~known]).all()
    assert np.allclose(learn_weights([a, np.full_like(a, np.nan)], CLASSES[truth], CLASSES), 0.5)


def test_equal_members_get_equal_weights():
    truth = np.arange(300) % 3
    own = opinions(300, 1.0, seed=0, truth=truth)
    weights = learn_weights([own, own, own], CLASSES[truth], CLASSES)
    assert np.allclose(weights, weights[0], atol=1e-3)


def test_what_cannot_be_fused_is_refused():
    a = np.full((4, 3), 1 / 3)
    with pytest.raises(PipelineError, match="same utterances and classes"):
        combine([a, a[:2]], np.array([0.5, 0.5]))
    with pytest.raises(PipelineError, match="'joy' is not among"):
        learn_weights([a, a], np.array(["ang", "joy", "neu", "sad"]), CLASSES)
    with pytest.raises(PipelineError, match="at least one member"):
        FusionClassifier([]).fit(*speak(n_speakers=2, n_each=2)[:2])


def test_a_fusion_to_keep_pools_its_members_with_weights_from_their_inner_folds():
    table, labels, features = speak(n_speakers=5)
    held_out = table.index.get_level_values("speaker") == "s00"
    members = [(name, build(name, features=features)) for name in ("svm", "logistic")]
    fusion = FusionClassifier(members, random_state=4).fit(table[~held_out], labels[~held_out])
    own = [member for _, member in fusion.members_]
    assert all(member.random_state == 4 for member in own)
    expected = learn_weights([member.oof_proba_ for member in own], labels[~held_out], fusion.classes_)
    assert np.allclose(fusion.weights_, expected)
    found = fusion.predict_proba(table[held_out])
    assert np.allclose(found, combine([member.predict_proba(table[held_out]) for member in own], expected))
    assert set(fusion.best_params_["weights"]) == {"svm", "logistic"}
    assert fusion.n_candidates_ == sum(member.n_candidates_ for member in own)


def test_members_get_the_metadata_that_they_take():
    class Takes(DummyClassifier):
        def fit(self, X, y, *, valid=None, groups=None):
            self.seen_ = valid, groups
            return super().fit(X, y)

    valid, groups = np.array([True, False] * 2), np.array(["a", "b"] * 2)
    fusion = FusionClassifier([("takes", Takes()), ("not", DummyClassifier())])
    fusion.fit(np.zeros((4, 1)), ["x", "x", "y", "y"], valid=valid, groups=groups)
    assert fusion.members_[0][1].seen_ == (valid, groups)
    assert Takes().fit(np.zeros((4, 1)), ["x", "x", "y", "y"]).seen_ == (None, None)
