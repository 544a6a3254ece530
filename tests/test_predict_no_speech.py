"""Clips without speech get the answer `no speech` in place of a confident emotion; speech gets what it got before."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

import classical
from classical.predict import main as predict
from features import FeatureExtractor

RATE = 16000
RNG = np.random.default_rng(3)
TIMES = np.arange(2 * RATE) / RATE
SOUNDS = {
    "offset": np.full(2 * RATE, 0.2),
    "dither": RNG.integers(-1, 2, size=2 * RATE) / 32768,
    "white": 0.1 * RNG.normal(size=2 * RATE),
    "brown": 0.002 * np.cumsum(RNG.normal(size=2 * RATE)),
    "click": np.eye(1, 2 * RATE, RATE)[0],
    "hum": 0.2 * np.sin(2 * np.pi * 100 * TIMES) + 0.1 * np.sin(2 * np.pi * 200 * TIMES),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, emodb_root: Path) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    for name, samples in SOUNDS.items():
        soundfile.write(folder / f"{name}.wav", samples, RATE)
    for path in sorted((emodb_root / "wav").glob("*.wav"))[::180]:
        (folder / f"speech {path.name}").write_bytes(path.read_bytes())
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, emodb_root: Path) -> Path:
    folder = tmp_path_factory.mktemp("models")
    paths = [path for path in sorted((emodb_root / "wav").glob("*.wav")) if path.stem[5] in "WT"][::4]
    names = [path.stem for path in paths]
    index = pd.MultiIndex.from_arrays([[name[:2] for name in names], names], names=["speaker", "id"])
    table = pd.DataFrame({"path": map(str, paths), "start": np.nan, "end": np.nan}, index=index)
    labels = np.array([path.stem[5] for path in paths])
    for name, groups in (("all", "all"), ("energy", "energy")):
        pipeline = classical.build("logistic", features=FeatureExtractor(groups)).fit(table, labels)
        classical.save(folder / f"{name}.skops", pipeline, metadata={"corpus": "some of EmoDB"})
    return folder


@pytest.mark.parametrize("model", ["all", "energy"])
def test_clips_without_speech_get_no_emotion(
    model: str, models: Path, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict([str(models / f"{model}.skops"), str(files), "--json"]) == 0
    answers = {Path(one["path"]).stem: one for one in json.loads(capsys.readouterr().out)}
    assert {name: answers[name]["label"] for name in SOUNDS} == dict.fromkeys(SOUNDS, "no speech")
    assert not any(any(answers[name]["probabilities"].values()) for name in SOUNDS)
    speech = [one for name, one in answers.items() if name.startswith("speech")]
    assert len(speech) == 3
    expected = classical.load(models / f"{model}.skops").predict_proba([one["path"] for one in speech])
    np.testing.assert_array_equal([list(one["probabilities"].values()) for one in speech], expected)


def test_explanations_and_windows_know_it_too(models: Path, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = [str(models / "all.skops"), str(files / "white.wav"), "--json"]
    assert predict([*line, "--explain"]) == 0
    assert [one["label"] for one in json.loads(capsys.readouterr().out)] == ["no speech"]
    assert predict([*line, "--window", "1"]) == 0
    assert {one["label"] for one in json.loads(capsys.readouterr().out)} == {"no speech"}
