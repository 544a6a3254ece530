"""Training one to keep: any pipeline, one command, a card that says what was measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import classical
from benchmarks import corpora
from benchmarks.evaluation.final_model import train
from benchmarks.train import main
from features.errors import PipelineError


def test_a_kept_model_answers_as_it_was_trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "model.skops"
    assert main(["--pipeline", "svm@pitch,energy", "--out", str(out), "--results", str(tmp_path / "results")]) == 0
    shown = capsys.readouterr()
    assert str(out) in shown.out
    assert "5 folds (session), speakers held out" in shown.out
    model = classical.load(out)
    corpus = corpora.load("synthetic")
    paths = corpus.utterances["path"].tolist()[:24]
    answers = model.predict(paths)
    assert np.mean(answers == corpus.utterances["label"].to_numpy()[:24]) > 0.5
    assert model.metadata["fingerprint"] == corpus.fingerprint
    assert 0.25 < model.metadata["scores"]["uar"] < 1
    card = out.with_suffix(".md").read_text()
    assert "session" in card
    assert "synthetic" in card


def test_a_fusion_is_kept_whole(tmp_path: Path) -> None:
    corpus = corpora.load("synthetic")
    saved = train(corpus, "svm@pitch+logistic@energy", tmp_path / "both.skops")
    assert set(saved.best_params["weights"]) == {"svm@pitch", "logistic@energy"}
    chances = classical.load(saved.path).predict_proba(corpus.utterances["path"].tolist()[:5])
    assert np.allclose(chances.sum(axis=1), 1)


def test_a_deep_model_is_kept_as_a_folder(tmp_path: Path) -> None:
    import deep

    out = tmp_path / "model"
    assert main(["--pipeline", "wav2vec2-tiny", "--epochs", "1", "--no-scores", "--out", str(out)]) == 0
    assert (out / "README.md").exists()
    path = corpora.load("synthetic").utterances["path"].iloc[0]
    chances = deep.load(out).predict_proba([path])
    assert chances.shape == (1, 4)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--pipeline svn --out {tmp}/m.skops", "unknown pipeline 'svn'"),
        ("--pipeline svm@energy --out {tmp}/m.pkl --no-scores", ".skops"),
        ("--pipeline wav2vec2 --encoder {tmp}/none --out {tmp}/m --no-scores", "cannot be trained here"),
        ("--pipeline svm@encoder --layer two --out {tmp}/m.skops", "--layer two: expected a number or auto"),
    ],
)
def test_what_a_user_gets_wrong(line: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word.format(tmp=tmp_path) for word in line.split()]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert words in error


def test_a_pipeline_that_is_not_here_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="svm@encoder.* cannot be trained here: no encoder given"):
        train(corpora.load("synthetic"), "svm@encoder", tmp_path / "m.skops")
