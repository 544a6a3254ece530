"""Pipelines as algorithms: an interval that knows who trained leaves out 0 at its rate, and variances are found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_up_corpora import table_corpus

from benchmarks import corpora
from benchmarks.evaluation.evaluate import evaluate
from benchmarks.resampling import main
from benchmarks.scoring.retraining import Retrained, retrained_difference, spread_of
from benchmarks.studies.resampling import resampling

LABELS, FEATURES, CLIPS = 4, 6, 10
CENTRES = np.random.default_rng(5).normal(0, 0.9, (LABELS, FEATURES))


def corpus_for(rng: np.random.Generator, n: int, spread: float) -> np.ndarray:
    """Clips of speakers who deviate from the classes' centres, in two sets of features that tell as much as each other.

    A pipeline on the first set and one on the second are equally good before it is known who trains.
    """
    voice = rng.normal(0, spread, (2, n, 1, 1, FEATURES)) + rng.normal(0, spread, (2, n, LABELS, 1, FEATURES))
    return CENTRES[:, None] + voice + rng.normal(0, 1.0, (2, n, LABELS, CLIPS, FEATURES))


def nearest_mean(clips: np.ndarray, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Confusions of the tested speakers by a classifier that is trained on the others: the nearest mean of a class."""
    means = clips[train].mean(axis=(0, 2))
    said = ((clips[test][..., None, :] - means) ** 2).sum(axis=-1).argmin(axis=-1)
    return (said[..., None] == np.arange(LABELS)).sum(axis=2).astype(float)


def in_halves(clips: np.ndarray, halves: np.ndarray) -> np.ndarray:
    found = np.empty((len(halves), 1, clips.shape[0], LABELS, LABELS))
    for draw, half in enumerate(halves):
        for side in (0, 1):
            tested = np.flatnonzero(half == side)
            found[draw, 0, tested] = nearest_mean(clips, np.flatnonzero(half != side), tested)
    return found


def equal_pipelines(rng: np.random.Generator, n: int, spread: float, *, n_draws: int = 20) -> Retrained:
    clips = corpus_for(rng, n, spread)
    halves = np.argsort(rng.random((n_draws, n)), axis=1) % 2
    return retrained_difference(in_halves(clips[0], halves), in_halves(clips[1], halves), halves)


def left_out(n: int, spread: float, n_corpora: int) -> tuple[float, float]:
    """Share of corpora in which the interval of the algorithms, and that of the models, leaves out 0."""
    rng = np.random.default_rng(n)
    found = [equal_pipelines(rng, n, spread) for _ in range(n_corpora)]
    return tuple(  # type: ignore[return-value]
        float(np.mean([not interval.low <= 0 <= interval.high for interval in intervals]))
        for intervals in ([one.algorithms for one in found], [one.models for one in found])
    )


def test_an_interval_that_knows_who_trained_leaves_out_0_at_its_rate_where_pipelines_are_equal() -> None:
    """500 corpora: 1 point of standard error at the nominal 5 %."""
    algorithms, models = left_out(10, 1.5, 500)
    assert 0.02 <= algorithms <= 0.07, algorithms
    assert models >= 0.085, models  # what an interval leaves out that does not know it


@pytest.mark.long
@pytest.mark.parametrize("n", [6, 10, 24])
@pytest.mark.parametrize("spread", [0.5, 1.0, 1.5])
def test_the_rate_holds_for_few_and_many_speakers(n: int, spread: float) -> None:
    algorithms, models = left_out(n, spread, 1500)
    assert 0.01 <= algorithms <= 0.061, algorithms
    assert models > algorithms + 0.02, (algorithms, models)


def test_planted_variances_of_speakers_training_sets_and_seeds_are_found() -> None:
    """A large corpus, so that they are found closely; what trains adds up over those who train."""
    rng, n, n_draws, n_seeds = np.random.default_rng(0), 60, 60, 3
    halves = np.argsort(rng.random((n_draws, n)), axis=1) % 2
    heard = rng.normal(0, 0.03 * np.sqrt(n / 2), n)  # of n/2 who train the mean varies by 0.03
    training = np.stack([[heard[half != side].mean() for side in (0, 1)] for half in halves])
    seeds = rng.normal(0, 0.02, (n_draws, n_seeds, 2))
    shared = np.take_along_axis(training, halves, axis=1)[:, None, :]
    shared = shared + np.take_along_axis(seeds, np.repeat(halves[:, None, :], n_seeds, axis=1), axis=2)
    own = rng.normal(0, 0.05, n) + shared + rng.normal(0, 0.04, (n_draws, n_seeds, n))
    found = spread_of(own / n, np.full(n, 1 / n), halves)
    assert found.speakers == pytest.approx(0.05, abs=0.012)
    assert found.training == pytest.approx(0.03, abs=0.008)
    assert found.seed == pytest.approx(0.02, abs=0.003)
    assert found.rest == pytest.approx(0.04, abs=0.003)
    lone = spread_of(own[:, :1] / n, np.full(n, 1 / n), halves)
    assert np.isnan(lone.seed)
    assert lone.training == pytest.approx(np.hypot(0.03, 0.02), abs=0.008)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("resampling")
    table_corpus(folder, tells=True)
    return folder


def test_halves_train_and_are_tested_and_both_intervals_stand_in_table_terminal_and_report(
    own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(own)
    pipelines = ["--pipelines", "logistic@x.csv", "random@x.csv"]
    line = ["--corpus", "manifest", "--root", "corpus.csv", *pipelines, "--jobs", "1", "--out", "out"]
    corpus = corpora.load("manifest", "corpus.csv")
    evaluate(corpus, pipelines=["logistic@x.csv"], folds="3", jobs=1, out="out")
    assert main([*line, "--draws", "4", "--seeds", "0", "1"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "logistic@x.csv against random@x.csv: +" in text
    assert "as algorithms, trained anew on other speakers: +" in text
    assert "too short for a claim about the pipelines" in text
    row = pd.read_csv("out/resampling.csv").iloc[0]
    assert (row["n_speakers"], row["n_draws"], row["n_seeds"]) == (6, 4, 2)
    assert row["low"] <= row["models_low"] < row["difference"] < row["models_high"] <= row["high"]
    answers = pd.read_csv("out/resampling/predictions.csv")
    assert (answers.groupby(["pipeline", "seed", "utterance"]).size() == 4).all()  # each clip in each draw
    page = Path("out/report.html").read_text(encoding="utf-8")
    assert "Would the pipelines, trained on others, differ too?" in page
    assert "Which speakers trained is in it" in page
    stored = {path: path.stat().st_mtime_ns for path in Path("out/resampling/jobs").iterdir()}
    resampling(corpus, pipelines=pipelines[1:], draws=5, seeds=(0, 1), jobs=1, out="out")
    assert all(path.stat().st_mtime_ns == time for path, time in stored.items())
    assert len(list(Path("out/resampling/jobs").iterdir())) == len(stored) * 5 // 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--pipelines", "svm@x.csv"], "expected two or more"),
        (["--draws", "1"], "--draws 1: expected 2 or more"),
        (["--folds", "5"], "--folds 5: expected speaker or session"),
        (["--pipelines", "svm@x.csv", "svm@x.csv:enrol-3"], "expected :global or :speaker"),
        (["--folds", "session"], "1 sessions; expected 4 or more"),
    ],
)
def test_what_cannot_be_resampled_is_refused(
    arguments: list[str],
    said: str,
    own: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(own)
    line = ["--corpus", "manifest", "--root", "corpus.csv", "--pipelines", "svm@x.csv", "random@x.csv"]
    assert main([*line, *arguments, "--jobs", "1", "--out", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err
