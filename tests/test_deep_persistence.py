"""Models saved and loaded in a new process, and the command that uses them."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import soundfile  # noqa: E402
from small_encoders import KINDS, save, voices  # noqa: E402

import deep  # noqa: E402
from deep import predict  # noqa: E402
from deep.loading import load_encoder  # noqa: E402
from deep.network import EmotionNetwork  # noqa: E402
from deep.predictor import Predictor  # noqa: E402
from features.errors import ModelError  # noqa: E402

LABELS = ["ang", "neu", "sad"]


def predictor(kind, folder):
    network = EmotionNetwork(load_encoder(save(kind, folder, initializer_range=0.2)), 3)
    torch.manual_seed(0)
    with torch.no_grad():
        network.head.weight.normal_(0, 0.5)
    return Predictor(network, LABELS, device="cpu")


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    for number, sound in enumerate(voices(1.2, 0.7, 2.0)):
        soundfile.write(folder / f"{number}.wav", sound, 16000)
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    made = predictor("wav2vec2", tmp_path_factory.mktemp("encoder"))
    return deep.save(made, tmp_path_factory.mktemp("model"), about={"corpus": "emodb", "uar": 0.31})


@pytest.mark.parametrize("kind", KINDS)
def test_every_family_survives_the_round_trip(kind, tmp_path, sounds):
    made = predictor(kind, tmp_path / "encoder")
    folder = deep.save(made, tmp_path / "model")
    loaded = deep.load(folder, device="cpu")
    assert loaded.classes_.tolist() == LABELS
    np.testing.assert_array_equal(loaded.predict_proba(sounds), made.predict_proba(sounds))


def test_a_new_process_gives_the_same_probabilities(model, sounds, tmp_path):
    script = "import sys, deep, numpy; numpy.save(sys.argv[2], deep.load(sys.argv[1]).predict_proba(sys.argv[3:]))"
    target = tmp_path / "found.npy"
    root = Path(__file__).parent.parent
    command = [sys.executable, "-c", script, str(model), str(target), *map(str, sounds)]
    subprocess.run(command, check=True, cwd=root)
    np.testing.assert_allclose(np.load(target), deep.load(model, device="cpu").predict_proba(sounds), atol=1e-7)


def test_a_model_is_tensors_json_and_a_card(model):
    assert sorted(path.name for path in model.iterdir()) == ["README.md", "model.json", "model.safetensors"]
    said = json.loads((model / "model.json").read_text())
    assert said["labels"] == LABELS
    assert said["about"]["corpus"] == "emodb"
    assert torch.__version__.startswith(said["versions"]["torch"])
    card = (model / "README.md").read_text()
    assert "corpus: emodb" in card
    assert "uar: 0.31" in card
    assert "Limits" in card


def test_the_card_has_the_head_that_the_hub_reads(tmp_path):
    from huggingface_hub import ModelCard

    about = {"pipeline": "wav2vec2-tiny", "corpus": "emodb", "licence": "CC0 1.0", "scores": {"uar": 0.5}}
    deep.save(predictor("wav2vec2", tmp_path / "encoder"), tmp_path / "model", about=about)
    head = ModelCard.load(tmp_path / "model" / "README.md").data
    assert (head.license, head.library_name) == ("cc0-1.0", "speech-emotion-baselines")
    assert {"audio-classification", "speechbrain"} <= set(head.tags)
    [score] = head.eval_results
    assert (score.dataset_name, score.metric_type, score.metric_value) == ("emodb", "uar", 0.5)


def test_one_file_and_many_answer_alike(model, sounds):
    classifier = deep.load(model, device="cpu")
    many = classifier.predict_proba(sounds)
    for row, path in zip(many, sounds, strict=True):
        probability, score, index, label = classifier.classify_file(path)
        np.testing.assert_allclose(probability[0], row, atol=1e-5)
        assert score.item() == pytest.approx(row.max(), abs=1e-5)
        assert label == [LABELS[index.item()]]


def test_bfloat16_stays_near(sounds):
    """With weights that were trained: drawn wildly they make more of a rounding, on some processors up to 0.4."""
    torch.manual_seed(0)
    network = EmotionNetwork(load_encoder("wav2vec2-synthetic"), len(LABELS)).eval()
    exact, rough = (
        Predictor(network, LABELS, device="cpu", precision=name).predict_proba(sounds)
        for name in ("float32", "bfloat16")
    )
    assert 0 < np.abs(exact - rough).max() < 0.02


def test_an_estimator_that_is_not_fitted_cannot_be_saved(tmp_path):
    with pytest.raises(ModelError, match="fit"):
        deep.save(deep.FineTunedClassifier(), tmp_path)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("model.json", lambda text: text[:40], "cannot be read"),
        ("model.json", lambda text: text.replace('"format": 2', '"format": 9'), "format"),
        ("model.json", lambda text: text.replace('"labels"', '"marks"'), "damaged"),
        ("model.json", lambda text: text.replace('"intermediate_size": 64', '"intermediate_size": 48'), "do not fit"),
        ("model.json", lambda text: "[]", "format"),
    ],
)
def test_a_damaged_model_is_refused_in_one_line(model, tmp_path, name, change, words):
    for path in model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).write_text(change((tmp_path / name).read_text()))
    with pytest.raises(ModelError, match=words) as caught:
        deep.load(tmp_path)
    assert "\n" not in str(caught.value)


def test_cut_tensors_are_refused(model, tmp_path):
    for path in model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[:200])
    (tmp_path / "model.json").write_bytes((model / "model.json").read_bytes())
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        deep.load(tmp_path)


class _Dies:
    """A value to record that ends the save when it is asked for."""

    def __init__(self, end):
        self.tolist = end


def _raise():
    raise KeyboardInterrupt


@pytest.mark.parametrize("killed", [False, True])
def test_a_save_that_is_cut_short_leaves_the_earlier_model_as_it_was(tmp_path, sounds, killed):
    first = predictor("wav2vec2", tmp_path / "encoder")
    second = predictor("wav2vec2", tmp_path / "encoder")
    second.classes_ = np.array(["x", "y", "z"])
    with torch.no_grad():
        second.network.head.weight.neg_()
    folder = deep.save(first, tmp_path / "model")
    if killed and (child := os.fork()):
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
    elif killed:
        deep.save(second, folder, about={"value": _Dies(lambda: os.kill(os.getpid(), signal.SIGKILL))})
    else:
        with pytest.raises(KeyboardInterrupt):
            deep.save(second, folder, about={"value": _Dies(_raise)})
    loaded = deep.load(folder, device="cpu")
    assert loaded.classes_.tolist() == LABELS
    np.testing.assert_array_equal(loaded.predict_proba(sounds), first.predict_proba(sounds))


def test_at_no_moment_of_a_save_are_two_models_mixed(tmp_path, sounds, monkeypatch):
    """Every step that moves, removes or writes a file is cut off in turn."""
    first = predictor("wav2vec2", tmp_path / "encoder")
    second = predictor("wav2vec2", tmp_path / "encoder")
    second.classes_ = np.array(["x", "y", "z"])
    with torch.no_grad():
        second.network.head.weight.neg_()
    expected = {"ang": first.predict_proba(sounds), "x": second.predict_proba(sounds)}
    for step in range(1, 20):
        folder = deep.save(first, tmp_path / f"model{step}")
        counts = {"left": step}

        def cut(usual, counts=counts):
            def works(*args, **parameters):
                counts["left"] -= 1
                if counts["left"] == 0:
                    raise KeyboardInterrupt
                return usual(*args, **parameters)

            return works

        with monkeypatch.context() as patch:
            for owner, name in ((os, "replace"), (os, "rename"), (os, "unlink"), (io, "open")):
                patch.setattr(owner, name, cut(getattr(owner, name)))
            try:
                deep.save(second, folder)
            except KeyboardInterrupt:
                finished = False
            else:
                finished = True
        if (folder / "model.json").exists():
            loaded = deep.load(folder, device="cpu")
            np.testing.assert_array_equal(loaded.predict_proba(sounds), expected[loaded.classes_[0]])
        else:
            assert not finished
            with pytest.raises(ModelError, match="holds no model"):
                deep.load(folder, device="cpu")
        if finished:
            return
    pytest.fail("the save never came to its end")


@pytest.mark.parametrize("kind", ["wav2vec2", "whisper"])
def test_models_of_the_format_before_are_read(kind, tmp_path, sounds):
    from safetensors.torch import load_file, save_file

    made = predictor(kind, tmp_path / "encoder")
    folder = deep.save(made, tmp_path / "model")
    tensors = load_file(folder / "model.safetensors")
    old = "encoder.lobe.model.encoder." if kind == "whisper" else "encoder.lobe.model."
    renamed = {name.replace("encoder.model.", old, 1): tensor for name, tensor in tensors.items()}
    if kind == "whisper":
        renamed["encoder.lobe._mel_filters"] = torch.zeros(80, 201)
    save_file(renamed, folder / "model.safetensors")
    text = (folder / "model.json").read_text().replace('"format": 2', '"format": 1')
    (folder / "model.json").write_text(text)
    np.testing.assert_array_equal(deep.load(folder, device="cpu").predict_proba(sounds), made.predict_proba(sounds))


def test_an_empty_folder_is_no_model(tmp_path):
    with pytest.raises(ModelError, match=r"holds no model.*model\.json"):
        deep.load(tmp_path)


def test_predict_prints_a_table_or_json(model, sounds, capsys):
    assert predict.main([str(model), *map(str, sounds), "--device", "cpu", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["path"] for row in found] == [str(path) for path in sounds]
    expected = deep.load(model, device="cpu").predict_proba(sounds)
    for row, probabilities in zip(found, expected, strict=True):
        assert list(row["probabilities"]) == LABELS
        np.testing.assert_allclose(list(row["probabilities"].values()), probabilities, atol=1e-5)
    assert predict.main(["--model", str(model), "--device", "cpu", str(sounds[0].parent)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_predict_still_takes_the_model_as_an_option(model, sounds, capsys):
    assert predict.main(["--model", str(model), "--device", "cpu", *map(str, sounds), "--json"]) == 0
    assert [row["path"] for row in json.loads(capsys.readouterr().out)] == [str(path) for path in sounds]


def test_predict_follows_windows(model, sounds, tmp_path, capsys):
    picture = tmp_path / "course.svg"
    options = ["--window", "0.5", "--hop", "0.25", "--plot", str(picture), "--json", "--device", "cpu"]
    assert predict.main([str(model), str(sounds[2]), *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["start"] for row in found] == [0.25 * step for step in range(7)]
    assert picture.stat().st_size > 1000


def test_predict_says_that_versions_differ(model, sounds, tmp_path, capsys):
    for path in model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    said = json.loads((tmp_path / "model.json").read_text())
    said["versions"]["torch"] = "1.0"
    (tmp_path / "model.json").write_text(json.dumps(said))
    assert predict.main([str(tmp_path), str(sounds[0]), "--device", "cpu"]) == 0
    assert "torch 1.0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/no/such {sound}", "/no/such"),
        ("{model} {sound} --device cuda:9", "cuda:9"),
        ("{model} missing.wav", "missing.wav"),
        ("{sound}", "name it before the inputs"),
        ("--json", "MODEL is missing"),
        ("--model /no/such {sound}", "/no/such"),
    ],
)
def test_predict_explains_mistakes_in_one_line(model, sounds, line, words, capsys):
    assert predict.main(line.format(model=model, sound=sounds[0]).split()) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: ")
    assert words in told.err
    assert told.err.count("\n") == 1


def test_predict_offline_names_what_to_fetch(sounds, monkeypatch, capsys):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert predict.main(["speechbrain/emotion-recognition-wav2vec2-IEMOCAP", str(sounds[0])]) == 2
    told = capsys.readouterr().err
    assert "https://huggingface.co/speechbrain/emotion-recognition-wav2vec2-IEMOCAP" in told
    assert told.count("\n") == 1


@pytest.mark.gpu
@pytest.mark.parametrize("kind", KINDS)
def test_a_gpu_answers_as_the_cpu_does(kind, tmp_path, sounds):
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    folder = deep.save(predictor(kind, tmp_path / "encoder"), tmp_path / "model")
    expected = deep.load(folder, device="cpu").predict_proba(sounds)
    exact = deep.load(folder, device="cuda", precision="float32")
    np.testing.assert_allclose(exact.predict_proba(sounds), expected, atol=1e-4)
    alone = np.concatenate([exact.predict_proba([path]) for path in sounds])
    np.testing.assert_allclose(exact.predict_proba(sounds), alone, atol=1e-4)
    rough = deep.load(folder, device="cuda", precision="bfloat16").predict_proba(sounds)
    np.testing.assert_allclose(rough, expected, atol=5e-2)


def test_good_files_are_answered_beside_bad_ones_and_resumed(model, sounds, tmp_path, capsys):
    (tmp_path / "page.wav").write_bytes(b"<html>")
    out = tmp_path / "out.csv"
    line = [str(model), *map(str, sounds), str(tmp_path / "page.wav"), "--device", "cpu", "--out", str(out)]
    assert predict.main(line) == 1
    assert "page.wav: an HTML page" in capsys.readouterr().err
    before = out.read_text()
    assert before.count("\n") == 1 + len(sounds)
    out.write_text("".join(before.splitlines(keepends=True)[:2]))
    assert predict.main([*line, "--on-error", "skip"]) == 0
    assert "1 of them before" in capsys.readouterr().out
    assert [row[:60] for row in out.read_text().splitlines()] == [row[:60] for row in before.splitlines()]


def test_predict_says_sets_of_a_model_that_keeps_its_calibration(tmp_path, sounds, capsys):
    kept = [[0.1 * speaker, 0.9] for speaker in range(9)]
    folder = deep.save(predictor("wav2vec2", tmp_path / "encoder"), tmp_path / "model", about={"calibration": kept})
    assert "up to 0.900 can be promised; sets aim to hold the truth for 0.9" in (folder / "README.md").read_text()
    assert predict.main([str(folder), *map(str, sounds), "--coverage", "0.5", "--json"]) == 0
    printed = capsys.readouterr()
    assert "sets aim to hold the truth for 0.5" in printed.err
    for answer in json.loads(printed.out):
        assert answer["label"] in answer["set"]
        assert set(answer["set"]) == {
            name for name, share in answer["probabilities"].items() if 1 - share <= 0.8 + 1e-6
        } | {answer["label"]}
    assert predict.main([str(folder), str(sounds[0]), "--coverage", "0.95"]) == 2
    assert "9 speakers calibrate this model" in capsys.readouterr().err
