"""A feature table that also holds the answer, the speaker or the row's number is refused before it is trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from miniatures import sound

from benchmarks import run
from features import CsvFeatures
from features.errors import FeatureError

ROWS = 24
LABELS = np.repeat(["ang", "hap", "neu", "sad"], 6)


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(ROWS, 3)), columns=["f0", "f1", "f2"])
    frame.insert(0, "id", [f"u{i:02d}" for i in range(ROWS)])
    return frame


def extract(path: Path) -> np.ndarray:
    utterances = pd.DataFrame({"id": table()["id"], "label": LABELS, "valence": np.arange(ROWS) % 5 + 0.5})
    return CsvFeatures(path).extract(utterances).values


@pytest.mark.parametrize(
    "name",
    ["label", "Emotion", "speaker", "session", "gender", "start", "end", "fold", "valence", "Unnamed: 0", "path"],
)
def test_a_column_that_describes_the_utterance_is_refused(tmp_path: Path, name: str) -> None:
    table().assign(**{name: np.arange(ROWS) % 2}).to_csv(tmp_path / "own.csv", index=False)
    with pytest.raises(FeatureError, match=f"{name}.*remove it"):
        extract(tmp_path / "own.csv")


@pytest.mark.parametrize(
    ("column", "name"),
    [
        (np.arange(ROWS), "nr"),
        (np.arange(1, ROWS + 1), "nr"),
        (pd.factorize(LABELS)[0], "y"),
        (pd.factorize(LABELS)[0] * 1.5 - 7, "score"),
        (pd.factorize(LABELS)[0] * 10 + np.arange(ROWS) % 6 // 5, "code"),
        (np.arange(ROWS) % 5 + 0.5, "rating"),
    ],
)
def test_a_column_that_tells_the_answer_under_any_name_is_refused(
    tmp_path: Path, column: np.ndarray, name: str
) -> None:
    table().assign(**{name: column}).to_csv(tmp_path / "own.csv", index=False)
    with pytest.raises(FeatureError, match=f"'{name}'"):
        extract(tmp_path / "own.csv")


def test_the_row_number_that_pandas_writes_is_refused(tmp_path: Path) -> None:
    table().to_csv(tmp_path / "own.csv")
    with pytest.raises(FeatureError, match=r"without a name.*index=False"):
        extract(tmp_path / "own.csv")


def test_measured_columns_are_taken_though_they_are_coarse_or_sorted(tmp_path: Path) -> None:
    coarse = np.array([0, 0, 1, 1, 2, 2] * 4)
    rising = np.sort(np.random.default_rng(1).normal(size=ROWS))
    table().assign(syllables=coarse, rising=rising).to_csv(tmp_path / "own.csv", index=False)
    assert extract(tmp_path / "own.csv").shape == (ROWS, 5)


def test_a_run_refuses_the_label_among_the_features(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed, name in enumerate(table()["id"]):
        sound(tmp_path / f"{name}.wav", seed=seed)
    speakers = [f"s{i % 6}" for i in range(ROWS)]
    manifest = pd.DataFrame({"id": table()["id"], "label": LABELS, "speaker": speakers})
    manifest.assign(path=manifest["id"] + ".wav").to_csv(tmp_path / "my.csv", index=False)
    table().assign(answer=pd.factorize(LABELS)[0]).to_csv(tmp_path / "own.csv", index=False)
    line = ["--corpus", "manifest", "--root", str(tmp_path / "my.csv"), "--folds", "3", "--jobs", "1"]
    line += ["--pipelines", f"logistic@{tmp_path / 'own.csv'}", "--out", str(tmp_path / "out")]
    assert run.main(line) == 2
    assert "'answer'" in capsys.readouterr().err
