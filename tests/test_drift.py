"""Drift between the speech of a training and new speech: how often it is found where there is none, and where it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

import classical
from benchmarks import corpora
from benchmarks.drift import main
from benchmarks.evaluation.final_model import train
from features.audio import load
from features.drift import WATCHED, Drift, TrainingSpeech, compare, drift
from features.errors import ModelError
from features.sampling import RATE


def speakers(rng: np.random.Generator, n: int, n_clips: int, *, heavy: bool = False) -> list[np.ndarray]:
    """Clips of n people who differ, and whose own clips differ; with `heavy` by a distribution with far values."""
    size = (n, 1, len(WATCHED))
    people = rng.standard_t(2, size=size) if heavy else rng.normal(size=size)
    return list(people + rng.normal(size=(n, n_clips, len(WATCHED))))


@pytest.mark.parametrize(
    ("n_training", "n_new", "n_clips", "heavy"), [(10, 3, 5, False), (24, 2, 1, True), (24, 6, 20, True)]
)
def test_false_alarms_are_as_rare_as_is_stated(n_training: int, n_new: int, n_clips: int, heavy: bool) -> None:
    rng = np.random.default_rng(0)
    repeats = 200
    alarms = sum(
        compare(speakers(rng, n_training, 20, heavy=heavy), speakers(rng, n_new, n_clips, heavy=heavy), seed=k).found
        for k in range(repeats)
    )
    assert alarms / repeats <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / repeats)


def test_a_drift_is_found_and_named() -> None:
    rng = np.random.default_rng(1)
    shift = np.zeros(len(WATCHED))
    shift[4] = -3.0
    found = [compare(speakers(rng, 20, 10), [own + shift for own in speakers(rng, 5, 10)], seed=k) for k in range(40)]
    assert np.mean([one.found for one in found]) > 0.8
    assert all(one.shifts[0].feature == "energy.rms_db.p05.all" for one in found if one.found)
    sentence = next(str(one) for one in found if one.found)
    assert sentence.startswith("drift: 5 new speakers beside 20 of the training, p = 0.0")
    assert "level of the quietest frames lower by" in sentence


def test_too_few_speakers_are_called_so() -> None:
    rng = np.random.default_rng(2)
    one = compare(speakers(rng, 10, 5), [own + 50 for own in speakers(rng, 1, 5)])
    assert one.p == pytest.approx(1 / 11)
    assert str(one).startswith("no drift can be found: 1 new speaker beside 10 of the training allow no p below 0.091")


def test_values_that_no_clip_has_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    training, new = speakers(rng, 12, 4), speakers(rng, 4, 4)
    training[0][:, 2] = np.nan
    for own in (*training, *new):
        own[:, 5] = np.nan
    result = compare(training, new)
    assert not result.found
    assert np.isfinite([shift.difference for shift in result.shifts]).all()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the embedded corpus."""
    path = tmp_path_factory.mktemp("model") / "model.skops"
    train(corpora.load("synthetic"), "logistic@timing", path, jobs=1)
    return path


@pytest.fixture(scope="module")
def kept(model: Path) -> TrainingSpeech:
    """What it keeps, as it comes back from its file."""
    return TrainingSpeech.of_json(json.loads(json.dumps(classical.load(model).metadata["speech"])))


def test_a_saved_model_finds_noise_and_not_its_own_voices(kept: TrainingSpeech) -> None:
    table = corpora.load("synthetic").utterances
    names = table.index.get_level_values("speaker")
    some = [k for name in sorted(set(names))[:4] for k in np.flatnonzero(names == name)[:3]]
    assert len(kept.clips) == len(set(names))
    assert not drift(kept, table.iloc[some], names[some]).found
    rng = np.random.default_rng(0)
    noise = [(0.1 * rng.normal(size=RATE), RATE) for _ in some]
    result = drift(kept, noise, names[some])
    assert result.found
    assert isinstance(result, Drift)


@pytest.mark.parametrize(("stored", "says"), [(None, "train it again"), ([[[1.0]]], "damaged"), ("x", "damaged")])
def test_what_is_not_kept_is_one_line(stored: object, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        TrainingSpeech.of_json(stored)


def table_of(folder: Path, sounds: list[tuple[str, np.ndarray]], *, damaged: int = 0) -> Path:
    """A CSV of clips and who speaks, some of which are no sound files."""
    rows = ["path,speaker"]
    for k, (speaker, sound) in enumerate(sounds):
        soundfile.write(folder / f"{k}.wav", sound, RATE)
        rows.append(f"{k}.wav,{speaker}")
    for k in range(damaged):
        (folder / f"bad{k}.wav").write_bytes(b"no sound")
        rows.append(f"bad{k}.wav,{sounds[0][0]}")
    (folder / "new.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "new.csv"


def some_clips(n_speakers: int) -> list[tuple[str, np.ndarray]]:
    """Three clips each of some of the training speakers."""
    table = corpora.load("synthetic").utterances
    names = table.index.get_level_values("speaker")
    return [
        (name, load(table["path"].iloc[k]))
        for name in sorted(set(names))[:n_speakers]
        for k in np.flatnonzero(names == name)[:3]
    ]


def test_the_command_tells_noise_from_its_own_voices(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same = table_of(tmp_path, some_clips(4))
    assert main([str(model), str(same), "--jobs", "1"]) == 0
    assert "no drift found: 4 new speakers beside 10 of the training" in capsys.readouterr().out
    rng = np.random.default_rng(0)
    (tmp_path / "noise").mkdir()
    noise = table_of(tmp_path / "noise", [(name, 0.1 * rng.normal(size=RATE)) for name in "abcd" for _ in range(3)])
    assert main([str(model), str(noise), "--jobs", "1", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["found"], found["new_speakers"], len(found["features"])) == (True, 4, 10)
    assert main([str(model), str(noise), "--jobs", "1", "--level", "0.0009"]) == 2  # 1,001 divisions: 1 / 1001 at least
    assert "expected more new speakers" in capsys.readouterr().err


def test_the_command_says_what_is_wrong_in_a_line(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = table_of(tmp_path, some_clips(3), damaged=1)
    assert main([str(model), str(table), "--jobs", "1"]) == 2
    assert "--on-error skip" in capsys.readouterr().err
    assert main([str(model), str(table), "--jobs", "1", "--on-error", "skip"]) == 0
    assert "1 of 10 clips cannot be analysed and are left out" in capsys.readouterr().err
    (tmp_path / "who.csv").write_text("path,speaker\n0.wav,\n", encoding="utf-8")
    assert main([str(model), str(tmp_path / "who.csv")]) == 2
    assert "1 of 1 clips have no speaker" in capsys.readouterr().err
    assert main([str(tmp_path / "none.skops"), str(table)]) == 2
    with pytest.raises(SystemExit) as ended:
        main([str(model), str(table), "--level", "5"])
    assert ended.value.code == 2


def test_the_command_reads_what_a_deep_model_keeps(
    kept: TrainingSpeech, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small_encoders = pytest.importorskip("small_encoders")
    from deep.loading import load_encoder
    from deep.network import EmotionNetwork
    from deep.persistence import save
    from deep.predictor import Predictor

    encoder = load_encoder(small_encoders.save("wav2vec2", tmp_path / "encoder"))
    deep_model = Predictor(EmotionNetwork(encoder, 2), ["ang", "sad"], device="cpu")
    folder = save(deep_model, tmp_path / "deep", about={"speech": kept.as_json()})
    assert main([str(folder), str(table_of(tmp_path, some_clips(4))), "--jobs", "1"]) == 0
    assert "no drift found" in capsys.readouterr().out
    assert main([str(save(deep_model, tmp_path / "bare")), str(tmp_path / "new.csv")]) == 2
    assert "keeps nothing of its training speech" in capsys.readouterr().err
