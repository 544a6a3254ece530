"""Scores of the embedded corpus and of EmoDB, frozen: a change that moves one says so, and renews the file.

`golden_scores.csv` is what `benchmarks.run` wrote into `scores.csv`, cut to the columns below; the commands stand in
`RUNS`. Other processors and versions of the libraries move single predictions near a boundary, so a score may differ by
`TOLERANCE`; that is the figure of three of the embedded corpus's 240 clips.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.run import main

GOLDEN = Path(__file__).with_name("golden_scores.csv")
TOLERANCE = 0.0125
CLASSICAL = ("majority", "svm", "xgboost", "logistic", "svm+xgboost", "svm:speaker")
RUNS = {
    "synthetic": CLASSICAL,
    "emodb": CLASSICAL,
}


def scored(corpus: str, root: Path | None, out: Path) -> pd.DataFrame:
    where = [] if root is None else ["--root", str(root)]
    status = main(["--corpus", corpus, *where, "--pipelines", *RUNS[corpus], "--jobs", "2", "--out", str(out)])
    assert status == 0
    return pd.read_csv(out / "scores.csv").set_index("pipeline")


def compare(corpus: str, seen: pd.DataFrame) -> None:
    golden = pd.read_csv(GOLDEN).query("corpus == @corpus").set_index("pipeline")
    assert sorted(golden.index) == sorted(RUNS[corpus])
    for column in ("uar", "wa", "macro_f1"):
        difference = (seen.loc[golden.index, column] - golden[column]).abs()
        assert difference.max() <= TOLERANCE, f"{column}:\n{difference}"


def test_scores_of_the_embedded_corpus_stay(tmp_path: Path) -> None:
    compare("synthetic", scored("synthetic", None, tmp_path / "run"))


@pytest.mark.long
def test_scores_of_emodb_stay(tmp_path: Path, emodb_root: Path) -> None:
    compare("emodb", scored("emodb", emodb_root, tmp_path / "run"))
