"""Training one to keep: any pipeline, one command, a card that says what was measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from doc_stand_ins import own_corpus

import classical
from benchmarks import corpora
from benchmarks.evaluation.final_model import train
from benchmarks.folds.splitters import make_folds, validation_speakers
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
        ("--pipeline svm@encoder --layer two --out {tmp}/m.skops", "--layer two: expected a number, auto or all"),
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


@pytest.mark.parametrize("folds", ["speaker", "session"])
def test_a_kept_deep_model_chooses_its_epoch_by_the_rule_of_the_folds(
    folds: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the speakers that `validation_speakers` names under `--folds`, and not on a share of all clips."""
    pytest.importorskip("speechbrain")
    import deep

    class Seen(Exception):
        pass

    seen: dict[str, np.ndarray] = {}

    def fit(classifier: object, X: pd.DataFrame, y: np.ndarray, *, valid: np.ndarray | None = None) -> None:
        seen["speakers"] = X.index.get_level_values("speaker")[valid]
        raise Seen

    monkeypatch.setattr(deep.FineTunedClassifier, "fit", fit)
    with pytest.raises(Seen):
        main(["--pipeline", "wav2vec2-tiny", "--folds", folds, "--no-scores", "--out", str(tmp_path / "model")])
    table = corpora.load("synthetic").utterances
    rule = validation_speakers(table, folds)
    assert sorted(set(seen["speakers"])) == rule
    first = make_folds(table, folds)[0]
    assert rule == sorted(set(table.index.get_level_values("speaker")[first.test]))


def test_a_seed_reaches_an_encoder_that_starts_at_random(tmp_path: Path) -> None:
    pytest.importorskip("speechbrain")
    import small_encoders

    encoder = small_encoders.save("wav2vec2", tmp_path / "encoder")
    own_corpus(tmp_path / "my.csv")
    line = ["--corpus", "manifest", "--root", str(tmp_path / "my.csv"), "--pipeline", f"logistic@{encoder}~random"]
    found = []
    for seed in ("0", "3"):
        out = tmp_path / f"{seed}.skops"
        assert main([*line, "--seed", seed, "--no-scores", "--jobs", "1", "--out", str(out)]) == 0
        model = classical.load(out)
        assert model.pipeline.features.random_state == int(seed)
        found.append(model.pipeline.standardise([tmp_path / "clips" / "anna_01.wav"]))
    assert found[0].shape != found[1].shape or abs(found[0] - found[1]).max() > 1e-3
