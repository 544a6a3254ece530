"""The published faults of sound: each input with the right behaviour of its `expected.md`."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

import classical
from benchmarks.run import main as run
from classical.predict import main as predict
from features import FeatureExtractor
from features.errors import SerError
from features.extract import main as extract


@pytest.fixture(scope="module")
def model(faults_root: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model of the clips that come with a fault."""
    folder = next(faults_root.glob("07-*"))
    table = pd.read_csv(folder / "my.csv", dtype=str)
    table["path"] = [str(folder / path) for path in table["path"]]
    table = table.assign(start=np.nan, end=np.nan, id=table["path"]).set_index(["speaker", "id"])
    pipeline = classical.build("logistic", features=FeatureExtractor("energy,timing")).fit(
        table, table["label"].to_numpy(str)
    )
    path = tmp_path_factory.mktemp("model") / "model.skops"
    classical.save(path, pipeline, metadata={"corpus": "clips of a fault"})
    return str(path)


def ids_in(table: Path) -> list[str]:
    with table.open(encoding="utf-8", newline="") as stream:
        return [row["id"] for row in csv.DictReader(stream)]


@pytest.mark.parametrize("fault", ["05"], indirect=True)
def test_05_integers_in_floats_are_refused_by_every_command(
    fault: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert extract([str(fault), str(fault / "out.csv"), "--groups", "energy"]) == 1
    assert "float_int16range.wav: samples up to 1.06e+04; expected full scale at 1" in capsys.readouterr().err
    assert ids_in(fault / "out.csv") == ["ref"]
    assert predict([model, str(fault / "ref.wav"), str(fault / "float_int16range.wav"), "--json"]) == 1
    captured = capsys.readouterr()
    assert [Path(one["path"]).name for one in json.loads(captured.out)] == ["ref.wav"]
    assert "divide by the integer range" in captured.err


@pytest.mark.parametrize("fault", ["05"], indirect=True)
@pytest.mark.parametrize("kind", ["float32", "float64", "int32", "int64"])
def test_05_arrays_that_hold_16_bit_values_are_refused(fault: Path, kind: str) -> None:
    samples, rate = soundfile.read(fault / "ref.wav", dtype="int16")
    level = FeatureExtractor("energy").transform([(samples, rate)])[0, 0]
    assert level == pytest.approx(-20.409, abs=0.001)
    with pytest.raises(SerError, match=r"full scale at 1|16-bit values"):
        FeatureExtractor("energy").transform([(samples.astype(kind), rate)])


def manifest(folder: Path, ends: list[str]) -> Path:
    table = pd.read_csv(folder / "my.csv", dtype=str)
    table["end"] = (ends * len(table))[: len(table)]
    table.to_csv(folder / "my.csv", index=False)
    return folder / "my.csv"


@pytest.mark.parametrize("fault", ["07"], indirect=True)
@pytest.mark.parametrize("end", ["inf", "1e9", "99"])
def test_07_an_end_behind_the_file_is_its_end(
    fault: Path, model: str, end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = manifest(fault, [end])
    line = ["--corpus", "manifest", "--root", str(table), "--folds", "3", "--jobs", "1", "--pipelines", "majority"]
    assert run([*line, "--out", str(fault / "out")]) == 0
    noted = "end behind their file" in " ".join(capsys.readouterr().out.split())
    assert noted == (end != "inf")
    answers = []
    for more in (["--manifest", str(table)], [str(fault / "clips")]):
        assert predict([model, *more, "--json", "--window", "0.4"]) == 0
        answers.append([(one["start"], one["end"], one["label"]) for one in json.loads(capsys.readouterr().out)])
    assert answers[0] == answers[1]


@pytest.mark.parametrize("fault", ["07"], indirect=True)
def test_07_a_copy_is_not_hidden_by_its_written_end(fault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copyfile(fault / "clips" / "01_ang.wav", fault / "clips" / "06_ang.wav")
    table = manifest(fault, ["99", "inf", "1e9", "", "50"])
    line = ["--corpus", "manifest", "--root", str(table), "--folds", "3", "--jobs", "1", "--pipelines", "majority"]
    assert run([*line, "--out", str(fault / "out")]) == 2
    error = capsys.readouterr().err
    assert "01_ang" in error
    assert "06_ang" in error


@pytest.mark.parametrize("fault", ["09"], indirect=True)
def test_09_sound_that_cannot_be_read_is_named(fault: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    left_out = "left out 2 files of sound that cannot be read here (.m4a .webm): convert with ffmpeg"
    assert extract([str(fault / "mix"), str(fault / "out.csv"), "--groups", "pitch"]) == 0
    assert left_out in capsys.readouterr().err
    assert ids_in(fault / "out.csv") == ["a", "note"]
    assert predict([model, str(fault / "mix"), "--json"]) == 0
    captured = capsys.readouterr()
    assert [Path(one["path"]).name for one in json.loads(captured.out)] == ["a.wav", "note.oga"]
    assert left_out in captured.err


@pytest.mark.parametrize("fault", ["15"], indirect=True)
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("empty44", "a header without samples"),
        ("halfsize", "the header states 8000 bytes of sound, but 8000 more lie behind them"),
        ("inverted", "the 2 channels cancel each other"),
    ],
)
def test_15_what_is_wrong_with_a_file_is_said(
    fault: Path, name: str, says: str, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict([model, str(fault / f"{name}.wav"), str(fault / "datasize0.wav"), "--json"]) == 1
    captured = capsys.readouterr()
    assert [Path(one["path"]).name for one in json.loads(captured.out)] == ["datasize0.wav"]
    assert says in captured.err
    assert extract([str(fault), str(fault / "out.csv"), "--groups", "pitch"]) == 1
    assert says in capsys.readouterr().err
    assert ids_in(fault / "out.csv") == ["datasize0"]


@pytest.mark.parametrize("fault", ["09"], indirect=True)
def test_what_is_no_file_in_a_folder_is_refused_by_name_and_at_once(
    fault: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(fault / "mix" / "pipe.wav")
    (fault / "mix" / "device.wav").symlink_to("/dev/zero")
    (fault / "mix" / "nowhere.flac").symlink_to(fault / "gone")
    (fault / "mix" / "loop.wav").symlink_to("loop.wav")
    (fault / "mix" / "folder.wav").mkdir()
    assert extract([str(fault / "mix"), str(fault / "out.csv"), "--groups", "pitch"]) == 1
    error = capsys.readouterr().err
    assert all(
        word in error for word in ("pipe.wav", "named pipe", "device.wav", "a device", "nowhere.flac", "loop.wav")
    )
    assert ids_in(fault / "out.csv") == ["a", "note"]
    assert predict([model, str(fault / "mix"), "--json"]) == 1
    captured = capsys.readouterr()
    assert len(json.loads(captured.out)) == 2
    assert all(word in captured.err for word in ("pipe.wav", "device.wav", "nowhere.flac", "loop.wav"))
