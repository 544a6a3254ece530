"""One identity for names: what counts as the same, and how any name is shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.names import alike, joined, normalise, printable, spreadsheet_plain, spreadsheet_safe, two_spellings

ANY_TEXT = st.text(st.characters(), max_size=20)


@pytest.mark.parametrize(
    ("one", "other"),
    [("03", "3"), ("3.0", "3"), ("003", "3.00"), ("Anna", "ANNA"), ("Straße", "STRASSE"), ("S 07", "s_7"),
     ("Ｓ１", "S1"), ("Zoe\u0308", "Zoë"), ("a\u200bb", "ab"), ("00", "0")],
)  # fmt: skip
def test_two_spellings_of_one_name_are_found(one: str, other: str) -> None:
    assert alike(one) == alike(other)
    if normalise(one) != normalise(other):
        assert two_spellings([one, other, other]) == [(other, one)]
        assert joined([one, other, other]) == {one: other}


@pytest.mark.parametrize(
    ("one", "other"),
    [("3", "30"), ("a1", "a10"), ("1.05", "1.5"), ("0", "O"), ("anna", "hanna"), ("10", "100"), ("v1.0", "v1")],
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert alike(one) != alike(other)
    assert two_spellings([one, other]) == []


@given(ANY_TEXT)
def test_normalising_twice_changes_nothing(name: str) -> None:
    once = normalise(name)
    assert normalise(once) == once
    assert alike(alike(name)) == alike(name)


@given(ANY_TEXT)
def test_any_name_can_be_shown(name: str) -> None:
    shown = printable(name)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in shown)


@given(ANY_TEXT)
def test_no_cell_is_a_formula_and_every_cell_comes_back(value: str) -> None:
    safe = spreadsheet_safe(value)
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert spreadsheet_plain(safe) == value
