"""docs/adding.md followed to the letter in a copy of the repository: what it adds runs, and keeps its contract."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from doc_pages import ROOT, Block, blocks, commands, split

PAGE = ROOT / "docs" / "adding.md"
PROGRAM = """
import sys
from importlib import import_module
from pathlib import Path
import pytest
sys.path.insert(0, "tests")
from miniatures import kiosk, sound
kiosk(Path("kiosk"))
sound(Path("folder/a.wav"), seed=1, seconds=1.0)
for module, arguments in {lines!r}:
    code = import_module(module).main(arguments)
    assert code == 0, (module, arguments)
assert pytest.main(["-q", "-p", "no:cacheprovider", "tests/test_benchmarks_corpora.py", "-k", "kiosk"]) == 0
"""


def follow(block: Block, tree: Path) -> None:
    """Write a whole file, or change the lines that the block shows."""
    path = tree / block.place
    if block.kind == "python":
        assert not path.exists(), path
        path.write_text(block.text, encoding="utf-8")
        return
    lines = block.text.splitlines()
    before = "\n".join(line[1:] for line in lines if not line.startswith("+"))
    after = "\n".join(line[1:] for line in lines if not line.startswith("-"))
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{block.place} has {text.count(before)} times\n{before}"
    path.write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which every block of the page has been followed, in order."""
    copy = tmp_path_factory.mktemp("copy")
    for name in ("features", "classical", "deep", "benchmarks"):
        shutil.copytree(ROOT / name, copy / name)
    (copy / "tests").mkdir()
    for name in ("conftest.py", "commands.py", "miniatures.py", "test_benchmarks_corpora.py"):
        shutil.copy2(ROOT / "tests" / name, copy / "tests")
    shutil.copy2(ROOT / "setup.cfg", copy)
    for block in blocks(PAGE):
        if block.place:
            follow(block, copy)
    return copy


def to_run(command: str) -> tuple[str, list[str]]:
    """A command of the page with what makes it small: the miniature for a corpus, where it names none."""
    module, arguments = split(command)
    if module in ("benchmarks.run", "benchmarks.train") and arguments != ["--list"]:
        corpus = ["--corpus", "kiosk", "--root", "kiosk"] if "--corpus" not in arguments else []
        arguments = [*arguments, *corpus, "--allow-partial", "--jobs", "1"]
    return module, arguments


def test_the_commands_of_the_page_run(tree: Path) -> None:
    own = commands(PAGE)
    assert any("hubert-tiny" in command for command in own)
    if importlib.util.find_spec("speechbrain") is None:
        own = [command for command in own if "hubert-tiny" not in command]
    lines = [to_run(command) for command in own]
    env = {**os.environ, "PYTHONPATH": str(tree), "HF_HUB_OFFLINE": "1"}
    given = [sys.executable, "-c", PROGRAM.format(lines=lines)]
    done = subprocess.run(given, cwd=tree, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in (
        "kiosk ",
        "neighbours ",
        "neighbours@prosodic:speaker",
        "svm+neighbours",
        "neighbours.skops",
        "hubert-tiny",
    ):
        assert name in done.stdout, name
    for name in ("energy.crest_db.mean.all", "energy.crest_db.mean.voiced", "rhythm.npvi"):
        assert f"| `{name}` |" in done.stdout, name
    assert "worst %" in done.stdout
    page = (tree / "results" / "kiosk" / "report.html").read_text(encoding="utf-8")
    assert "Worst recall" in page
    assert "How sure is it of whom?" in page
    assert re.search(r"\d passed", done.stdout)
    assert (tree / "rhythm.csv").read_text(encoding="utf-8").startswith("id,rhythm.npvi\n")


def test_the_estimator_from_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    [snippet] = [block.text for block in blocks(PAGE) if block.kind == "python" and not block.place]
    exec(compile(snippet, "docs/adding.md", "exec"), {"__name__": "snippet"})
    shown = capsys.readouterr().out
    assert "svm@prosodic" in shown
    assert "lda" in shown
