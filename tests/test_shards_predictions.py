"""Predictions and embeddings of any number of clips: folders of Parquet files, the same whoever fills them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import Commands, refused

import classical
from benchmarks.torture.inputs import voice, write_sound
from classical.answers import _loaded, task_of
from classical.models import build
from features import FeatureExtractor
from features.bad_files import BadClip, BadClipsError
from features.clips import Clip
from features.engines.local import LocalEngine
from features.errors import AudioError, FeatureError, ModelError
from features.prediction_sets import Calibration
from features.prediction_task import Answers, Attempt, Task, with_coverage
from features.predictions import Prediction
from features.shards.clip_predictions import predict_shards
from features.shards.contents import read_shard, shard_files
from features.shards.folder import ShardFolder
from features.utterances import utterances

N_CLIPS = 12


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of clips, with a manifest in which one is missing and one ends behind its file."""
    folder = tmp_path_factory.mktemp("clips")
    for i in range(N_CLIPS):
        write_sound(folder / f"{i:02d}.wav", voice(i, pitch=110 + 9 * i))
    rows = [[f"{i:02d}.wav", ""] for i in range(N_CLIPS)] + [["none.wav", ""], ["00.wav", "99"]]
    with (folder / "calls.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["path", "end"], *rows])
    return folder


@pytest.fixture(scope="module")
def models(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    table = utterances([clips])
    speakers = [f"s{i % 4}" for i in range(len(table))]
    table.index = pd.MultiIndex.from_arrays([speakers, table["path"]], names=["speaker", "id"])
    labels = np.array(["ang", "sad"] * (N_CLIPS // 2))
    features = FeatureExtractor("timing,energy")
    for name in ("global", "speaker"):
        pipeline = build("logistic", features=features, normalise=name).fit(table, labels)
        classical.save(folder / f"{name}.skops", pipeline, metadata={"corpus": "tones"})
    return folder


def test_answers_are_those_of_a_file_of_predictions(
    clips: Path, models: Path, tmp_path: Path, commands: Commands
) -> None:
    line = ["classical.predict", models / "global.skops", "--manifest", clips / "calls.csv", "--out"]
    ended = commands(*line, f"{tmp_path / 'answers.parquet'}/")
    assert ended.status == 1
    assert "13 utterances, 2 numbers of each" in ended.out
    assert "1 of 14 clips cannot be analysed" in ended.err
    assert commands(*line, tmp_path / "answers.csv").status == 1
    there, here = pd.read_parquet(tmp_path / "answers.parquet"), pd.read_csv(tmp_path / "answers.csv")
    assert there["path"].tolist() == here["path"].tolist()
    assert there["label"].tolist() == here["label"].tolist()
    np.testing.assert_allclose(there[["p_ang", "p_sad"]], here[["p_ang", "p_sad"]], atol=1e-6)
    assert there["sound"].nunique() == N_CLIPS  # the clip that ends behind its file is that file's sound
    bad = pd.read_csv(tmp_path / "answers.parquet/_bad.csv")
    assert bad["id"].tolist() == ["none.wav"]


def test_a_table_of_answers_goes_on_where_it_was_left(
    clips: Path, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = task_of(str(models / "global.skops"))
    how = (task, [str(clips)], None, tmp_path / "answers.parquet", LocalEngine(1))
    first = predict_shards(*how, rows=5)
    before = {file.name: file.read_bytes() for file in shard_files(tmp_path / "answers.parquet")}
    (tmp_path / "answers.parquet/0000001.parquet").unlink()
    written: list[int] = []
    write = ShardFolder.write
    monkeypatch.setattr(ShardFolder, "write", lambda self, n, *more: (written.append(n), write(self, n, *more)))
    assert predict_shards(*how, rows=5) == first
    assert written == [1]
    assert {file.name: file.read_bytes() for file in shard_files(tmp_path / "answers.parquet")} == before
    assert read_shard(tmp_path / "answers.parquet/0000000.parquet").made.preset == f"predictions of {task.model}"


def test_answers_of_another_model_are_not_mixed_in(clips: Path, models: Path, tmp_path: Path) -> None:
    task = task_of(str(models / "global.skops"))
    target = tmp_path / "answers.parquet"
    predict_shards(task, [str(clips)], None, target, LocalEngine(1))
    with pytest.raises(FeatureError, match="predictions of other"):
        predict_shards(Task(task.predict, "other", task.labels), [str(clips)], None, target, LocalEngine(1))


@pytest.mark.parametrize(
    ("model", "more", "words"),
    [
        ("speaker", [], "sets each clip against all others"),
        ("global", ["--window", "1"], "--window go with files"),
        ("global", ["--explain"], "holds no attributions"),
        ("global", ["--coverage", "0.5"], "keeps no calibration"),
    ],
)
def test_what_a_folder_cannot_hold_is_refused(
    clips: Path, models: Path, tmp_path: Path, commands: Commands, model: str, more: list[str], words: str
) -> None:
    ended = commands("classical.predict", models / f"{model}.skops", clips, "--out", tmp_path / "a.parquet", *more)
    assert refused(ended)
    assert words in ended.words


def test_a_cluster_is_for_folders(clips: Path, models: Path, commands: Commands) -> None:
    ended = commands("classical.predict", models / "global.skops", clips, "--cluster", "local:1")
    assert refused(ended)
    assert "expected --out NAME.parquet/" in ended.words


def test_sets_stand_in_a_column(clips: Path, models: Path, tmp_path: Path) -> None:
    task = task_of(str(models / "global.skops"))
    calibrated = Task(task.predict, task.model, task.labels, calibration=Calibration(((0.1, 0.9), (0.3, 0.4), (0.2,))))
    target = tmp_path / "answers.parquet"
    predict_shards(with_coverage(calibrated, 0.75), [str(clips)], None, target, LocalEngine(1))
    table = pd.read_parquet(target)
    assert table["set"].isin(["ang", "sad", "abstain"]).all()
    with pytest.raises(FeatureError, match="coverage 0.75 "):
        predict_shards(with_coverage(calibrated, 0.5), [str(clips)], None, target, LocalEngine(1))


def test_clips_that_turn_out_bad_one_after_another_are_told_by_their_place() -> None:
    """Where a second clip is found bad only when the first is left out, both keep their place."""

    def predict(table: pd.DataFrame) -> Answers:
        for wrong in ("b", "d"):
            if wrong in table["path"].tolist():
                position = table["path"].tolist().index(wrong)
                raise _bad(position, wrong, len(table))
        return Answers(tuple(Prediction(path, "sad", {"sad": 1.0}) for path in table["path"]))

    answers = Attempt(predict)(pd.DataFrame({"path": list("abcde"), "start": np.nan, "end": np.nan}))
    assert [(bad.position, bad.name) for bad in answers.bad] == [(1, "b"), (3, "d")]
    assert [one.path for one in answers.predictions] == ["a", "c", "e"]


def _bad(position: int, name: str, total: int) -> AudioError:
    return BadClipsError([BadClip.of(position, Clip(name), AudioError(f"{name}: bad"))], total)


def test_a_model_that_is_replaced_is_refused(clips: Path, models: Path, tmp_path: Path) -> None:
    """As on a worker whose disk holds another file under the same name."""
    model = tmp_path / "model.skops"
    model.write_bytes((models / "global.skops").read_bytes())
    task = task_of(str(model))
    model.write_bytes((models / "speaker.skops").read_bytes())
    _loaded.cache_clear()
    with pytest.raises(ModelError, match="another model than when the command began"):
        task.predict(utterances([clips / "00.wav"]))


def test_embeddings_are_those_of_the_encoder(clips: Path, tmp_path: Path, commands: Commands) -> None:
    pytest.importorskip("torch")
    from deep import FrozenEncoder

    line = ["deep.extract", clips / "calls.csv", f"{tmp_path / 'calls.parquet'}/", "--encoder", "wav2vec2-synthetic"]
    ended = commands(*line, "--layer", "1", "--device", "cpu", "--on-error", "skip")
    assert ended.status == 0, ended.words
    table = pd.read_parquet(tmp_path / "calls.parquet")
    paths = [clips / f"{i:02d}.wav" for i in range(N_CLIPS)]
    expected = FrozenEncoder("wav2vec2-synthetic", layer=1, device="cpu").extract(paths)
    assert table.columns[5:].tolist() == list(expected.names)
    np.testing.assert_allclose(table[list(expected.names)][:N_CLIPS], expected.values, atol=1e-5)
    assert refused(commands(*line, "--layer", "9"))


def test_another_encoder_on_a_worker_is_refused(clips: Path) -> None:
    pytest.importorskip("torch")
    from functools import partial

    from deep.frozen import KeptEncoder
    from features.shards.clip_rows import ClipRows

    work = ClipRows(partial(KeptEncoder, "wav2vec2-synthetic", device="cpu"), "what the client's encoder says", (0,))
    with pytest.raises(FeatureError, match="another encoder at that place"):
        work([Clip("00.wav", clips / "00.wav")])
