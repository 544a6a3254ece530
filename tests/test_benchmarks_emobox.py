"""Folds that EmoBox published, and folds without a subset that validates."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import corpora
from benchmarks.folds.fold import read_folds, read_folds_with_notes, speakers_of
from benchmarks.folds.leakage import check_folds
from features.errors import FoldError


def test_the_folds_of_ravdess_share_no_speaker(published_folds: Path, ravdess_root: Path) -> None:
    table = corpora.load("ravdess", ravdess_root).utterances
    folds, notes = read_folds_with_notes(published_folds / "emobox" / "ravdess", table)
    assert [fold.name for fold in folds] == [f"fold_{number}" for number in range(1, 7)]
    assert speakers_of(table, folds[0].test) == ["01", "11", "20", "21"]
    assert np.array_equal(np.sort(np.concatenate([fold.test for fold in folds])), np.arange(1440))
    assert all(len(fold.training) == 1200 and len(fold.test) == 240 for fold in folds)
    for fold, following in zip(folds, [*folds[1:], folds[0]]):
        assert speakers_of(table, fold.valid) == speakers_of(table, following.test)
    assert any("6 of 6 folds have no subset valid" in note for note in notes)
    check_folds(folds, table, [str(number) for number in range(len(table))])


def test_the_folds_of_emodb_share_speakers_and_are_refused(published_folds: Path, emodb_root: Path) -> None:
    table = corpora.load("emodb", emodb_root).utterances
    folds = read_folds(published_folds / "emobox" / "emodb", table)
    assert len(folds) == 5
    with pytest.raises(FoldError, match="stands on the training side and in test"):
        check_folds(folds, table, [str(number) for number in range(len(table))])


@pytest.fixture
def table() -> pd.DataFrame:
    names = [(speaker, f"{speaker}{clip}") for speaker in "abcd" for clip in range(2)]
    index = pd.MultiIndex.from_tuples(names, names=["speaker", "id"])
    return pd.DataFrame({"label": ["ang", "sad"] * 4, "gender": "", "session": ""}, index=index)


def write(folder: Path, table: pd.DataFrame, *, change: Callable[[str], str] = str) -> Path:
    for number, tests in enumerate("abcd", start=1):
        for side in ("train", "test"):
            path = folder / f"fold_{number}" / f"mine_{side}_fold_{number}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            names = [name for speaker, name in table.index if (speaker == tests) == (side == "test")]
            lines = [json.dumps({"key": f"mine-{name}", "wav": f"sound/x/{name}.wav", "emo": "?"}) for name in names]
            path.write_text(change("\n".join(lines)))
    return folder


def test_folds_of_ones_own_in_that_form(tmp_path: Path, table: pd.DataFrame) -> None:
    folds = read_folds(write(tmp_path, table), table)
    assert [speakers_of(table, fold.test) for fold in folds] == [["a"], ["b"], ["c"], ["d"]]
    assert [speakers_of(table, fold.valid) for fold in folds] == [["b"], ["c"], ["d"], ["a"]]
    check_folds(folds, table, [str(number) for number in range(len(table))])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace('"wav"', '"path"'), "line 1: not a JSON object with wav"),
        (lambda text: text.replace("{", ""), "line 1: not a JSON object"),
        (lambda text: text.replace("sound/x/a0.wav", ""), "wav is ''"),
        (lambda text: text.replace("a1.wav", "z9.wav"), "'z9' .*is not in the corpus"),
        (lambda text: text.replace("b1.wav", "b0.wav"), "'b0' stands twice"),
    ],
)
def test_damaged_folds_are_refused_in_a_line(
    change: Callable[[str], str], message: str, tmp_path: Path, table: pd.DataFrame
) -> None:
    with pytest.raises(FoldError, match=message) as caught:
        read_folds(write(tmp_path, table, change=change), table)
    assert "\n" not in str(caught.value)


def test_a_folder_without_folds_is_refused(tmp_path: Path, table: pd.DataFrame) -> None:
    with pytest.raises(FoldError, match="holds no folds: expected files such as fold_1/"):
        read_folds(tmp_path, table)


def test_a_csv_without_a_subset_that_validates(tmp_path: Path, table: pd.DataFrame) -> None:
    rows = [f"one,{name},{'test' if speaker == 'a' else 'train'}" for speaker, name in table.index]
    path = tmp_path / "folds.csv"
    path.write_text("\n".join(["fold,utterance,side", *rows]))
    folds, notes = read_folds_with_notes(path, table)
    assert speakers_of(table, folds[0].valid) == ["b"]
    assert "1 of 1 folds have no subset valid" in notes[0]
