"""The table of scores that goes into a paper: what stands in it, and that LaTeX sets it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import benchmarks
from benchmarks.reporting.paper import PaperRow, PaperTable


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    benchmarks.evaluate(benchmarks.corpora.load("synthetic"), pipelines=["majority", "random"], jobs=1, out=out)
    benchmarks.write_report(out, audio=False)
    return out


def test_the_table_says_what_it_is_of(folder: Path) -> None:
    text = (folder / "tables/scores.tex").read_text(encoding="utf-8")
    assert r"\label{tab:scores-synthetic}" in text
    assert "240 utterances of 10 speakers, 5 folds (session)" in text
    assert "majority" in text
    assert "25.0 & 25.0 to 25.0" in text
    assert "Reason" not in text
    assert r"\textbf" not in text  # who only guesses is in no ranking


def test_every_mark_has_its_note_and_every_note_its_mark(folder: Path) -> None:
    text = (folder / "tables/scores.tex").read_text(encoding="utf-8")
    rows, _, notes = text.partition(r"\bottomrule")
    marks = [set(re.findall(r"\^\{([^$]*)\}\$", part)) for part in (rows, notes)]
    assert marks[0] == marks[1] != set()


def test_markdown_holds_the_same_numbers(folder: Path) -> None:
    tex, markdown = ((folder / "tables" / name).read_text(encoding="utf-8") for name in ("scores.tex", "scores.md"))
    numbers = [re.findall(r"\d+\.\d", text) for text in (tex.partition("midrule")[2], markdown)]
    assert numbers[0] == numbers[1]


def test_latex_sets_any_name(folder: Path, tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex: Debian's texlive-latex-recommended has it")
    odd = PaperTable(
        "tab:odd",
        "50 % of _all_ & more: #1 {x} ~ ^ \\ < >.",
        ("Pipeline", "UAR", "95 % interval", "WA", "Macro F1"),
        (PaperRow(("a_b&c%d", "1.0", "0.5 to 2.0", "1.0", "1.0"), True, ("≈", "a")),),
        {"≈": "near", "a": "x_y & 5 %"},
    )
    parts = [(folder / "tables/scores.tex").read_text(encoding="utf-8"), odd.latex()]
    head = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\n"
    (tmp_path / "paper.tex").write_text("\n".join([head, *parts, "\\end{document}"]), encoding="utf-8")
    line = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "paper.pdf").stat().st_size > 10_000
