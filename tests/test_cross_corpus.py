"""Across corpora: one table of several, adaptation without labels, and the matrix of who trains and who is tested."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from miniatures import six_speakers, write_manifest

import benchmarks
from benchmarks import corpora
from benchmarks.corpora.correspondence import corresponding
from benchmarks.corpora.merged import merge
from benchmarks.cross import main
from benchmarks.pipelines import PipelineOptions
from benchmarks.studies.cross_corpus import cross_corpus
from classical.adaptation import CORPUS_SCOPES, Axes
from classical.normalise import Normaliser
from features.errors import CorpusError, PipelineError

PIPELINE = "logistic@timing"


def some_of(**how: Any) -> corpora.Corpus:
    """Every third clip of the embedded corpus."""
    corpus = corpora.load("synthetic", **how)
    return replace(corpus, utterances=corpus.utterances.iloc[::3])


@pytest.fixture(scope="module")
def pair() -> dict[str, corpora.Corpus]:
    """The embedded corpus twice, by other voices, one with a label that the other lacks."""
    return {"first": some_of(seed=0), "second": some_of(seed=1, mapping={"neu": "calm"})}


def test_merged_corpora_share_labels_and_say_what_is_left_out(pair: dict[str, corpora.Corpus]) -> None:
    both = merge(pair)
    assert both.labels == ("ang", "hap", "sad")
    assert "first: left out 20 neu, which not all corpora have" in both.notes
    assert "second: calm as cal" in both.notes
    assert both.utterances["corpus"].value_counts().to_dict() == {"first": 60, "second": 60}
    assert len(both.speakers) == 20
    assert both.synthetic


def test_corpora_without_two_common_labels_are_refused(pair: dict[str, corpora.Corpus]) -> None:
    with pytest.raises(CorpusError, match="1 labels in all"):
        merge({"first": pair["first"].restrict(["ang", "neu"]), "second": pair["second"].restrict(["ang", "sad"])})
    with pytest.raises(CorpusError, match="two corpora or more"):
        merge({"first": pair["first"]})


@pytest.mark.parametrize(
    ("label", "common"),
    [("exc", "hap"), (" Anger ", "ang"), ("HAPPY", "hap"), ("cal", "cal"), ("calm", "cal"), ("other", "other")],
)
def test_labels_correspond_whatever_their_spelling(label: str, common: str) -> None:
    assert corresponding(label) == common


@pytest.fixture(scope="module")
def table(pair: dict[str, corpora.Corpus], tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    out = tmp_path_factory.mktemp("cross")
    three = {**pair, "third": some_of(seed=2)}
    found = cross_corpus(three, pipelines=[PIPELINE], adaptations=("none", "corpus"), jobs=1, out=out)
    pd.testing.assert_frame_equal(pd.read_csv(out / "cross.csv"), found, rtol=1e-5)
    return found


def test_every_corpus_is_tested_by_itself_by_each_other_and_by_all_others(table: pd.DataFrame) -> None:
    assert list(table) == [
        *("train", "test", "pipeline", "adaptation", "uar", "uar_low", "uar_high", "n", "speakers", "labels")
    ]
    cells = set(zip(table["train"], table["test"], table["adaptation"]))
    names = ("first", "second", "third")
    expected = {(one, other, kind) for one in (*names, "all others") for other in names for kind in ("none", "corpus")}
    assert cells == expected
    assert not table.duplicated(["train", "test", "adaptation"]).any()
    assert (table["n"] == 60).all()
    assert (table["speakers"] == 10).all()
    assert table["uar"].between(table["uar_low"], table["uar_high"]).all()
    assert (table["labels"] == "ang hap sad").all()


def test_the_diagonal_is_a_run_on_the_same_labels(pair: dict[str, corpora.Corpus], table: pd.DataFrame) -> None:
    run = benchmarks.evaluate(pair["first"].restrict(["ang", "hap", "sad"]), pipelines=[PIPELINE], jobs=1)
    own = table[(table["train"] == "first") & (table["test"] == "first") & (table["adaptation"] == "none")].iloc[0]
    scores = run.scores.iloc[0]
    for name in ("uar", "uar_low", "uar_high"):
        assert own[name] == pytest.approx(scores[name], abs=1e-9)


@pytest.mark.parametrize(
    "adaptation", ["coral", *(pytest.param(kind, marks=pytest.mark.long) for kind in ("subspace", "speaker"))]
)
def test_no_label_of_the_tested_corpus_reaches_a_model(
    adaptation: str, pair: dict[str, corpora.Corpus], tmp_path: Path
) -> None:
    """With the second corpus's labels turned round, whoever was trained on the first says the same of it."""
    turned = pair["second"].rename({"ang": "sad", "sad": "ang"})
    for name, second in (("plain", pair["second"]), ("turned", turned)):
        cross_corpus(
            {"first": pair["first"], "second": second},
            pipelines=[PIPELINE],
            adaptations=(adaptation,),
            jobs=1,
            out=tmp_path / name,
        )
    answers = []
    for name in ("plain", "turned"):
        cells = pd.read_csv(tmp_path / name / "cross.csv")
        answers.append(cells[(cells["train"] == "first") & (cells["test"] == "first")]["uar"].tolist())
    assert answers[0] == answers[1]


@pytest.mark.parametrize("name", ["svm:speaker", "svm:corpus+xgboost"])
def test_adaptation_is_chosen_apart_from_the_pipeline(
    pair: dict[str, corpora.Corpus], tmp_path: Path, name: str
) -> None:
    with pytest.raises(PipelineError, match="--adaptations"):
        cross_corpus(pair, pipelines=[name], out=tmp_path)


def two_rooms(n: int = 200, columns: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Training clips, and clips whose features are mixed, moved and scaled."""
    rng = np.random.default_rng(0)
    train = rng.normal(size=(n, columns)) @ rng.normal(size=(columns, columns))
    return train, train[: n // 2] @ rng.normal(size=(columns, columns)) + 3


@pytest.mark.parametrize("scope", CORPUS_SCOPES)
def test_adapted_clips_lie_about_the_training_clips(scope: str) -> None:
    train, other = two_rooms()
    normaliser = Normaliser(scope)
    inside = normaliser.fit_transform(train, groups=["a"] * len(train))
    moved = normaliser.transform(other, groups=["b"] * len(other))
    np.testing.assert_allclose(moved.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(normaliser.transform(train, groups=["a"] * len(train)), inside, atol=1e-8)


def test_coral_brings_the_covariance_nearer_to_that_of_training() -> None:
    train, other = two_rooms(2000, 5)
    normaliser = Normaliser("coral", limit=1e6)
    inside = normaliser.fit_transform(train, groups=["a"] * len(train))
    plain = Normaliser("corpus", limit=1e6).fit(train, groups=["a"] * len(train))
    away = [
        np.linalg.norm(np.cov(kind.transform(other, groups=["b"] * len(other)).T) - np.cov(inside.T))
        for kind in (normaliser, plain)
    ]
    assert away[0] < 0.6 * away[1]  # not 0: the identity is added to both, as published


def test_axes_scale_as_the_whole_covariance_would() -> None:
    values = two_rooms(50, 6)[0]
    values = values - values.mean(axis=0)
    sizes, vectors = np.linalg.eigh(values.T @ values / len(values) + np.eye(6))
    expected = values @ (vectors * sizes**-0.5) @ vectors.T
    np.testing.assert_allclose(Axes.of(values).scaled(values, -0.5), expected, atol=1e-9)


def test_a_corpus_of_few_clips_is_named_and_left_as_it_is() -> None:
    train, other = two_rooms()
    normaliser = Normaliser("coral").fit(train, groups=["a"] * len(train))
    with pytest.warns(UserWarning, match="fewer than 6 clips.*corpus b"):
        few = normaliser.transform(other[:3], groups=["b"] * 3)
    np.testing.assert_allclose(few, Normaliser().fit(train).transform(other[:3]))


def test_a_deep_pipeline_goes_on_from_what_it_learnt_on_the_other_corpus(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    few = dict.fromkeys(("first", "second"), ("Ses01F", "Ses02M", "Ses03F"))
    pair = {
        name: replace(corpus, utterances=corpus.utterances.loc[list(few[name])])
        for name, corpus in (("first", some_of(seed=0)), ("second", some_of(seed=1)))
    }
    how: dict[str, Any] = {"pipelines": ["wav2vec2-tiny"], "adaptations": ["fine-tuned"], "jobs": 1, "out": tmp_path}
    options = PipelineOptions(epochs=1)
    table = cross_corpus(pair, options=options, **how)
    assert sorted(zip(table["train"], table["test"], table["adaptation"])) == [
        ("first", "first", "none"),
        ("first", "second", "fine-tuned"),
        ("first", "second", "none"),
        ("second", "first", "fine-tuned"),
        ("second", "first", "none"),
        ("second", "second", "none"),
    ]
    learnt = {path: path.stat().st_mtime_ns for path in tmp_path.glob("fine_tuned/*/model.safetensors")}
    assert len(learnt) == 2
    jobs = {path: path.stat().st_mtime_ns for path in tmp_path.glob("jobs/*.json")}
    pd.testing.assert_frame_equal(cross_corpus(pair, options=options, **how), table)
    assert all(path.stat().st_mtime_ns == time for path, time in (learnt | jobs).items())
    own = [path for path in jobs if "first_" in path.name and "_to_" not in path.name]
    answers = {read_answers(path) for path in own}
    assert len(own) == 6  # three folds, from random weights and from what the other corpus taught
    assert len(answers) == 6


def read_answers(path: Path) -> str:
    """The probabilities of a stored job."""
    return str(json.loads(path.read_text(encoding="utf-8"))["probability"])


def test_what_is_for_deep_pipelines_alone_is_said_of_others(tmp_path: Path, pair: dict[str, corpora.Corpus]) -> None:
    with pytest.raises(PipelineError, match="fine-tuned is for deep pipelines"):
        cross_corpus(pair, pipelines=["svm"], adaptations=["fine-tuned"], jobs=1, out=tmp_path)


def test_the_command_prints_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = tmp_path / "mine.csv"
    some = corpora.load("synthetic", seed=3).utterances.reset_index()
    some[["path", "speaker", "label"]].to_csv(manifest, index=False)
    given = ["--corpora", "synthetic", f"manifest={manifest}", "--pipelines", PIPELINE, "--adaptations", "none"]
    assert main([*given, "--jobs", "1", "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "logistic@timing, adaptation none" in printed
    assert max(map(len, printed.partition("tables:")[0].splitlines())) <= 80
    assert (tmp_path / "out" / "plots" / "cross-1.svg").stat().st_size > 2000
    with pytest.raises(SystemExit) as stopped:
        main(["--pipelines", "svm"])
    assert stopped.value.code == 2
    assert main(["--corpora", "synthetic", "synthetic"]) != 0
    assert "stands twice" in capsys.readouterr().err


@pytest.mark.parametrize("item", ["emodb", "emodb=nowhere"])
def test_a_corpus_without_a_folder_is_named_with_what_to_write(item: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--corpora", "synthetic", item]) == 2
    printed = capsys.readouterr().err
    assert f"--corpora {item}" in printed
    assert "write emodb=DIR" in printed
    assert "--root" not in printed


def test_labels_and_columns_are_called_as_one_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, label in (("calls", "rage"), ("cars", "anger")):
        table = write_manifest(tmp_path / f"{name}.csv", six_speakers(tmp_path))
        own = pd.read_csv(table, dtype=str).rename(columns={"speaker": "caller"})
        own.assign(label=own["label"].replace({own["label"].iloc[0]: label})).to_csv(table, index=False)
    given = [f"{name}:manifest={tmp_path / name}.csv" for name in ("calls", "cars")]
    how = ["--pipelines", "majority", "--adaptations", "none", "--jobs", "1", "--allow-duplicates"]
    how += ["--columns", "speaker=caller"]
    out = ["--out", str(tmp_path / "out")]
    assert main(["--corpora", *given, *how, "--map", "rage=anger", *out]) == 0
    assert "labels ang" in capsys.readouterr().out
    assert main(["--corpora", *given, *how, "--map", "joy=hap", *out]) == 2
    assert "--map joy: no corpus has such a label" in capsys.readouterr().err


def test_two_tables_of_ones_own_have_names_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("calls", "cars"):
        write_manifest(tmp_path / f"{name}.csv", six_speakers(tmp_path))
    calls, cars = (f"{name}:manifest={tmp_path / name}.csv" for name in ("calls", "cars"))
    line = ["--pipelines", "majority", "--adaptations", "none", "--allow-duplicates", "--jobs", "1"]
    assert main(["--corpora", calls, cars, *line, "--out", str(tmp_path / "out")]) == 0
    table = pd.read_csv(tmp_path / "out" / "cross.csv")
    assert {"calls", "cars"} <= set(table["train"]) & set(table["test"])
    for wrong, says in (
        ((calls, calls), "calls stands twice; expected each corpus once; write another:manifest=DIR"),
        (
            ("mine:synthetic", cars),
            "synthetic cannot be called mine; expected a name without / and +, before one of manifest",
        ),
        (("a/b:manifest=x.csv", cars), "manifest cannot be called a/b"),
    ):
        assert main(["--corpora", *wrong]) == 2
        assert says in " ".join(capsys.readouterr().err.split())
