"""What leaky folds are worth: the same pipeline on them and on folds of speakers, on equally many clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import corpora
from benchmarks.audit import main
from benchmarks.folds.drawing import as_many
from benchmarks.folds.fold import Fold, write_folds
from benchmarks.folds.splitters import make_folds
from benchmarks.studies.inflation import inflation, inflation_text
from features.errors import FoldError


def leaky(corpus: corpora.Corpus, n: int = 3) -> tuple[Fold, ...]:
    """Folds that deal utterances out, whoever speaks."""
    turns = np.random.default_rng(0).permutation(len(corpus.utterances)) % n
    return tuple(
        Fold(
            f"f{k}",
            np.flatnonzero((turns != k) & (turns != (k + 1) % n)),
            np.flatnonzero(turns == (k + 1) % n),
            np.flatnonzero(turns == k),
        )
        for k in range(n)
    )


def test_training_sides_have_as_many_of_each_label() -> None:
    corpus = corpora.load("synthetic")
    given, clean = leaky(corpus)[0], make_folds(corpus.utterances, "speaker")[0]
    labels = corpus.utterances["label"].to_numpy()
    pairs = [as_many(given, clean, corpus.utterances, random_state=draw) for draw in range(3)]
    for one, other in pairs:
        assert sorted(labels[one.training]) == sorted(labels[other.training])
        assert set(one.training) <= set(given.training)
        assert set(other.training) <= set(clean.training)
        np.testing.assert_array_equal(one.test, given.test)
    assert set(pairs[0][1].training) != set(pairs[1][1].training)


def test_leaky_folds_are_worth_something_and_clean_ones_nothing() -> None:
    corpus = corpora.load("synthetic")
    leaks = inflation(corpus, leaky(corpus), pipeline="svm@statistics", draws=2, jobs=1)
    assert leaks.difference.estimate > 0.05  # a heard speaker is worth 8 to 12 points there, see docs/protocol.md
    assert leaks.given.estimate > leaks.clean.estimate
    own = inflation(corpus, make_folds(corpus.utterances, "3"), pipeline="logistic@timing", draws=2, jobs=1)
    assert abs(own.difference.estimate) < 0.05
    assert own.difference.low <= 0 <= own.difference.high
    assert "no inflation is shown" in inflation_text(own)


def test_folds_that_cannot_be_measured_are_refused() -> None:
    corpus = corpora.load("synthetic")
    once = leaky(corpus)
    with pytest.raises(FoldError, match="speakers"):
        inflation(corpus, once * 4, draws=1)


def test_the_command_measures_only_with_a_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = corpora.load("synthetic")
    write_folds(tmp_path / "folds.csv", make_folds(corpus.utterances, "2"), corpus.utterances)
    assert main([str(tmp_path / "folds.csv"), "--measure"]) == 2
    assert "--corpus" in capsys.readouterr().err
    given = [str(tmp_path / "folds.csv"), "--corpus", "synthetic", "--measure", "--draws", "1", "--jobs", "1"]
    assert main(given) == 0
    printed = capsys.readouterr().out
    assert "inflation" in printed
    assert max(map(len, printed.splitlines())) <= 80
