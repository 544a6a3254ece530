"""The released model: equal to SpeechBrain's own interface, and nothing of its repository is run."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import soundfile  # noqa: E402
from made_up_corpora import table_corpus  # noqa: E402
from small_encoders import PREPROCESSOR, config, save, voices  # noqa: E402

import deep  # noqa: E402
from benchmarks import corpora, evaluate  # noqa: E402
from benchmarks.pipelines.options import PipelineOptions as RunOptions  # noqa: E402
from deep.formats.hyperparams import describe, read_labels  # noqa: E402
from deep.hub import version_of  # noqa: E402
from deep.models import MODELS  # noqa: E402
from deep.options import PipelineOptions  # noqa: E402
from deep.released import ReleasedClassifier  # noqa: E402
from deep.runtime import settle_lazy_modules  # noqa: E402
from features.errors import ModelError, PipelineError  # noqa: E402

YAML = """# Generated
wav2vec2_hub: {hub}
pretrained_path: {folder}
encoder_dim: 32
out_n_neurons: 4
wav2vec2: !new:speechbrain.integrations.huggingface.wav2vec2.Wav2Vec2
    source: !ref <wav2vec2_hub>
    output_norm: True
    freeze: False
    save_path: {folder}
avg_pool: !new:speechbrain.nnet.pooling.StatisticsPooling
    return_std: False
output_mlp: !new:speechbrain.nnet.linear.Linear
    input_size: !ref <encoder_dim>
    n_neurons: !ref <out_n_neurons>
    bias: False
model: !new:torch.nn.ModuleList
    - [!ref <output_mlp>]
modules:
    wav2vec2: !ref <wav2vec2>
    output_mlp: !ref <output_mlp>
    avg_pool: !ref <avg_pool>
softmax: !new:speechbrain.nnet.activations.Softmax
label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    collect_in: {folder}
    loadables:
        wav2vec2: !ref <wav2vec2>
        model: !ref <model>
        label_encoder: !ref <label_encoder>
    paths:
        wav2vec2: {folder}/wav2vec2.ckpt
        model: {folder}/model.ckpt
        label_encoder: {folder}/label_encoder.txt
"""
INTERFACE = '''
import torch
from speechbrain.inference.interfaces import Pretrained


class OneByOne(Pretrained):
    """Answers for one file, as the published interface does: no lengths are given to the encoder."""

    def classify_file(self, path):
        waveform = self.load_audio(path)
        batch = waveform.unsqueeze(0)
        hidden = self.mods.wav2vec2(batch)
        pooled = self.mods.avg_pool(hidden, torch.tensor([1.0]))
        logits = self.mods.output_mlp(pooled.view(pooled.shape[0], -1))
        probability = self.hparams.softmax(logits)
        score, index = torch.max(probability, dim=-1)
        return probability, score, index, self.hparams.label_encoder.decode_torch(index)
'''
LABELS = "'neu' => 0\n'ang' => 1\n'hap' => 2\n'sad' => 3\n================\n'starting_index' => 0\n"


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    paths = []
    noise = np.random.default_rng(0).normal(0, 0.1, 9600)
    whistle = 0.2 * np.sin(2 * np.pi * np.cumsum(np.linspace(500, 4000, 17600)) / 16000)
    clicks = np.where(np.arange(36800) % 800 < 8, 0.5, 0.0)
    for number, sound in enumerate([voices(1.7)[0] + 0.01, noise, whistle - 0.02, clicks]):  # recorders have offsets
        path = folder / f"{number}.wav"
        soundfile.write(path, sound, 16000, subtype="FLOAT")
        paths.append(path)
    return paths


@pytest.fixture(scope="module")
def published(tmp_path_factory, sounds):
    """A folder in the form of the released model, small, whose answers differ clearly between the sounds."""
    from speechbrain.integrations.huggingface.wav2vec2 import Wav2Vec2

    settle_lazy_modules()
    hub = save("wav2vec2", tmp_path_factory.mktemp("hub"), seed=4, initializer_range=0.5)
    folder = tmp_path_factory.mktemp("released")
    lobe = Wav2Vec2(source=str(hub), save_path=str(hub), output_norm=True).eval()
    with torch.no_grad():
        pooled = [lobe(torch.from_numpy(soundfile.read(path, dtype="float32")[0])[None]).mean(1) for path in sounds]
        # each sound has its own label; no steeper, since SpeechBrain's pooling adds noise of up to 9e-5
        weight = torch.linalg.pinv(torch.cat(pooled)).T
    torch.save(lobe.state_dict(), folder / "wav2vec2.ckpt")
    torch.save({"0.w.weight": weight}, folder / "model.ckpt")
    (folder / "label_encoder.txt").write_text(LABELS)
    (folder / "hyperparams.yaml").write_text(YAML.format(hub=hub, folder=folder))
    (folder / "custom_interface.py").write_text(INTERFACE)
    return folder


@pytest.fixture
def copy(published, tmp_path):
    for path in published.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


@pytest.mark.parametrize(("noise", "tolerance"), [(True, 1e-5), (False, 1e-6)])
def test_answers_are_those_of_foreign_class(published, sounds, monkeypatch, noise, tolerance):
    from speechbrain.inference.interfaces import foreign_class
    from speechbrain.nnet.pooling import StatisticsPooling

    if not noise:  # which SpeechBrain's pooling adds to every mean
        monkeypatch.setattr(StatisticsPooling, "_get_gauss_noise", lambda _, size, device: torch.zeros(size))

    theirs = foreign_class(source=str(published), pymodule_file="custom_interface.py", classname="OneByOne")
    ours = deep.load(published, device="cpu")
    seen = set()
    torch.manual_seed(0)  # of the noise that SpeechBrain's pooling adds
    for path in sounds:
        expected, expected_score, expected_index, expected_label = theirs.classify_file(str(path))
        probability, score, index, label = ours.classify_file(path)
        torch.testing.assert_close(probability, expected, atol=tolerance, rtol=0)
        torch.testing.assert_close(score, expected_score, atol=tolerance, rtol=0)
        assert index.tolist() == expected_index.tolist()
        assert label == expected_label
        seen.update(label)
        assert score.item() > 0.45
    assert seen == {"neu", "ang", "hap", "sad"}


def test_many_files_are_answered_batched_in_the_order_given(published, sounds):
    classifier = deep.load(published, device="cpu")
    assert classifier.classes_.tolist() == ["neu", "ang", "hap", "sad"]
    together = classifier.predict_proba(sounds)
    alone = np.concatenate([classifier.classify_file(path)[0].numpy() for path in sounds])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-12)


def test_older_names_of_the_weight_norm_are_read(copy, sounds):
    tensors = torch.load(copy / "wav2vec2.ckpt", weights_only=True)
    renamed = {}
    for name, tensor in tensors.items():
        name = name.replace("parametrizations.weight.original0", "weight_g")
        renamed[name.replace("parametrizations.weight.original1", "weight_v")] = tensor
    assert renamed.keys() != tensors.keys()
    before = deep.load(copy, device="cpu").predict_proba(sounds)
    torch.save(renamed, copy / "wav2vec2.ckpt")
    np.testing.assert_array_equal(deep.load(copy, device="cpu").predict_proba(sounds), before)


def test_nothing_of_the_repository_is_run(copy, tmp_path):
    trace = tmp_path / "was-run"
    (copy / "custom_interface.py").write_text(f"open({str(trace)!r}, 'w')")
    text = (copy / "hyperparams.yaml").read_text()
    (copy / "hyperparams.yaml").write_text(text + f"\ntrap: !apply:pathlib.Path.touch [!new:pathlib.Path [{trace}]]\n")
    deep.load(copy, device="cpu")
    assert not trace.exists()


class _Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("name", ["model.ckpt", "wav2vec2.ckpt"])
def test_a_checkpoint_with_code_is_refused_and_not_run(copy, tmp_path, name):
    trace = tmp_path / "was-run"
    (copy / name).write_bytes(pickle.dumps({"0.w.weight": _Bomb(trace)}))
    with pytest.raises(ModelError, match=f"{name}.*refused"):
        deep.load(copy, device="cpu")
    assert not trace.exists()


@pytest.mark.parametrize("name", ["hyperparams.yaml", "label_encoder.txt", "model.ckpt", "wav2vec2.ckpt"])
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(ModelError, match=name) as caught:
        deep.load(copy, device="cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("encoder_dim: 32", "encoder_dim: 64", "encoder_dim=64"),
        ("out_n_neurons: 4", "out_n_neurons: 5", "out_n_neurons=5"),
        ("out_n_neurons: 4", "", "out_n_neurons"),
        ("encoder_dim: 32", "encoder_dim: [", "hyperparams.yaml"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(copy, old, new, words):
    text = (copy / "hyperparams.yaml").read_text()
    (copy / "hyperparams.yaml").write_text(text.replace(old, new))
    with pytest.raises(ModelError, match=words):
        deep.load(copy, device="cpu")


def test_weights_of_another_shape_are_refused(copy, tmp_path_factory):
    other = save("wav2vec2", tmp_path_factory.mktemp("other"), intermediate_size=48)
    text = (copy / "hyperparams.yaml").read_text()
    line = next(line for line in text.splitlines() if line.startswith("wav2vec2_hub"))
    (copy / "hyperparams.yaml").write_text(text.replace(line, f"wav2vec2_hub: {other}"))
    with pytest.raises(ModelError, match=r"wav2vec2\.ckpt does not fit"):
        deep.load(copy, device="cpu")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LABELS, ["neu", "ang", "hap", "sad"]),
        ("\"it's\" => 1\n'b' => 0\n===\n'starting_index' => 0\n", ["b", "it's"]),
        ("'a' => 0\n'b' => 2\n", None),
        ("neu 0\n", None),
        ("", None),
    ],
)
def test_label_encoder(tmp_path, text, expected):
    path = tmp_path / "label_encoder.txt"
    path.write_text(text)
    if expected is None:
        with pytest.raises(ModelError, match=r"label_encoder\.txt"):
            read_labels(path)
    else:
        assert read_labels(path) == expected


def test_the_published_description_is_understood_without_a_download(tmp_path):
    (tmp_path / "hyperparams.yaml").write_text(
        "wav2vec2_hub: facebook/wav2vec2-base\nencoder_dim: 768\nout_n_neurons: 4\n"
        "wav2vec2: !new:speechbrain.lobes.models.huggingface_wav2vec.HuggingFaceWav2Vec2\n"
        "    source: !ref <wav2vec2_hub>\n    output_norm: True\n    freeze: True\n"
    )
    said = describe(tmp_path)
    assert (said.hub, said.width, said.n_classes, said.output_norm) == ("facebook/wav2vec2-base", 768, 4, True)


def test_the_released_pipeline_runs_on_its_four_labels_only(published, sounds):
    pipeline = MODELS["speechbrain-released"]
    options = PipelineOptions(released=str(published), device="cpu")
    assert pipeline.availability(options, ["sad", "ang", "hap", "neu"]) is None
    assert "knows ang, hap, neu, sad only" in pipeline.availability(options, ["ang", "bor", "hap", "neu", "sad"])
    assert pipeline.contaminated_on == ("iemocap",)
    estimator = pipeline.build(options)
    assert isinstance(estimator, ReleasedClassifier)
    estimator.fit(sounds, ["ang", "hap", "neu", "sad"])
    assert estimator.classes_.tolist() == ["ang", "hap", "neu", "sad"]
    answered = estimator.predictor_.predict_proba(sounds)
    np.testing.assert_array_equal(estimator.predict_proba(sounds), answered[:, [1, 2, 0, 3]])
    with pytest.raises(PipelineError, match="bor"):
        pipeline.build(options).fit(sounds, ["ang", "bor", "neu", "sad"])


def test_the_released_pipeline_has_no_score_on_what_it_was_fitted_to_as_it_is_fitted_to_nothing(published, tmp_path):
    corpus = corpora.load("manifest", table_corpus(tmp_path, n_speakers=3, labels=("ang", "hap", "neu", "sad")))
    options = RunOptions(released=str(published), device="cpu")
    names = ["speechbrain-released", "majority"]
    run = evaluate(corpus, pipelines=names, folds="speaker", jobs=1, options=options, out=tmp_path / "run")
    assert run.failed == []
    told = {name: entry["pretrained"] for name, entry in run.record["pipelines"].items()}
    assert told == {names[0]: {str(published): version_of(published)}, names[1]: {}}
    assert run.scores.set_index("pipeline")["train_uar"].isna().to_dict() == {names[0]: True, names[1]: False}


def test_offline_the_released_pipeline_says_what_to_fetch(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    reason = MODELS["speechbrain-released"].availability(PipelineOptions(), ["ang", "hap", "neu", "sad"])
    assert "wav2vec2.ckpt" in reason
    assert "https://huggingface.co/speechbrain/emotion-recognition-wav2vec2-IEMOCAP" in reason
    assert "\n" not in reason


def test_fine_tuning_can_start_from_the_released_model(published):
    from deep.loading import load_encoder

    encoder = load_encoder(published)
    expected = torch.load(published / "wav2vec2.ckpt", weights_only=True)
    name = "model.encoder.layers.1.final_layer_norm.weight"
    assert torch.equal(encoder.state_dict()[name], expected[name])


def test_preprocessor_of_the_tests_is_the_published_one():
    assert PREPROCESSOR["do_normalize"] is True
    assert json.loads(config("wav2vec2").to_json_string())["model_type"] == "wav2vec2"
