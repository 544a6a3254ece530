"""Commands as a user meets them: options in, exit status and words out; a traceback is an outcome like another."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit status (None where it hung), and what it said."""

    status: int | None
    out: str
    err: str

    @property
    def words(self) -> str:
        """All that it said, line ends and their padding as one space."""
        return " ".join((self.out + self.err).split())


def refused(ended: Ended) -> bool:
    """Whether a command ended with 2 and one line that says why."""
    return ended.status == 2 and ended.err.startswith("error: ") and ended.err.count("\n") == 1


class Commands:
    """Runs commands in this process, `commands("features.extract", "in", "out.csv")`."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, module: str, *line: str | Path) -> Ended:
        self.capsys.readouterr()
        try:
            status = import_module(module).main([str(word) for word in line])
        except SystemExit as exit_:
            status = int(exit_.code or 0)
        except Exception:  # what an interpreter would do with it: exit status 1 and a traceback
            traceback.print_exc()
            status = 1
        shown = self.capsys.readouterr()
        return Ended(status, shown.out, shown.err)


def own_process(
    module: str, *line: str | Path, cwd: Path, seconds: float = 60, environment: Mapping[str, str] | None = None
) -> Ended:
    """Run a command in a process of its own, since it may hang."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", module, *map(str, line)],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return Ended(None, "", f"still running after {seconds:g} s")
    return Ended(done.returncode, done.stdout, done.stderr)
