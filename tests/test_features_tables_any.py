"""Tables and label files made of anything: read whole, or refused in words."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.corpora.iemocap import LABELS, read_labels
from features.errors import CorpusError, SerError
from features.names import spreadsheet_safe, storable
from features.tables import for_spreadsheets, read_table

CELL = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
NAMES = st.lists(st.text("abcäé 愤=@-+'", min_size=1, max_size=6).map(str.strip), min_size=2, max_size=4, unique=True)
LINE = st.text("[]0123456789.-, \tSes01F_improMneuxyz%:\n\r\x85\u0663", max_size=80)


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@settings(max_examples=60, deadline=None)
@given(
    names=NAMES.filter(lambda names: all(names)), data=st.data(), separator=st.sampled_from(",;\t"), bom=st.booleans()
)
def test_a_table_comes_back_whatever_separates_its_cells(folder, names, data, separator, bom) -> None:
    rows = data.draw(st.lists(st.lists(CELL, min_size=len(names), max_size=len(names)), min_size=1, max_size=4))
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerow(map(spreadsheet_safe, names))
    writer.writerows([spreadsheet_safe(cell.strip()) for cell in row] for row in rows)
    path = folder / "table.csv"
    path.write_bytes(stream.getvalue().encode("utf-8-sig" if bom else "utf-8"))
    expected = [[cell.strip() for cell in row] for row in rows if any(map(str.strip, row))]
    if names in expected:
        return
    table = read_table(path)
    assert list(table.rows.columns) == names
    assert table.rows.to_numpy().tolist() == expected


@settings(max_examples=60, deadline=None)
@given(values=st.lists(CELL, min_size=1, max_size=5))
def test_what_is_written_for_spreadsheets_comes_back(folder, values) -> None:
    path = folder / "safe.csv"
    values = [storable(value.strip()) for value in values]
    table = pd.DataFrame({"id": pd.Series(values, dtype=object), "x": [-1.0] * len(values)})
    for_spreadsheets(table).to_csv(path, index=False, lineterminator="\n")
    assert read_table(path).rows["id"].tolist() == values


@settings(max_examples=80, deadline=None)
@given(content=st.binary(max_size=120))
def test_bytes_of_any_kind_are_read_or_refused_in_words(folder, content) -> None:
    path = folder / "bytes.csv"
    path.write_bytes(content)
    try:
        read_table(path)
    except SerError as error:
        refused = str(error)
    else:
        refused = str(path)
    assert str(path) in refused


@settings(max_examples=120, deadline=None)
@given(lines=st.lists(LINE, max_size=4))
def test_label_files_of_any_kind_are_read_or_refused_in_words(folder, lines) -> None:
    path = folder / "Ses01F_impro01.txt"
    path.write_text("\n".join(lines), encoding="utf-8", newline="")
    try:
        turns, refused = list(read_labels(path)), str(path)
    except CorpusError as error:
        turns, refused = [], str(error)
    assert str(path) in refused
    assert all(turn.label in LABELS and turn.speaker.startswith("Ses0") for turn in turns)
