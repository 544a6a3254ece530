"""Which features speak for which emotion: what is planted comes out, and figures are those of a few lines by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import benchmarks
from benchmarks import corpora
from benchmarks.attributions import main
from benchmarks.folds.splitters import make_folds
from benchmarks.studies.attributions import attributions_text, emotion_attributions, loudest
from classical import build
from classical.attributions import attributions
from features import CsvFeatures
from features.errors import PipelineError

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus

LABELS = ("ang", "neu", "sad")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Six speakers whose clips are told apart by `loud` (anger high) and `low` (sadness low); `idle` tells nothing."""
    folder = tmp_path_factory.mktemp("corpus")
    rng, rows, values = np.random.default_rng(0), [], []
    import soundfile

    for speaker in range(6):
        for number in range(12):
            label, name = LABELS[number % 3], f"s{speaker}_{number:02d}"
            soundfile.write(folder / f"{name}.wav", rng.normal(scale=0.1, size=4000), 16000)
            rows.append({"path": f"{name}.wav", "speaker": f"s{speaker}", "label": label})
            loud, low, idle = rng.normal(size=3)
            values.append((name, loud + 3 * (label == "ang"), low - 3 * (label == "sad"), idle))
    pd.DataFrame(rows).to_csv(folder / "clips.csv", index=False)
    pd.DataFrame(values, columns=["id", "energy.loud", "pitch.low", "voice.idle"]).to_csv(folder / "x.csv", index=False)
    return corpora.load("manifest", folder / "clips.csv")


@pytest.fixture(scope="module")
def features(corpus: Corpus) -> str:
    return str(Path(corpus.utterances["path"].iloc[0]).with_name("x.csv"))


@pytest.fixture(scope="module")
def found(corpus: Corpus, features: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, Path]:
    out = tmp_path_factory.mktemp("run")
    names = [f"logistic@{features}", f"svm@{features}"]
    return emotion_attributions(corpus, pipelines=names, folds="3", out=out, jobs=1), out


def test_what_was_planted_speaks_loudest(found: tuple[pd.DataFrame, Path]) -> None:
    first = found[0].groupby(["pipeline", "label"]).head(1).set_index("label")
    assert (first.loc["ang", "feature"] == "energy.loud").all()
    assert (first.loc["sad", "feature"] == "pitch.low").all()
    assert (first.loc["ang", "level"] > 0.5).all()
    assert (first.loc["sad", "level"] < -0.5).all()
    of_svm = first[first["pipeline"].str.startswith("svm")]  # folds of the logistic one differ in temperature
    assert (of_svm.loc[["ang", "sad"], "attribution_low"] > 0).all()
    idle = found[0][found[0]["feature"] == "voice.idle"].groupby("pipeline")["attribution"].max()
    assert (idle < 0.1 * first.loc["ang"].set_index("pipeline")["attribution"]).all()
    assert set(found[0]["group"]) == {"energy", "pitch", "voice"}


def test_figures_are_those_of_a_few_lines(found: tuple[pd.DataFrame, Path], corpus: Corpus, features: str) -> None:
    table, rows = corpus.utterances, []
    for fold in make_folds(table, "3"):
        pipeline = build("logistic", features=CsvFeatures(features))
        train, test = table.iloc[fold.training], table.iloc[fold.test]
        pipeline.fit(train, train["label"], groups=train.index.get_level_values("speaker"))
        values = attributions(pipeline, test)
        for place, ((speaker, _), label) in enumerate(test["label"].items()):
            rows.append({"speaker": speaker, "label": label, **values.loc[(place, label)]})
    means = pd.DataFrame(rows).groupby(["label", "speaker"]).mean()
    mine = found[0][found[0]["pipeline"].str.startswith("logistic")].set_index(["label", "feature"])
    for label in LABELS:
        for feature in means:
            own, row = means.loc[label, feature], mine.loc[(label, feature)]
            low, high = stats.t.interval(0.95, len(own) - 1, loc=own.mean(), scale=stats.sem(own))
            assert row["attribution"] == pytest.approx(own.mean(), abs=1e-6)
            assert (row["attribution_low"], row["attribution_high"]) == pytest.approx((low, high), abs=1e-6)
            assert row["speakers"] == 6


def test_it_stands_in_the_report_and_on_the_terminal(found: tuple[pd.DataFrame, Path]) -> None:
    page = benchmarks.write_report(found[1]).read_text(encoding="utf-8")
    assert "Which features speak for which emotion?" in page
    assert "energy.loud" in page
    shown = pd.read_csv(found[1] / "tables" / "attributions.csv")
    assert len(shown) == len(loudest(found[0]))
    assert (shown["attribution"] > 0).all()
    said = attributions_text(found[0])
    assert all(len(line) <= 80 for line in said.splitlines())
    assert "is moved towards ang most by energy.loud (higher than in training, +" in " ".join(said.split())
    assert (found[1] / "plots" / "attributions.png").is_file()


@pytest.mark.parametrize("name", ["svm+logistic", "majority"])
def test_what_has_no_features_to_speak_of_is_refused(name: str, corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="has no features to speak of"):
        emotion_attributions(corpus, pipelines=[name], out=tmp_path)


def test_the_command_says_so_in_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--pipelines", "svm+xgboost", "--out", str(tmp_path / "out"), "--jobs", "1"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
