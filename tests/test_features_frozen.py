"""Frozen feature sets keep their values: those of the embedded corpus, and the hash that names them.

`golden_speech_1.npz` holds the features of some clips of the embedded corpus; `python tests/test_features_frozen.py`
wrote it, once. Where this test fails, mend what changed the values, or give the new values a new name.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import corpora
from benchmarks.run import main
from features import CsvFeatures, FeatureExtractor
from features.extract import main as extract
from features.frozen_sets import FROZEN
from features.version import VERSION

TOLERANCE = 1e-3
"""Of a feature's deviation over the clips: what other processors and versions of libraries may move a value by."""


def golden(name: str) -> Path:
    return Path(__file__).with_name(f"golden_{name.replace('-', '_')}.npz")


def clips() -> pd.DataFrame:
    return corpora.load("synthetic").utterances.iloc[::20]


def hash_of(names: np.ndarray, values: np.ndarray) -> str:
    digest = hashlib.blake2b("\n".join(names.tolist()).encode(), digest_size=8)
    digest.update(np.ascontiguousarray(values, dtype="<f4").tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("name", FROZEN)
def test_values_stay(name: str) -> None:
    frozen, stored = FROZEN[name], np.load(golden(name))
    assert hash_of(stored["names"], stored["values"]) == frozen.values
    table = FeatureExtractor(name).extract(clips())
    assert table.names == tuple(stored["names"])
    assert len(table.names) == frozen.n_features
    spread = np.nanstd(stored["values"], axis=0)
    np.testing.assert_array_equal(np.isnan(table.values), np.isnan(stored["values"]))
    away = np.abs(table.values - stored["values"]) / np.where(spread > 0, spread, 1)
    assert np.nanmax(away) < TOLERANCE


@pytest.mark.parametrize("name", FROZEN)
def test_an_extracted_file_says_what_it_holds_and_is_a_feature_table(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = clips().head(3)
    manifest, out = tmp_path / "clips.csv", tmp_path / "out.csv"
    frame = pd.DataFrame({"id": ["a", "b", "c"], "path": rows["path"].astype(str).tolist()})
    frame.to_csv(manifest, index=False)
    assert extract([str(manifest), str(out), "--groups", name, "--no-cache"]) == 0
    table = pd.read_csv(out)
    assert set(table["preset"]) == {f"{FROZEN[name].title} {VERSION}"}
    assert table["sound"].nunique() == 3
    features = CsvFeatures(out)
    assert len(features.names()) == FROZEN[name].n_features
    assert np.isfinite(features.transform(frame)).mean() > 0.98


def test_the_hash_stands_below_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--pipelines", "majority@speech-1", "--out", str(tmp_path / "run"), "--folds", "2"]) == 0
    assert FROZEN["speech-1"].values in capsys.readouterr().out


if __name__ == "__main__":
    for name in FROZEN:
        table = FeatureExtractor(name).extract(clips())
        np.savez_compressed(golden(name), names=np.array(table.names), values=table.values)
        sys.stdout.write(f"{name} {len(table.names)} {hash_of(np.array(table.names), table.values)}\n")
