"""Classifiers on a frozen start: a cache changes no answer, what is frozen stays, and all resume and are kept."""

from __future__ import annotations

import re

import numpy as np
import pytest
from sklearn.base import clone

torch = pytest.importorskip("torch")

from small_encoders import padded, save, voices  # noqa: E402

import deep  # noqa: E402
from benchmarks.evaluation.job import learnt  # noqa: E402
from benchmarks.pipelines import PipelineOptions, build  # noqa: E402
from benchmarks.pipelines.flags import Flag  # noqa: E402
from deep import AttentiveProbe, FrozenEncoder, LastLayersClassifier, LoraClassifier, models  # noqa: E402
from deep.attentive_head import AttentiveHead  # noqa: E402
from deep.frames import FrameDataset  # noqa: E402
from deep.lora import TARGETS, WAVLM_TARGETS  # noqa: E402
from deep.trainer import EmotionBrain  # noqa: E402
from features.cache import FeatureCache  # noqa: E402
from features.clips import clips_from  # noqa: E402
from features.errors import CacheError, FeatureError, ModelError, PipelineError  # noqa: E402

LENGTHS = (0.4, 0.7, 0.5, 0.6, 0.45, 0.65, 0.8, 0.55)
SOUNDS = [(sound, 16000) for sound in voices(*LENGTHS)]
TRUTH = np.array(["ang", "sad"] * 4)
VALID = np.arange(8) >= 6
KINDS = ("wav2vec2", "wavlm", "whisper")
TUNED = {"head_rate": 1e-2, "encoder_rate": 1e-2}
CLASSES = {
    "attentive": (AttentiveProbe, {"rate": 1e-2}),
    "last-layers": (LastLayersClassifier, {**TUNED, "last_layers": 1}),
    "lora": (LoraClassifier, {**TUNED, "rank": 2}),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {kind: save(kind, tmp_path_factory.mktemp(kind), seed=5) for kind in KINDS}


def _model(name, folder, *, cache=None, random_init=False, **parameters):
    kind, own = CLASSES[name]
    encoder = FrozenEncoder(str(folder), device="cpu", cache=cache, random_init=random_init)
    given = {"epochs": 3, "batch_seconds": 1.5, "device": "cpu", "n_jobs": 1, **own, **parameters}
    return kind(encoder, **given)


@pytest.fixture(scope="module")
def fitted(folders):
    """A fitted model of every class on every encoder, without a cache of its own."""
    made = {}

    def of(name, kind):
        if (name, kind) not in made:
            made[name, kind] = _model(name, folders[kind]).fit(SOUNDS, TRUTH, valid=VALID)
        return made[name, kind]

    return of


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CLASSES)
def test_what_is_cached_changes_no_answer(name, kind, fitted, folders, tmp_path):
    model, cache = fitted(name, kind), FeatureCache(tmp_path)
    anew = _model(name, folders[kind], cached=False).fit(SOUNDS, TRUTH, valid=VALID)
    first, second = (_model(name, folders[kind], cache=cache).fit(SOUNDS, TRUTH, valid=VALID) for _ in range(2))
    expected = model.predict_proba(SOUNDS)
    for other in (anew, first, second):
        np.testing.assert_allclose(other.predict_proba(SOUNDS), expected, atol=1e-7)
    assert np.ptp(expected[:, 0]) > 1e-3  # not the same for every clip
    np.testing.assert_allclose(model.train_proba_[~VALID], expected[~VALID], atol=1e-5)
    np.testing.assert_allclose(model.oof_proba_[VALID], expected[VALID], atol=1e-5)
    assert np.isnan(model.train_proba_[VALID]).all()
    assert np.isnan(model.oof_proba_[~VALID]).all()


@pytest.mark.parametrize("name", CLASSES)
def test_frames_are_computed_once_for_all_folds(name, folders, tmp_path, monkeypatch):
    cache, encoded = FeatureCache(tmp_path), []
    usual = deep.frames.FrozenFrames.of
    monkeypatch.setattr(
        deep.frames.FrozenFrames, "of", lambda frames, clip: (encoded.append(clip), usual(frames, clip))[1]
    )
    for valid in (VALID, ~VALID):
        _model(name, folders["whisper"], cache=cache, epochs=2).fit(SOUNDS, TRUTH, valid=valid)
    assert len(encoded) == len(SOUNDS)
    _model(name, folders["whisper"], cache=cache, random_init=True, epochs=1).fit(SOUNDS, TRUTH, valid=VALID)
    assert len(encoded) == 2 * len(SOUNDS)  # another encoder has frames of its own


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CLASSES)
def test_a_kept_model_answers_as_the_fitted_one(name, kind, fitted, tmp_path):
    model = fitted(name, kind)
    loaded = deep.load(deep.save(model, tmp_path / "model"), device="cpu")
    np.testing.assert_allclose(loaded.predict_proba(SOUNDS), model.predict_proba(SOUNDS), atol=1e-7)
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "batch_seconds: 1.5" in card
    assert f"encoder: {model.features.encoder}" in card


@pytest.mark.parametrize("name", CLASSES)
def test_an_interrupted_training_ends_with_the_same_numbers(name, fitted, folders, tmp_path, monkeypatch):
    usual = EmotionBrain.fit_batch

    def breaks(brain, batch):
        if brain.epochs.current == 3:
            raise KeyboardInterrupt
        return usual(brain, batch)

    monkeypatch.setattr(EmotionBrain, "fit_batch", breaks)
    with pytest.raises(KeyboardInterrupt):
        _model(name, folders["wav2vec2"], work_dir=tmp_path).fit(SOUNDS, TRUTH, valid=VALID)
    epochs = []
    monkeypatch.setattr(
        EmotionBrain, "fit_batch", lambda brain, batch: (epochs.append(brain.epochs.current), usual(brain, batch))[1]
    )
    resumed = _model(name, folders["wav2vec2"], work_dir=tmp_path).fit(SOUNDS, TRUTH, valid=VALID)
    assert set(epochs) == {3}
    assert resumed.predict_proba(SOUNDS).tobytes() == fitted(name, "wav2vec2").predict_proba(SOUNDS).tobytes()
    assert not list(tmp_path.glob("checkpoints-*"))


@pytest.mark.parametrize("name", CLASSES)
def test_a_training_that_does_not_gain_is_stopped_and_resumed_it_stays_stopped(name, folders, tmp_path, monkeypatch):
    """Where all clips that validate are of one label, the first epoch may be right on all: nothing is better after."""
    truth = np.array(["ang", "sad"] * 3 + ["ang", "ang"])
    kept = {"work_dir": tmp_path, "epochs": 9}
    whole = _model(name, folders["whisper"], epochs=9).fit(SOUNDS, truth, valid=VALID)
    uars = [row["valid_uar"] for row in whole.history_]
    last = next(n for n in range(1, 10) if n - 1 - uars[:n].index(max(uars[:n])) >= 2)
    assert last < 9
    stopped = _model(name, folders["whisper"], patience=2, epochs=9).fit(SOUNDS, truth, valid=VALID)
    assert [row["valid_uar"] for row in stopped.history_] == uars[:last]
    assert stopped.best_params_["epoch"] == uars.index(max(uars[:last])) + 1

    monkeypatch.setattr(EmotionBrain, "load_best", _interrupts)
    with pytest.raises(KeyboardInterrupt):  # after the last epoch, before its weights are taken
        _model(name, folders["whisper"], patience=2, **kept).fit(SOUNDS, truth, valid=VALID)
    monkeypatch.undo()
    resumed = _model(name, folders["whisper"], patience=2, **kept).fit(SOUNDS, truth, valid=VALID)
    assert [row["valid_uar"] for row in resumed.history_] == uars[:last]
    assert resumed.predict_proba(SOUNDS).tobytes() == stopped.predict_proba(SOUNDS).tobytes()


def _interrupts(_brain):
    raise KeyboardInterrupt


@pytest.mark.parametrize("name", CLASSES)
def test_the_twin_has_other_weights_and_the_harness_reads_what_was_trained(name, fitted, folders):
    model = fitted(name, "whisper")
    twin = _model(name, folders["whisper"], random_init=True).fit(SOUNDS, TRUTH, valid=VALID)
    assert not np.allclose(twin.predict_proba(SOUNDS), model.predict_proba(SOUNDS), atol=1e-3)
    assert learnt(twin, "n_trained") == learnt(model, "n_trained") == model.n_trained_ > 0
    assert model.history_[-1]["train_loss"] < model.history_[0]["train_loss"]
    assert model.best_params_["valid_uar"] == max(row["valid_uar"] for row in model.history_)


@pytest.mark.parametrize("name", CLASSES)
def test_the_name_behind_the_at_says_which_encoder(name, folders):
    options = PipelineOptions(encoder=str(folders["whisper"]), epochs=7)
    pretrained, drawn = (
        build(f"{name}@encoder{suffix}", labels=("ang", "sad"), corpus="emodb", options=options)
        for suffix in ("", "~random")
    )
    assert pretrained.name == f"{name}@{folders['whisper'].name}"
    assert drawn.name == f"{name}@{folders['whisper'].name}~random"
    assert pretrained.features == drawn.features == ""
    assert {"last-layers": "the last 2)", "lora": "rank 8)"}.get(
        name, folders["whisper"].name
    ) in pretrained.description
    assert pretrained.estimator.epochs == 7
    assert set(pretrained.pretrained) == {str(folders["whisper"])}
    assert pretrained.identity
    assert drawn.flags == (Flag.RANDOM_INIT,)
    assert clone(drawn.estimator).features.random_init


@pytest.mark.parametrize("name", CLASSES)
def test_what_cannot_be_is_named(name, folders):
    options = PipelineOptions(encoder=str(folders["whisper"]))
    for text in (name, f"{name}@pitch", f"{name}@encoder:speaker"):
        with pytest.raises(PipelineError, match=f"{name}@encoder"):
            build(text, labels=("ang", "sad"), corpus="emodb", options=options)
    one = PipelineOptions(encoder=str(folders["whisper"]), layer="1")
    with pytest.raises(PipelineError, match="layer 1; expected no choice"):
        build(f"{name}@encoder", labels=("ang", "sad"), corpus="emodb", options=one)
    missing = build(f"{name}@encoder", labels=("ang", "sad"), corpus="emodb", options=PipelineOptions())
    assert "no encoder given" in missing.reason
    with pytest.raises(PipelineError, match="batch_seconds=0"):
        _model(name, folders["whisper"], batch_seconds=0).fit(SOUNDS, TRUTH, valid=VALID)
    with pytest.raises(FeatureError, match="FrozenEncoder"):
        CLASSES[name][0]("whisper").fit(SOUNDS, TRUTH, valid=VALID)


def test_the_linear_probe_takes_no_single_layer_either(folders):
    """A head on one layer could not answer from sound, of which the kept network makes all."""
    one = PipelineOptions(encoder=str(folders["whisper"]), layer="1")
    with pytest.raises(PipelineError, match="linear needs all"):
        build("linear@encoder", labels=("ang", "sad"), corpus="emodb", options=one)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CLASSES)
def test_training_in_bfloat16_ends_near_float32_and_answers_in_it(name, kind, fitted, folders):
    exact, rounded = (
        fitted(name, kind),
        _model(name, folders[kind], precision="bfloat16").fit(SOUNDS, TRUTH, valid=VALID),
    )
    answers = rounded.predict_proba(SOUNDS)
    assert 0 < np.abs(answers - exact.predict_proba(SOUNDS)).max() < 0.05
    assert rounded.history_[-1]["train_loss"] < rounded.history_[0]["train_loss"]
    assert {tensor.dtype for tensor in rounded.predictor_.network.parameters()} == {torch.float32}
    np.testing.assert_allclose(rounded.train_proba_[~VALID], answers[~VALID], atol=1e-5)


@pytest.mark.parametrize(
    "name", ["wav2vec2", "wav2vec2-tiny", "attentive@encoder", "last-layers@encoder", "lora@encoder"]
)
def test_number_type_and_patience_are_said_and_handed_on(name, folders):
    options = PipelineOptions(encoder=str(folders["whisper"]), precision="bfloat16", patience=4)
    pipeline = build(name, labels=("ang", "sad"), corpus="emodb", options=options)
    assert (pipeline.estimator.precision, pipeline.estimator.patience) == ("bfloat16", 4)
    assert "stopped after 4 epochs without a better UAR" in pipeline.description
    assert pipeline.description.endswith("trained in bfloat16")


def test_a_number_type_or_a_patience_that_is_none_is_refused(folders):
    with pytest.raises(PipelineError, match="patience=0; expected at least 1"):
        _model("lora", folders["whisper"], patience=0).fit(SOUNDS, TRUTH, valid=VALID)
    with pytest.raises(ModelError, match="precision 'half' is unknown; expected one of auto, float32, bfloat16"):
        _model("lora", folders["whisper"], precision="half").fit(SOUNDS, TRUTH, valid=VALID)


def _changed(model):
    """Names of the encoder's tensors that differ from those it began with, and by how much."""
    before, after = model.features.load().state_dict(), model.predictor_.network.encoder.state_dict()
    assert set(before) == set(after)  # no adapter is left
    return {name: after[name] - before[name] for name in before if not torch.equal(before[name], after[name])}


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_last_layer_is_tuned(kind, fitted):
    changed = _changed(fitted("last-layers", kind))
    last = len(fitted("last-layers", kind).predictor_.network.encoder.layers) - 1
    own = {name for name in changed if f"layers.{last}." in name}
    assert any("q_proj" in name for name in own)
    assert any(word in name for name in own for word in ("feed_forward", "fc1"))
    assert set(changed) - own <= {"model.layer_norm.weight", "model.layer_norm.bias"}  # Whisper's, behind the last


@pytest.mark.parametrize(("kind", "words"), [("wav2vec2", TARGETS), ("wavlm", WAVLM_TARGETS), ("whisper", TARGETS)])
def test_lora_changes_its_targets_by_matrices_of_its_rank(kind, words, fitted):
    model = fitted("lora", kind)
    layers = model.predictor_.network.encoder.layers
    changed = _changed(model)
    assert len(changed) == 2 * len(layers)
    assert {name.split(".")[-2] for name in changed} == set(words)
    assert all(torch.linalg.matrix_rank(change, atol=1e-5) == 2 for change in changed.values())
    shapes = [layer.get_submodule(name).weight.shape for layer in layers for name in _paths(layer, words)]
    assert model.n_trained_ == sum(2 * sum(shape) for shape in shapes) + model.predictor_.network.head.weight.numel()


def _paths(layer, words):
    return [name for name, _ in layer.named_modules() if name.rpartition(".")[2] in words]


def test_frozen_frames_come_without_dropout_and_tuned_layers_with_it(folders):
    model = _model("last-layers", folders["wav2vec2"], epochs=1)
    encoder = model.features.load().eval()
    model.classes_ = np.array(["ang", "sad"])
    network = model._trained(encoder, None).train()
    first = len(encoder.layers) - 1
    modes = {layer.training for layer in encoder.layers[:first]}, {layer.training for layer in encoder.layers[first:]}
    assert modes == ({False}, {True})
    hidden, frames = torch.randn(2, 9, encoder.width), torch.tensor([9, 5])
    assert not torch.equal(network(hidden, frames), network(hidden, frames))
    network.eval()
    torch.testing.assert_close(
        network(hidden, frames)[1:], network(hidden[1:, :5], frames[1:]), atol=1e-5, rtol=0
    )  # a clip's answer does not depend on its batch


def test_rates_rise_in_the_first_epoch(folders, monkeypatch):
    rates, usual = [], EmotionBrain.optimizers_step
    monkeypatch.setattr(
        EmotionBrain,
        "optimizers_step",
        lambda brain: (rates.append(brain.optimizers_dict["head"].param_groups[0]["lr"]), usual(brain))[1],
    )
    _model("last-layers", folders["whisper"], epochs=2, annealing_factor=1.0).fit(SOUNDS, TRUTH, valid=VALID)
    half = len(rates) // 2
    np.testing.assert_allclose(rates[:half], 1e-2 * np.arange(1, half + 1) / half)
    np.testing.assert_allclose(rates[half:], 1e-2)
    assert half > 1


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("last-layers", {"last_layers": 5}, "last_layers=5; expected 1 to 2"),
        ("lora", {"lora_targets": ("q_proj", "gate")}, "targets gate; .*fc1 fc2 k_proj out_proj q_proj v_proj"),
    ],
)
def test_what_the_encoder_does_not_have_is_named_before_a_run(name, options, words, folders):
    given = PipelineOptions(encoder=str(folders["whisper"]), **options)
    assert re.match(words, build(f"{name}@encoder", labels=("ang", "sad"), corpus="emodb", options=given).reason)


def test_adapters_that_nothing_calls_are_refused(folders):
    with pytest.raises(PipelineError, match=r"q_proj; .*does not call"):
        _model("lora", folders["wavlm"], targets=("q_proj",)).fit(SOUNDS, TRUTH, valid=VALID)
    with pytest.raises(PipelineError, match="rank=0"):
        _model("lora", folders["wavlm"], rank=0).fit(SOUNDS, TRUTH, valid=VALID)


@pytest.mark.parametrize("name", CLASSES)
def test_a_list_of_models_asks_for_no_encoder(name):
    assert models.MODELS[name].availability(PipelineOptions(), ("ang", "sad")) is None


def test_without_peft_the_others_run(folders, monkeypatch):
    monkeypatch.setattr(models, "find_spec", lambda _: None)
    options = PipelineOptions(encoder=str(folders["whisper"]))
    assert "pip install" in build("lora@encoder", labels=("ang", "sad"), corpus="emodb", options=options).reason
    assert build("last-layers@encoder", labels=("ang", "sad"), corpus="emodb", options=options).reason is None


def test_frames_that_vanish_in_a_training_are_named(folders, tmp_path):
    cache = FeatureCache(tmp_path)
    frames = deep.frames.FrozenFrames(
        lambda waveforms, _lengths: waveforms[..., None],
        shape=(1,),
        identity="",
        cache=cache,
        device=torch.device("cpu"),
    )
    frames._left = 0
    dataset = FrameDataset(frames, clips_from(SOUNDS), [0] * len(SOUNDS))
    np.testing.assert_allclose(dataset[0][1].numpy().ravel(), SOUNDS[0][0], atol=1e-6)
    cache.clear()
    with pytest.raises(CacheError, match="run again"):
        dataset[0]


def test_attention_sees_a_clips_own_frames_alone():
    torch.manual_seed(0)
    head = AttentiveHead(3, 8, 2, projection=6, attention=4).eval()
    head.standardise_by(torch.randn(3, 8), torch.rand(3, 8))
    clips = [torch.randn(length, 3, 8) for length in (5, 9, 2, 1)]
    batch, lengths = padded([clip.flatten(1).numpy() for clip in clips])
    batch = batch.unflatten(-1, (3, 8))
    alone = torch.cat([head(clip[None], torch.tensor([len(clip)])) for clip in clips])
    together = head(batch.masked_fill(batch == 0, 1e3), lengths)  # whatever stands behind a clip's end
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_attention_is_okabes_weighted_mean_and_deviation():
    torch.manual_seed(0)
    head = AttentiveHead(1, 4, 2, projection=3, attention=5).eval()
    hidden = torch.randn(1, 7, 1, 4)
    frames = head.projector(hidden[0, :, 0]).detach().numpy()
    importance = np.tanh(frames @ head.attend.weight.detach().numpy().T + head.attend.bias.detach().numpy())
    importance = importance @ head.weigh.weight.detach().numpy()[0]
    weights = np.exp(importance) / np.exp(importance).sum()
    mean = weights @ frames
    deviation = np.sqrt(weights @ frames**2 - mean**2)
    expected = head.classifier(torch.from_numpy(np.concatenate([mean, deviation])).float())
    torch.testing.assert_close(head(hidden, torch.tensor([7]))[0], expected, atol=1e-5, rtol=0)
