"""Several feature sets under one model: `svm@all,encoder`, and what it is made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")

from small_encoders import save

import classical
from benchmarks import corpora
from benchmarks.run import main
from benchmarks.train import main as train
from deep.frozen import FrozenEncoder
from features import FeatureExtractor
from features.errors import FeatureError
from features.extractors.joined import JoinedFeatures


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save("hubert", tmp_path_factory.mktemp("encoder") / "small", seed=5, initializer_range=0.3))


def clips() -> pd.DataFrame:
    return corpora.load("synthetic").utterances.iloc[::60]


def test_columns_stand_side_by_side(encoder: str) -> None:
    own, frozen = FeatureExtractor("prosodic"), FrozenEncoder(encoder, device="cpu")
    table = JoinedFeatures([("", own), ("encoder", frozen)]).extract(clips())
    first = own.extract(clips())
    np.testing.assert_array_equal(table.values[:, : len(first.names)], first.values)
    np.testing.assert_array_equal(table.values[:, len(first.names) :], frozen.extract(clips()).values)
    assert table.names[len(first.names)] == "encoder::layer0.mean.0"
    assert (table.seconds > first.seconds * 0.2).all()


@pytest.mark.parametrize("names", [(), ("", ""), ("a::b",), ("Encoder", "")])
def test_members_have_names_that_tell_them_apart(names: tuple[str, ...]) -> None:
    with pytest.raises(FeatureError, match="members named"):
        JoinedFeatures([(name, FeatureExtractor("timing")) for name in names]).names()


def test_the_svm_weighs_each_set_as_a_block(encoder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "model.skops"
    given = ["--encoder", encoder, "--corpus", "synthetic", "--classes", "ang,sad"]
    assert train(["--out", str(out), "--no-scores", "--pipeline", "svm@timing,encoder", *given]) == 0
    model = classical.load(out)
    assert set(model.pipeline.best_params_["weights"]) == {"statistics", "encoder"}
    moved = save("hubert", tmp_path / "moved", seed=5, initializer_range=0.3)
    elsewhere = classical.load(out, encoders=[moved])
    np.testing.assert_allclose(elsewhere.predict_proba(clips()), model.predict_proba(clips()))


def test_a_run_names_both_and_refuses_what_is_not_there(
    encoder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert (
        main(["--pipelines", "logistic@timing,encoder", "--encoder", encoder, "--folds", "2", "--out", str(out)]) == 0
    )
    assert "logistic@timing,small/all" in capsys.readouterr().out
    assert main(["--pipelines", "svm@timing,encoder", "--out", str(tmp_path / "none")]) != 0
    assert "no encoder given" in capsys.readouterr().out
