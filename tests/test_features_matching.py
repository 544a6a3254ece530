"""Ids of two tables: whole, by stem with one note, or in another spelling when asked."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features import extract
from features.errors import FeatureError
from features.extractors.csv import CsvFeatures
from features.matching import match_ids
from features.tables import read_table

NAMES = st.lists(st.text(st.sampled_from("ab0/. \\#é"), min_size=1, max_size=8), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["clips/a.wav", "clips/b.wav"], ["b", "a"]),
        (["a", "b"], ["/data/x/b.flac", "/data/x/a.flac"]),
        (["s1/01.wav", "s2/01.wav"], ["q/s2/01", "q/s1/01"]),
        (["a.wav", "b.wav"], ["C:\\rec\\b.wav", "C:\\rec\\a.wav"]),
        (["x/a.wav#0.1-0.5", "x/a.wav#0.5-0.9"], ["a#0.5-0.9", "a#0.1-0.5"]),
        (["Zoe\u0308", "b"], ["b", "Zoë"]),
        (["b", "a"], ["a.npy", "b.npy"]),
    ],
)
def test_ids_match_whole_or_by_their_last_parts(wanted: list[str], found: list[str]) -> None:
    assert match_ids(wanted, found).positions == (1, 0)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["s1/01", "s2/01"], ["01", "02"]),
        (["01"], ["s1/01", "s2/01"]),
        (["utt.a"], ["utt.b"]),
        (["007"], ["7"]),
        (["a"], ["ab"]),
        (["a#0-1"], ["a#1-2"]),
    ],
)
def test_what_is_not_told_apart_matches_nothing(wanted: list[str], found: list[str]) -> None:
    assert set(match_ids(wanted, found).positions) == {-1}


@given(NAMES, NAMES)
def test_no_row_stands_for_two_ids_and_equal_ids_always_meet(wanted: list[str], found: list[str]) -> None:
    wanted = list({name.strip(): name for name in wanted}.values())  # two spellings of one id no corpus holds
    found = list(dict.fromkeys(found))
    positions = match_ids(wanted, found, join_names=True).positions
    taken = [position for position in positions if position >= 0]
    by_spelling = {name.strip() for name in found}
    if len(by_spelling) == len(found):
        assert len(taken) == len(set(taken))
        assert all(found[row] == name for name, row in zip(wanted, positions) if name in found)


def _table(path: Path, ids: list[str]) -> Path:
    path.write_text("id,f\n" + "".join(f"{name},{number}\n" for number, name in enumerate(ids)), encoding="utf-8")
    return path


def test_the_error_shows_what_the_file_holds_and_the_other_spelling(tmp_path: Path) -> None:
    file, wanted = _table(tmp_path / "own.csv", ["7", "8"]), pd.DataFrame({"id": ["007", "008"]})
    with pytest.raises(FeatureError, match=r"'007'.*2 of 2.*first id is '7'.*another spelling.*--join-names"):
        CsvFeatures(file).extract(wanted)
    table = CsvFeatures(file, join_names=True).extract(wanted)
    assert table.values.ravel().tolist() == [0.0, 1.0]
    assert table.notes == (f"{file}: 2 ids matched across spellings, the first 007 as 7",)


def test_what_extract_writes_is_found_by_any_form_of_the_path(tmp_path: Path, emodb_root: Path) -> None:
    file = tmp_path / "features.csv"
    assert extract.main([str(emodb_root), str(file), "--groups", "timing", "--no-cache"]) == 0
    stems = [name.rpartition("/")[2] for name in read_table(file).rows["id"]]
    table = CsvFeatures(file).extract(pd.DataFrame({"id": stems}))
    assert len(table) == len(stems) > 10
    assert len(table.notes) == 1
    assert "by stem" in table.notes[0]
