"""The harness: every job stored, resumed, failed jobs never scored, the same bytes for any --jobs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from miniatures import BUILDERS
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import balanced_accuracy_score

import benchmarks
from benchmarks import corpora
from benchmarks.corpora.corpus import Corpus
from benchmarks.evaluation.job import SEEN
from benchmarks.evaluation.planning import make_plan
from benchmarks.evaluation.store import ResultsStore
from benchmarks.folds.fold import Fold
from benchmarks.folds.splitters import make_folds
from benchmarks.pipelines import build, known_models
from benchmarks.pipelines.names import parse
from benchmarks.pipelines.options import PipelineOptions
from features.cache import FeatureCache
from features.errors import FeatureError, FoldError, PipelineError, ResultsError

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return corpora.load("synthetic")


@pytest.fixture(scope="module")
def cache() -> FeatureCache:
    """That of all tests, which hear the embedded corpus once."""
    return FeatureCache()


@pytest.fixture(scope="module")
def result(corpus: Corpus, cache: FeatureCache, tmp_path_factory: pytest.TempPathFactory) -> benchmarks.Run:
    names = ["svm", "svm@pitch,energy:speaker", "majority", "svm+logistic@mfcc"]
    return benchmarks.evaluate(
        corpus, pipelines=names, seeds=(0, 1), out=tmp_path_factory.mktemp("run"), cache=cache, jobs=2
    )


class Nosy(ClassifierMixin, BaseEstimator):
    """Remembers what it was shown; answers with the training shares of the labels."""

    def __init__(self, fail_on: str = "", random_state: int = 0) -> None:
        self.fail_on = fail_on
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: np.ndarray, *, valid: np.ndarray) -> Nosy:
        assert list(X.columns) == list(SEEN)
        assert valid.dtype == bool
        speakers = X.index.get_level_values("speaker")
        training, validating = set(speakers[~valid]), set(speakers[valid])
        assert training
        assert validating
        assert not training & validating
        self.speakers_ = training | validating
        self.classes_, counts = np.unique(y, return_counts=True)
        self.shares_ = counts / counts.sum()
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        assert list(X.columns) == list(SEEN)
        speakers = set(X.index.get_level_values("speaker"))
        assert speakers <= self.speakers_ or not speakers & self.speakers_
        if self.fail_on in speakers and not speakers & self.speakers_:
            raise RuntimeError("the dog ate it")
        return np.tile(self.shares_, (len(X), 1))


def test_scores_come_from_the_predictions(result: benchmarks.Run, corpus: Corpus) -> None:
    stored = pd.read_csv(result.folder / "predictions.csv", dtype={"speaker": str, "seed": int}, keep_default_na=False)
    columns = ["corpus", "folds", "pipeline", "seed", "fold", "utterance", "speaker", "truth", "prediction"]
    assert list(stored.columns) == [*columns, "p_ang", "p_hap", "p_sad", "p_neu"]
    assert len(stored) == 4 * 2 * 240
    chances = stored[["p_ang", "p_hap", "p_sad", "p_neu"]].astype(float).to_numpy()
    assert np.array_equal(np.array(corpus.labels)[chances.argmax(axis=1)], stored["prediction"])
    scores = pd.read_csv(result.folder / "scores.csv").set_index("pipeline")
    for name, rows in stored.groupby("pipeline"):
        pooled = [balanced_accuracy_score(own["truth"], own["prediction"]) for _, own in rows.groupby("seed")]
        assert scores.loc[str(name), "uar"] == pytest.approx(np.mean(pooled), abs=1e-6)
        folds = [
            balanced_accuracy_score(own["truth"], own["prediction"])
            for _, own in rows[rows["seed"] == 0].groupby("fold")
        ]
        if name in ("svm", "majority"):  # the same for both seeds
            assert scores.loc[str(name), "fold_uar_mean"] == pytest.approx(np.mean(folds), abs=1e-6)
            assert scores.loc[str(name), "fold_uar_std"] == pytest.approx(np.std(folds, ddof=1), abs=1e-6)
    assert scores.loc["majority", "uar"] == 0.25
    assert scores.loc["svm", "uar"] > 0.6


def test_run_json_says_how_it_came_about(result: benchmarks.Run) -> None:
    run = json.loads((result.folder / "run.json").read_text())
    assert run["corpus"]["synthetic"]
    assert run["seeds"] == [0, 1]
    assert [fold["name"] for fold in run["folds"]["folds"]] == [f"Ses{n:02d}" for n in range(1, 6)]
    assert run["pipelines"]["svm@pitch,energy:speaker"]["flags"] == ["transductive"]
    assert run["pipelines"]["svm@pitch,energy:speaker"]["n_features"] < run["pipelines"]["svm"]["n_features"]
    assert len(run["jobs"]) == 4 * 2 * 5
    svm = next(job for job in run["jobs"] if job["pipeline"] == "svm")
    assert svm["best_params"]
    assert svm["fit_seconds"] > 0
    fused = next(job for job in run["jobs"] if job["pipeline"] == "svm+logistic@mfcc")
    assert set(fused["best_params"]["weights"]) == {"svm", "logistic@mfcc"}
    for name in ("svm", "majority", "svm_pitch_energy_speaker", "svm+logistic_mfcc"):
        assert (result.folder / "plots" / f"confusion_{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_seed_gives_the_same_bytes_for_any_number_of_jobs(
    result: benchmarks.Run, corpus: Corpus, cache: FeatureCache, tmp_path: Path
) -> None:
    names = ["svm", "svm@pitch,energy:speaker", "majority", "svm+logistic@mfcc"]
    again = benchmarks.evaluate(corpus, pipelines=names, seeds=(0, 1), out=tmp_path, cache=cache, jobs=1)
    assert (tmp_path / "predictions.csv").read_bytes() == (result.folder / "predictions.csv").read_bytes()
    assert again.scores["uar"].equals(result.scores["uar"])


def test_a_second_run_computes_nothing_again(result: benchmarks.Run, corpus: Corpus, cache: FeatureCache) -> None:
    before = {path: path.stat().st_mtime_ns for path in (result.folder / "jobs").iterdir()}
    more = benchmarks.evaluate(corpus, pipelines=["majority", "svm"], out=result.folder, cache=cache, jobs=1)
    assert {path: path.stat().st_mtime_ns for path in (result.folder / "jobs").iterdir()} == before
    assert more.scores["pipeline"].tolist() == ["majority", "svm"]
    benchmarks.evaluate(corpus, pipelines=["majority"], out=result.folder, overwrite="all", jobs=1)
    after = {path: path.stat().st_mtime_ns for path in (result.folder / "jobs").iterdir()}
    assert {path.name.partition("--")[0] for path in after if after[path] != before[path]} == {"majority"}


def test_an_estimator_sees_no_label_and_no_text_and_is_told_who_validates(corpus: Corpus, tmp_path: Path) -> None:
    result = benchmarks.evaluate(corpus, pipelines=[("nosy", Nosy()), Nosy()], seeds=(3,), jobs=1, out=tmp_path)
    assert result.failed == []
    assert result.scores["pipeline"].tolist() == ["nosy", "Nosy"]
    assert result.scores["uar"].tolist() == [0.25, 0.25]
    assert set(result.predictions["seed"]) == {3}


def test_a_failed_job_is_recorded_not_scored_and_tried_again(corpus: Corpus, tmp_path: Path) -> None:
    names = [
        ("nosy", Nosy(fail_on="Ses03F")),
        "majority",
    ]
    result = benchmarks.evaluate(corpus, pipelines=names, jobs=1, out=tmp_path)
    assert [(job["pipeline"], job["fold"]) for job in result.failed] == [("nosy", "Ses03")]
    assert "RuntimeError: the dog ate it" in result.failed[0]["reason"]
    assert "in predict_proba" in result.failed[0]["traceback"]
    assert result.record["pipelines"]["nosy"]["status"] == "failed"
    assert set(result.predictions["pipeline"]) == {"majority"}
    assert result.scores["pipeline"].tolist() == ["majority"]

    def job_file(job: Mapping[str, Any]) -> Path:
        return next((tmp_path / "jobs").glob(f"*--{job['key']}.json"))

    stamps = {
        job["fold"]: job_file(job).stat().st_mtime_ns for job in result.record["jobs"] if job["pipeline"] == "nosy"
    }
    time.sleep(0.01)
    again = benchmarks.evaluate(corpus, pipelines=names, jobs=1, out=tmp_path)
    changed = [
        job["fold"]
        for job in again.record["jobs"]
        if job["pipeline"] == "nosy" and job_file(job).stat().st_mtime_ns != stamps[job["fold"]]
    ]
    assert changed == ["Ses03"]


class Killed(Nosy):
    """Ends its whole process, as the system does where memory is short."""

    def fit(self, X: pd.DataFrame, y: np.ndarray, *, valid: np.ndarray) -> Killed:
        os.kill(os.getpid(), signal.SIGKILL)
        return self


def test_a_killed_worker_is_one_line_with_the_remedy(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"was killed.*give the same command again.*--jobs"):
        benchmarks.evaluate(corpus, pipelines=[("killed", Killed())], out=tmp_path, jobs=2)


def test_probabilities_that_are_none_are_refused(corpus: Corpus, tmp_path: Path) -> None:
    class Liar(Nosy):
        def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
            return 2 * super().predict_proba(X)

    result = benchmarks.evaluate(corpus, pipelines=[("liar", Liar())], jobs=1, out=tmp_path)
    assert len(result.failed) == 5
    assert "do not sum to 1" in result.failed[0]["reason"]
    assert result.scores.empty


def test_an_estimator_fitted_elsewhere_can_be_frozen_and_tested(corpus: Corpus, tmp_path: Path) -> None:
    class Elsewhere(Nosy):
        def fit(self, X: pd.DataFrame, y: np.ndarray, *, valid: np.ndarray) -> Elsewhere:
            super().fit(X, y, valid=valid)
            self.oof_proba_ = np.full((3, len(self.classes_)), 1 / len(self.classes_))
            return self

    tested = benchmarks.evaluate(corpus, pipelines=[("frozen", Elsewhere())], out=tmp_path, jobs=1)
    assert not tested.failed
    assert tested.scores["uar"].item() == pytest.approx(0.25)


def test_a_leak_is_caught_before_anything_is_fitted(corpus: Corpus, tmp_path: Path) -> None:
    folds = list(make_folds(corpus.utterances, "session"))
    first = folds[0]
    folds[0] = Fold(first.name, np.append(first.train, first.test[0]), first.valid, first.test[1:])
    with pytest.raises(FoldError, match="speaker Ses01F stands on the training side and in test"):
        benchmarks.evaluate(corpus, pipelines=[("nosy", Nosy())], folds=folds, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_pipeline_that_is_not_available_is_skipped_with_its_reason(corpus: Corpus, tmp_path: Path) -> None:
    options = PipelineOptions(encoder=str(tmp_path / "nowhere"))
    result = benchmarks.evaluate(
        corpus, pipelines=["majority", "wav2vec2", "majority+wav2vec2"], options=options, jobs=1, out=tmp_path
    )
    assert result.failed == []
    assert result.record["pipelines"]["wav2vec2"]["status"] == "skipped"
    assert result.record["pipelines"]["wav2vec2"]["reason"]
    assert result.record["pipelines"]["majority+wav2vec2"]["reason"].startswith("wav2vec2: ")
    assert result.scores["pipeline"].tolist() == ["majority"]


def test_a_class_that_one_fold_lacks_gets_probability_0(tmp_path: Path) -> None:
    corpus = corpora.load("emodb", BUILDERS["emodb"](tmp_path / "emodb"), allow_partial=True)
    kept = ~((corpus.utterances["label"] == "dis") & (corpus.utterances.index.get_level_values("speaker") != "03"))
    partial = Corpus(corpus.source, corpus.utterances[kept], corpus.labels, corpus.root)
    result = benchmarks.evaluate(partial, pipelines=["majority"], jobs=1, out=tmp_path / "run")
    held = result.predictions[result.predictions["fold"] == "03"]
    assert (held["p_dis"] == 0).all()
    assert (result.predictions[result.predictions["fold"] != "03"]["p_dis"] > 0).all()


def test_names_are_taken_apart() -> None:
    models = known_models()
    parts = parse("svm@my+data:v2.csv:speaker+xgboost@pitch,energy", models)
    assert [(part.model, part.features, part.normalise) for part in parts] == [
        ("svm", "my+data:v2.csv", "speaker"),
        ("xgboost", "pitch,energy", "global"),
    ]
    assert parse("svm@all:global", models)[0].name == "svm"
    for text, message in (
        ("svn", "no model 'svn'"),
        ("svm:spkr", "normalisation 'spkr'"),
        ("svm@", "nothing behind the @"),
    ):
        with pytest.raises(PipelineError, match=message):
            parse(text, models)
    options = PipelineOptions()
    with pytest.raises(FeatureError, match="unknown feature set 'mfc'"):
        build("svm@mfc", labels=("a", "b"), corpus="emodb", options=options)
    with pytest.raises(PipelineError, match="fuses a pipeline with itself"):
        build("svm+svm@all", labels=("a", "b"), corpus="emodb", options=options)
    with pytest.raises(PipelineError, match="hears the waveform"):
        build("wav2vec2-tiny@pitch", labels=("a", "b"), corpus="emodb", options=options)


def test_wrong_calls(corpus: Corpus, tmp_path: Path) -> None:
    for given, message in (
        ({"pipelines": []}, "no pipelines"),
        ({"seeds": (1, 1)}, "each once"),
        ({"overwrite": "never"}, "missing or all"),
        ({"pipelines": [("x", object())]}, "no fit and predict_proba"),
    ):
        with pytest.raises(PipelineError, match=message):
            benchmarks.evaluate(corpus, out=tmp_path, **given)  # type: ignore[arg-type]


def test_a_folder_belongs_to_one_run_at_a_time(corpus: Corpus, tmp_path: Path) -> None:
    with ResultsStore(tmp_path).lock(), pytest.raises(ResultsError, match="another run is writing to"):
        benchmarks.evaluate(corpus, pipelines=["majority"], out=tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ResultsError, match="cannot be written"):
        benchmarks.evaluate(corpus, pipelines=["majority"], out=tmp_path / "file" / "x")


KILLED = """
import sys, benchmarks, benchmarks.corpora
from dataclasses import replace
from pathlib import Path
corpus = benchmarks.corpora.load("synthetic")
few = replace(corpus, utterances=corpus.utterances.groupby(["speaker", "label"]).head(1))
names = ["random@timing", "majority@timing"]
benchmarks.evaluate(few, pipelines=names, seeds=range(6), out=Path(sys.argv[1]), jobs=1)
"""


def killed_run(out: Path, done: int) -> None:
    """Start a run, and kill it with SIGKILL once so many results are stored."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(out)], cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL
    )
    while process.poll() is None and len(list((out / "jobs").glob("*.json"))) < done:
        time.sleep(0.01)
    assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def kill_and_resume(tmp_path: Path, stored: Iterable[int]) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "whole")], check=True, cwd=ROOT)
    for number in stored:
        killed_run(tmp_path / "broken", number)
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "broken")], check=True, cwd=ROOT)
    whole, broken = ((tmp_path / name / "predictions.csv").read_bytes() for name in ("whole", "broken"))
    assert whole == broken
    assert not list((tmp_path / "broken").rglob("*.part"))


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    kill_and_resume(tmp_path, [20])


@pytest.mark.long
def test_a_run_killed_at_20_random_moments_goes_on(tmp_path: Path) -> None:
    kill_and_resume(tmp_path, map(int, np.sort(np.random.default_rng(0).integers(0, 55, size=20))))


@pytest.mark.parametrize(("pipelines", "said"), [(["svm+logistic"], True), (["logistic", "svm~nystroem"], False)])
def test_a_run_whose_gram_matrix_is_large_is_offered_another_machine(
    pipelines: list[str], said: bool, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classical.svm.MANY", 10)
    assert any("svm~nystroem" in note for note in make_plan(corpus, pipelines=pipelines).notes) == said
