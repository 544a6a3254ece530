"""The linear probe: the answers of the whole network, resumed exactly, saved, and a pipeline by its encoder's name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

torch = pytest.importorskip("torch")

from small_encoders import save, voices  # noqa: E402

import deep  # noqa: E402
from benchmarks.pipelines import PipelineOptions, build  # noqa: E402
from benchmarks.pipelines.flags import Flag  # noqa: E402
from deep import FrozenEncoder, LinearProbe  # noqa: E402
from deep.trainer import EmotionBrain  # noqa: E402
from features.errors import FeatureError, PipelineError  # noqa: E402

LENGTHS = (0.4, 0.7, 0.5, 0.6, 0.45, 0.65, 0.8, 0.55)
SOUNDS = [(sound, 16000) for sound in voices(*LENGTHS)]
TRUTH = np.array(["ang", "sad"] * 4)
VALID = np.arange(8) >= 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save("whisper", tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def fitted(folder):
    return _probe(folder).fit(SOUNDS, TRUTH, valid=VALID)


def _probe(folder, **parameters):
    encoder = FrozenEncoder(str(folder), device="cpu")
    return LinearProbe(encoder, **{"epochs": 4, "rate": 1e-2, "batch_clips": 4, "n_jobs": 1, **parameters})


def test_the_probe_learns_weights_of_layers_and_selects_on_validation_rows(fitted):
    assert fitted.layer_weights_.shape == (3,)
    assert fitted.layer_weights_.sum() == pytest.approx(1)
    assert not np.allclose(fitted.layer_weights_, 1 / 3)
    assert fitted.history_[-1]["train_loss"] < fitted.history_[0]["train_loss"]
    assert fitted.best_params_["valid_uar"] == max(row["valid_uar"] for row in fitted.history_)
    assert (~np.isnan(fitted.oof_proba_).any(axis=1)).tolist() == VALID.tolist()


def test_scaling_sees_training_clips_alone(fitted):
    means = fitted._means(SOUNDS)[~VALID]
    np.testing.assert_allclose(fitted.head_.centre.numpy(), means.mean(axis=0), atol=1e-5)


def test_a_saved_probe_answers_from_sound_as_the_probe_does_from_cached_means(fitted, tmp_path):
    loaded = deep.load(deep.save(fitted, tmp_path / "model"), device="cpu")
    np.testing.assert_allclose(loaded.predict_proba(SOUNDS), fitted.predict_proba(SOUNDS), atol=1e-5)
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "learnt sum of its layers" in card
    assert "rate: 0.01" in card


def test_an_interrupted_probe_ends_with_the_same_numbers(fitted, folder, tmp_path, monkeypatch):
    usual = EmotionBrain.fit_batch

    def breaks(brain, batch):
        if brain.epochs.current == 3:
            raise KeyboardInterrupt
        return usual(brain, batch)

    monkeypatch.setattr(EmotionBrain, "fit_batch", breaks)
    with pytest.raises(KeyboardInterrupt):
        _probe(folder, work_dir=tmp_path).fit(SOUNDS, TRUTH, valid=VALID)
    epochs = []
    monkeypatch.setattr(
        EmotionBrain, "fit_batch", lambda brain, batch: (epochs.append(brain.epochs.current), usual(brain, batch))[1]
    )
    resumed = _probe(folder, work_dir=tmp_path).fit(SOUNDS, TRUTH, valid=VALID)
    assert set(epochs) == {3, 4}
    assert resumed.predict_proba(SOUNDS).tobytes() == fitted.predict_proba(SOUNDS).tobytes()


def test_the_name_behind_the_at_says_which_encoder(folder):
    options = PipelineOptions(encoder=str(folder), epochs=7)
    pretrained, drawn = (
        build(f"linear@encoder{suffix}", labels=("ang", "sad"), corpus="emodb", options=options)
        for suffix in ("", "~random")
    )
    assert pretrained.features == "encoder"
    assert pretrained.name == f"linear@{folder.name}/all"
    assert pretrained.estimator.get_params()["features__encoder"] == str(folder)
    assert pretrained.estimator.epochs == 7
    assert set(pretrained.pretrained) == {str(folder)}
    assert drawn.flags == (Flag.RANDOM_INIT,)
    assert clone(drawn.estimator).features.random_init


@pytest.mark.parametrize("name", ["linear", "linear@pitch", "linear@encoder:speaker"])
def test_other_features_are_refused(name, folder):
    with pytest.raises(PipelineError, match="linear@encoder"):
        build(name, labels=("ang", "sad"), corpus="emodb", options=PipelineOptions(encoder=str(folder)))


def test_columns_of_no_layer_are_refused():
    class Levels:
        def transform(self, X):
            return np.zeros((len(X), 2))

        def get_feature_names_out(self):
            return ["energy.level", "pitch.mean"]

    with pytest.raises(FeatureError, match="FrozenEncoder"):
        LinearProbe(Levels()).fit(pd.DataFrame({"path": ["a.wav"] * 8}), TRUTH, valid=VALID)
