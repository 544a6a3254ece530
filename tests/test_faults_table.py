"""The table of faults in `docs/testing.md` names tests that there are."""

from __future__ import annotations

import re

from commands import ROOT


def test_the_table_of_faults_names_tests_that_there_are() -> None:
    page = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    section = page.split("## The faults of the first version")[1].split("\n## ")[0]
    rows = [line.split(" | ") for line in section.splitlines() if re.search(r"\d+ of \d+ \|$", line)]
    assert len(rows) == 31
    evidence = page.split("## Our own evidence")[1].split("\n## ")[0]
    rows += [line.split(" | ") for line in evidence.splitlines() if "`test_" in line]
    assert len(rows) == 41
    for kind, tests, _ in rows:
        assert "`test_" in tests, kind
        for file, names in re.findall(r"`(test_\w+\.py)`: ([^;]+)", tests):
            text = (ROOT / "tests" / file).read_text(encoding="utf-8")
            for name in re.findall(r"`(\w+)`", names):
                assert f"def test_{name}(" in text, (file, name)
