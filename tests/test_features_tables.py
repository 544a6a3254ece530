"""One reader of CSV files behind every command that takes one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import corpora
from benchmarks.folds.fold import read_folds, write_folds
from benchmarks.folds.splitters import make_folds
from benchmarks.scoring.predictions import read_predictions
from features import CsvFeatures, FeatureExtractor, SerError
from features.errors import CorpusError, FeatureError, InputError
from features.extract import main as extract
from features.tables import read_table
from features.utterances import utterances

ROWS = (
    ("id", "path", "label", "speaker", "start"),
    ("NA", "one.wav", "joy", "01", "0.1"),
    ("007", "two.wav", "rage", "02", ""),
)
FORMS = {
    "semicolons": ("", ";", "\n"),
    "tabs": ("", "\t", "\n"),
    "a byte order mark": ("\ufeff", ",", "\n"),
    "Excel": ("\ufeff", ";", "\r\n"),
    "a comma at each end": ("", ",", ",\n"),
}


@pytest.fixture(params=FORMS)
def manifest(request: pytest.FixtureRequest, tmp_path: Path, emodb_root: Path) -> Path:
    """The same two utterances in a form that some spreadsheet writes."""
    mark, separator, end = FORMS[request.param]
    first, second = sorted((emodb_root / "wav").glob("*.wav"))[:2]
    for name, path in (("one.wav", first), ("two.wav", second)):
        (tmp_path / name).write_bytes(path.read_bytes())
    text = mark + "".join(separator.join(row) + end for row in ROWS)
    decimal = text.replace("0.1", "0,1") if separator == ";" else text
    path = tmp_path / "list.csv"
    path.write_bytes(decimal.encode())
    return path


def test_extract_reads_it(manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert extract([str(manifest), str(tmp_path / "out.csv"), "--groups", "timing", "--no-cache"]) == 0, (
        capsys.readouterr()
    )
    written = pd.read_csv(tmp_path / "out.csv", dtype={"id": str}, keep_default_na=False)
    assert written["id"].tolist() == ["NA", "007"]


def test_predict_reads_it(manifest: Path) -> None:
    table = utterances([], manifest=manifest)
    assert table.index.get_level_values("speaker").tolist() == ["01", "02"]
    np.testing.assert_array_equal(table["start"], [0.1, np.nan])


def test_a_corpus_is_read_from_it(manifest: Path) -> None:
    table = corpora.load("manifest", manifest).utterances
    assert sorted(table.index) == [("01", "NA"), ("02", "007")]
    np.testing.assert_array_equal(table["start"], [0.1, np.nan])


def test_features_by_id_are_read_with_a_decimal_comma(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("\ufeffid;a;b\r\nNA;1,5;\r\n007;2;NA\r\n", encoding="utf-8")
    table = CsvFeatures(path).extract(pd.DataFrame({"id": ["007", "NA"]}))
    np.testing.assert_array_equal(table.values, np.array([[2, np.nan], [1.5, np.nan]], dtype=np.float32))


def test_what_extract_writes_is_read_by_id_again(manifest: Path, tmp_path: Path) -> None:
    extract([str(manifest), str(tmp_path / "out.csv"), "--groups", "timing", "--no-cache"])
    table = corpora.load("manifest", manifest).utterances
    expected = FeatureExtractor("timing").extract(table).values
    np.testing.assert_allclose(CsvFeatures(tmp_path / "out.csv").extract(table).values, expected, rtol=1e-6)


def test_folds_and_predictions_are_read_as_excel_saves_them(tmp_path: Path) -> None:
    index = pd.MultiIndex.from_tuples([(f"s{i}", f"u{i}") for i in range(4)], names=["speaker", "id"])
    table = pd.DataFrame({"label": list("abab"), "session": "", "gender": "female"}, index=index)
    folds, path = make_folds(table, "2"), tmp_path / "folds.csv"
    write_folds(path, folds, table)
    path.write_text("\ufeff" + path.read_text().replace(",", ";"), encoding="utf-8")
    assert [fold.test.tolist() for fold in read_folds(path, table)] == [fold.test.tolist() for fold in folds]
    path = tmp_path / "predictions.csv"
    path.write_text(
        "pipeline;seed;fold;utterance;speaker;truth;prediction;p_NA;p_joy\nsvm;0;1;NA;01;NA;joy;0,25;0,75\n",
        "utf-8-sig",
    )
    row = read_predictions(path).iloc[0]
    assert (row["utterance"], row["truth"], row["p_joy"], row["seed"]) == ("NA", "NA", 0.75, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"a,b\n1,2\n\n3\n", "line 4 has 1 cells, the first line 2"),
        (b'a,b\n"1\n2",3\n4,5,6\n', "line 4 has 3 cells, the first line 2"),
        (b"a,b, a\n1,2,3\n", "two columns are called 'a'"),
        (b"b,c\n1,2\n", "has no column a .found b, c."),
        (b"a,b\n1,2\nM\xfcller,3\n", "line 3 is in another encoding"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b'a,b\n1,"2\n', "line 2: unexpected end of data"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_table(tmp_path / "t.csv", required=("a",))
    assert "\n" not in str(caught.value)
    assert "t.csv" in str(caught.value)


@pytest.mark.parametrize("text", ["NA", "nan", "None", "007", "1e5", "", "1,5"])
def test_a_text_stays_what_it_is(text: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f'id;x\n"{text}";1\n')
    assert read_table(tmp_path / "t.csv").rows["id"].tolist() == [text]


def test_a_number_that_is_none_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n1,a\n\nNaN,b\n,c\n1_0,d\n")
    table = read_table(tmp_path / "t.csv", error=FeatureError)
    with pytest.raises(FeatureError, match="line 6: x is '1_0'"):
        table.numbers("x")


def test_ids_are_made_of_whatever_times_there_are(tmp_path: Path, emodb_root: Path) -> None:
    (tmp_path / "a.wav").write_bytes(next((emodb_root / "wav").glob("*.wav")).read_bytes())
    (tmp_path / "t.csv").write_text("path,label,speaker,start\na.wav,joy,x,0\na.wav,rage,x,0.5\n")
    try:
        table = corpora.load("manifest", tmp_path / "t.csv").utterances
    except SerError as error:
        pytest.fail(str(error))
    assert table.index.get_level_values("id").tolist() == ["a.wav#0", "a.wav#0.5"]


def test_a_missing_name_is_told_with_its_line_and_utterance(tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    path.write_text("path,label,speaker\na.wav,ang,1\nb.wav,,1\nc.wav,sad,1\nd.wav,,2\n")
    with pytest.raises(
        CorpusError, match=r"line 3: no label; .*correct the line of utterance 'b\.wav', and line 5 too"
    ):
        corpora.load("manifest", path)
