"""Places that cannot be written: one line, exit 1 or 2, before the work where that can be known; nothing is lost."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pandas as pd
import pytest
from miniatures import line_of, six_speakers, write_manifest

from benchmarks.ablation import main as ablation
from benchmarks.learning import main as learning
from benchmarks.report import main as report
from benchmarks.run import main as run
from benchmarks.train import main as train
from features.extract import main as extract

DEVICE = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_manifest(tmp_path / "my.csv", six_speakers(tmp_path))


def blocked(folder: Path) -> list[Path]:
    """Places for a file that cannot be written: below a file, a name too long, where the system lets nobody write."""
    (folder / "file").write_text("in the way")
    return [folder / "file" / "out.csv", folder / f"{'x' * 300}.csv", Path("/proc/out.csv"), Path("/proc/x/out.csv")]


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    return error


def test_features_have_a_place_before_they_are_computed(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (table.parent / "folder.csv").mkdir()
    for target in [*blocked(table.parent), table.parent / "folder.csv"]:
        assert extract([str(table.parent / "clips"), str(target), "--groups", "timing"]) == 2
        assert "give another path" in one_line(capsys)


@pytest.mark.parametrize("main", [run, ablation, learning])
def test_results_that_cannot_be_kept(main, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for target in blocked(table.parent)[:3]:
        assert main(line_of(table, "--pipelines", "logistic", "--out", str(target))) == 2
        one_line(capsys)


def test_folds_that_cannot_be_written(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = table.parent / "out"
    for target in blocked(table.parent):
        line = line_of(table, "--pipelines", "majority", "--out", str(out), "--write-folds", str(target))
        assert run(line) == 2
        one_line(capsys)
    assert not out.exists()


def test_a_model_has_a_place_before_it_is_tested(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = table.parent / "results"
    places = [path.with_suffix(".skops") for path in blocked(table.parent)]
    (table.parent / "in_the_way.skops").mkdir()
    (table.parent / "card.md").mkdir()
    places += [table.parent / name for name in ("in_the_way.skops", "card.skops", "model.pkl")]
    for place in places:
        assert train(line_of(table, "--out", str(place), "--results", str(results))) == 2
        one_line(capsys)
    own = pd.DataFrame({"id": [row["path"] for row in csv.DictReader(table.open())], "x": [0.5, 1.5, 0.25] * 4})
    own.to_csv(table.parent / "own.csv", index=False)
    line = line_of(table, "--pipeline", f"svm@{table.parent / 'own.csv'}", "--out", str(table.parent / "m.skops"))
    assert train([*line, "--results", str(results)]) == 2
    assert "could not predict new sound" in one_line(capsys)
    assert not results.exists()


def test_a_report_that_cannot_be_written(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = table.parent / "out"
    assert run(line_of(table, "--pipelines", "majority", "--out", str(out))) == 0
    capsys.readouterr()
    for target in blocked(table.parent):
        assert report([str(out), "--out", str(target)]) == 2
        one_line(capsys)


@DEVICE
def test_a_full_disk_is_one_line(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "full.csv").symlink_to("/dev/full")
    line = line_of(table, "--pipelines", "majority", "--out", str(tmp_path / "out"))
    assert run([*line, "--write-folds", "/dev/full"]) == 2
    assert "No space left" in one_line(capsys)
    assert extract([str(tmp_path / "clips"), str(tmp_path / "full.csv"), "--groups", "timing"]) == 2
    assert "No space left" in one_line(capsys)
    assert Path("/dev/full").is_char_device()


def test_a_run_with_less_than_was_asked_for_keeps_what_was_there(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(line_of(table, "--pipelines", "majority", "random", "--out", str(out))) == 0
    before = {path.name: path.read_bytes() for path in out.glob("*.*")}
    capsys.readouterr()
    for pipelines in (["svm@encoder"], ["majority", "svm@encoder"]):
        assert run(line_of(table, "--pipelines", *pipelines, "--out", str(out))) == 1
        assert "keeps the run that was there" in capsys.readouterr().err
        assert {path.name: path.read_bytes() for path in out.glob("*.*")} == before
    line = line_of(table, "--pipelines", "majority", "random", "svm@encoder", "--out", str(out))
    assert run(line) == 1
    assert json.loads((out / "run.json").read_text())["pipelines"]["svm@encoder/auto"]["status"] == "skipped"
    assert (out / "predictions.csv").read_bytes() == before["predictions.csv"]


@pytest.mark.skipif(os.name == "nt", reason="makes a link")
def test_a_lock_that_is_a_link_does_not_empty_what_it_points_to(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    thesis, out = tmp_path / "thesis.tex", tmp_path / "out"
    thesis.write_text("all of it")
    out.mkdir()
    (out / ".lock").symlink_to(thesis)
    (out / ".film.part").write_text("somebody's download")
    assert run(line_of(table, "--pipelines", "majority", "--out", str(out))) == 2
    assert ".lock is a link" in one_line(capsys)
    assert thesis.read_text() == "all of it"
    (out / ".lock").unlink()
    assert run(line_of(table, "--pipelines", "majority", "--out", str(out))) == 0
    assert (out / ".film.part").read_text() == "somebody's download"
