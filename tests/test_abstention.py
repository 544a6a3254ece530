"""Abstention: sets are calibrated on other speakers, cover what they aim at, and say what cannot be promised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fabricated_runs import fabricate_run

import benchmarks
from benchmarks.abstention import main as abstention_command


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fabricate_run(tmp_path_factory.mktemp("runs") / "run", {"svm": 2.0}, n_speakers=12, speakers_a_fold=1)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> benchmarks.Run:
    corpus = benchmarks.corpora.load("synthetic")
    out = tmp_path_factory.mktemp("real")
    return benchmarks.evaluate(corpus, pipelines=["logistic@timing", "majority"], folds="5", out=out, jobs=1)


def test_sets_are_tried_on_speakers_and_the_report_shows_them(folder, capsys):
    assert abstention_command([str(folder), "--coverage", "0.8", "0.95"]) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.partition("tables:")[0].splitlines())) <= 80
    said = " ".join(printed.split())
    assert "sets that aim at 0.95 of all clips: 11 speakers cannot promise it; 0.917 at most" in said
    table = pd.read_csv(folder / "abstention.csv")
    table = table[table["promised"] == "all clips"].set_index("coverage")
    assert table.loc[0.8, "covered_low"] <= 0.8 <= table.loc[0.8, "covered_high"]
    assert table.loc[0.8, "proven"] <= 0.8
    assert np.isnan(table.loc[0.95, "covered"])
    assert table.loc[0.8, "calibrated"] == "other test speakers"  # a fabricated run stores no answers about training
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "When should it say nothing?" in page
    assert (folder / "plots" / "selective.png").is_file()


def test_more_is_right_where_less_is_answered(folder):
    curve = benchmarks.abstention(folder).curve.set_index("answered")["right"]
    run = benchmarks.load_run(folder)
    assert curve[1.0] == pytest.approx((run.predictions["prediction"] == run.predictions["truth"]).mean())
    assert curve[0.3] > curve[1.0] + 0.05


def test_a_run_calibrates_inside_its_folds_where_it_stores_what_that_needs(real):
    found = benchmarks.abstention(real, coverages=(0.8,))
    table = found.sets[found.sets["promised"] == "all clips"].set_index("pipeline")
    assert table.loc["logistic@timing", "calibrated"] == "training speakers"
    assert table.loc["logistic@timing", "speakers"] == 8
    assert table.loc["logistic@timing", "covered_high"] > 0.8


def test_groups_of_clips_are_covered_as_the_sets_of_all(real):
    found = benchmarks.abstention(real, coverages=(0.8,), pipelines=["logistic@timing"])
    of_label = found.groups[found.groups["attribute"] == "label"].set_index(["promised", "group"])["covered"]
    assert set(found.groups["attribute"]) == {"label", "gender"}
    for promised, covered in found.sets.set_index("promised")["covered"].items():
        assert of_label[promised].mean() == pytest.approx(covered, abs=0.01)  # as many clips of each label
    assert np.ptp(of_label["each class"]) < np.ptp(of_label["all clips"])


def test_what_is_no_share_and_what_has_no_probabilities_is_refused(folder, tmp_path, capsys):
    assert abstention_command([str(folder), "--coverage", "90"]) == 2
    assert "expected a share between 0 and 1" in capsys.readouterr().err
    assert abstention_command([str(folder), "--pipelines", "xgboost"]) == 2
    assert "has no probabilities of xgboost; expected some of ['svm']" in capsys.readouterr().err
