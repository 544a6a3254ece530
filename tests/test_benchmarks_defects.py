"""What went wrong with runs before: folders of other runs, worker pools of the user, seeds that reached nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from fabricated_runs import fabricate_run
from joblib.externals.loky import get_reusable_executor
from sklearn.dummy import DummyClassifier

import benchmarks
from benchmarks import corpora
from benchmarks.corpora.corpus import Corpus
from benchmarks.learning import main as learning
from benchmarks.report import main as report
from benchmarks.run import main as run

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """Two sessions of the synthetic corpus: four speakers."""
    whole = corpora.load("synthetic")
    sessions = sorted(whole.utterances["session"].unique())[:2]
    return replace(whole, utterances=whole.utterances[whole.utterances["session"].isin(sessions)])


def test_a_learning_curve_of_another_corpus_is_not_written_into_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--pipelines", "majority", "--classes", "ang,sad", "--out", str(tmp_path), "--jobs", "1"]) == 0
    page = (tmp_path / "report.html").read_bytes()
    assert learning(["--pipelines", "majority", "--sizes", "2", "--out", str(tmp_path), "--jobs", "1"]) == 2
    assert "another corpus or other folds" in capsys.readouterr().err
    assert not (tmp_path / "learning.csv").exists()
    assert (tmp_path / "report.html").read_bytes() == page


def test_the_pool_of_the_user_lives_on(corpus: Corpus, tmp_path: Path) -> None:
    pool = get_reusable_executor(max_workers=2, timeout=300)
    workers = {pool.submit(os.getpid).result() for _ in range(4)}
    benchmarks.evaluate(corpus, pipelines=[("prior", DummyClassifier())], out=tmp_path, jobs=2)
    assert {pool.submit(os.getpid).result() for _ in range(4)} & workers
    pool.shutdown(wait=True)


@pytest.mark.parametrize("version", [None, 1, 3])
def test_the_record_of_another_version_is_refused_in_one_line(
    version: int | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = fabricate_run(tmp_path / "run", {"a": 1.0})
    record = json.loads((folder / "run.json").read_text())
    record = {"schema_version": version, **{k: v for k, v in record.items() if k != "schema_version"}}
    (folder / "run.json").write_text(json.dumps(record if version else {**record, "schema_version": None}))
    assert report([str(folder)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "run.json" in error
    assert "run again" in error


def test_a_run_imports_where_posix_is_missing() -> None:
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
    folder = fabricate_run(tmp_path, {"a": 1.0, "b": 0.5})
    (folder / "learning.csv").write_bytes(b"")
    with pytest.warns(UserWarning, match="learning.csv is damaged"):
        assert benchmarks.load_run(folder).learning is None
