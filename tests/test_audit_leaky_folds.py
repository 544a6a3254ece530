"""Folds whose speakers train and test: refused, or run with every row marked and none ranked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from miniatures import sound, write_manifest

from benchmarks.command import load_corpus
from benchmarks.evaluation.runs import Run
from benchmarks.folds.fold import read_folds_with_notes
from benchmarks.reporting.ranking import rank
from benchmarks.run import build_parser, main

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def leaky(tmp_path: Path) -> list[str]:
    rows = [
        [str(sound(tmp_path / f"{speaker}{take}.wav", seed=len(speaker) + 10 * take + ord(speaker))), label, speaker]
        for speaker in "abc"
        for take in range(10)
        for label in [("ang", "sad")[take % 2]]
    ]
    folds = tmp_path / "folds.csv"
    lines = [
        f"{number},{Path(path).stem},{'test' if int(Path(path).stem[1:]) // 5 == number else 'train'}"
        for number in (0, 1)
        for path, _, _ in rows
    ]
    folds.write_text("\n".join(["fold,utterance,side", *lines]))
    table = write_manifest(tmp_path / "corpus.csv", rows)
    return ["--corpus", "manifest", "--root", str(table), "--folds-file", str(folds)]


def test_leaky_folds_are_refused_with_the_remedy(leaky: list[str], tmp_path: Path, capsys: Capture) -> None:
    assert main([*leaky, "--pipelines", "majority", "--out", str(tmp_path / "out"), "--jobs", "1"]) == 2
    assert "--allow-shared-speakers" in capsys.readouterr().err


def test_leaky_folds_run_marked_and_unranked(leaky: list[str], tmp_path: Path, capsys: Capture) -> None:
    line = [*leaky, "--allow-shared-speakers", "--pipelines", "logistic@timing", "svm@timing", "--jobs", "1"]
    assert main([*line, "--out", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr()
    assert "known speakers" in shown.out
    assert "every fifth training utterance of each label validates" in shown.err
    record = json.loads((tmp_path / "out/run.json").read_text())
    assert all("known speakers" in pipeline["flags"] for pipeline in record["pipelines"].values())
    ranking = rank(Run.load(tmp_path / "out"))
    assert ranking.best is None
    assert ranking.tests == ()
    page = (tmp_path / "out/report.html").read_text()
    assert "known speakers" in page
    assert "scores best" not in page


def test_part_of_the_training_side_validates(leaky: list[str]) -> None:
    corpus = load_corpus(build_parser().parse_args(leaky))
    folds, notes = read_folds_with_notes(Path(leaky[-1]), corpus.utterances)
    assert [(len(fold.train), len(fold.valid)) for fold in folds] == [(13, 2), (13, 2)]
    assert all(set(corpus.utterances["label"].iloc[fold.valid]) == {"ang", "sad"} for fold in folds)
    assert "2 of 2 folds have no subset valid" in notes[-1]
