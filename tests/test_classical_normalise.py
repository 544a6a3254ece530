from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from classical.normalise import FallbackWarning, Normaliser
from features.errors import PipelineError


def test_global_statistics_are_those_of_training_only():
    rng = np.random.default_rng(0)
    training, later = rng.normal(3, 2, (50, 4)), rng.normal(8, 5, (20, 4))
    normaliser = Normaliser("global", limit=np.inf).fit(training, groups=np.repeat("a", 50))
    expected = (later - training.mean(0)) / training.std(0)
    assert np.allclose(normaliser.transform(later, groups=np.repeat("b", 20)), expected)


def test_each_speaker_ends_with_mean_0_and_deviation_1():
    rng = np.random.default_rng(0)
    speakers = np.repeat(["a", "b"], 30)
    values = rng.normal(np.where(speakers == "a", 0, 9)[:, None], 2, (60, 5))
    standardised = Normaliser("speaker").fit_transform(values, groups=speakers)
    for speaker in "ab":
        own = standardised[speakers == speaker]
        assert np.allclose(own.mean(0), 0)
        assert np.allclose(own.std(0), 1)


def test_a_speaker_does_not_depend_on_the_other_speakers_of_the_table():
    rng = np.random.default_rng(1)
    normaliser = Normaliser("speaker").fit(rng.normal(size=(40, 3)), groups=np.repeat(["a", "b"], 20))
    values, speakers = rng.normal(size=(30, 3)), np.repeat(["c", "d", "e"], 10)
    together = normaliser.transform(values, groups=speakers)
    alone = normaliser.transform(values[speakers == "d"], groups=speakers[speakers == "d"])
    assert np.allclose(together[speakers == "d"], alone)


def test_a_speaker_with_too_few_clips_is_standardised_globally_and_named():
    rng = np.random.default_rng(2)
    training = rng.normal(5, 3, (40, 3))
    normaliser = Normaliser("speaker").fit(training, groups=np.repeat(["a", "b"], 20))
    clip = rng.normal(size=(1, 3))
    with pytest.warns(FallbackWarning, match="speaker quiet"):
        found = normaliser.transform(clip, groups=np.array(["quiet"]))
    assert np.allclose(found, (clip - training.mean(0)) / training.std(0))
    assert normaliser.fallbacks(np.array(["quiet"])) == [
        "fewer than 6 clips, so standardised by the training clips instead: speaker quiet (1)"
    ]


def test_missing_values_get_the_training_median_and_empty_or_constant_columns_go():
    training = np.array([[1.0, np.nan, 7.0], [2.0, np.nan, 7.0], [9.0, np.nan, 7.0], [np.nan, np.nan, 7.0]])
    normaliser = Normaliser().fit(training, groups=np.repeat("a", 4))
    assert normaliser.kept_.tolist() == [0]
    filled = normaliser.transform(np.array([[np.nan, 3.0, 1.0], [np.inf, 3.0, 1.0]]), groups=np.repeat("b", 2))
    assert np.allclose(filled, (2.0 - 4.0) / np.std([1, 2, 9]))


def test_one_broken_measurement_is_brought_back_to_the_limit():
    training = np.random.default_rng(0).normal(size=(30, 1))
    normaliser = Normaliser(limit=10).fit(training, groups=np.repeat("a", 30))
    assert normaliser.transform(np.array([[1e30]]), groups=np.array(["b"])).item() == 10


@pytest.mark.parametrize(
    ("values", "scope", "words"),
    [
        (np.ones((5, 2)), "global", "none of the 2 features varies"),
        (np.full((5, 2), np.nan), "global", "none of the 2 features varies"),
        (np.random.default_rng(0).normal(size=(5, 2)), "session", "'session' is unknown"),
    ],
)
def test_what_cannot_be_standardised_is_refused(values, scope, words):
    with pytest.raises(PipelineError, match=words):
        Normaliser(scope).fit(values, groups=np.repeat("a", 5))


def test_another_number_of_features_is_refused():
    normaliser = Normaliser().fit(np.random.default_rng(0).normal(size=(5, 2)), groups=np.repeat("a", 5))
    with pytest.raises(PipelineError, match="3 features, but Normaliser is expecting 2"):
        normaliser.transform(np.zeros((1, 3)), groups=np.array(["a"]))


@settings(max_examples=80, deadline=None)
@given(
    arrays(np.float64, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12), elements=st.floats(width=32)),
    st.sampled_from(["global", "speaker"]),
    st.integers(1, 4),
)
def test_whatever_is_measured_the_result_is_finite_and_bounded(values, scope, n_speakers):
    speakers = np.array([f"s{k % n_speakers}" for k in range(len(values))])
    try:
        found = Normaliser(scope, min_clips=3).fit_transform(values, groups=speakers)
    except PipelineError:
        return
    assert len(found) == len(values)
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 10
