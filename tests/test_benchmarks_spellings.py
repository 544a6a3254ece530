"""One identity for names in folds files, predictions, ids and paths: refused, or joined when asked."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pandas as pd
import pytest
from miniatures import table_rows

from benchmarks import corpora
from benchmarks.compare import main as compare_main
from benchmarks.folds.fold import read_folds, read_folds_with_notes
from features.errors import CorpusError, FoldError


def _predictions(path: Path, speakers: tuple[str, ...] = ("01", "02", "03"), **changes: str) -> Path:
    rows = ["pipeline,seed,fold,utterance,speaker,truth,prediction"]
    for speaker in speakers:
        for number, label in enumerate(("ang", "sad", "ang", "sad")):
            guess = ("ang", "sad")[(number + len(rows)) % 3 == 0]
            names = (f"{speaker}{number:02d}", speaker, label, guess)
            rows.append(f"{path.stem},0,{speaker}," + ",".join(changes.get(name, name) for name in names))
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"0101": "nan"}, r"line 3: utterance is 'nan'"),
        ({"sad": "None"}, r"line \d: (truth|prediction) is 'None'"),
        ({"01": ""}, r"line 2: no speaker"),
    ],
)
def test_predictions_without_a_name_are_refused_with_their_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, str], told: str
) -> None:
    path = _predictions(tmp_path / "a.csv", **changes)
    assert compare_main([str(path), str(path)]) == 2
    assert re.search(told, capsys.readouterr().err)


def test_predictions_in_two_spellings_are_refused_or_joined(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _predictions(tmp_path / "a.csv")
    text = path.read_text()
    path.write_text(text.replace(",ang\n", ",ANG\n", 1))
    other = _predictions(tmp_path / "b.csv")
    assert compare_main([str(path), str(other)]) == 2
    error = capsys.readouterr().err
    assert "one label in 2 spellings: 'ang'" in error
    assert "'ANG' (1 times)" in error
    assert "--join-names" in error
    assert compare_main([str(path), str(other), "--join-names"]) == 0
    assert "ANG" not in " ".join(capsys.readouterr().out.split())


def test_leading_zeros_that_pandas_drops_are_found_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _predictions(tmp_path / "a.csv")
    dropped = tmp_path / "b.csv"
    pd.read_csv(path).assign(pipeline="b").to_csv(dropped, index=False)
    assert compare_main([str(path), str(dropped)]) == 2
    assert "12 of them differ in their spelling only" in capsys.readouterr().err
    assert compare_main([str(path), str(dropped), "--join-names"]) == 0
    assert "12 ids matched across spellings, the first 0100 as 100" in " ".join(capsys.readouterr().out.split())


def test_predictions_of_another_tool_may_name_utterances_by_their_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _predictions(tmp_path / "a.csv")
    files = _predictions(
        tmp_path / "b.csv", **{f"{s}{n:02d}": f"wav/{s}{n:02d}.wav" for s in ("01", "02", "03") for n in range(4)}
    )
    assert compare_main([str(path), str(files)]) == 0
    assert capsys.readouterr().out.count("12 ids matched by stem") == 1


def _folds(path: Path, names: dict[str, str], folds: dict[str, str]) -> Path:
    ids = ("s1/a", "s1/b", "s2/a", "s2/b", "s3/a", "s3/b")
    rows = ["fold,utterance,side"]
    for number, test in enumerate(("s1", "s2", "s3")):
        for i, name in enumerate(ids):
            side = "test" if name.startswith(test) else "valid" if name[1] == str((number + 1) % 3 + 1) else "train"
            fold = folds.get(test, test) if i % 2 else test
            rows.append(f"{fold},{names.get(name, name)},{side}")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


FOLDED = pd.DataFrame(
    index=pd.MultiIndex.from_tuples(
        [(s, f"{s}/{n}") for s in ("s1", "s2", "s3") for n in "ab"], names=["speaker", "id"]
    )
)


def test_folds_match_by_stem_with_one_note(tmp_path: Path) -> None:
    path = _folds(tmp_path / "folds.csv", {f"s{k}/{n}": f"/data/s{k}/{n}.wav" for k in (1, 2, 3) for n in "ab"}, {})
    folds, notes = read_folds_with_notes(path, FOLDED)
    assert [fold.test.tolist() for fold in folds] == [[0, 1], [2, 3], [4, 5]]
    assert notes == (f"{path}: 6 ids matched by stem, the first s1/a as /data/s1/a.wav",)


@pytest.mark.parametrize(("names", "folds"), [({"s1/a": "S1/A"}, {}), ({"s2/b": "s02/b"}, {}), ({}, {"s1": "S01"})])
def test_folds_in_another_spelling_are_refused_or_joined(
    tmp_path: Path, names: dict[str, str], folds: dict[str, str]
) -> None:
    path = _folds(tmp_path / "folds.csv", names, folds)
    with pytest.raises(FoldError, match="spelling.*--join-names"):
        read_folds(path, FOLDED)
    assert [fold.test.tolist() for fold in read_folds(path, FOLDED, join_names=True)] == [[0, 1], [2, 3], [4, 5]]


@pytest.mark.parametrize("name", ["nan", "None", ""])
def test_folds_without_an_utterance_are_refused_with_the_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(FoldError, match=r"line 3: (utterance is '|no utterance)"):
        read_folds(_folds(tmp_path / "folds.csv", {"s1/b": name}, {}), FOLDED)


def _manifest(folder: Path, ids: dict[int, str]) -> Path:
    rows = table_rows(folder, 4)
    table = pd.DataFrame([{**row, "id": ids.get(i, f"u{i}")} for i, row in enumerate(rows)])
    table.to_csv(folder / "my.csv", index=False)
    return folder / "my.csv"


def test_ids_in_two_spellings_are_refused_or_kept_apart(tmp_path: Path) -> None:
    root = _manifest(tmp_path, {0: "03", 1: "3"})
    with pytest.raises(CorpusError, match="one id in 2 spellings: '03'.*'3'.*keep them apart with --join-names"):
        corpora.load("manifest", root)
    assert {"03", "3"} <= set(corpora.load("manifest", root, join_names=True).utterances.index.get_level_values("id"))


def test_an_id_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="id 'nan'"):
        corpora.load("manifest", _manifest(tmp_path, {0: "nan"}))


def test_a_path_is_found_as_the_disk_spells_it(tmp_path: Path) -> None:
    root = _manifest(tmp_path, {})
    table = pd.read_csv(root)
    old = tmp_path / table["path"][0]
    old.rename(old.with_name(unicodedata.normalize("NFD", "Zoë.wav")))
    table.loc[0, "path"] = str(Path(table["path"][0]).with_name("Zoë.wav"))
    table.to_csv(root, index=False)
    assert len(corpora.load("manifest", root).utterances) == len(table)
    table.loc[0, "path"] = str(Path(table["path"][0]).with_name("ZOË.wav"))
    table.to_csv(root, index=False)
    with pytest.raises(CorpusError, match="looks like another spelling"):
        corpora.load("manifest", root)
