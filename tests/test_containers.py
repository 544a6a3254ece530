"""In a container: a read-only system, no home, a user that nobody has created."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from containers import run_inside

import classical
from benchmarks import corpora
from features import FeatureExtractor


def _ended_well(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    for line in done.stderr.splitlines():
        assert re.match(r"note: |\d+ of \d+ jobs: .*: done", line), done.stderr


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Utterances of two speakers of the embedded corpus."""
    whole = corpora.load("synthetic").utterances
    return whole[whole.index.get_level_values("speaker").isin(sorted(set(whole.index.get_level_values("speaker")))[:2])]


def test_a_model_predicts_where_nothing_can_be_written(table: pd.DataFrame, tmp_path: Path) -> None:
    pipeline = classical.build("logistic", features=FeatureExtractor("energy")).fit(table, table["label"])
    classical.save(tmp_path / "model.skops", pipeline, metadata={"corpus": "two voices"})
    expected = classical.load(tmp_path / "model.skops").predict(table["path"].iloc[:3])
    for path in table["path"].iloc[:3]:
        shutil.copy(path, tmp_path)
    clips = [Path(path).name for path in table["path"].iloc[:3]]
    done = run_inside(["classical.predict", "model.skops", *clips], tmp_path, temporary=False)
    _ended_well(done)
    assert done.stderr.count("note: compiling") == 1
    assert "NUMBA_CACHE_DIR" in done.stderr
    assert [label for line in done.stdout.splitlines()[-3:] for label in line.split() if label in set(expected)] == [
        *expected
    ]


def test_the_default_benchmark_runs(tmp_path: Path) -> None:
    done = run_inside(["benchmarks.run", "--epochs", "1", "--out", "out"], tmp_path)
    _ended_well(done)
    assert done.stderr.count("note: compiling") == 1
    scores = pd.read_csv(tmp_path / "out" / "scores.csv")
    assert {"svm", "xgboost"} <= set(scores["pipeline"])
    assert "FAILED" not in done.stdout
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000
