"""The command reference is what the parsers print today, and every command is on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from make_commands import WIDTH, command_modules, main, reference
from test_architecture import COMMANDS

DOCS = Path(__file__).resolve().parent.parent / "docs"


def test_the_command_reference_is_up_to_date() -> None:
    assert (DOCS / "commands.md").read_text(encoding="utf-8") == reference(), "run `make docs`"


def test_every_command_is_found_and_shown_in_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(COMMANDS) <= {name.removesuffix(".__main__") for name in command_modules()}
    monkeypatch.setenv("COLUMNS", "200")
    wide = reference()
    monkeypatch.setenv("COLUMNS", "40")
    assert reference() == wide
    for help_text in wide.split("```text\n")[1:]:
        text, _, _ = help_text.partition("\n```")
        before_examples, _, examples = text.partition("\nexample")
        assert max(map(len, before_examples.splitlines())) <= WIDTH + 10, text
        assert max(map(len, examples.splitlines())) < 80, text


def test_the_command_writes_a_file_or_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert main([str(tmp_path / "commands.md")]) == 0
    assert (tmp_path / "commands.md").read_text(encoding="utf-8") == shown
    assert main([str(tmp_path / "nowhere" / "commands.md")]) == 2
    assert "nowhere" in capsys.readouterr().err
