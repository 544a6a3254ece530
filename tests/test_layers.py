"""What layers hold: probes find what was planted and no more, on folds that hold out what would make it too easy."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from miniatures import sound

from benchmarks import corpora
from benchmarks.folds.splitters import make_folds
from benchmarks.layers import main
from benchmarks.reporting.plots.layers import layer_points_figure
from benchmarks.studies.layer_targets import Target, questions
from benchmarks.studies.layers import PRETRAINED, RANDOM, answers_of, layer_probes, layers_table, layers_text, plane
from benchmarks.verify import main as verify_command
from features.errors import FoldError, InputError
from features.extractors.table import FeatureTable

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus

WIDTH = 6


def written(folder: Path, *, texts: bool) -> Path:
    """Six speakers say four sentences in two emotions, twice."""
    rows = []
    for seed, (s, t, label, take) in enumerate(
        (s, t, label, take) for s in "abcdef" for t in range(4) for label in ("ang", "sad") for take in range(2)
    ):
        name = f"{s}{t}{label}{take}"
        sound(folder / f"{name}.wav", seed=seed)
        rows.append((name, f"{name}.wav", s, label, f"Sentence {t}." if texts else ""))
    with (folder / "my.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("id", "path", "speaker", "label", "text"), *rows])
    return folder / "my.csv"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("layers"), texts=True)


@pytest.fixture(scope="module")
def corpus(manifest: Path) -> Corpus:
    return corpora.load("manifest", manifest)


def planted(corpus: Corpus, *, seed: int) -> FeatureTable:
    """Layer 0 holds the speaker, layer 1 the emotion, layer 2 the sentence, in noise; deviations hold all of them."""
    rng = np.random.default_rng(seed)
    table = corpus.utterances
    held = [table.index.get_level_values("speaker"), table["label"], table["text"]]
    codes = [pd.factorize(np.asarray(values))[0] for values in held]
    names, columns = [], []
    for layer, code in enumerate(codes):
        columns += [np.eye(WIDTH)[code] + 0.1 * rng.normal(size=(len(table), WIDTH))]
        columns += [np.hstack([np.eye(WIDTH)[other] for other in codes])]
        names += [f"layer{layer}.mean.{k}" for k in range(WIDTH)]
        names += [f"layer{layer}.deviation.{k}" for k in range(3 * WIDTH)]
    return FeatureTable(np.hstack(columns).astype(np.float32), tuple(names), np.zeros(len(table)))


def noise(corpus: Corpus, *, seed: int) -> FeatureTable:
    table = planted(corpus, seed=seed)
    values = np.random.default_rng(seed).normal(size=table.values.shape).astype(np.float32)
    return FeatureTable(values, table.names, table.seconds)


def test_questions_hold_out_what_would_tell_them(corpus: Corpus) -> None:
    table = corpus.utterances
    asked, notes = questions(corpus, make_folds(table, "3"))
    assert [(str(one.target), len(one.classes)) for one in asked] == [("emotion", 2), ("sentence", 4), ("speaker", 6)]
    assert notes == []
    for question in asked:
        assert len(np.concatenate([test for _, test in question.folds])) == len(table)
        for train, test in question.folds:
            assert not set(question.units[train]) & set(question.units[test])
            assert set(question.truth[test]) <= set(question.truth[train])
    assert {question.held_out for question in asked} == {"speakers", "sentences"}


def test_what_is_planted_in_a_layer_is_found_there_and_nowhere_else(corpus: Corpus) -> None:
    asked, _ = questions(corpus, make_folds(corpus.utterances, "3"))
    answers = {
        PRETRAINED: answers_of(asked, [planted(corpus, seed=0)]),
        RANDOM: answers_of(asked, [noise(corpus, seed=1)]),
    }
    table = layers_table(asked, answers)
    pretrained = table[table["weights"] == PRETRAINED].set_index(["target", "layer"])
    where = {"speaker": 0, "emotion": 1, "sentence": 2}
    for (target, layer), row in pretrained.iterrows():
        if where[target] == layer:
            assert row["uar"] == 1, target
            assert row["gain_low"] > 0.2
        else:
            assert row["uar_low"] <= row["chance"], (target, layer)
            assert row["behind_low"] > 0.1
    twins = table[table["weights"] == RANDOM]
    assert (twins["uar_low"] > twins["chance"]).sum() <= 1  # of nine 95 % intervals one may miss
    assert all(len(line) <= 80 for line in layers_text(table).splitlines()[1:])
    said = " ".join(layers_text(table).split())
    assert "emotion: highest at layer 1, 100.0 [61, 100]; below it by more than the paired interval: layers 0, 2." in (
        said
    )
    assert "the interval holds chance at layers 0, 2." in said


def test_without_texts_blocks_of_clips_are_held_out_and_it_is_said(tmp_path: Path) -> None:
    corpus = corpora.load("manifest", written(tmp_path, texts=False))
    asked, notes = questions(corpus, make_folds(corpus.utterances, "speaker"))
    assert [question.target for question in asked] == [Target.EMOTION, Target.SPEAKER]
    assert asked[1].held_out == "blocks of clips"
    assert [len(test) for _, test in asked[1].folds] == pytest.approx([96 / 5] * 5, abs=1.5)
    assert any("sentence is not asked for" in note for note in notes)
    assert any("training may hold the test's sentences" in note for note in notes)


def test_a_sentence_that_one_speaker_says_is_left_out_and_counted(corpus: Corpus) -> None:
    table = corpus.utterances.copy()
    table.loc[table.index.get_level_values("speaker") == "a", "text"] = "Only a says this."
    asked, notes = questions(replace(corpus, utterances=table), make_folds(table, "speaker"))
    sentence = next(question for question in asked if question.target is Target.SENTENCE)
    assert len(sentence.truth) == 80
    assert "sentence: 16 of 96 clips are left out" in " ".join(notes)


def test_the_plane_is_the_same_each_time_and_shows_every_clip(corpus: Corpus) -> None:
    table = planted(corpus, seed=0)
    for projection in ("pca", "tsne"):
        first, named = plane(table, corpus, 1, projection=projection, seed=3)
        pd.testing.assert_frame_equal(first, plane(table, corpus, 1, projection=projection, seed=3)[0])
        assert len(first) == 96
        plot = layer_points_figure(first, axes_named=named)
        assert "coloured by 2 emotions and by 6 speakers" in plot.alt_text
    x = plane(table, corpus, 1, projection="pca", seed=0)[0]
    means = x.groupby("label")["x"].mean()
    assert abs(means["ang"] - means["sad"]) > 2 * x.groupby("label")["x"].std().max()


@pytest.mark.long
def test_the_command_leaves_a_table_a_record_and_a_page(manifest: Path, tmp_path: Path, capsys) -> None:
    small_encoders = pytest.importorskip("small_encoders")
    encoder = small_encoders.save("wav2vec2", tmp_path / "encoder")
    line = ["--corpus", "manifest", "--root", str(manifest), "--folds", "3", "--jobs", "1", "--encoder", str(encoder)]
    assert main([*line, "--out", str(tmp_path / "out")]) == 0
    table = pd.read_csv(tmp_path / "out" / "layers.csv")
    assert len(table) == 2 * 3 * 4
    assert set(table["weights"]) == {PRETRAINED, RANDOM}
    record = json.loads((tmp_path / "out" / "study.json").read_text(encoding="utf-8"))
    assert record["encoder"] == "encoder"
    assert record["projection"]["method"] == "pca"
    assert "benchmarks.layers" in record["command"]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "What does each layer hold?" in page
    assert (tmp_path / "out" / "plots" / "layer-points.svg").is_file()
    assert "emotion: highest at layer" in " ".join(capsys.readouterr().out.split())
    out = tmp_path / "out"
    assert verify_command([str(out), "--rerun", "1"]) == 0
    shown = capsys.readouterr().out
    assert "all computed anew gives the same figures (layer_points.csv, layers.csv)" in shown
    table.assign(uar=table["uar"] + 0.1).to_csv(out / "layers.csv", index=False)
    assert verify_command([str(out), "--rerun", "1"]) == 1
    assert "WRONG rerun: all computed anew gives other figures in layers.csv" in capsys.readouterr().out


def test_what_cannot_be_studied_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(FoldError, match="expected a scheme of speakers"):
        layer_probes(corpus, out=tmp_path, folds="text")
    with pytest.raises(InputError, match="expected pca or tsne"):
        layer_probes(corpus, out=tmp_path, projection="umap")
