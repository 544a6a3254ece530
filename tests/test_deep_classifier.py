"""Fine-tuning: learns real speech, repeats itself, resumes exactly, keeps folds apart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score

torch = pytest.importorskip("torch")

from small_encoders import config, save  # noqa: E402

from deep.classifier import FineTunedClassifier  # noqa: E402
from deep.configuration import EncoderConfig  # noqa: E402
from deep.encoder import RandomInit  # noqa: E402
from deep.models import MODELS  # noqa: E402
from deep.options import PipelineOptions  # noqa: E402
from deep.trainer import EmotionBrain  # noqa: E402
from features.errors import ModelError, PipelineError  # noqa: E402

LETTERS = {"W": "ang", "T": "sad", "N": "neu"}


def small_configuration():
    return EncoderConfig(
        config("wav2vec2", conv_dim=(16,) * 3, conv_kernel=(40, 8, 4), conv_stride=(20, 8, 4)).to_dict()
    )


def table_of(paths):
    index = pd.MultiIndex.from_arrays([[p.name[:2] for p in paths], [p.stem for p in paths]], names=["speaker", "id"])
    frame = pd.DataFrame({"path": [str(path) for path in paths]}, index=index)
    frame["start"] = frame["end"] = np.nan
    frame["gender"] = frame["session"] = ""
    return frame


@pytest.fixture(scope="module")
def speech(emodb_root):
    """A few clips of anger, sadness and neutral speech by four speakers, and their labels."""
    paths = [
        path
        for speaker in ("03", "08", "11", "16")
        for letter in LETTERS
        for path in sorted((emodb_root / "wav").glob(f"{speaker}???{letter}*.wav"))[:4]
    ]
    return table_of(paths), np.array([LETTERS[path.name[5]] for path in paths])


@pytest.fixture
def small():
    return FineTunedClassifier(
        RandomInit("small", small_configuration),
        epochs=3,
        head_rate=3e-3,
        encoder_rate=1e-3,
        batch_seconds=8.0,
        freeze_front_end=False,
        device="cpu",
        n_jobs=1,
    )


def _of(table, speaker):
    return table.index.get_level_values("speaker") == speaker


def test_the_registered_tiny_pipeline_learns_real_speech(speech):
    table, truth = speech
    train = table.index.get_level_values("speaker") != "16"
    model = clone(MODELS["wav2vec2-tiny"].build(PipelineOptions(epochs=6, device="cpu"))).set_params(n_jobs=1)
    model.fit(table[train], truth[train], valid=_of(table[train], "08"))
    assert model.classes_.tolist() == ["ang", "neu", "sad"]
    assert len(model.history_) == 6
    assert model.history_[-1]["train_loss"] < model.history_[0]["train_loss"]
    assert model.best_params_["valid_uar"] == max(row["valid_uar"] for row in model.history_)
    probability = model.predict_proba(table[~train])
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    assert balanced_accuracy_score(truth[~train], model.predict(table[~train])) > 1 / 3


def test_probabilities_of_validation_speakers_only_and_of_the_kept_epoch(speech, small):
    table, truth = speech
    small.fit(table, truth, valid=_of(table, "11"))
    valid = (table.index.get_level_values("speaker") == "11").nonzero()[0]
    known = ~np.isnan(small.oof_proba_).any(axis=1)
    assert known.nonzero()[0].tolist() == valid.tolist()
    chosen = small.classes_[small.oof_proba_[valid].argmax(axis=1)]
    assert balanced_accuracy_score(truth[valid], chosen) == pytest.approx(small.best_params_["valid_uar"])
    np.testing.assert_allclose(small.predict_proba(table.iloc[valid]), small.oof_proba_[valid], atol=1e-6)


def test_the_same_seed_gives_the_same_bytes_and_leaves_the_generator_alone(speech, small):
    table, truth = speech
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    first = clone(small).fit(table, truth, valid=_of(table, "08")).predict_proba(table)
    assert torch.equal(torch.rand(2), expected)
    again = clone(small).fit(table, truth, valid=_of(table, "08")).predict_proba(table)
    other = clone(small).set_params(random_state=1).fit(table, truth, valid=_of(table, "08")).predict_proba(table)
    assert first.tobytes() == again.tobytes()
    assert not np.allclose(first, other)


@pytest.mark.parametrize("augment", [False, True])
def test_an_interrupted_training_ends_with_the_same_numbers(speech, small, tmp_path, monkeypatch, augment):
    table, truth = speech
    small.set_params(augment=augment)
    unbroken = clone(small).fit(table, truth, valid=_of(table, "08"))
    usual = EmotionBrain.fit_batch

    def breaks_in_the_third_epoch(brain, batch):
        if brain.epochs.current == 3:
            raise KeyboardInterrupt
        return usual(brain, batch)

    monkeypatch.setattr(EmotionBrain, "fit_batch", breaks_in_the_third_epoch)
    with pytest.raises(KeyboardInterrupt):
        clone(small).set_params(work_dir=tmp_path).fit(table, truth, valid=_of(table, "08"))
    monkeypatch.undo()
    epochs = []
    monkeypatch.setattr(
        EmotionBrain, "fit_batch", lambda brain, batch: (epochs.append(brain.epochs.current), usual(brain, batch))[1]
    )
    resumed = clone(small).set_params(work_dir=tmp_path).fit(table, truth, valid=_of(table, "08"))
    assert set(epochs) == {3}
    assert resumed.predict_proba(table).tobytes() == unbroken.predict_proba(table).tobytes()
    timeless = [{name: value for name, value in row.items() if name != "seconds"} for row in resumed.history_]
    assert timeless == [{n: v for n, v in row.items() if n != "seconds"} for row in unbroken.history_]


def test_another_fold_does_not_pick_the_checkpoint_up(speech, small, tmp_path, monkeypatch):
    table, truth = speech
    usual = EmotionBrain.load_best
    monkeypatch.setattr(EmotionBrain, "load_best", lambda brain: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        clone(small).set_params(work_dir=tmp_path).fit(table, truth, valid=_of(table, "08"))
    monkeypatch.setattr(EmotionBrain, "load_best", usual)
    left = list(tmp_path.glob("checkpoints-*"))
    assert len(left) == 1
    fresh = clone(small).fit(table, truth, valid=_of(table, "11"))
    beside = clone(small).set_params(work_dir=tmp_path).fit(table, truth, valid=_of(table, "11"))
    assert list(tmp_path.glob("checkpoints-*")) == left
    assert beside.predict_proba(table).tobytes() == fresh.predict_proba(table).tobytes()


KILLED = """
import sys
sys.path[:0] = [{tests!r}, {root!r}]
from pathlib import Path
import pandas as pd
from test_deep_classifier import small_configuration
from deep.classifier import FineTunedClassifier
from deep.encoder import RandomInit
table = pd.read_pickle({table!r})
FineTunedClassifier(RandomInit("small", small_configuration), epochs=3, head_rate=3e-3, encoder_rate=1e-3,
    batch_seconds=8.0, freeze_front_end=False, device="cpu", n_jobs=1, work_dir=Path({work!r}),
).fit(
    table.drop(columns="label"), table["label"].to_numpy(), valid=table.index.get_level_values("speaker") == "08")
"""


@pytest.mark.long
def test_a_killed_process_leaves_nothing_that_hinders_the_next(speech, small, tmp_path):
    table, truth = speech
    table.assign(label=truth).to_pickle(tmp_path / "table.pkl")
    here = Path(__file__).parent
    script = KILLED.format(
        tests=str(here), root=str(here.parent), table=str(tmp_path / "table.pkl"), work=str(tmp_path / "work")
    )
    rng = np.random.default_rng(0)
    for _ in range(5):
        process = subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "OMP_NUM_THREADS": "1"})
        for _ in range(600):
            if list((tmp_path / "work").glob("checkpoints-*/*")) or process.poll() is not None:
                break
            time.sleep(0.1)
        time.sleep(rng.uniform(0, 0.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
    resumed = clone(small).set_params(work_dir=tmp_path / "work").fit(table, truth, valid=_of(table, "08"))
    unbroken = clone(small).fit(table, truth, valid=_of(table, "08"))
    assert resumed.predict_proba(table).tobytes() == unbroken.predict_proba(table).tobytes()


def test_history_is_written_and_checkpoints_are_cleared(speech, small, tmp_path):
    table, truth = speech
    small.set_params(work_dir=tmp_path).fit(table, truth, valid=_of(table, "08"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["history.csv", "history.svg"]
    written = pd.read_csv(tmp_path / "history.csv")
    columns = ["epoch", "train_loss", "valid_loss", "valid_uar", "encoder_rate", "head_rate", "seconds"]
    assert sorted(written.columns) == sorted(columns)
    assert written["epoch"].tolist() == [1, 2, 3]


def test_memory_that_is_short_changes_no_gradient(speech, small, monkeypatch):
    table, truth = speech
    small.set_params(epochs=1)
    for name in ("hidden_dropout", "attention_dropout", "activation_dropout", "feat_proj_dropout", "layerdrop"):
        assert hasattr(config("wav2vec2"), name)

    def without_dropout():
        described = small_configuration().model
        off = {name: 0.0 for name in described if name.endswith("dropout") or name == "layerdrop"}
        return EncoderConfig({**described, **off})

    small.set_params(encoder=RandomInit("still", without_dropout))
    whole = clone(small).fit(table, truth, valid=_of(table, "08")).predict_proba(table)
    usual = EmotionBrain.compute_forward

    def two_clips_at_most(brain, batch, stage):
        if len(batch) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return usual(brain, batch, stage)

    monkeypatch.setattr(EmotionBrain, "compute_forward", two_clips_at_most)
    np.testing.assert_allclose(
        clone(small).fit(table, truth, valid=_of(table, "08")).predict_proba(table), whole, atol=1e-4
    )


def test_without_validation_rows_speakers_are_held_out(speech, small):
    table, truth = speech
    small.set_params(epochs=1).fit(table, truth)
    held = ~np.isnan(small.oof_proba_).any(axis=1)
    speakers = table.index.get_level_values("speaker")
    assert 0 < held.sum() < len(held)
    assert not set(speakers[held]) & set(speakers[~held])
    assert "held-out" in small.notes_[0]
    small.fit(table["path"].tolist(), truth)
    assert "fewer than two speakers" in small.notes_[0]


def test_a_pretrained_encoder_keeps_its_front_end(speech, tmp_path):
    table, truth = speech
    save("wav2vec2", tmp_path / "encoder")
    model = FineTunedClassifier(str(tmp_path / "encoder"), epochs=1, encoder_rate=1e-2, device="cpu", n_jobs=1)
    model.fit(table, truth, valid=_of(table, "08"))
    from deep.loading import load_encoder

    before = load_encoder(tmp_path / "encoder").state_dict()
    after = model.predictor_.network.encoder.state_dict()
    front = "model.feature_extractor.conv_layers.0.conv.weight"
    layer = "model.encoder.layers.0.attention.q_proj.weight"
    assert torch.equal(before[front], after[front])
    assert not torch.equal(before[layer], after[layer])


def test_a_whisper_encoder_is_fine_tuned_too(speech, whisper_folder):
    table, truth = speech
    rows = np.arange(0, len(table), 6)
    model = FineTunedClassifier(str(whisper_folder), epochs=1, device="cpu", n_jobs=1, batch_seconds=30.0)
    model.fit(table.iloc[rows], truth[rows], valid=_of(table.iloc[rows], "08"))
    assert np.isfinite(model.predict_proba(table.iloc[rows])).all()


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"epochs": 0}, PipelineError, "epochs=0"),
        ({"device": "cuda:7"}, ModelError, "cuda:7"),
        ({"device": "tpu"}, ModelError, "tpu"),
        ({"precision": "float8"}, ModelError, "float8"),
        ({"encoder": "/no/such/folder"}, ModelError, "/no/such/folder"),
    ],
)
def test_parameters_that_cannot_be_are_named(speech, small, changed, error, words):
    table, truth = speech
    with pytest.raises(error, match=words) as caught:
        small.set_params(**changed).fit(table, truth, valid=_of(table, "08"))
    assert "\n" not in str(caught.value)


def test_validation_rows_and_labels_that_do_not_fit_are_named(speech, small):
    table, truth = speech
    with pytest.raises(PipelineError, match="labels"):
        small.fit(table, truth[:-1])
    for valid, words in [
        (np.zeros(len(table), dtype=bool), "0 of .* for validation"),
        (np.ones(len(table), dtype=bool), "expected some, and not all"),
        (np.arange(3), "valid is int64"),
        (np.zeros(3, dtype=bool), "shape"),
    ]:
        with pytest.raises(PipelineError, match=words):
            small.fit(table, truth, valid=valid)


def test_nothing_is_printed_and_nothing_lies_about(speech, small, tmp_path, monkeypatch, capfd):
    table, truth = speech
    monkeypatch.chdir(tmp_path)
    small.set_params(epochs=1).fit(table, truth, valid=_of(table, "08"))
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.iterdir())


@pytest.mark.gpu
def test_fine_tuning_on_a_gpu(speech, small):
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    table, truth = speech
    model = small.set_params(device="cuda").fit(table, truth, valid=_of(table, "08"))
    assert model.predictor_.device.type == "cuda"
    assert model.predict_proba(table).shape == (len(table), 3)
