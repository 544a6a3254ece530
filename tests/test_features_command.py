"""`python -m features.extract`: folders and manifests to tables, and one line for what a user got wrong."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features import FeatureExtractor
from features.extract import build_parser, main
from features.progress import finished, finished_in_lines


@pytest.fixture
def folder(emodb_root: Path, tmp_path: Path) -> Path:
    place = tmp_path / "mit Raum ä"
    (place / "in").mkdir(parents=True)
    first, second = sorted((emodb_root / "wav").glob("*.wav"))[:2]
    shutil.copy(first, place / "one.wav")
    shutil.copy(second, place / "in" / "two.wav")
    (place / "notes.txt").write_text("not sound")
    (place / "._one.wav").write_bytes(b"a companion file")
    return place


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_folder_becomes_a_table(folder: Path, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / "new" / f"out{suffix}"
    assert main([str(folder), str(target), "--groups", "prosodic"]) == 0
    read = pd.read_csv(target, index_col="id") if suffix == ".csv" else pd.read_parquet(target)
    assert list(read.index) == ["in/two", "one"]
    expected = FeatureExtractor("prosodic").extract([folder / "in" / "two.wav", folder / "one.wav"])
    assert tuple(read.columns) == expected.names
    np.testing.assert_allclose(read.to_numpy(np.float32), expected.values, rtol=1e-6)


def test_a_manifest_names_stretches(folder: Path, tmp_path: Path) -> None:
    (folder / "list.csv").write_text("id,path,start,end\na,one.wav,0.1,0.9\nb,one.wav,,\n")
    target = tmp_path / "out.csv"
    assert main([str(folder / "list.csv"), str(target), "--groups", "timing", "--no-cache"]) == 0
    read = pd.read_csv(target, index_col="id")
    assert list(read.index) == ["a", "b"]
    assert read.loc["a", "timing.duration"] <= 0.82 < read.loc["b", "timing.duration"]


def test_bad_files_are_named_and_the_others_answered(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.wav").write_bytes(b"RIFF")
    (folder / "empty.wav").write_bytes(b"")
    target = tmp_path / "out.csv"
    line = [str(folder), str(target), "--groups", "timing"]
    for more, status in ([], 1), (["--skip-bad"], 0), (["--on-error", "skip", "--jobs", "2"], 0):
        target.unlink(missing_ok=True)
        assert main([*line, *more]) == status
        error = capsys.readouterr().err
        assert [word in error for word in ("bad.wav", "empty.wav", "2 of 4 clips")] == [True] * 3
        assert list(pd.read_csv(target)["id"]) == ["in/two", "one"]


def test_where_no_clip_is_good_nothing_is_replaced(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out.csv"
    target.write_text("from before")
    for sound in folder.rglob("*.wav"):
        sound.write_bytes(b"nothing")
    assert main([str(folder), str(target), "--skip-bad"]) == 2
    assert target.read_text() == "from before"
    assert "2 of 2 clips" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["{folder}", "out.txt"],
        ["{folder}", "out.csv", "--groups", "tone"],
        ["{folder}/in/none", "out.csv"],
        ["{folder}/notes.txt", "out.csv"],
        ["{folder}", "out.csv", "--jobs", "0"],
    ],
)
def test_what_a_user_got_wrong_is_one_line(
    folder: Path, tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    source, target, *rest = (text.format(folder=folder) for text in arguments)
    assert main([source, str(tmp_path / target), *rest]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("error: ")


def test_help_shows_an_example() -> None:
    assert "examples:\n  python -m features.extract" in build_parser().format_help()


def test_a_terminal_has_a_bar_and_a_log_has_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with finished_in_lines():
        finished.info("1 of 2 jobs: svm")
    finished.info("outside of a command nothing is printed")
    assert capsys.readouterr().err == "1 of 2 jobs: svm\n"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with finished_in_lines():
        finished.info("2 of 2 jobs: svm")
    assert capsys.readouterr().err == ""


def test_to_describe_the_embedded_corpus_needs_no_signal_processing() -> None:
    code = "import sys, benchmarks.corpora.synthetic; sys.exit('scipy.signal' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
