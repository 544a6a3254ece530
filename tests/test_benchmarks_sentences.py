"""What knowing the sentence is worth: equally many clips, the same test, and a gain where there is one."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from miniatures import sound

from benchmarks import corpora
from benchmarks.folds.fold import speakers_of
from benchmarks.folds.splitters import make_folds
from benchmarks.folds.texts import words_of
from benchmarks.sentences import main
from benchmarks.studies.sentences import as_few


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four speakers say four sentences twice; the sentence tells the label, and nothing else does."""
    folder = tmp_path_factory.mktemp("sentences")
    names = [(s, t, take) for s in "abcd" for t in range(4) for take in range(2)]
    rng = np.random.default_rng(0)
    rows, words, noise = [], [], []
    for seed, (speaker, text, take) in enumerate(names):
        name = f"{speaker}{text}{take}"
        sound(folder / f"{name}.wav", seed=seed)
        rows.append((name, f"{name}.wav", speaker, ("ang", "sad")[text % 2], f"Sentence {text}."))
        words.append((name, *(int(text == other) for other in range(4))))
        noise.append((name, *rng.normal(size=3).round(3)))
    for path, head, lines in (
        ("my.csv", ("id", "path", "speaker", "label", "text"), rows),
        ("words.csv", ("id", *"wxyz"), words),
        ("noise.csv", ("id", *"xyz"), noise),
    ):
        with (folder / path).open("w", newline="") as file:
            csv.writer(file).writerows([head, *lines])
    return folder


def test_as_few_clips_have_the_same_speakers_and_labels_and_the_same_test(own: Path) -> None:
    table = corpora.load("manifest", own / "my.csv").utterances
    words, shared = words_of(table), 0
    for fold in make_folds(table, "speaker-x-text"):
        few = as_few(fold, table, random_state=0)
        assert np.array_equal(few.test, fold.test)
        for subset in ("train", "valid", "aside", "training"):
            counts = [
                table.iloc[getattr(one, subset)].groupby(["speaker", "label"]).size().to_dict() for one in (fold, few)
            ]
            assert counts[0] == counts[1], subset
        assert len(set(few.training)) == len(few.training)
        assert not set(speakers_of(table, few.test)) & set(speakers_of(table, few.training))
        shared += len(set(words[few.test]) & set(words[few.training]))
    assert shared > 5


def test_what_only_the_words_tell_is_lost_with_the_sentence(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = own / "study"
    line = ["--corpus", "manifest", "--root", str(own / "my.csv"), "--folds", "speaker", "--jobs", "1", "--draws", "1"]
    pipelines = ["--pipelines", f"logistic@{own / 'words.csv'}", f"logistic@{own / 'noise.csv'}"]
    assert main([*line, *pipelines, "--out", str(out)]) == 0
    worth = pd.read_csv(out / "sentences.csv").set_index(["pipeline", "sentences"])
    words, noise = (f"logistic@{own / name}" for name in ("words.csv", "noise.csv"))
    assert worth.loc[(words, "known"), "uar"] == 1
    assert worth.loc[(words, "known, as few clips"), "gain_low"] > 0.2
    assert worth.loc[(words, "unknown"), "uar"] <= 0.5
    row = worth.loc[(noise, "known, as few clips")]
    assert row["gain_low"] < 0 < row["gain_high"]
    assert worth.loc[(noise, "known, as few clips"), "clips"] == worth.loc[(noise, "unknown"), "clips"] == 18
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines if str(own) not in line)  # a path of no spaces may be longer
    shown = " ".join(lines)
    assert "said by others, is worth +" in shown
    assert "it may be worth nothing" in shown
    assert "labels confounded with the text: ang (100%), sad (100%)" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--folds", "text"], "expected a scheme of speakers"),
        (["--folds", "speaker-x-text"], "expected a scheme of speakers"),
        (["--draws", "0"], "--draws 0: expected 1 or more"),
        (["--pipelines", "logistic@timing:enrol-3"], "expected :global or :speaker"),
        (["--pipelines", "logistic@encoder"], "no encoder given"),
    ],
)
def test_what_cannot_be_studied_is_refused(
    arguments: list[str], said: str, own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--corpus", "manifest", "--root", str(own / "my.csv"), *arguments, "--out", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err
