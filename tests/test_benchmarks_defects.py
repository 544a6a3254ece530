"""What went wrong with runs before: folders of other runs, worker pools of the user, seeds that reached nothing."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import joblib
import pytest
from doc_stand_ins import own_corpus
from joblib.externals.loky import get_reusable_executor
from miniatures import sound
from sklearn.dummy import DummyClassifier

import benchmarks
from benchmarks import corpora
from benchmarks.learning import main as learning
from benchmarks.report import main as report
from benchmarks.run import main as run
from features import FeatureExtractor

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """Two sessions of the synthetic corpus: four speakers."""
    whole = corpora.load("synthetic")
    sessions = sorted(whole.utterances["session"].unique())[:2]
    of_them = whole.utterances[whole.utterances["session"].isin(sessions)]
    return replace(whole, utterances=of_them.groupby(["speaker", "label"]).head(3))


def test_b1_a_learning_curve_of_another_corpus_is_not_written_into_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--pipelines", "majority", "--classes", "ang,sad", "--out", str(tmp_path), "--jobs", "1"]) == 0
    page = (tmp_path / "report.html").read_bytes()
    assert learning(["--pipelines", "majority", "--sizes", "2", "--out", str(tmp_path), "--jobs", "1"]) == 2
    assert "another corpus or other folds" in capsys.readouterr().err
    assert not (tmp_path / "learning.csv").exists()
    assert (tmp_path / "report.html").read_bytes() == page


@pytest.mark.parametrize(
    "pipeline",
    [
        pytest.param(("prior", DummyClassifier()), id="jobs", marks=pytest.mark.long),
        pytest.param("logistic@timing", id="extraction"),
    ],
)
def test_b5_the_pool_of_the_user_lives_on(pipeline: object, corpus: Corpus, tmp_path: Path) -> None:
    """A run ended the pool of processes that joblib shares with a notebook, and extracting replaced it."""
    pool = get_reusable_executor(max_workers=3, timeout=300)
    try:
        workers = {pool.submit(os.getpid).result() for _ in range(6)}
        benchmarks.evaluate(corpus, pipelines=[pipeline], out=tmp_path, jobs=2)
        assert {pool.submit(os.getpid).result() for _ in range(6)} & workers
        assert get_reusable_executor(max_workers=3, timeout=300) is pool
    finally:
        pool.shutdown(wait=True)


def test_b3_a_seed_reaches_an_encoder_that_starts_at_random(corpus: Corpus, tmp_path: Path) -> None:
    """Every seed had the weights of seed 0, so that the spread over seeds was 0 by construction."""
    pytest.importorskip("speechbrain")
    import small_encoders

    encoder = small_encoders.save("wav2vec2", tmp_path / "encoder")
    few = corpus.utterances.groupby(["speaker", "label"]).head(2)
    found = benchmarks.evaluate(
        replace(corpus, utterances=few), pipelines=[f"logistic@{encoder}~random"], folds="speaker", seeds=(0, 1), jobs=1
    )
    rows = found.predictions.groupby("seed")[[f"p_{label}" for label in corpus.labels]]
    first, second = (rows.get_group(seed).to_numpy() for seed in (0, 1))
    assert abs(first - second).max() > 1e-3
    assert found.scores["seed_uar_std"].notna().all()


def test_b4_a_learning_curve_extracts_with_all_cores_where_nobody_says_how_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None meant one process for extraction, and all cores for everything else."""
    if joblib.cpu_count() < 2:
        pytest.skip("needs two cores to tell one process from all")
    seen = []
    extract = FeatureExtractor.extract

    def watched(extractor: FeatureExtractor, X: object) -> object:
        seen.append(extractor.n_jobs)
        return extract(extractor.set_params(n_jobs=1), X)

    monkeypatch.setattr(FeatureExtractor, "extract", watched)
    own_corpus(tmp_path / "my.csv")
    line = [
        "--corpus",
        "manifest",
        "--root",
        str(tmp_path / "my.csv"),
        "--pipelines",
        "logistic@timing",
        "--sizes",
        "2",
    ]
    assert learning([*line, "--no-cache", "--out", str(tmp_path / "out")]) == 0
    assert seen
    assert set(seen) <= {joblib.cpu_count(), -1}


def test_b8_classical_names_no_module_of_another_package() -> None:
    """A type of `deep` was trusted by its name in text, which no check of imports sees."""
    for path in sorted((ROOT / "classical").rglob("*.py")):
        texts = [node.value for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if _is_text(node)]
        assert not [text for text in texts if re.fullmatch(r"(deep|benchmarks)(\.\w+)+", text)], path


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@pytest.mark.parametrize("command", ["classical.predict", "deep.predict"])
def test_b10_both_predict_commands_take_the_model_first(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One took `MODEL FILE ...`, the other `FILE ... --model DIR`, and took a model for a sound file."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    clip = sound(tmp_path / "clip.wav", seed=1)
    assert import_module(command).main([str(tmp_path / "no-such-model"), str(clip)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "no-such-model" in error
    assert "sound" not in error


@pytest.mark.parametrize("version", [None, 1, 3])
def test_b12_the_record_of_another_version_is_refused_in_one_line(
    version: int | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No version stood in run.json: a record without jobs, as an older one has it, was reported half empty."""
    assert run(["--pipelines", "majority", "--classes", "ang,sad", "--out", str(tmp_path), "--jobs", "1"]) == 0
    record = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps({**record, "schema_version": version}))
    capsys.readouterr()
    assert report([str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "run.json" in error
    assert "run again" in error


def test_b6_a_run_imports_where_posix_is_missing() -> None:
    code = "import sys; sys.modules['fcntl'] = sys.modules['resource'] = None; import benchmarks; benchmarks.evaluate"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_stored_result_that_is_not_that_of_its_job_is_computed_again(corpus: Corpus, tmp_path: Path) -> None:
    first = benchmarks.evaluate(corpus, pipelines=["majority"], out=tmp_path, jobs=1)
    files = sorted((tmp_path / "jobs").glob("*.json"))
    files[0].write_text("{")
    files[1].write_bytes(files[0].with_name(files[1].name).read_bytes().replace(b"[[", b"[[1.0], [", 1))
    again = benchmarks.evaluate(corpus, pipelines=["majority"], out=tmp_path, jobs=1)
    assert again.predictions.equals(first.predictions)
    assert not again.failed


def test_a_damaged_table_of_a_study_leaves_the_run_readable(tmp_path: Path) -> None:
    from fabricated_runs import fabricate_run

    folder = fabricate_run(tmp_path, {"a": 1.0, "b": 0.5})
    (folder / "learning.csv").write_bytes(b"")
    with pytest.warns(UserWarning, match="learning.csv is damaged"):
        assert benchmarks.load_run(folder).learning is None


def test_b7_a_save_that_is_killed_leaves_no_folder_that_loads_as_another_model(tmp_path: Path) -> None:
    """Tensors were written in place, so that a killed save left new tensors under the labels of the model before."""
    pytest.importorskip("speechbrain")
    import small_encoders

    import deep

    own_corpus(tmp_path / "my.csv")
    encoder = small_encoders.save("wav2vec2", tmp_path / "encoder")
    table = corpora.load("manifest", tmp_path / "my.csv").utterances
    options = {"epochs": 1, "device": "cpu", "n_jobs": 1}
    first = deep.FineTunedClassifier(str(encoder), **options).fit(table, list(table["label"]))
    names = {"joy": "hap", "rage": "ang"}
    second = deep.FineTunedClassifier(str(encoder), random_state=1, **options).fit(
        table, [names[label] for label in table["label"]]
    )
    folder = deep.save(first, tmp_path / "model")
    with pytest.raises(KeyboardInterrupt):
        deep.save(second, folder, about={"value": _Interrupts()})
    loaded = deep.load(folder, device="cpu")
    assert list(loaded.classes_) == ["joy", "rage"]
    assert abs(loaded.predict_proba(table["path"][:2]) - first.predict_proba(table[:2])).max() < 1e-6


class _Interrupts:
    """A value to record that ends the save when it is asked for, as Ctrl-C at that moment does."""

    def tolist(self) -> None:
        raise KeyboardInterrupt
