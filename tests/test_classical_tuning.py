from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score

from classical.calibration import learn_inverse_temperature, probabilities
from classical.inner_folds import inner_folds, uar
from classical.labels import balanced_weights, encode
from features.errors import PipelineError


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 40), st.integers(1, 9), st.integers(2, 5), st.integers(2, 6), st.integers(0, 999))
def test_inner_folds_keep_speakers_together_and_judge_no_clip_twice(n, n_speakers, n_classes, n_folds, seed):
    rng = np.random.default_rng(seed)
    codes, groups = rng.integers(n_classes, size=n), rng.integers(n_speakers, size=n).astype(str)
    inner = inner_folds(codes, groups, n_folds=n_folds)
    judged = [position for _, held_out in inner.folds for position in held_out]
    assert len(judged) == len(set(judged))
    for fit_on, held_out in inner.folds:
        assert not set(fit_on) & set(held_out)
        assert len(np.unique(codes[fit_on])) >= 2
        if len(set(groups)) >= 2:
            assert not set(groups[fit_on]) & set(groups[held_out])
    again = inner_folds(codes, groups, n_folds=n_folds)
    assert [held_out.tolist() for _, held_out in again.folds] == [held_out.tolist() for _, held_out in inner.folds]


def test_one_speaker_gives_stratified_clips_and_a_note():
    codes = np.repeat([0, 1, 2], [8, 8, 4])
    inner = inner_folds(codes, np.repeat("only", 20), n_folds=4)
    assert len(inner.folds) == 4
    assert all(np.bincount(codes[held_out], minlength=3).tolist() == [2, 2, 1] for _, held_out in inner.folds)
    assert "one training speaker" in inner.notes[0]


def test_a_class_with_fewer_speakers_than_folds_is_no_obstacle():
    codes = np.array([0, 1] * 8 + [2])
    groups = np.array([f"s{k // 4}" for k in range(16)] + ["s0"])
    inner = inner_folds(codes, groups, n_folds=4)
    assert sum(len(held_out) for _, held_out in inner.folds) == 17


def test_two_clips_leave_nothing_to_judge_on():
    inner = inner_folds(np.array([0, 1]), np.array(["a", "b"]), n_folds=4)
    assert inner.folds == ()
    assert "unjudged" in inner.notes[-1]


def test_uar_is_scikit_learns_and_leaves_unknown_rows_out():
    rng = np.random.default_rng(0)
    codes, scores = rng.integers(4, size=90), rng.normal(size=(90, 4))
    assert uar(codes, scores) == pytest.approx(balanced_accuracy_score(codes, scores.argmax(1)))
    scores[::3] = np.nan
    known = np.arange(90) % 3 > 0
    assert uar(codes, scores) == pytest.approx(balanced_accuracy_score(codes[known], scores[known].argmax(1)))
    assert np.isnan(uar(codes, np.full((90, 4), np.nan)))


def test_weights_make_every_class_count_the_same():
    codes = np.array([0, 0, 0, 1, 3])
    weights = balanced_weights(codes, 4)
    assert weights.mean() == pytest.approx(1)
    assert np.bincount(codes, weights)[[0, 1, 3]] == pytest.approx([5 / 3] * 3)


def test_one_label_is_refused():
    with pytest.raises(PipelineError, match="one class \\('sad'\\)"):
        encode(np.array(["sad", "sad"]))


@pytest.mark.parametrize("factor", [0.1, 1.0, 5.0])
def test_the_temperature_that_made_the_scores_blunt_is_found_again(factor):
    rng = np.random.default_rng(0)
    true = rng.normal(0, 2, (20000, 5))
    chances = probabilities(true, 1.0)
    codes = (chances.cumsum(1) < rng.random((20000, 1))).sum(1).clip(max=4)
    assert learn_inverse_temperature(true / factor, codes) == pytest.approx(factor, rel=0.05)


def test_calibration_never_changes_who_wins():
    scores = np.random.default_rng(0).normal(0, 30, (200, 6))
    for sharpness in (0.02, 1.0, 30.0):
        found = probabilities(scores, sharpness)
        assert np.allclose(found.sum(1), 1)
        assert (found.argmax(1) == scores.argmax(1)).all()


def test_without_rows_the_sharpness_is_1():
    assert learn_inverse_temperature(np.full((3, 2), np.nan), np.array([0, 1, 0])) == 1.0
