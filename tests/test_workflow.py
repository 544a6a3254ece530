"""The workflow file runs what `make test` runs."""

from __future__ import annotations

import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent


def workflow() -> dict[str, Any]:
    return yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))


def test_the_workflow_runs_what_make_test_runs() -> None:
    job = workflow()["jobs"]["test"]
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


def test_make_targets_of_the_workflow_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    runs = [step.get("run", "") for job in workflow()["jobs"].values() for step in job["steps"]]
    targets = [run.removeprefix("make ") for run in runs if run.startswith("make ")]
    assert sorted(targets) == ["licences", "test-lowest"]
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_requirement_states_its_lowest_version() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "lowest.py"), "deep", "test", "peers", "docs"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = done.stdout.splitlines()
    assert len(lines) > 30
    assert f"numpy=={re.search(r'numpy >=([0-9.]+)', settings['options']['install_requires'])[1]}" in lines
