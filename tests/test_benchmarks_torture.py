"""A shorter form of `python -m benchmarks.torture`: some cases of every kind, in this process."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from benchmarks.torture.case import Case, judge
from benchmarks.torture.registry import all_cases
from benchmarks.torture.table import as_markdown, run_all

PER_KIND = 2
"""Cases of each kind that run here, refusals first, for they are quick; the command runs all, in a process each."""


def _shorter_form() -> list[Case]:
    kinds: dict[str, list[Case]] = {}
    for case in all_cases():
        if not (case.alone or case.environment or case.slow):
            kinds.setdefault(case.root, []).append(case)
    return [case for cases in kinds.values() for case in sorted(cases, key=lambda case: case.status == 0)[:PER_KIND]]


@pytest.mark.parametrize("case", _shorter_form(), ids=lambda case: f"{case.root}: {case.name}")
def test_a_hostile_input_ends_as_it_must(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    module, *line = case.command(tmp_path)
    monkeypatch.chdir(tmp_path)
    capfd.readouterr()
    try:
        status = importlib.import_module(module).main(line)
    except SystemExit as ended:
        status = int(ended.code or 0)
    captured = capfd.readouterr()
    assert judge(case, tmp_path, status=status, output=captured.out + captured.err) == ()


def test_every_kind_has_five_inputs_or_more_and_a_name_of_its_own() -> None:
    cases = all_cases()
    assert len({(case.root, case.name) for case in cases}) == len(cases)
    few = {root for root in {case.root for case in cases} if sum(case.root == root for case in cases) < 5}
    assert not few


def test_a_case_that_hangs_or_says_what_it_must_not_is_wrong(tmp_path: Path) -> None:
    def sleeps(folder: Path) -> list[str]:
        (folder / "sleeps.py").write_text("import time; time.sleep(60)")
        return ["sleeps"]

    def warns(folder: Path) -> list[str]:
        (folder / "warns.py").write_text("import sys; sys.exit('Traceback (most recent call last):\\n  a|b`')")
        return ["warns"]

    cases = [Case("a kind", "hangs", sleeps, 0, seconds=0.5), Case("a kind", "warns", warns, 2, ("no such word",))]
    hung, warned = run_all(cases, tmp_path, jobs=2)
    assert hung.wrong == ("still running after 0.5 s",)
    assert len(warned.wrong) == 3
    page = as_markdown([hung, warned])
    assert "2 cases of 1 kinds, 2 not as they must be" in page
    assert all(line.count("|") - line.count("\\|") == 5 for line in page.splitlines() if line.startswith("| "))
    assert str(tmp_path) not in page
