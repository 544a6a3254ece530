"""What of the test was trained on: the study's figures are those that scikit-learn gives by hand."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold

from benchmarks import corpora, make_folds
from benchmarks.studies.known_clips import (
    CLIPS,
    KINDS,
    MOST,
    NEITHER,
    SPEAKERS,
    known_clips,
    known_clips_sentences,
    known_clips_table,
)
from classical import build
from features import FeatureCache, FeatureExtractor
from features.errors import FoldError

PIPELINE, FOLDS = "logistic@energy", 2


@pytest.fixture(scope="module")
def corpus() -> corpora.Corpus:
    """Four of the ten speakers."""
    whole = corpora.load("synthetic")
    return replace(whole, utterances=whole.utterances.loc[list(whole.speakers[:4])])


def by_hand(corpus: corpora.Corpus) -> dict[str, float]:
    """UAR of each kind, from as many trainings as the study makes, without its folds, harness and scores."""
    table = corpus.utterances
    sound, truth = table[["path", "start", "end"]], table["label"].to_numpy()

    def answers(train: np.ndarray) -> np.ndarray:
        features = FeatureExtractor("energy", cache=FeatureCache())
        return build("logistic", features=features).fit(sound.iloc[train], truth[train]).predict(sound)

    shuffled = [train for train, _ in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(truth, truth)]
    told = [answers(train) for train in shuffled]
    trained = np.isin(np.arange(len(table)), shuffled[0])
    apart = {fold.name: (fold.test, answers(fold.training)[fold.test]) for fold in make_folds(table, str(FOLDS))}
    order = np.concatenate([test for test, _ in apart.values()])
    return {
        CLIPS: balanced_accuracy_score(truth, np.where(trained, told[0], told[1])),
        MOST: float(np.mean([balanced_accuracy_score(truth, found) for found in told])),
        SPEAKERS: balanced_accuracy_score(truth, np.where(trained, told[1], told[0])),
        NEITHER: balanced_accuracy_score(truth[order], np.concatenate([found for _, found in apart.values()])),
    }


def test_the_three_leaks_are_what_scikit_learn_gives_by_hand(corpus: corpora.Corpus) -> None:
    found = known_clips(corpus, pipeline=PIPELINE, folds=FOLDS, draws=1, jobs=1, cache=FeatureCache())
    expected = by_hand(corpus)
    assert {kind: score.estimate for kind, score in found.scores.items()} == pytest.approx(expected, abs=1e-9)
    for kind in KINDS[:-1]:
        assert found.gains[kind].estimate == pytest.approx(expected[kind] - expected[NEITHER], abs=1e-9)
    assert found.scores[CLIPS].estimate > found.scores[SPEAKERS].estimate
    rows = known_clips_table(found).rows
    assert [row["trained"] for row in rows] == list(KINDS)
    for sentence, kind in zip(known_clips_sentences(found), KINDS):
        gain = found.gains[kind]
        assert ("no gain is shown" in sentence) == (gain.low <= 0 <= gain.high)


def test_what_cannot_be_measured_is_refused(corpus: corpora.Corpus) -> None:
    with pytest.raises(FoldError, match="speakers"):
        known_clips(corpus, folds=11)
    with pytest.raises(FoldError, match="0 draws"):
        known_clips(corpus, draws=0)
    labels = corpus.utterances["label"]
    rare = replace(corpus, utterances=corpus.utterances[(labels != "sad") | ~labels.duplicated()])
    with pytest.raises(FoldError, match="1 utterances are sad"):
        known_clips(rare, pipeline="majority", folds=3)


def printed(first: str) -> list[str]:
    """The cells of the row of a table in the course's page whose first cell is given."""
    page = (Path(__file__).resolve().parent.parent / "docs" / "course.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if re.match(rf"\| {first} \| [+\d]", line)]
    return [cell.strip().replace("−", "-") for cell in row.strip("|").split("|")]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
def test_the_page_prints_what_the_embedded_corpora_gave(seed: int) -> None:
    found = known_clips(corpora.load("synthetic", seed=seed), pipeline="svm@statistics", draws=5, cache=FeatureCache())
    assert [row["ahead"] for row in known_clips_table(found).rows[:-1]] == printed(str(seed))[1:]


@pytest.mark.long
def test_on_emodb_the_clips_are_worth_more_than_the_speakers_and_those_more_than_nothing(emodb_root: Path) -> None:
    found = known_clips(corpora.load("emodb", emodb_root), pipeline="svm@statistics", cache=FeatureCache())
    for row in known_clips_table(found).rows:
        assert list(row.values()) == printed(row["trained"])
    assert found.gains[CLIPS].low > 0 < found.gains[SPEAKERS].low
    assert found.scores[CLIPS].estimate > found.scores[MOST].estimate > found.scores[SPEAKERS].estimate
