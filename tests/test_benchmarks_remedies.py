"""What a message advises can be done in the command that prints it; few speakers are met by fewer folds."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from miniatures import table_rows

from benchmarks import run
from benchmarks.train import main as train_main


def manifest(folder: Path, n_speakers: int, *, copied: bool = False, alone: bool = False) -> Path:
    """Some speakers with four clips each; one clip copied to another speaker, or one label of one speaker."""
    rows = table_rows(folder, n_speakers)
    if copied:
        (folder / rows[9]["path"]).write_bytes((folder / rows[0]["path"]).read_bytes())
    if alone:
        rows[0]["label"] = rows[2]["label"] = "hap"
    pd.DataFrame(rows).to_csv(folder / "my.csv", index=False)
    return folder / "my.csv"


def train_line(root: Path, *more: str) -> list[str]:
    folder = root.parent
    line = ["--corpus", "manifest", "--root", str(root), "--pipeline", "logistic@energy", "--jobs", "1"]
    return [*line, "--results", str(folder / "results"), "--out", str(folder / "model.skops"), *more]


def test_three_speakers_are_trained_with_folds_by_speaker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train_main(train_line(manifest(tmp_path, 3))) == 0
    assert "3 folds (speaker)" in capsys.readouterr().out


def test_folds_and_duplicates_are_options_of_train_as_its_messages_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = manifest(tmp_path, 6, copied=True)
    assert train_main(train_line(root)) == 2
    assert "--allow-duplicates" in capsys.readouterr().err
    assert train_main(train_line(root, "--allow-duplicates", "--folds", "3")) == 0


def test_one_speaker_is_told_what_can_be_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = manifest(tmp_path, 1)
    line = ["--corpus", "manifest", "--root", str(root), "--pipelines", "logistic@energy", "--jobs", "1"]
    assert run.main([*line, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "only speaker s0; speaker-independent folds need 2 or more" in said
    assert "--no-scores" in said
    assert train_main(train_line(root, "--no-scores")) == 0


def test_a_label_that_one_speaker_has_is_named_with_its_fold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = manifest(tmp_path, 6, alone=True)
    line = ["--corpus", "manifest", "--root", str(root), "--pipelines", "majority", "--folds", "speaker", "--jobs", "1"]
    assert run.main([*line, "--out", str(tmp_path / "out")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "fold s0: label hap is not among its training utterances (only s0 has it); its recall is 0" in said
