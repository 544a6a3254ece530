"""Utterances without speech are listed by a run: in the terminal, in run.json and in the report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from benchmarks import corpora
from benchmarks.run import main as run

RATE = 16000
RNG = np.random.default_rng(5)
SOUNDS = {
    "white": 0.1 * RNG.normal(size=2 * RATE),
    "dither": RNG.integers(-1, 2, size=2 * RATE) / 32768,
    "click": np.eye(1, 2 * RATE, RATE)[0],
}


def manifest(folder: Path, sounds: dict[str, np.ndarray]) -> Path:
    table = corpora.load("synthetic", classes="ang,sad").utterances
    rows = []
    for number, speaker in enumerate(table.index.unique("speaker")[:4]):
        for clip, row in table.loc[speaker].groupby("label").head(2).iterrows():
            rows.append({"id": clip, "path": row["path"], "label": row["label"], "speaker": f"s{number}"})
    for number, (name, samples) in enumerate(sounds.items()):
        soundfile.write(folder / f"{name}.wav", samples, RATE)
        rows[4 * number] |= {"id": name, "path": f"{name}.wav"}
    pd.DataFrame(rows).to_csv(folder / "my.csv", index=False)
    return folder / "my.csv"


@pytest.mark.parametrize("pipeline", ["logistic@prosodic", "logistic@energy"])
def test_a_run_lists_utterances_without_speech(
    pipeline: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, out = manifest(tmp_path, SOUNDS), tmp_path / "out"
    options = ["--corpus", "manifest", "--root", str(root), "--folds", "speaker", "--jobs", "1", "--out", str(out)]
    assert run([*options, "--pipelines", pipeline]) == 0
    assert json.loads((out / "run.json").read_text()).get("no_speech") == list(SOUNDS)
    note = "3 of 16 utterances hold no speech: white, dither, click"
    assert note in " ".join(capsys.readouterr().out.split())
    assert note in (out / "report.html").read_text(encoding="utf-8")


def test_a_run_of_speech_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, out = manifest(tmp_path, {}), tmp_path / "out"
    options = ["--corpus", "manifest", "--root", str(root), "--folds", "speaker", "--jobs", "1", "--out", str(out)]
    assert run([*options, "--pipelines", "logistic@prosodic"]) == 0
    assert json.loads((out / "run.json").read_text())["no_speech"] == []
    assert "no speech" not in capsys.readouterr().out
