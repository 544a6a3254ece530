"""How a run was made, for a paper: every figure is of `run.json`, and what is cited has an entry."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fabricated_runs import fabricate_run

import benchmarks
from benchmarks import corpora
from benchmarks.corpora.registry import MODULES, find
from benchmarks.evaluation.runs import Run
from benchmarks.report import main
from benchmarks.reporting.methods import Methods, methods_of
from benchmarks.reporting.ranking import rank
from benchmarks.reporting.references import NOBODY, RULES, entries

NAMES = ["svm@timing", "xgboost@timing", "svm@timing:speaker", "majority@timing"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    whole = corpora.load("synthetic")
    few = replace(whole, utterances=whole.utterances.groupby(["speaker", "label"]).head(1))
    out = tmp_path_factory.mktemp("run")
    benchmarks.evaluate(few, pipelines=NAMES, folds="2", seeds=(0, 1), out=out, jobs=1)
    return out


@pytest.fixture(scope="module")
def record(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return found


def told(folder: Path, **changes: Any) -> Methods:
    """The methods of a run whose record says something else."""
    run = Run.load(folder)
    return methods_of(rank(replace(run, record={**run.record, **changes})))


def test_every_figure_is_the_records(folder: Path, record: dict[str, Any]) -> None:
    text = told(folder).markdown()
    corpus = record["corpus"]
    assert f"{corpus['n_utterances']} utterances of {corpus['n_speakers']} speakers, 4 classes" in text
    assert all(f" {corpus['counts'][label]}" in text for label in corpus["labels"])
    assert f"tested in {len(record['folds']['folds'])} folds" in text
    for name in NAMES:
        said = re.search(rf"[:;] {re.escape(name)} \(([^)]*)\)", text)
        assert said, name
        assert record["pipelines"][name]["description"] in said[1]
        assert f"{record['pipelines'][name]['n_features']} features" in said[1]
        tried = {job["n_candidates"] for job in record["jobs"] if job["pipeline"] == name}
        assert ("settings tried" in said[1]) is (max(tried) > 1)
        assert all(f"{count} settings" in said[1] for count in tried if count > 1)
        assert all(flag in said[1] for flag in record["pipelines"][name]["flags"])
    assert "means over 2 seeds (0, 1)" in text
    assert "guessing scores 25.0 %" in text
    for library in ("python", "numpy", "scikit-learn", "xgboost", "librosa", "speech-emotion-baselines"):
        assert record["versions"][library] in text
    assert "torch" not in text
    assert "the speakers are" not in text
    assert f"there are {corpus['n_speakers']} speakers" in text


def test_folds_are_called_clean_only_where_they_are(folder: Path, record: dict[str, Any]) -> None:
    assert "nor in its scaling but for rows marked transductive" in told(folder).markdown()
    first, *others = record["folds"]["folds"]
    for subset in ("train", "valid"):
        leaky = {**record["folds"], "folds": [{**first, subset: [*first[subset], first["test"][0]]}, *others]}
        text = told(folder, folds=leaky).markdown()
        assert "In 1 of them speakers who test also train" in text
        assert "takes part" not in text
    assert "not recorded" in told(folder, folds={}).markdown()


def test_tests_are_those_of_the_report(folder: Path, tmp_path: Path) -> None:
    run = Run.load(folder)
    ranking = rank(run, rope=0.02)
    text = methods_of(ranking).markdown()
    assert "(all swaps)." in text  # one pair beside one row with the speaker's other clips: nothing to correct
    assert "holm" not in {one.key for one in methods_of(ranking).references}
    assert "within 0.02 of UAR" in text
    assert "[@tost]" in text
    three = Run.load(fabricate_run(tmp_path / "run", {"svm": 1.5, "xgboost": 1.0, "logistic": 0.5}, n_speakers=4))
    assert "corrected [@holm] over 3 pairs." in methods_of(rank(three)).markdown()


def test_everything_cited_has_an_entry_and_every_entry_is_cited(folder: Path) -> None:
    methods = told(folder)
    cited = {
        key.strip().removeprefix("@")
        for keys in re.findall(r"\[(@[^\]]+)\]", methods.markdown())
        for key in keys.split(";")
    }
    assert cited == {one.key for one in methods.references}
    assert {"scikit-learn", "svm", "xgboost", "librosa", "speech-emotion-baselines", "jackknife"} <= cited
    latex = {key for keys in re.findall(r"\\cite\{([^}]+)\}", methods.latex()) for key in keys.split(",")}
    assert latex == cited
    assert all(f"{{{key},\n" in methods.bibtex() for key in cited)


@pytest.mark.parametrize("name", MODULES)
def test_every_corpus_that_names_a_paper_is_cited(name: str, folder: Path, record: dict[str, Any]) -> None:
    source = find(name)
    about = {"name": name, "title": source.title, "citation": source.citation, "homepage": source.homepage}
    methods = told(folder, corpus={**record["corpus"], **about})
    own = [one for one in methods.references if one.key.startswith(name)]
    assert bool(own) is (source.citation not in NOBODY)
    for one in own:
        assert f"@{one.key}" in methods.paragraphs[0]
        surname, year = re.split(r"[\s,:]", source.citation)[0], re.findall(r"\b(?:19|20)\d\d\b", source.citation)
        assert surname in one.bibtex
        assert not year or year[-1] in one.bibtex


def test_rules_and_entries_belong_together() -> None:
    assert set(RULES) <= set(entries())
    assert set(entries()) - set(RULES) <= set(MODULES)


def test_the_command_prints_it_and_files_hold_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder), "--cite"]) == 0
    printed = capsys.readouterr().out
    methods = told(folder)
    for name, text in (("methods.tex", methods.latex()), ("references.bib", methods.bibtex())):
        assert text in printed
        assert (folder / "paper" / name).read_text(encoding="utf-8") == f"{text}\n"
    assert (folder / "paper" / "methods.md").read_text(encoding="utf-8") == f"{methods.markdown()}\n"


def test_it_sets_with_its_bibliography(folder: Path, tmp_path: Path) -> None:
    if not shutil.which("pdflatex") or not shutil.which("bibtex"):
        pytest.skip("needs pdflatex and bibtex, to set the page")
    methods = told(folder)
    (tmp_path / "references.bib").write_text(methods.bibtex(), encoding="utf-8")
    end = r"\bibliographystyle{plain}\bibliography{references}\end{document}"
    text = r"\documentclass{article}\begin{document}" + methods.latex() + end
    (tmp_path / "page.tex").write_text(text, encoding="utf-8")
    for line in (["pdflatex", "-halt-on-error", "page"], ["bibtex", "page"], ["pdflatex", "-halt-on-error", "page"]):
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    assert "Warning--" not in done.stdout
    log = (tmp_path / "page.log").read_text(encoding="utf-8", errors="replace")
    assert not re.search(r"Citation .* undefined", log.rpartition("page.aux")[2])
