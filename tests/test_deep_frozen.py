"""Frozen encoders as features: the clip's own frames, every layer at once, cached."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

torch = pytest.importorskip("torch")

from small_encoders import save, voices  # noqa: E402

from deep.frozen import FrozenEncoder, layer_positions, layers_of  # noqa: E402
from deep.loading import load_encoder  # noqa: E402
from features.cache import FeatureCache  # noqa: E402
from features.errors import FeatureError, ModelError  # noqa: E402


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return str(save("hubert", tmp_path_factory.mktemp("hubert"), seed=5, initializer_range=0.3))


@pytest.fixture
def sounds():
    return [(sound, 16000) for sound in voices(0.9, 0.4, 1.6)]


def test_features_are_mean_and_deviation_over_own_frames(small, sounds):
    table = FrozenEncoder(small, device="cpu").extract(sounds)
    encoder = load_encoder(small).eval()
    assert layers_of(table.names) == (0, 1, 2, 3)
    for row, (sound, _) in enumerate(sounds):
        waveform = torch.from_numpy(sound - sound.mean())[None]
        with torch.no_grad():
            hidden, _ = encoder.every_layer(waveform, torch.tensor([len(sound)]))
        for layer in range(4):
            values = table.values[row, layer_positions(table.names, layer)]
            expected = torch.cat([hidden[layer, 0].mean(0), hidden[layer, 0].std(0, correction=0)])
            np.testing.assert_allclose(values, expected, atol=2e-5)


def test_a_layer_is_a_choice_of_columns(small, sounds):
    every = FrozenEncoder(small, device="cpu").extract(sounds)
    second = FrozenEncoder(small, layer=2, device="cpu").extract(sounds)
    assert second.names[0] == "layer2.mean.0"
    assert second.names[-1] == "layer2.deviation.31"
    np.testing.assert_array_equal(second.values, every.values[:, layer_positions(every.names, 2)])


def test_bfloat16_is_near_and_another_table(sounds):
    trained = "wav2vec2-synthetic"  # wild weights drawn at random make chaos of any rounding
    exact, rounded = (FrozenEncoder(trained, device="cpu", precision=name) for name in ("float32", "bfloat16"))
    expected = exact.extract(sounds).values
    difference = np.abs(rounded.extract(sounds).values - expected)
    assert 0 < difference.max() < 0.1 * np.abs(expected).max()
    assert rounded.identity() != exact.identity()
    with pytest.raises(ModelError, match="expected one of"):
        FrozenEncoder(trained, device="cpu", precision="float8").extract(sounds)


def test_names_are_known_before_any_extraction(small):
    extractor = FrozenEncoder(small, layer=1)
    assert len(extractor.get_feature_names_out()) == 64
    assert clone(extractor).get_params() == extractor.get_params()


def test_the_cache_serves_every_layer_from_one_computation(small, sounds, tmp_path, monkeypatch):
    cache = FeatureCache(tmp_path)
    first = FrozenEncoder(small, device="cpu", cache=cache).extract(sounds)
    monkeypatch.setattr(FrozenEncoder, "load", lambda _: pytest.fail("computed again"))
    again = FrozenEncoder(small, device="cpu", cache=cache).extract(sounds)
    np.testing.assert_array_equal(first.values, again.values)
    np.testing.assert_array_equal(first.seconds, again.seconds)
    one = FrozenEncoder(small, layer=3, device="cpu", cache=cache).extract(sounds)
    np.testing.assert_array_equal(one.values, first.values[:, layer_positions(first.names, 3)])


def test_random_weights_differ_and_depend_on_the_seed(small, sounds):
    own = FrozenEncoder(small, device="cpu")
    drawn = [FrozenEncoder(small, random_init=True, random_state=seed, device="cpu") for seed in (0, 0, 1)]
    assert len({own.identity(), drawn[0].identity(), drawn[2].identity()}) == 3
    assert drawn[0].identity() == drawn[1].identity()
    values = [extractor.transform(sounds) for extractor in [own, *drawn]]
    np.testing.assert_array_equal(values[1], values[2])
    assert np.abs(values[0] - values[1]).max() > 0.01
    assert np.abs(values[1] - values[3]).max() > 0.01


def test_other_weights_are_another_identity(small, tmp_path):
    other = save("hubert", tmp_path / "other", seed=9, initializer_range=0.3)
    assert FrozenEncoder(small).identity() != FrozenEncoder(str(other)).identity()


def test_the_identity_follows_every_source_file_that_values_depend_on():
    from features.fingerprint import sources

    names = {"/".join(path.parts[-2:]) for path in sources("deep.frozen")}
    assert names >= {
        *(f"deep/{name}.py" for name in ("batches", "configuration", "encoder", "masking", "mel_encoder", "runtime")),
        *("formats/pretrained.py", "features/audio.py", "features/clips.py"),
    }


def test_an_unknown_layer_or_encoder_is_named(small, sounds):
    with pytest.raises(FeatureError, match="layer 9.*0, 1, 2, 3"):
        FrozenEncoder(small, layer=9).extract(sounds)
    with pytest.raises(ModelError, match="no folder"):
        FrozenEncoder("/no/such/folder").extract(sounds)


def test_whisper_hears_anger_and_sadness_in_new_speakers(whisper_folder, emodb_root):
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    paths = [path for path in sorted((emodb_root / "wav").glob("*.wav")) if path.name[5] in "WT"][::3]
    truth = np.array([path.name[5] for path in paths])
    test = np.isin([path.name[:2] for path in paths], ["03", "08", "11", "16"])
    values = FrozenEncoder(str(whisper_folder), layer=2, device="cpu").transform(paths)
    judge = make_pipeline(StandardScaler(), SVC(C=10, class_weight="balanced")).fit(values[~test], truth[~test])
    assert balanced_accuracy_score(truth[test], judge.predict(values[test])) > 0.9


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    from doc_stand_ins import own_corpus

    monkeypatch.chdir(tmp_path)
    own_corpus(tmp_path / "my.csv")
    return ["--corpus", "manifest", "--root", "my.csv", "--folds", "3", "--jobs", "1", "--out", "results"]


def test_an_encoder_that_lacks_weights_is_never_scored(corpus, tmp_path, capsys):
    from safetensors.torch import load_file, save_file

    from benchmarks.run import main

    weights = save("wav2vec2", tmp_path / "encoder") / "model.safetensors"
    left = {name: tensor for name, tensor in load_file(weights).items() if ".1.feed_forward" not in name}
    save_file(left, weights, metadata={"format": "pt"})
    pipelines = ["--pipelines", "svm@encoder", "wav2vec2", "--encoder", "encoder", "--epochs", "1", "--layer", "1"]
    main([*corpus, *pipelines])
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.count("lacks the weights of 4 of the encoder's") == 2
    assert shown.count("encoder.layers.1.feed_forward.output_dense.weight") == 2
    assert "No pipeline was scored" in shown


def test_a_kept_model_finds_its_encoder_where_it_lies_now_and_takes_no_other(corpus, tmp_path, capsys):
    import shutil

    from benchmarks.train import main as train
    from classical.predict import main as predict

    shape = {"initializer_range": 0.3}
    folder, other = save("wav2vec2", tmp_path / "encoder", **shape), save("wav2vec2", tmp_path / "b", seed=1, **shape)
    line = ["--corpus", "manifest", "--root", "my.csv", "--jobs", "1", "--no-scores", "--pipeline", "svm@encoder"]
    assert train([*line, "--encoder", str(folder), "--layer", "1", "--out", "m.skops"]) == 0
    clip = str(next((tmp_path / "clips").glob("*.wav"), None) or next(tmp_path.rglob("*.wav")))
    assert predict(["m.skops", clip]) == 0
    expected = capsys.readouterr().out.splitlines()[-1]
    shutil.copytree(folder, tmp_path / "moved")
    shutil.rmtree(folder)
    shutil.copy("m.skops", "n.skops")  # as in a new process: a model is read once in each
    assert predict(["n.skops", clip]) == 2
    assert "its encoder encoder is not where it was" in (error := capsys.readouterr().err)
    assert "--encoder" in error
    assert "damaged" not in error
    assert predict(["m.skops", clip, "--encoder", str(tmp_path / "moved")]) == 0
    found = capsys.readouterr()
    assert found.out.splitlines()[-1] == expected
    assert found.err == ""
    assert predict(["m.skops", clip, "--encoder", str(other)]) == 2
    error = capsys.readouterr().err
    assert "b is another (weights=" in error
    assert error.count("\n") == 1


def test_a_seed_reaches_random_weights(corpus, tmp_path):
    import pandas as pd

    from benchmarks.run import main

    save("wav2vec2", tmp_path / "encoder", initializer_range=0.3)
    pipelines = ["--pipelines", "svm@encoder~random", "svm@encoder", "--encoder", "encoder", "--layer", "1"]
    assert main([*corpus, *pipelines, "--seeds", "0", "1", "2"]) == 0
    predictions = pd.read_csv(tmp_path / "results" / "predictions.csv")
    classes = ["p_joy", "p_rage"]
    for pipeline, seeds in predictions.groupby("pipeline"):
        distinct = {rows[classes].round(6).to_csv(index=False) for _, rows in seeds.groupby("seed")}
        assert len(distinct) == (3 if "random" in pipeline else 1)
