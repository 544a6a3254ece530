"""One person in two spellings stands in training and in test; a run refuses that, or joins them when asked."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pandas as pd
import pytest
from miniatures import table_rows

from benchmarks import corpora, run
from features.errors import CorpusError


def manifest(folder: Path, spellings: tuple[str, str], *, column: str = "speaker") -> Path:
    """A table of six speakers and two labels in which one name takes turns between two spellings."""
    rows = table_rows(folder, 6)
    old = rows[0][column]
    for number, row in enumerate(row for row in rows if row[column] == old):
        row[column] = spellings[number % 2]
    pd.DataFrame(rows).to_csv(folder / "my.csv", index=False)
    return folder / "my.csv"


@pytest.mark.parametrize(
    "spellings",
    [
        ("03", "3"),
        ("3", "3.0"),
        ("Anna", "ANNA"),
        ("An\u00a0na", "An na"),
        ("\uff21\uff11", "A1"),
        ("Anna  B", "Anna B"),
    ],
)
@pytest.mark.parametrize("column", ["speaker", "label"])
def test_a_run_refuses_two_spellings_and_names_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], spellings: tuple[str, str], column: str
) -> None:
    root = manifest(tmp_path, spellings, column=column)
    line = ["--corpus", "manifest", "--root", str(root), "--pipelines", "majority", "--folds", "3", "--jobs", "1"]
    assert run.main([*line, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "--join-names" in said
    assert column in said
    assert all(spelling.replace("\u00a0", " ") in said.replace("\u00a0", " ") for spelling in spellings)


def test_joined_names_are_one_speaker_and_a_note_says_so(tmp_path: Path) -> None:
    corpus = corpora.load("manifest", manifest(tmp_path, ("03", "3")), join_names=True)
    assert len(corpus.speakers) == 6
    assert "03" in corpus.speakers
    assert corpus.notes == ("speakers joined: 3 as 03",)


@pytest.mark.parametrize("spellings", [("Zo\u00eb", unicodedata.normalize("NFD", "Zo\u00eb")), ("Anna", "Anna ")])
def test_composed_and_trimmed_names_are_the_same_name(tmp_path: Path, spellings: tuple[str, str]) -> None:
    assert len(corpora.load("manifest", manifest(tmp_path, spellings)).speakers) == 6


@pytest.mark.parametrize("column", ["speaker", "label"])
@pytest.mark.parametrize("name", ["nan", "None", "NaT", "<NA>", "null"])
def test_what_tools_write_for_nothing_is_no_name(tmp_path: Path, column: str, name: str) -> None:
    with pytest.raises(CorpusError, match=f"{column} '{name}'.*missing"):
        corpora.load("manifest", manifest(tmp_path, (name, name), column=column))


def test_names_that_merely_resemble_one_another_stay_apart(tmp_path: Path) -> None:
    assert len(corpora.load("manifest", manifest(tmp_path, ("1", "10"))).speakers) == 7


def test_two_labels_can_be_joined_by_hand(tmp_path: Path) -> None:
    root = manifest(tmp_path, ("ang", "ANG"), column="label")
    assert corpora.load("manifest", root, mapping={"ANG": "ang"}).labels == ("ang", "sad")
