from __future__ import annotations

import numpy as np
import pytest
from made_up_speakers import speak

from classical.attributions import attributions, top_attributions
from classical.fusion import FusionClassifier
from classical.models import build
from classical.profiles import class_profiles, profile_plot, unit_of
from features.errors import FeatureError, PipelineError


@pytest.fixture(scope="module")
def heard():
    table, labels, features = speak(apart=2.5)
    held_out = table.index.get_level_values("speaker") == "s00"
    fitted = {
        name: build(name, features=features).fit(table[~held_out], labels[~held_out])
        for name in ("svm", "xgboost", "logistic")
    }
    fitted["fusion"] = FusionClassifier([(name, build(name, features=features)) for name in ("svm", "xgboost")]).fit(
        table[~held_out], labels[~held_out]
    )
    return fitted, table[held_out], labels[held_out]


def test_treeshap_adds_up_to_what_the_trees_say(heard):
    fitted, later, _ = heard
    pipeline = fitted["xgboost"]
    values = pipeline.standardise(later)
    assert np.allclose(pipeline.model_.contributions(values).sum(-1), pipeline.model_.class_scores(values), atol=1e-4)


@pytest.mark.parametrize("name", ["svm", "xgboost", "logistic", "fusion"])
def test_attributions_are_centred_and_come_from_the_group_that_tells_the_classes_apart(heard, name):
    fitted, later, _ = heard
    table = attributions(fitted[name], later)
    assert table.index.names == ["utterance", "label"]
    assert len(table) == len(later) * 4
    assert np.allclose(table.groupby("utterance").sum(), 0, atol=1e-5)
    size = table.abs().mean().groupby(lambda name: name.partition(".")[0]).sum()
    assert size.idxmax() == "pitch"
    assert size["pitch"] > 2 * size["mfcc"]


def test_attributions_of_a_linear_model_are_its_coefficients_times_the_features(heard):
    fitted, later, _ = heard
    pipeline = fitted["logistic"]
    model, values = pipeline.model_, pipeline.standardise(later)
    raw = values[0] * model.coef_ * model.inverse_temperature_
    assert np.allclose(attributions(pipeline, later).loc[0].to_numpy(), raw - raw.mean(0))


def test_the_largest_attributions_for_the_label_are_named(heard):
    fitted, later, _ = heard
    top = top_attributions(fitted["svm"], later.iloc[:3], ["ang", "sad", "neu"], n=4)
    row = attributions(fitted["svm"], later.iloc[:3]).loc[(1, "sad")]
    assert [name for name, _ in top[1]] == row.abs().sort_values(ascending=False).index[:4].tolist()
    assert top[1][0][1] == pytest.approx(row[top[1][0][0]])


def test_a_model_without_scores_has_no_attributions():
    table, labels, features = speak(n_speakers=2, n_each=2)
    with pytest.raises(PipelineError, match="nothing to explain"):
        attributions(build("majority", features=features).fit(table, labels), table)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("pitch.f0_semitone.p80.voiced", "semitones"),
        ("energy.rms_db.mean.all", "dB"),
        ("energy.rms_db.slope.all", ""),
        ("pitch.f0_semitone.skew.voiced", ""),
        ("mfcc.c00.mean.all", ""),
    ],
)
def test_units_are_read_from_names(name, unit):
    assert unit_of(name) == unit


def test_profiles_are_differences_from_the_speakers_own_mean():
    speakers = np.repeat(["low", "high"], 4)
    labels = np.array(["ang", "ang", "sad", "sad"] * 2)
    values = np.array([12.0, 14, 4, np.nan, 32, 34, 24, 24])[:, None]
    found = class_profiles(values, np.array(["pitch.f0_semitone.p50.voiced"]), labels=labels, speakers=speakers)
    own = found.set_index("label")
    assert own.loc["ang", "difference"] == pytest.approx(4.5)
    assert own.loc["sad", "difference"] == pytest.approx(-4.5)
    assert own["n_speakers"].tolist() == [2, 2]
    assert own["unit"].tolist() == ["semitones"] * 2
    picture = profile_plot(found, ["pitch.f0_semitone.p50.voiced"])
    assert "ang +4.5" in picture.alt_text
    low, high = picture.figure.axes[0].get_ylim()
    assert low - max(range(len(found["label"].unique()))) == -high == 0.5, "every dot has room"
    with pytest.raises(FeatureError, match="need the groups pitch or energy"):
        class_profiles(values, np.array(["mfcc.c00.mean.all"]), labels=labels, speakers=speakers)
