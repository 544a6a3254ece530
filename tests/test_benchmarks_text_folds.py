"""Folds by text, and by speaker and text: nobody who trains says what is tested; what the words alone tell is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from miniatures import BUILDERS, six_speakers, sound
from sklearn.base import BaseEstimator, ClassifierMixin

from benchmarks import corpora
from benchmarks.corpora.corpus import utterances_table
from benchmarks.evaluation.evaluate import evaluate
from benchmarks.folds.fold import read_folds, speakers_of, write_folds
from benchmarks.folds.leakage import check_folds
from benchmarks.folds.splitters import make_folds, validation_speakers
from benchmarks.folds.texts import confounded_labels, notes_on_texts, text_groups, words_of
from benchmarks.learning import main as learning
from benchmarks.run import main
from features.errors import FoldError


def table_of(n_speakers: int, n_texts: int, seed: int = 0) -> pd.DataFrame:
    """Every speaker says every text with one or two labels; spelling and punctuation differ between speakers."""
    rng = np.random.default_rng(seed)
    return utterances_table(
        {
            "speaker": f"s{speaker}",
            "id": f"s{speaker}_{text}_{label}",
            "path": "x.wav",
            "gender": ("female", "male")[speaker % 2],
            "session": f"S{speaker // 2}",
            "label": label,
            "text": f"Text {text}." if speaker % 2 else f"text  {text}",
        }
        for speaker in range(n_speakers)
        for text in range(n_texts)
        for label in ("ang", "sad")
        if label == "ang" or rng.random() < 0.7
    )


@settings(deadline=None, max_examples=40)
@given(
    n_speakers=st.integers(4, 8),
    n_texts=st.integers(2, 9),
    scheme=st.sampled_from(["speaker", "session", "speaker-811", "2"]),
    seed=st.integers(0, 9),
)
def test_neither_speaker_nor_sentence_is_shared(n_speakers: int, n_texts: int, scheme: str, seed: int) -> None:
    table = table_of(n_speakers // 2 * 2, n_texts, seed)
    folds, words = make_folds(table, f"{scheme}-x-text"), words_of(table)
    check_folds(folds, table, [str(name) for name in table.index.get_level_values("id")])
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(table)))
    for fold in folds:
        assert not set(words[fold.test]) & set(words[fold.training])
        assert not set(speakers_of(table, fold.test)) & set(speakers_of(table, fold.training))
        assert not set(speakers_of(table, fold.train)) & set(speakers_of(table, fold.valid))
        if n_texts > 2:
            assert not set(words[fold.train]) & set(words[fold.valid])
    assert validation_speakers(table, f"{scheme}-x-text") == validation_speakers(table, scheme)


def test_by_text_alone_everybody_is_on_both_sides() -> None:
    table = table_of(4, 6)
    folds, words = make_folds(table, "text"), words_of(table)
    assert [fold.name for fold in folds] == ["text1", "text2", "text3", "text4", "text5"]
    for fold in folds:
        sides = [set(words[side]) for side in (fold.train, fold.valid, fold.test)]
        assert len(sides[0] | sides[1] | sides[2]) == sum(map(len, sides))
        assert speakers_of(table, fold.test) == speakers_of(table, fold.training)
    with pytest.raises(FoldError, match="voices it knows"):
        check_folds(folds, table, [str(name) for name in table.index.get_level_values("id")])


def test_what_shares_nothing_but_words_of_a_script_does_not_train() -> None:
    """IEMOCAP's scenarios differ, and yet one word is said in both: the clip with it leaves the training."""
    table = utterances_table(
        {"speaker": s, "id": f"{s}_{script}_{text}", "path": "x.wav", "label": "ang", "text": text, "script": script}
        for s in ("a", "b", "c")
        for script, text in (("impro01", "Yes."), ("impro01", "I lost it"), ("impro02", "yes"), ("impro02", "We won"))
    )
    words, scripts = words_of(table), table["script"].to_numpy()
    for fold in make_folds(table, "speaker-x-text"):
        assert not set(words[fold.test]) & set(words[fold.training])
        assert not set(scripts[fold.test]) & set(scripts[fold.training])
        assert len(fold.training) == 2


ONES_OWN = {"manifest", "audformat", "parquet"}
"""General readers: the text is known where the user's table has it."""


@pytest.mark.parametrize("name", [name for name in BUILDERS if name not in ONES_OWN])
def test_the_text_is_known_for_every_corpus(name: str, tmp_path: Path) -> None:
    table = corpora.load(name, BUILDERS[name](tmp_path), allow_partial=True, classes=None).utterances
    words = words_of(table)
    assert all(words)
    assert len(set(text_groups(table))) >= 2
    for fold in make_folds(table, "speaker-x-text"):
        assert not set(words[fold.test]) & set(words[fold.training])


def test_sentences_of_one_number_are_held_out_together_in_savee(tmp_path: Path) -> None:
    """Three sentences are said in every emotion, and no name tells which: a01 must not test where d01 trains."""
    corpus = corpora.load("savee", BUILDERS["savee"](tmp_path), allow_partial=True)
    numbers = corpus.utterances["text"].str[-2:].to_numpy()
    for fold in make_folds(corpus.utterances, "speaker-x-text"):
        assert not set(numbers[fold.test]) & set(numbers[fold.training])
    assert set(confounded_labels(corpus.utterances)) == set(corpus.labels)
    assert "the words alone tell" in notes_on_texts(corpus.utterances)[1]


def test_labels_are_confounded_only_where_words_tell_them() -> None:
    assert confounded_labels(table_of(4, 5)) == {}
    said_once = utterances_table(
        {"speaker": "a", "id": f"a{i}", "path": "x.wav", "label": ("ang", "sad")[i % 2], "text": f"t{i}"}
        for i in range(6)
    )
    assert confounded_labels(said_once) == {}


def test_folds_go_through_a_file(tmp_path: Path) -> None:
    table = table_of(4, 4)
    folds = make_folds(table, "speaker-x-text")
    write_folds(tmp_path / "folds.csv", folds, table)
    for one, other in zip(folds, read_folds(tmp_path / "folds.csv", table), strict=True):
        assert one.name == other.name
        for side in ("train", "valid", "test", "aside", "training"):
            assert np.array_equal(getattr(one, side), getattr(other, side)), side


@pytest.mark.parametrize(
    ("texts", "said"), [(["", "b"], "have no text, the first"), (["a", "a"], "has the text 'a'; expected two texts")]
)
def test_a_corpus_without_texts_is_refused(texts: list[str], said: str, tmp_path: Path, capsys: Any) -> None:
    root, rows = tmp_path / "my.csv", six_speakers(tmp_path)
    table = pd.DataFrame(rows, columns=["path", "label", "speaker"])
    table.assign(text=[texts[i % 2] for i in range(len(rows))]).to_csv(root, index=False)
    command = ["--corpus", "manifest", "--root", str(root), "--folds", "speaker-x-text", "--pipelines", "majority"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 2
    assert said in capsys.readouterr().err


class Validating(ClassifierMixin, BaseEstimator):
    """Remembers nothing but refuses to train on a sentence or a speaker that validates."""

    def fit(self, X: pd.DataFrame, y: Any, *, valid: Any = None) -> Validating:
        speakers, texts = X.index.get_level_values("speaker"), X.index.get_level_values("id").str[-1]
        assert not set(speakers[valid]) & set(speakers[~valid])
        assert not set(texts[valid]) & set(texts[~valid])
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


class All(Validating):
    """Chooses nothing on a validation side, so that it learns from all that shares nothing with the test."""

    def fit(self, X: pd.DataFrame, y: Any) -> All:  # type: ignore[override]
        self.classes_, self.n_ = np.unique(y), len(y)
        assert self.n_ == 3 * 4 * 2
        return self


def test_what_chooses_on_a_validation_side_gets_one_that_shares_nothing(tmp_path: Path) -> None:
    root = tmp_path / "my.csv"
    rows = [
        (f"{speaker}_{label}_{text}", speaker, label, f"sentence {text}")
        for speaker in "abcd"
        for label in ("ang", "sad")
        for text in range(5)
    ]
    for seed, row in enumerate(rows):
        sound(tmp_path / f"{row[0]}.wav", seed=seed)
    pd.DataFrame([(f"{row[0]}.wav", *row) for row in rows], columns=["path", "id", "speaker", "label", "text"]).to_csv(
        root, index=False
    )
    corpus = corpora.load("manifest", root)
    run = evaluate(corpus, pipelines=[Validating(), All()], folds="speaker-x-text", jobs=1, reveal=["id"])
    assert run.failed == []
    assert len(run.predictions) == 2 * len(corpus.utterances)
    fold = run.record["folds"]["folds"][0]
    assert (fold["n_train"], fold["n_valid"], fold["n_aside"], fold["n_test"]) == (12, 2, 10, 2)


def test_rows_by_text_are_marked_and_not_ranked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--pipelines", "majority", "--classes", "ang,sad", "--folds", "text", "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "# known speakers" in shown
    assert "folds by text: 2 groups of" in " ".join(shown.split())
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["pipelines"]["majority"]["flags"] == ["guessing", "known speakers"]
    assert "scores best" not in shown
    assert "no sentence is in two subsets" in (tmp_path / "report.html").read_text()


def test_a_learning_curve_does_not_take_folds_whose_speakers_train(tmp_path: Path, capsys: Any) -> None:
    assert learning(["--folds", "text", "--pipelines", "majority", "--out", str(tmp_path)]) == 2
    assert "--folds text: who tests trains too" in capsys.readouterr().err
