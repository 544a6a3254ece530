"""Learning rates and epochs of deep pipelines, chosen on inner folds of the training speakers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone

torch = pytest.importorskip("torch")

from miniatures import six_speakers, write_manifest  # noqa: E402

import benchmarks  # noqa: E402
import deep  # noqa: E402
from benchmarks import corpora  # noqa: E402
from benchmarks.reporting.methods import methods_of  # noqa: E402
from benchmarks.reporting.ranking import rank  # noqa: E402
from deep.tuned_rates import TunedRates  # noqa: E402
from features.errors import PipelineError  # noqa: E402


class Planted(ClassifierMixin, BaseEstimator):
    """Best on whoever validates at a rate of 0.3, after its third epoch; it remembers who validated."""

    def __init__(
        self,
        *,
        rate: float = 0.1,
        epochs: int = 5,
        patience: int | None = None,
        random_state: int = 0,
        work_dir: Path | None = None,
    ) -> None:
        self.rate = rate
        self.epochs = epochs
        self.patience = patience
        self.random_state = random_state
        self.work_dir = work_dir

    def fit(self, X: pd.DataFrame, y: Any, *, valid: np.ndarray | None = None) -> Planted:
        seen = X.attrs.setdefault("validated", [])
        seen.append(None if valid is None else tuple(sorted(set(X.index.get_level_values("speaker")[valid]))))
        self.classes_ = np.unique(y)
        self.history_ = [
            {"valid_uar": 1 - abs(self.rate - 0.3) - 0.01 * abs(epoch - 3)}
            for epoch in range(1, (self.patience or self.epochs) + 1)
        ]
        self.best_params_ = {"epoch": self.epochs}
        return self


@pytest.fixture
def table() -> pd.DataFrame:
    index = pd.MultiIndex.from_arrays([np.repeat(list("abcd"), 4), np.arange(16).astype(str)], names=["speaker", "id"])
    return pd.DataFrame({"path": "x.wav"}, index=index)


@pytest.mark.parametrize("patience", [None, 1])
def test_the_best_rate_and_epoch_are_kept_and_trained_once_more(table: pd.DataFrame, patience: int | None) -> None:
    """Patience is for the last training: those that are compared train all epochs."""
    truth = np.tile(["ang", "sad"], 8)
    valid = table.index.get_level_values("speaker") == "d"
    tuned = TunedRates(Planted(patience=patience)).fit(table, truth, valid=valid)
    assert tuned.best_params_ == {"epoch": 3, "rate": pytest.approx(0.3), "epochs": 3}
    assert tuned.n_candidates_ == 15
    *inner, last = table.attrs["validated"]
    assert last == ("d",)
    assert len(inner) == 9
    assert sorted(name for fold in inner[:3] for name in fold) == list("abcd")  # each speaker is held out once
    assert inner[:3] == inner[3:6] == inner[6:]


def test_parameters_of_the_classifier_are_its_own(tmp_path: Path) -> None:
    tuned = clone(TunedRates(Planted(), n_inner=2)).set_params(epochs=7, work_dir=tmp_path)
    assert tuned.get_params()["epochs"] == 7
    assert tuned.get_params(deep=False).keys() == {"classifier", "factors", "n_inner"}


@pytest.mark.parametrize("how", [{"factors": ()}, {"n_inner": 1}])
def test_nothing_to_choose_among_is_refused(table: pd.DataFrame, how: dict[str, Any]) -> None:
    with pytest.raises(PipelineError, match="expected a factor or more"):
        TunedRates(Planted(), **how).fit(table, np.tile(["ang", "sad"], 8))


@pytest.fixture
def corpus(tmp_path: Path) -> corpora.Corpus:
    return corpora.load("manifest", write_manifest(tmp_path / "my.csv", six_speakers(tmp_path)))


@pytest.mark.long
def test_a_run_tunes_and_says_so(corpus: corpora.Corpus, tmp_path: Path) -> None:
    options = deep.PipelineOptions(tune_deep=True, epochs=2, encoder="wav2vec2-synthetic", device="cpu")
    run = benchmarks.evaluate(corpus, pipelines=["linear@encoder"], folds=2, options=options, out=tmp_path / "run")
    assert (run.jobs["n_candidates"] == 6).all()
    chosen = run.record["jobs"][0]["best_params"]
    assert set(chosen) >= {"rate", "epochs", "epoch"}
    assert any("chosen on inner folds" in one["description"] for one in run.record["pipelines"].values())
    assert "learning rates and the number of epochs were chosen" in methods_of(rank(run)).markdown()


def test_the_chosen_model_is_kept_and_loaded(corpus: corpora.Corpus, tmp_path: Path) -> None:
    rows = corpus.utterances
    probe = deep.LinearProbe(deep.FrozenEncoder("wav2vec2-synthetic", device="cpu"), epochs=1)
    tuned = TunedRates(probe, factors=(1.0,), n_inner=2).fit(rows, rows["label"])
    deep.save(tuned, tmp_path / "model")
    expected = tuned.predict_proba(rows[:3])
    np.testing.assert_allclose(deep.load(tmp_path / "model", device="cpu").predict_proba(rows[:3]), expected, atol=1e-5)
