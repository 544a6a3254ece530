"""Prediction sets: they cover what they promise over new speakers, say when they cannot, and reach the command."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.train import main as train_command
from classical.predict import main as predict_command
from features.errors import ModelError
from features.prediction_sets import Calibration, calibrate, calibrate_by_class

LABELS = ["ang", "hap", "neu", "sad"]


def answers(n_speakers: int, clips: int, alike: float, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Speakers, truth and probabilities: the ease of a speaker is that share of what makes clips differ."""
    speakers = np.repeat(np.arange(n_speakers), clips)
    truth = rng.integers(0, 4, n_speakers * clips)
    logits = rng.normal(0, 1, (len(truth), 4))
    ease = np.sqrt(alike) * rng.normal(0, 1, n_speakers)[speakers] + np.sqrt(1 - alike) * rng.normal(0, 1, len(truth))
    logits[np.arange(len(truth)), truth] += 1.5 + 1.5 * ease
    odds = np.exp(logits)
    return speakers, np.asarray(LABELS)[truth], odds / odds.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("n_speakers", "alike"), [(9, 0.0), (9, 0.3), (20, 0.1), (20, 0.5), (60, 0.3)])
@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_sets_cover_new_speakers_within_two_points_of_nominal(n_speakers, alike, coverage):
    rng = np.random.default_rng(3)
    covered, proven = [], []
    for _ in range(250):
        calibration = calibrate(*answers(n_speakers, 30, alike, rng), LABELS)
        assert calibration is not None
        _, truth, probabilities = answers(30, 20, alike, rng)
        inside = 1 - probabilities <= calibration.threshold(coverage)
        covered.append(inside[np.arange(len(truth)), [LABELS.index(label) for label in truth]].mean())
        proven.append(calibration.proven(coverage))
    assert abs(np.mean(covered) - coverage) < 0.02
    assert np.mean(covered) > np.mean(proven)


def test_sets_by_class_cover_a_hard_class_within_two_points_where_the_others_pay_for_it():
    rng = np.random.default_rng(5)
    covered: dict[str, list[float]] = {"all": [], "class": []}
    for _ in range(150):
        parts = []
        for n_speakers in (20, 30):
            speakers, truth, probabilities = answers(n_speakers, 40, 0.1, rng)
            odds = probabilities * np.where(np.asarray(LABELS) == "sad", 0.2, 1.0)  # heard too rarely
            parts.append((speakers, truth, odds / odds.sum(axis=1, keepdims=True)))
        (speakers, truth, probabilities), tested = parts
        hard = tested[1] == "sad"
        for name, how in (("all", calibrate), ("class", calibrate_by_class)):
            calibration = how(speakers, truth, probabilities, LABELS)
            assert calibration is not None
            inside = calibration.members(tested[2], 0.8)
            covered[name].append(inside[hard, LABELS.index("sad")].mean())
    assert np.mean(covered["all"]) < 0.7
    assert abs(np.mean(covered["class"]) - 0.8) < 0.02


def test_a_class_without_clips_is_not_calibrated():
    assert calibrate_by_class(["a", "b"], ["ang", "ang"], [[0.9, 0.1], [0.8, 0.2]], ["ang", "sad"]) is None


def test_the_likeliest_label_is_always_in_the_set():
    calibration = Calibration(((0.01, 0.02), (0.03,), (0.01,)))
    assert calibration.members([[0.4, 0.3, 0.2, 0.1]], 0.5).tolist() == [[True, False, False, False]]


def test_many_clips_of_few_speakers_promise_no_more_than_the_speakers_can():
    nine = Calibration(tuple((0.1,) * 500 for _ in range(9)))
    assert nine.threshold(0.9) == 0.1
    with pytest.raises(ModelError, match=r"9 speakers .* at most 0\.9; .* train on 19 speakers or more"):
        nine.threshold(0.95)
    with pytest.raises(ModelError, match="expected a share between 0 and 1"):
        nine.threshold(90)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    out = folder / "timing.skops"
    assert train_command(["--pipeline", "logistic@timing", "--no-scores", "--out", str(out), "--jobs", "1"]) == 0
    return out


@pytest.fixture(scope="module")
def clips() -> list[str]:
    from benchmarks import corpora

    return corpora.load("synthetic").utterances["path"].tolist()[::90]


def test_predict_says_a_set_or_abstains(model, clips, tmp_path, capsys):
    out = tmp_path / "answers.csv"
    assert predict_command([str(model), *clips, "--coverage", "0.9", "--out", str(out)]) == 0
    assert "sets aim to hold the truth for 0.9" in capsys.readouterr().err
    with out.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    labels = {name.removeprefix("p_") for name in rows[0] if name.startswith("p_")}
    for row in rows:
        assert row["set"] == "abstain" or (
            row["label"] in row["set"].split("|") and set(row["set"].split("|")) < labels
        )
    assert predict_command([str(model), clips[0], "--coverage", "0.5", "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["label"] in answer["set"]
    assert answer["abstain"] == (len(answer["set"]) == len(labels))
    assert predict_command([str(model), *clips, "--coverage", "0.8", "--out", str(out)]) == 2  # never mixed in one file
    assert "another model" in capsys.readouterr().err


def test_a_card_says_what_sets_can_promise(model):
    assert "up to 0.909 can be promised; sets aim to hold the truth for 0.9" in model.with_suffix(".md").read_text()


def test_predict_refuses_what_it_cannot_promise(model, clips, capsys):
    assert predict_command([str(model), clips[0], "--coverage", "0.95"]) == 2
    assert "10 speakers calibrate this model, who can promise at most 0.909" in capsys.readouterr().err


def test_a_model_without_calibration_is_refused_with_a_remedy(model, clips, tmp_path, capsys):
    import classical.persistence

    saved = classical.persistence.load(model)
    facts = {name: value for name, value in saved.metadata.items() if name != "calibration"}
    classical.persistence.save(tmp_path / "old.skops", saved.pipeline, metadata=facts)
    assert predict_command([str(tmp_path / "old.skops"), clips[0], "--coverage", "0.8"]) == 2
    assert "keeps no calibration; train it again" in capsys.readouterr().err
