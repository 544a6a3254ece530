"""Scores equal to scikit-learn's and audmetric's, within their range, and refusing what cannot be scored."""

from __future__ import annotations

import dataclasses
import math
import re
import warnings
from pathlib import Path

import audmetric
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from fabricated_runs import fabricate_jobs, fabricate_predictions, fabricate_run
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.evaluation.runs import load_run
from benchmarks.reporting.page import write_report
from benchmarks.reporting.terminal import result_text
from benchmarks.scoring import confusion, metrics
from benchmarks.scoring.scores import score_table
from features.errors import ResultsError

LABELS = ["ang", "hap", "neu", "sad"]


@st.composite
def scored(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Truth that holds every label, and any prediction."""
    size = draw(st.integers(0, 40))
    truth = LABELS + draw(st.lists(st.sampled_from(LABELS), min_size=size, max_size=size))
    prediction = draw(st.lists(st.sampled_from(LABELS), min_size=len(truth), max_size=len(truth)))
    return truth, prediction


@given(scored())
def test_scores_equal_those_of_scikit_learn_and_audmetric(pair: tuple[list[str], list[str]]) -> None:
    truth, prediction = pair
    assert confusion.confusion(truth, prediction, LABELS).tolist() == (
        sklearn.metrics.confusion_matrix(truth, prediction, labels=LABELS).tolist()
    )
    uar = metrics.uar(truth, prediction, LABELS)
    assert uar == pytest.approx(sklearn.metrics.balanced_accuracy_score(truth, prediction))
    assert uar == pytest.approx(audmetric.unweighted_average_recall(truth, prediction, LABELS))
    wa = metrics.wa(truth, prediction, LABELS)
    assert wa == pytest.approx(audmetric.accuracy(truth, prediction, LABELS))
    f1 = metrics.macro_f1(truth, prediction, LABELS)
    assert f1 == pytest.approx(audmetric.unweighted_average_fscore(truth, prediction, LABELS, zero_division=0))
    weighted = sklearn.metrics.f1_score(truth, prediction, average="weighted", zero_division=0)
    assert metrics.weighted_f1(truth, prediction, LABELS) == pytest.approx(weighted, abs=1e-12)
    kappa = sklearn.metrics.cohen_kappa_score(truth, prediction)
    assert metrics.cohen_kappa(truth, prediction, LABELS) == pytest.approx(kappa, abs=1e-12)


@given(st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=12))
def test_stacked_scores_equal_the_functions_also_where_labels_are_absent(pairs: list[tuple[str, str]]) -> None:
    truth, prediction = zip(*pairs)
    matrix = confusion.confusion(truth, prediction, LABELS)
    stacked = [metric for metric in metrics.METRICS.values() if metric.stacked]
    assert len(stacked) >= 5
    for metric in stacked:
        expected = metric.function(truth, prediction, LABELS)
        assert float(metric.stacked(matrix)) == pytest.approx(expected, abs=1e-12, nan_ok=True), metric.name


@given(st.integers(2, 60), st.integers(0, 2**32 - 1))
def test_probability_scores_equal_those_of_scikit_learn(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = np.concatenate([LABELS, rng.choice(LABELS, n)])
    probability = rng.dirichlet(np.full(4, 0.5), size=len(truth))
    assert metrics.log_loss(truth, probability, LABELS) == pytest.approx(
        sklearn.metrics.log_loss(truth, probability, labels=LABELS)
    )
    score = metrics.brier(truth, probability, LABELS)
    assert score == pytest.approx(
        sklearn.metrics.brier_score_loss(truth, probability, labels=LABELS, scale_by_half=False)
    )
    assert 0 <= score <= 2
    assert 0 <= metrics.expected_calibration_error(truth, probability, LABELS) <= 1


def test_calibration_error_by_hand() -> None:
    # Two bins: confidence 0.6 and half right, confidence 0.9 and all right; (2/3) 0.1 + (1/3) 0.1 = 0.1.
    probability = [[0.6, 0.4], [0.6, 0.4], [0.1, 0.9]]
    error = metrics.expected_calibration_error(["ang", "hap", "hap"], probability, ["ang", "hap"], bins=10)
    assert error == pytest.approx((2 * 0.1 + 0.1) / 3)


def test_bins_of_confidence_are_open_to_the_left_and_fifteen_unless_told() -> None:
    labels = ["ang", "hap", "neu"]
    edge, above, top = [0.4, 0.3, 0.3], [0.4005, 0.3, 0.2995], [1.0005, 0.0, 0.0]
    curve = metrics.reliability(["ang", "hap", "ang", "ang"], [edge, edge, above, top], labels, bins=10)
    assert curve["n"].tolist() == [0, 0, 0, 2, 1, 0, 0, 0, 0, 1]
    assert curve["accuracy"][[3, 4, 9]].tolist() == [0.5, 1.0, 1.0]
    assert np.isnan(curve["accuracy"]).sum() == 7
    assert metrics.reliability(["ang"], [[0.5, 0.5]], labels[:2], bins=2)["n"].tolist() == [1, 0]
    # 0.61 and 0.66 share a bin of fifteen, and of sixteen they do not
    truth, probability = ["ang", "hap"], [[0.66, 0.34], [0.61, 0.39]]
    assert len(metrics.reliability(truth, probability, labels[:2])["n"]) == 15
    unless_told, fifteen, sixteen = (
        metrics.expected_calibration_error(truth, probability, labels[:2], **bins)
        for bins in ({}, {"bins": 15}, {"bins": 16})
    )
    assert unless_told == fifteen != sixteen


def test_the_best_and_the_worst_answers_score_the_bounds_of_every_metric() -> None:
    truth, wrong = ["ang", "hap"], ["hap", "ang"]
    one_hot = {"ang": [1.0, 0.0], "hap": [0.0, 1.0]}
    for metric in metrics.METRICS.values():
        best, worst = (
            metric.function(truth, [one_hot[label] for label in given] if metric.probabilistic else given, LABELS[:2])
            for given in (truth, wrong)
        )
        low, high = (worst, best) if not metric.probabilistic else (best, worst)
        assert low == pytest.approx(metric.bounds[0], abs=1e-12), metric.name
        if math.isfinite(metric.bounds[1]):
            assert high == pytest.approx(metric.bounds[1]), metric.name
        else:
            assert high > 30, metric.name
        with pytest.raises(dataclasses.FrozenInstanceError):
            metric.bounds = (0.0, 9.0)  # type: ignore[misc]


def test_kappa_is_undefined_only_where_one_label_is_all_there_is() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(metrics.cohen_kappa(["ang"] * 3, ["ang"] * 3, LABELS))
        assert metrics.cohen_kappa(["ang"] * 3, ["ang", "ang", "hap"], LABELS) == 0
        assert metrics.cohen_kappa(["ang", "ang", "hap"], ["ang"] * 3, LABELS) == 0
        assert metrics.cohen_kappa(["ang"] * 3, ["hap"] * 3, LABELS) == 0


def test_calibrated_probabilities_have_a_small_error_and_overconfident_ones_a_large_one() -> None:
    rng = np.random.default_rng(0)
    probability = rng.dirichlet(np.ones(4), size=20_000)
    drawn = (probability.cumsum(axis=1) < rng.random((len(probability), 1))).sum(axis=1)
    truth = np.asarray(LABELS)[np.minimum(drawn, 3)]
    sharp = probability**3 / (probability**3).sum(axis=1, keepdims=True)
    assert metrics.expected_calibration_error(truth, probability, LABELS) < 0.015
    assert metrics.expected_calibration_error(truth, sharp, LABELS) > 0.15


def test_a_fold_without_a_class_is_scored_over_the_classes_present() -> None:
    assert metrics.uar(["ang", "hap", "hap"], ["ang", "hap", "sad"], LABELS) == pytest.approx(0.75)
    recalls = confusion.recalls_of(confusion.confusion(["ang"], ["ang"], LABELS))
    assert recalls[0] == 1
    assert math.isnan(recalls[3])


def test_scores_of_stacked_matrices_are_those_of_each() -> None:
    matrices = np.random.default_rng(0).integers(0, 9, size=(2, 5, 4, 4))
    for of in (m.stacked for m in metrics.METRICS.values() if m.stacked):
        assert of(matrices).shape == (2, 5)
        assert of(matrices)[1, 3] == pytest.approx(of(matrices[1, 3]))
    assert math.isnan(float(confusion.uar_of(np.zeros((4, 4)))))
    recalls = confusion.recalls_of(matrices)
    assert recalls.shape == (2, 5, 4)
    assert recalls[1, 3] == pytest.approx(confusion.recalls_of(matrices[1, 3]), nan_ok=True)


def test_absent_labels_and_empty_matrices_are_nan_without_a_warning() -> None:
    """A warning per fold would bury what a run has to say."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(confusion.recalls_of([[2, 0], [0, 0]])).tolist() == [False, True]
        for of in (confusion.uar_of, confusion.wa_of, confusion.weighted_f1_of, confusion.cohen_kappa_of):
            assert math.isnan(float(of(np.zeros((2, 2)))))
        assert float(confusion.macro_f1_of([[3, 0], [0, 0]])) == pytest.approx(0.5)


def test_unknown_labels_are_named_in_alphabetical_order() -> None:
    strange = ["q", "b", "z", "m", "a", "x", "k", "c"]
    with pytest.raises(ResultsError, match=re.escape(str(sorted(strange)))):
        metrics.uar(["ang"] * 8, strange, LABELS)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: metrics.uar(["ang"], ["fea"], LABELS), "fea"),
        (lambda: metrics.uar(["ang", "hap"], ["ang"], LABELS), "2 true labels and 1"),
        (lambda: metrics.uar([], [], LABELS), "no utterances"),
        (lambda: metrics.uar(["ang"], ["ang"], ["ang", "ang"]), "twice"),
        (lambda: metrics.brier(["ang"], [[0.5, 0.5]], LABELS), "shape"),
        (lambda: metrics.log_loss(["ang"], [[0.5, 0.5, 0.5, 0.5]], LABELS), "sum to 1"),
        (lambda: metrics.brier(["ang"], [[math.nan, 0.5, 0.5, 0.0]], LABELS), "finite"),
        (lambda: metrics.brier([], np.empty((0, 4)), LABELS), "no utterances"),
        (lambda: metrics.brier(["ang"], [[1.2, -0.2]], LABELS[:2]), "at least 0"),
        (lambda: metrics.brier(["ang", "hap"], [[0.5, 0.5], [0.5, 0.6]], LABELS[:2]), "sum to 1"),
    ],
)
def test_what_cannot_be_scored_is_refused_with_the_reason(call: object, words: str) -> None:
    with pytest.raises(ResultsError, match=words):
        call()  # type: ignore[operator]


def test_a_metric_is_one_function_and_one_entry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Registered, it stands in scores.csv with its interval, in the terminal, in the report and in its tables."""

    def worst_recall(truth: object, prediction: object, labels: list[str]) -> float:
        return float(confusion.recalls_of(confusion.confusion(truth, prediction, labels)).min())

    entry = metrics.Metric("worst_recall", worst_recall, "Worst recall", short="worst")
    monkeypatch.setitem(metrics.METRICS, "worst_recall", entry)
    skills = {"svm": 1.5, "xgboost": 1.0}
    predictions = fabricate_predictions(skills)
    folder = fabricate_run(tmp_path, skills)
    scores = score_table(predictions, fabricate_jobs(predictions), LABELS).set_index("pipeline")
    for name, rows in predictions.groupby("pipeline"):
        expected = worst_recall(rows["truth"], rows["prediction"], LABELS)
        assert scores.loc[name, "worst_recall"] == pytest.approx(expected)
        assert scores.loc[name, "worst_recall_low"] < expected < scores.loc[name, "worst_recall_high"]
    assert "Worst recall" in write_report(folder).read_text(encoding="utf-8")
    assert "Worst recall" in (folder / "tables" / "scores.tex").read_text(encoding="utf-8")
    intervals = pd.read_csv(folder / "tables" / "intervals.csv", index_col="pipeline")
    low, high = (scores.loc["svm", f"worst_recall_{end}"] for end in ("low", "high"))
    assert f"[{low:.2f} to {high:.2f}]" in intervals.loc["svm", "worst_recall"]
    run = load_run(folder)
    text = result_text(run.record, run.scores, "out")
    assert "worst %" in text
    assert max(map(len, text.splitlines())) <= 80
