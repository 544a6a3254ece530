"""The same sound in training and test is found in the samples, whatever was done to the file, and refused by name."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import soxr

from benchmarks import corpora, evaluate
from benchmarks.run import main as run
from benchmarks.train import main as train
from features.errors import SerError

RATE = 16000
OTHER, ORIGINAL = "changed", "original"


def written(path: Path, samples: np.ndarray, *, rate: int = RATE, container: str = "WAV", subtype: str = "") -> dict:
    soundfile.write(path, samples, rate, format=container, subtype=subtype or None)
    return {"path": path.name}


def as_mp3(samples: np.ndarray) -> np.ndarray:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE, format="MP3")
    buffer.seek(0)
    return soundfile.read(buffer, dtype="float32")[0]


CHANGES: dict[str, Callable[[Path, np.ndarray], dict]] = {
    "cut from 0 to its length": lambda path, x: written(path, x) | {"start": 0, "end": len(x) / RATE},
    "cut to an end behind the file": lambda path, x: written(path, x) | {"start": 0, "end": 99},
    "its middle": lambda path, x: written(path, x) | {"start": 0.2, "end": len(x) / RATE - 0.2},
    "other samples between": lambda path, x: written(path, np.concatenate([np.zeros(777), x, np.zeros(300)])),
    "trimmed": lambda path, x: written(path, x[2500:-2500]),
    "quieter": lambda path, x: written(path, 0.1 * x),
    "8 kHz": lambda path, x: written(path, soxr.resample(x, RATE, 8000), rate=8000),
    "44.1 kHz FLAC": lambda path, x: written(path, soxr.resample(x, RATE, 44100), rate=44100, container="FLAC"),
    "mu-law": lambda path, x: written(path, x, subtype="ULAW"),
    "MP3": lambda path, x: written(path, as_mp3(x)),
    "24 bits": lambda path, x: written(path, x, subtype="PCM_24"),
    "stereo": lambda path, x: written(path, np.stack([x, 0.5 * x], axis=1)),
}


def manifest(folder: Path, change: Callable[[Path, np.ndarray], dict] | None) -> Path:
    """Four speakers of the embedded corpus, four clips each; one clip, changed, is another speaker's too."""
    table = corpora.load("synthetic", classes="ang,sad").utterances
    rows = []
    for number, speaker in enumerate(table.index.unique("speaker")[:4]):
        own = table.loc[speaker].groupby("label").head(2)
        for clip, row in own.iterrows():
            rows.append({"id": clip, "path": row["path"], "label": row["label"], "speaker": f"s{number}"})
    if change:
        samples = soundfile.read(rows[0]["path"], dtype="float32")[0]
        rows[0] |= {"id": ORIGINAL}
        rows[-1] |= {"id": OTHER, "start": np.nan} | change(folder / "changed.wav", samples)
    pd.DataFrame(rows).to_csv(folder / "my.csv", index=False)
    return folder / "my.csv"


def line(root: Path, *more: str) -> list[str]:
    options = ["--corpus", "manifest", "--root", str(root), "--folds", "speaker", "--jobs", "1"]
    return [*options, *more]


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_sound_in_training_and_test_is_refused(
    change: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = manifest(tmp_path, CHANGES[change])
    assert run(line(root, "--pipelines", "majority", "--out", str(tmp_path / "out"))) == 2
    error = capsys.readouterr().err
    assert OTHER in error
    assert ORIGINAL in error
    assert "--allow-duplicates" in error


def test_it_is_accepted_where_that_is_asked_for_and_noted(tmp_path: Path) -> None:
    root = manifest(tmp_path, CHANGES["8 kHz"])
    options = ("--pipelines", "majority", "--allow-duplicates", "--out", str(tmp_path / "out"))
    assert run(line(root, *options)) == 0
    notes = json.loads((tmp_path / "out" / "run.json").read_text())["folds"]["notes"]
    assert [note for note in notes if "the same sound" in note and OTHER in note and ORIGINAL in note]


def test_train_refuses_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = manifest(tmp_path, CHANGES["trimmed"])
    options = ["--pipeline", "logistic@energy", "--results", str(tmp_path / "r"), "--out", str(tmp_path / "m.skops")]
    assert train(line(root, *options)) == 2
    assert "the same sound as training ones" in capsys.readouterr().err


def test_other_sounds_are_not_refused(tmp_path: Path) -> None:
    assert run(line(manifest(tmp_path, None), "--pipelines", "majority", "--out", str(tmp_path / "out"))) == 0


def test_an_end_behind_the_file_is_held_against_it_once_and_noted(tmp_path: Path) -> None:
    rows = pd.read_csv(manifest(tmp_path, None), dtype={"speaker": str})
    lengths = [soundfile.info(path).duration for path in rows["path"]]
    pd.DataFrame(rows).assign(start=0, end=[99, "inf", 1e9, *lengths[3:]]).to_csv(tmp_path / "my.csv", index=False)
    ends = corpora.load("manifest", tmp_path / "my.csv")
    assert ends.utterances["end"].isna().all()
    assert [note for note in ends.notes if note.startswith("2 of 16 utterances end behind their file")]
    rows.to_csv(tmp_path / "whole.csv", index=False)
    assert set(ends.audio_keys) == set(corpora.load("manifest", tmp_path / "whole.csv").audio_keys)


def test_overlapping_turns_of_a_dialogue_are_noted_and_not_refused(tmp_path: Path) -> None:
    """IEMOCAP's turns are cut from dialogues: where both speak at once, both turns hold both voices."""
    corpus = corpora.load("manifest", manifest(tmp_path, CHANGES["trimmed"]))
    with pytest.raises(SerError, match="the same sound as training ones"):
        evaluate(corpus, pipelines=["majority"], folds="speaker", jobs=1)
    dialogues = replace(corpus, source=replace(corpus.source, dialogues=True))
    record = evaluate(dialogues, pipelines=["majority"], folds="speaker", jobs=1).record
    assert [note for note in record["folds"]["notes"] if "turns of a dialogue overlap" in note and OTHER in note]
