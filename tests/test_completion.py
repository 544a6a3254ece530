"""A shell that asks how a command line goes on is told the options, and nothing is run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("ser-predict --wi", {"--window"}), ("ser-predict --format js", {"json", "jsonl"}), ("ser-predict --xx", set())],
)
def test_a_shell_is_told_how_a_command_goes_on(typed: str, expected: set[str], tmp_path: Path) -> None:
    pytest.importorskip("argcomplete")
    answer = tmp_path / "answer"
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "_ARGCOMPLETE_IFS": "\n",
        "COMP_LINE": typed,
        "COMP_POINT": str(len(typed)),
    }
    code = "from classical.predict import main; main([])"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked}, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {name.rstrip() for name in answer.read_text().split("\n")} - {""} == expected
    assert done.stdout == ""
