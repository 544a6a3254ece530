"""Predictions of many files: as they come, resumed, shared out among processes, bad files named at the end."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import classical
from benchmarks.torture.inputs import voice, write_sound
from classical.models import build
from classical.predict import main
from features import FeatureExtractor
from features.utterances import utterances

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for i in range(40):
        write_sound(folder / f"{i:02d}.wav", voice(i, pitch=110 + 3 * i))
    return folder


@pytest.fixture(scope="module")
def models(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    table = utterances([clips])
    speakers = [f"s{i % 4}" for i in range(len(table))]
    table.index = pd.MultiIndex.from_arrays([speakers, table["path"]], names=["speaker", "id"])
    labels = np.array(["ang", "sad"] * 20)
    for name, scope in (("global", "global"), ("speaker", "speaker")):
        pipeline = build("logistic", features=FeatureExtractor("timing,energy"), normalise=scope).fit(table, labels)
        classical.save(folder / f"{name}.skops", pipeline, metadata={"corpus": "tones"})
    other = build("logistic", features=FeatureExtractor("timing"), normalise="global").fit(table, labels)
    classical.save(folder / "other.skops", other, metadata={"corpus": "tones"})
    return folder


@pytest.fixture
def mixed(clips: Path, tmp_path: Path) -> Path:
    """Five good files and two that hold no sound."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    for path in sorted(clips.iterdir())[:5]:
        shutil.copy(path, folder)
    (folder / "02b.wav").write_bytes(b"<html>")
    (folder / "empty.wav").write_bytes(b"")
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_good_files_are_answered_and_bad_ones_named(
    models: Path, mixed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = [str(models / "global.skops"), str(mixed), str(mixed / "gone.wav"), "--json"]
    assert main(line) == 1
    shown = capsys.readouterr()
    assert [Path(one["path"]).name for one in json.loads(shown.out)] == [f"{i:02d}.wav" for i in range(5)]
    assert [name in shown.err for name in ("02b.wav", "empty.wav", "gone.wav", "3 of 8 clips")] == [True] * 4
    assert main([*line, "--on-error", "skip"]) == 0


def test_rows_are_those_of_one_call_in_any_form_and_from_any_number_of_processes(
    models: Path, clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = classical.load(models / "global.skops").predict_proba(utterances([clips]))
    written = {}
    for name, jobs in (("a.csv", "1"), ("b.csv", "2"), ("c.jsonl", "1")):
        assert main([str(models / "global.skops"), str(clips), "--out", str(tmp_path / name), "--jobs", jobs]) == 0
        written[name] = (tmp_path / name).read_text()
    assert written["a.csv"] == written["b.csv"]
    rows = rows_of(tmp_path / "a.csv")
    np.testing.assert_allclose([[float(row["p_ang"]), float(row["p_sad"])] for row in rows], expected, atol=1e-7)
    lines = [json.loads(line) for line in written["c.jsonl"].splitlines()]
    assert [line["path"] for line in lines] == [row["path"] for row in rows] == sorted(map(str, clips.iterdir()))
    assert [line["label"] for line in lines] == [row["label"] for row in rows]
    assert "40 of 40 clips" in capsys.readouterr().out


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_what_is_done_is_not_computed_again(
    models: Path, clips: Path, tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"out{suffix}"
    paths = sorted(map(str, clips.iterdir()))
    line = [str(models / "global.skops"), *paths, "--out", str(out)]
    assert main(line) == 0
    whole = out.read_bytes()
    head = 1 if suffix == ".csv" else 0
    kept = b"".join(whole.splitlines(keepends=True)[: head + 7])
    out.write_bytes(kept + b'"half a li')
    assert main(line) == 0
    assert "7 of them before" in capsys.readouterr().out
    assert out.read_bytes() == whole
    for path in clips.iterdir():  # nothing is read any more
        assert str(path) in whole.decode()
    moved = clips.rename(clips.with_name("moved"))
    try:
        clips.mkdir()
        for path in paths:
            Path(path).touch()
        assert main(line) == 0
    finally:
        shutil.rmtree(clips)
        moved.rename(clips)
    assert out.read_bytes() == whole


def test_files_of_something_else_are_not_added_to(
    models: Path, clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = str(sorted(clips.iterdir())[0])
    notes, out = tmp_path / "notes.csv", tmp_path / "out.csv"
    notes.write_text("day,mood\nmonday,good\n")
    assert main([str(models / "global.skops"), first, "--out", str(notes)]) == 2
    assert notes.read_text() == "day,mood\nmonday,good\n"
    assert main([str(models / "global.skops"), first, "--out", str(out)]) == 0
    before = out.read_text()
    assert main([str(models / "other.skops"), first, "--out", str(out)]) == 2
    assert "another model" in capsys.readouterr().err
    assert out.read_text() == before


def test_names_that_csv_and_spreadsheets_could_misread_are_resumed_too(
    models: Path, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for i, name in enumerate(("=1+1.wav", 'a "b", c.wav', "two\nlines.wav", "'tis.wav", "ü.wav")):
        write_sound(tmp_path / name, voice(i))
    names = sorted(path.name for path in tmp_path.glob("*.wav"))
    for out in ("out.csv", "out.jsonl"):
        line = [str(models / "global.skops"), *names, "--out", out]
        assert main(line) == 0
        before = Path(out).read_bytes()
        assert main(line) == 0
        assert Path(out).read_bytes() == before


def test_clips_of_a_speaker_are_normalised_together_whatever_is_bad(
    models: Path, mixed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = sorted(path for path in mixed.iterdir() if path.name not in ("02b.wav", "empty.wav"))
    expected = classical.load(models / "speaker.skops").predict_proba([str(path) for path in good], one_speaker=True)
    assert main([str(models / "speaker.skops"), str(mixed), "--one-speaker", "--json"]) == 1
    found = [list(one["probabilities"].values()) for one in json.loads(capsys.readouterr().out)]
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_windows_of_good_files_beside_a_bad_one(models: Path, mixed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(models / "global.skops"), str(mixed), "--window", "0.2", "--json"]) == 1
    shown = capsys.readouterr()
    assert len({one["path"] for one in json.loads(shown.out)}) == 5
    assert "02b.wav" in shown.err


def test_the_first_answer_comes_long_before_the_last(models: Path, clips: Path) -> None:
    line = [sys.executable, "-m", "classical.predict", str(models / "global.skops"), *map(str, [clips] * 20)]
    process = subprocess.Popen([*line, "--format", "jsonl"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["label"] in ("ang", "sad")
    first = time.monotonic()
    rest = process.stdout.read()
    assert process.wait() == 0
    assert rest.count("\n") == 799
    assert time.monotonic() - first > 0.5


@pytest.mark.skipif(os.name == "nt", reason="sends a signal that Windows has not")
def test_a_batch_that_was_stopped_goes_on(models: Path, clips: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    folders = [str(shutil.copytree(clips, tmp_path / f"copy{i}")) for i in range(15)]
    line = [sys.executable, "-m", "classical.predict", str(models / "global.skops"), *folders, "--out", str(out)]
    process = subprocess.Popen([*line, "--jobs", "2"], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    while (not out.exists() or len(rows_of(out)) < 2) and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    error = process.communicate()[1]
    assert time.monotonic() - began < 5
    assert (process.returncode, error) == (143, "stopped; with --out FILE the same command goes on from here\n")
    done = len(rows_of(out))
    assert 0 < done < 600
    kept = out.read_bytes()
    assert main([str(models / "global.skops"), *folders, "--out", str(out)]) == 0
    assert out.read_bytes().startswith(kept)
    assert len({row["path"] for row in rows_of(out)}) == len(rows_of(out)) == 600


def test_a_model_that_sets_clips_against_each_other_adds_none_to_others(
    models: Path, clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths, out = sorted(map(str, clips.iterdir())), tmp_path / "out.csv"
    line = [str(models / "speaker.skops"), "--one-speaker", "--out", str(out)]
    assert main([*line, *paths[:20]]) == 0
    before = out.read_bytes()
    assert main([*line, *paths]) == 2
    assert "20 of 40 clips" in capsys.readouterr().err
    assert out.read_bytes() == before
    assert main([*line, *paths[:20]]) == 0
    assert out.read_bytes() == before


def test_another_model_in_the_same_place_is_another_model(
    models: Path, clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, place = str(sorted(clips.iterdir())[0]), tmp_path / "model.skops"
    answers = []
    for name in ("global", "other"):
        shutil.copy(models / f"{name}.skops", place)
        assert main([str(place), first, "--json"]) == 0
        answers.append(json.loads(capsys.readouterr().out)[0]["probabilities"])
    expected = [classical.load(models / f"{name}.skops").predict_proba([first])[0] for name in ("global", "other")]
    np.testing.assert_allclose([list(answer.values()) for answer in answers], expected, atol=1e-7)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--out", "answers.xlsx"], "expected .csv, .jsonl"),
        (["--window", "0.01"], "at least 0.02 s"),
        (["--window", "nan"], "at least 0.02 s"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line_before_any_sound_is_read(
    models: Path, clips: Path, tmp_path: Path, more: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first = str(sorted(clips.iterdir())[0])
    assert main([str(models / "global.skops"), first, *more]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_files_stand_before_and_behind_options_and_may_begin_with_a_dash(
    models: Path, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["a.wav", "-dash.wav"]
    for name in names:
        shutil.copy(sorted(clips.iterdir())[0], tmp_path / name)
    line = [str(models / "global.skops"), "--out", "out.csv", "a.wav", "--jobs", "1", "--", "-dash.wav"]
    assert main(line) == 0
    assert [row["path"].lstrip("'") for row in rows_of(tmp_path / "out.csv")] == names
