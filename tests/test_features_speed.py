"""`python -m benchmarks.speed features`: one table, and one line for what a user got wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.speed.__main__ import SUBCOMMANDS, main


def test_a_part_is_printed_as_a_table(emodb_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features", "--only", "librosa", "--clips", "2", "--corpora", str(emodb_root.parent)]) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[0] == "Librosa"
    assert lines[2] == "| measure | here | asked | peers |"
    assert all(line.count("|") == 5 for line in lines[2:])


def test_a_missing_corpus_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features", "--only", "praat", "--corpora", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1


def test_an_unknown_subcommand_is_refused() -> None:
    with pytest.raises(SystemExit) as refused:
        main(["pictures"])
    assert refused.value.code == 2
    assert "features" in SUBCOMMANDS
