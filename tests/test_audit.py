"""The audit: every kind of fault found in every form of folds, clean folds without findings, published folds judged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fold_forms import DIFFERENT, FORMS, Row, clips, sides, write_corpus, write_sounds, write_table

from benchmarks.audit import main

Capture = pytest.CaptureFixture[str]
Changed = tuple[list[Row], list[Row]]
WITHOUT_VALIDATION = {"predictions"}


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sounds(tmp_path_factory.mktemp("sounds"))


def findings_of(capsys: Capture, *line: str) -> tuple[int, list[dict[str, Any]]]:
    status = main([*line, "--json"])
    shown = capsys.readouterr()
    assert shown.err == ""
    found = json.loads(shown.out)
    assert all(item["schema"] == 1 for item in found)
    return status, found


def serious(found: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(item["kind"], item["severity"]) for item in found if item["severity"] != "note"}


@pytest.mark.parametrize("form", FORMS)
def test_a_clean_set_has_no_findings(form: str, tmp_path: Path, sounds: Path, capsys: Capture) -> None:
    corpus = write_corpus(tmp_path, clips(), sounds)
    folds = FORMS[form](tmp_path, sides(clips()))
    status, found = findings_of(capsys, str(folds), "--corpus", "manifest", "--root", str(corpus))
    assert status == 0
    assert [item["kind"] for item in found] == ["validation"] * 3 * (form in WITHOUT_VALIDATION)


def speaker_on_both_sides() -> Changed:
    rows = sides(clips())
    for row in rows:
        if row["id"] in ("eli0", "eli1"):
            row.update({"side": "train", "tested with": "A"})
    return clips(), rows


def text_on_both_sides() -> Changed:
    corpus = clips()
    corpus[-1]["text"] = "sentence 1 of SESSION a"
    return corpus, sides(corpus)


def session_on_both_sides() -> Changed:
    corpus = [{**row, "session": "A"} if row["speaker"] == "eli" else row for row in clips()]
    return corpus, [{**row, "tested with": row["session"]} for row in sides(clips())]


def recording_on_both_sides() -> Changed:
    corpus = [{**row, "path": "clips/copy.wav"} if row["id"] == "fay2" else row for row in clips()]
    return corpus, sides(clips())


def unknown_utterance() -> Changed:
    return clips(), [*sides(clips()), {**sides(clips())[-1], "id": "nobody", "path": "clips/C/nobody.wav"}]


def missing_utterance() -> Changed:
    return clips(), sides(clips())[1:]


def label_that_only_the_test_has() -> Changed:
    corpus = [{**row, "label": "fea"} if row["id"] in ("fay0", "fay1") else row for row in clips()]
    return corpus, sides(corpus)


PLANTED: dict[str, tuple[Callable[[], Changed], str, int]] = {
    "speaker": (speaker_on_both_sides, "error", 1),
    "text": (text_on_both_sides, "note", 1),
    "session": (session_on_both_sides, "note", 1),
    "recording": (recording_on_both_sides, "error", 1),
    "unknown": (unknown_utterance, "error", 1),
    "missing": (missing_utterance, "warning", 1),
    "class": (label_that_only_the_test_has, "warning", 1),
}


@pytest.mark.parametrize("form", DIFFERENT)
@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_fault_is_found(kind: str, form: str, tmp_path: Path, sounds: Path, capsys: Capture) -> None:
    plant, severity, count = PLANTED[kind]
    corpus, rows = plant()
    root = write_corpus(tmp_path, corpus, sounds)
    folds = FORMS[form](tmp_path, rows)
    status, found = findings_of(capsys, str(folds), "--corpus", "manifest", "--root", str(root))
    planted = [item for item in found if item["kind"] == kind and item["severity"] == severity]
    assert planted, found
    assert planted[0]["count"] == count
    assert planted[0]["fold"]
    assert planted[0]["examples"]
    assert planted[0]["remedy"]
    assert status == (severity == "error")
    assert {severity for _, severity in serious(found)} <= {severity}


@pytest.mark.parametrize("form", [form for form in DIFFERENT if form not in WITHOUT_VALIDATION])
@pytest.mark.parametrize("wrong", ["absent", "equal", "trains"])
def test_what_is_wrong_with_validation(wrong: str, form: str, tmp_path: Path, sounds: Path, capsys: Capture) -> None:
    rows = sides(clips())
    validating = {"absent": None, "equal": "test", "trains": "train"}[wrong]
    kept = [row for row in rows if row["side"] != "valid"]
    kept += [{**row, "side": "train"} for row in rows if row["side"] == "valid"]
    kept += [{**row, "side": "valid"} for row in rows if row["side"] == validating]
    folds = FORMS[form](tmp_path, kept)
    corpus = write_corpus(tmp_path, clips(), sounds)
    status, found = findings_of(capsys, str(folds), "--corpus", "manifest", "--root", str(corpus))
    severity = {"absent": "note", "equal": "error", "trains": "warning"}[wrong]
    assert {(item["kind"], item["severity"]) for item in found} >= {("validation", severity)}
    assert status == (wrong == "equal")
    assert serious(found) == ({("validation", severity)} if wrong != "absent" else set())


def write_features(folder: Path, change: Callable[[np.ndarray], np.ndarray]) -> Path:
    rows = clips()
    values = change(np.random.default_rng(0).normal(2.0, 3.0, size=(len(rows), 3)))
    names = [f"f{column}" for column in range(values.shape[1])]
    lines = [
        {"id": row["id"], **dict(zip(names, map(str, own), strict=True))} for row, own in zip(rows, values.tolist())
    ]
    return write_table(folder / "features.csv", lines)


def with_label(values: np.ndarray) -> np.ndarray:
    return np.column_stack([values, [LABEL_CODE[row["label"]] for row in clips()]])


def with_copied_row(values: np.ndarray) -> np.ndarray:
    values[-1] = values[0]
    return values


def scaled_together(values: np.ndarray) -> np.ndarray:
    return np.asarray((values - values.mean(axis=0)) / values.std(axis=0))


LABEL_CODE = {"ang": 3.0, "sad": 7.0}


@pytest.mark.parametrize("form", DIFFERENT)
@pytest.mark.parametrize(
    ("change", "severity", "words"),
    [
        (with_label, "error", "f3 tells the label"),
        (with_copied_row, "error", "fay3 and anna0"),
        (scaled_together, "warning", "f0"),
    ],
)
def test_leaks_through_a_feature_table(
    form: str,
    change: Callable[[np.ndarray], np.ndarray],
    severity: str,
    words: str,
    tmp_path: Path,
    sounds: Path,
    capsys: Capture,
) -> None:
    folds = FORMS[form](tmp_path, sides(clips()))
    corpus = write_corpus(tmp_path, clips(), sounds)
    table = write_features(tmp_path, change)
    status, found = findings_of(capsys, str(folds), str(table), "--corpus", "manifest", "--root", str(corpus))
    assert serious(found) == {("feature", severity)}
    assert any(words in item["examples"] for item in found)
    assert status == (severity == "error")


def test_a_clean_feature_table(tmp_path: Path, sounds: Path, capsys: Capture) -> None:
    folds = FORMS["folds_csv"](tmp_path, sides(clips()))
    corpus = write_corpus(tmp_path, clips(), sounds)
    table = write_features(tmp_path, lambda values: values)
    assert findings_of(capsys, str(folds), str(table), "--corpus", "manifest", "--root", str(corpus)) == (0, [])


def test_a_table_that_describes_the_utterances(tmp_path: Path, capsys: Capture) -> None:
    folds = FORMS["folds_csv"](tmp_path, sides(clips()))
    rows = [{"id": row["id"], "rate": str(n**0.5), "speaker": row["speaker"]} for n, row in enumerate(clips())]
    table = write_table(tmp_path / "own.csv", rows)
    _, found = findings_of(capsys, str(folds), str(table))
    assert [item["examples"] for item in found if item["kind"] == "feature"] == [["speaker describes the utterance"]]


def test_sides_in_files_of_their_own_are_taken_together(tmp_path: Path, sounds: Path, capsys: Capture) -> None:
    _, rows = speaker_on_both_sides()
    root = FORMS["csv"](tmp_path, rows)
    corpus = write_corpus(tmp_path, clips(), sounds)
    files = [str(root / f"{name}.csv") for name in ("train", "validation", "test")]
    status, found = findings_of(capsys, *files, "--corpus", "manifest", "--root", str(corpus))
    assert status == 1
    assert [(item["kind"], item["count"]) for item in found if item["severity"] == "error"] == [("speaker", 1)]


def test_without_a_corpus_it_says_what_could_not_be_checked(tmp_path: Path, capsys: Capture) -> None:
    folds = FORMS["speechbrain"](tmp_path, sides(clips()))
    status, found = findings_of(capsys, str(folds))
    assert status == 0
    assert {item["kind"] for item in found if not item["checked"]} == {"speaker", "text", "unknown", "recording"}
    assert main([str(folds)]) == 0
    page = capsys.readouterr().out
    assert "No error, no warning in what could be checked" in page
    assert "the folds name no speakers" in page.replace("\n", " ")


def test_speakers_that_the_folds_name_need_no_corpus(tmp_path: Path, capsys: Capture) -> None:
    _, rows = speaker_on_both_sides()
    status, found = findings_of(capsys, str(FORMS["folds_csv"](tmp_path, rows)))
    assert status == 1
    assert [item["examples"] for item in found if item["kind"] == "speaker"] == [["eli"]]


def test_s3prl_names_dialogues_and_the_corpus_the_speakers(tmp_path: Path, sounds: Path, capsys: Capture) -> None:
    folds = FORMS["s3prl"](tmp_path, sides(clips()))
    assert main([str(folds)]) == 1
    assert "Ses01F" in capsys.readouterr().out
    assert main([str(folds), "--corpus", "manifest", "--root", str(write_corpus(tmp_path, clips(), sounds))]) == 0
    assert "stand for more than one of the corpus, such as Ses01F" in capsys.readouterr().out.replace("\n  ", " ")


def test_ids_of_ones_own_are_found_by_path(tmp_path: Path, sounds: Path, capsys: Capture) -> None:
    corpus = [{**row, "id": f"utterance {number}"} for number, row in enumerate(clips())]
    folds = FORMS["emobox"](tmp_path, sides(clips()))
    root = write_corpus(tmp_path, corpus, sounds)
    assert findings_of(capsys, str(folds), "--corpus", "manifest", "--root", str(root)) == (0, [])


def test_the_page_fits_a_terminal(
    tmp_path: Path, sounds: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, rows = speaker_on_both_sides()
    FORMS["folds_csv"](tmp_path, rows)
    write_corpus(tmp_path, corpus, sounds)
    monkeypatch.chdir(tmp_path)
    assert main(["folds.csv", "--corpus", "manifest", "--root", "corpus.csv"]) == 1
    page = capsys.readouterr().out
    assert all(len(line) <= 80 for line in page.splitlines())
    assert "1 of 2 test speakers" in page.replace("\n", " ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"train.json": "{"}, "not JSON"),
        ({"train_fold_1.jsonl": '{"a": 1}'}, "holds no folds"),
        ({"mine_train_fold_1.jsonl": '{"a": 1}'}, "not a JSON object with wav"),
        ({"train.csv": "path,label\n,ang\n"}, "no utterance is named"),
        ({"nothing.md": ""}, "holds no folds: expected files such as"),
        ({"test.json": '{"a": {"wav": "a.wav"}, "b": 1}'}, "'b' has no wav"),
        ({"test.json": '{"meta_data": [{"path": 1}]}'}, "entry 1 of meta_data"),
        ({"a.csv": "path,split\na.wav,other\n"}, "side is 'other'"),
    ],
)
def test_what_is_no_folds_ends_with_2(content: dict[str, str], message: str, tmp_path: Path, capsys: Capture) -> None:
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    assert main([str(tmp_path)]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert len(shown.err.splitlines()) == 1
    assert shown.out == ""


def test_a_path_that_is_not_there_ends_with_2(tmp_path: Path, capsys: Capture) -> None:
    assert main([str(tmp_path / "nowhere.csv")]) == 2
    assert "nowhere.csv" in capsys.readouterr().err


def test_emobox_shares_all_speakers_of_emodb(published_folds: Path, emodb_root: Path, capsys: Capture) -> None:
    status, found = findings_of(
        capsys, str(published_folds / "emobox/emodb"), "--corpus", "emodb", "--root", str(emodb_root)
    )
    errors = [(item["kind"], item["fold"], item["count"], item["of"]) for item in found if item["severity"] == "error"]
    assert errors == [("speaker", f"fold_{number}", 10, 10) for number in range(1, 6)]
    assert status == 1


@pytest.mark.long
def test_emobox_of_ravdess_has_no_error(published_folds: Path, ravdess_root: Path, capsys: Capture) -> None:
    status, found = findings_of(
        capsys, str(published_folds / "emobox/ravdess"), "--corpus", "ravdess", "--root", str(ravdess_root)
    )
    assert status == 0
    assert serious(found) == set()
