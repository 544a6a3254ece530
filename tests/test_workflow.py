"""The workflow file runs what `make test` runs."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent


def test_the_workflow_runs_what_make_test_runs() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["test"]
    assert job["strategy"]["matrix"]["os"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    lines = [line for step in job["steps"] for line in step.get("run", "").splitlines()]
    script = "\n".join(line.replace('"$BIN/', "$BIN/").replace('" ', " ", 1) for line in lines)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    extras = re.search(r"TEST_EXTRAS := (\S+)", makefile)
    workers = re.search(r"WORKERS \?= (\d+)", makefile)
    assert extras
    assert workers
    assert f"[{extras[1]}]" in script
    commands = re.findall(r"\$\(BIN\)/((?:python -m pytest|python -c|ruff|mypy).*)", makefile)
    asked = [command.replace("$(WORKERS)", workers[1]) for command in commands if "long or gpu" not in command]
    assert len(asked) == 4
    assert not [command for command in asked if f"$BIN/{command}" not in script]
