"""Trees from features on the disk beside those in memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest

from classical import external_boosting
from classical.boosting import BoostingClassifier
from classical.external_boosting import ExternalBoostingClassifier

HOW = {"max_rounds": 30, "column_shares": (0.5,), "device": "cpu"}


@pytest.fixture
def table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three classes that two of eight features tell, of six speakers; some values are missing."""
    rng = np.random.default_rng(0)
    y, speakers = np.repeat(["ang", "neu", "sad"], 60), np.tile(np.repeat(list("abcdef"), 10), 3)
    X = rng.normal(size=(180, 8)).astype(np.float32)
    X[:, 0] += 2.0 * (y == "ang")
    X[:, 1] += 2.0 * (y == "sad")
    X[rng.random(X.shape) < 0.02] = np.nan
    return X, y, speakers


def test_trees_of_one_block_are_those_in_memory(table: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    X, y, speakers = table
    here = BoostingClassifier(**HOW).fit(X, y, groups=speakers)
    there = ExternalBoostingClassifier(**HOW).fit(X, y, groups=speakers)
    assert there.best_params_ == here.best_params_
    np.testing.assert_array_equal(there.predict_proba(X), here.predict_proba(X))


def test_several_blocks_are_one_table_and_leave_nothing_behind(
    table: tuple[np.ndarray, np.ndarray, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y, speakers = table
    monkeypatch.setattr(external_boosting, "ROWS", 50)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    model = ExternalBoostingClassifier(**HOW).fit(X, y, groups=speakers)
    here = BoostingClassifier(**HOW).fit(X, y, groups=speakers)
    alike = np.mean(model.predict(X) == here.predict(X))
    assert alike > 0.95
    assert not list(tmp_path.iterdir())
