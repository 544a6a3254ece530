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


@pytest.mark.parametrize("part", ["same-sound", "speech"])
def test_checks_of_sound_run_on_a_few_clips(
    part: str, emodb_root: Path, ravdess_root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = {"emodb": sorted(emodb_root.glob("wav/*.wav"))[:6], "ravdess": sorted(ravdess_root.glob("Actor_07/*"))[:6]}
    monkeypatch.setattr("benchmarks.speed.features.clips_of", lambda _, corpus: few[corpus])
    assert main(["features", "--only", part]) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert {"emodb", "ravdess"} <= {word for line in lines for word in line.replace(",", "").split()}


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
