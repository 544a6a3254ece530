"""Stored files of any shape: a damaged one is one line, a note, or computed again; never a traceback or wrong rows."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fabricated_runs import fabricate_run

import benchmarks
from benchmarks import corpora
from benchmarks.report import main as report
from classical.predict import main as predict
from features.errors import Note

SHAPLEY = "model,target,label,other,players,group,value,low,high,n_speakers\n"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fabricate_run(tmp_path_factory.mktemp("whole"), {"a": 1.5, "b": 0.5})


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    """A run's folder to damage."""
    return shutil.copytree(whole, tmp_path / "run")


def _refused(run: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert report([str(run)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize(
    "content", [b"", b"[", b"[" * 100_000, b"3", b"null", b'"text"', b"[]", b"\xff\xfe{", b"\0" * 100, b"{}"]
)
def test_a_record_that_is_none_is_refused(content: bytes, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "run.json").write_bytes(content)
    assert "run.json" in _refused(run, capsys)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("corpus",), [], "corpus is a list, expected an object"),
        (("corpus", "labels"), "ang", "corpus.labels is 'ang', expected a list"),
        (("corpus", "labels", 0), 1, "corpus.labels[0] is 1, expected text"),
        (("folds",), None, "folds is None, expected an object"),
        (("folds", "folds"), None, "folds.folds is None, expected a list"),
        (("folds", "folds", 0), 7, "folds.folds[0] is 7, expected an object"),
        (("pipelines", "a"), "done", "pipelines.a is 'done', expected an object"),
        (("jobs",), {}, "jobs is a dict, expected a list"),
        (("jobs", 0, "n_test"), "many", "jobs[0].n_test is 'many', expected a number"),
        (("jobs", 1, "status"), None, "jobs[1].status is missing"),
    ],
)
def test_a_record_of_another_form_is_refused_by_place(
    place: tuple[Any, ...], value: Any, words: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = json.loads((run / "run.json").read_text())
    part = record
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    (run / "run.json").write_text(json.dumps(record))
    assert words in _refused(run, capsys)


def test_a_folder_where_the_record_lies_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "run.json").unlink()
    (run / "run.json").mkdir()
    assert "Is a directory" in _refused(run, capsys)


def test_a_record_of_other_labels_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = json.loads((run / "run.json").read_text())
    record["corpus"]["labels"] = ["ang", "hap"]
    (run / "run.json").write_text(json.dumps(record))
    assert "predictions.csv also has neu, sad" in _refused(run, capsys)


def test_damaged_tables_beside_a_run_are_left_out_with_a_note_each(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / "utterances.csv").write_bytes(b"\0\0\xff")
    (run / "learning.csv").write_text("pipeline,speakers,uar,uar_low,uar_high\na,two,0.5,0.4,0.6\n")
    (run / "shapley.csv").write_text(SHAPLEY + "a,uar,,,groups,pitch,0.1,0,0.2,4\n")  # the other groups lack
    assert report([str(run), "--no-audio"]) == 0
    error = capsys.readouterr().err
    lines = error.splitlines()
    assert all(line.startswith("note: ") for line in lines), error
    for name in ("utterances.csv", "learning.csv"):
        assert sum(name in line for line in lines) == 1, error
    assert sum("tables of its study are damaged" in line for line in lines) >= 1
    assert (run / "report.html").stat().st_size > 10_000


def test_stored_results_that_changed_places_or_are_damaged_are_computed_again(tmp_path: Path) -> None:
    whole = corpora.load("synthetic")
    sessions = sorted(whole.utterances["session"].unique())[:2]
    corpus = replace(whole, utterances=whole.utterances[whole.utterances["session"].isin(sessions)])
    first = benchmarks.evaluate(corpus, pipelines=["majority", "random"], out=tmp_path, jobs=1)
    jobs = sorted((tmp_path / "jobs").glob("*.json"))
    contents = [path.read_bytes() for path in jobs]
    jobs[0].write_bytes(contents[2])
    jobs[2].write_bytes(contents[0])
    jobs[1].write_bytes(contents[1].replace(b'"n_test": ', b'"n_test": "many", "was": '))
    jobs[3].write_bytes(contents[3][:200])
    with pytest.warns(Note) as caught:
        again = benchmarks.evaluate(corpus, pipelines=["majority", "random"], out=tmp_path, jobs=1)
    assert again.predictions.equals(first.predictions)
    notes = "\n".join(str(note.message) for note in caught)
    assert notes.count("it is that of another job; it is computed again") == 2
    assert notes.count("computed again") == 4


def test_a_model_that_unpacks_without_end_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", "{}")
        with archive.open("values.npy", "w", force_zip64=True) as entry:
            for _ in range(300):
                entry.write(bytes(1_000_000))
    (tmp_path / "bomb.skops").write_bytes(packed.getvalue())
    assert predict([str(tmp_path / "bomb.skops"), "clip.wav"]) == 2
    error = capsys.readouterr().err
    assert "unpacks from 0.3 to 300 MB" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("schema", ["", "[", "[" * 100_000, "[]", "3", '"text"', "{}", '{"__loader__": 1}'])
def test_a_model_with_a_schema_of_any_form_is_refused(
    schema: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "model.skops", "w") as archive:
        archive.writestr("schema.json", schema)
    assert predict([str(tmp_path / "model.skops"), "clip.wav"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "content",
    [
        "&a [x, x]",
        "",
        "[" * 5000,
        "a0: &a0 [x, x]\n"
        + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10))
        + "wav2vec2_hub: *a9\nencoder_dim: *a9\nout_n_neurons: 4\n",
    ],
)
def test_a_published_model_whose_description_is_a_bomb_is_refused(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    from deep.predict import main as deep_predict

    (tmp_path / "hyperparams.yaml").write_text(content)
    (tmp_path / "clip.wav").write_bytes(b"")
    assert deep_predict([str(tmp_path), str(tmp_path / "clip.wav")]) == 2
    error = capsys.readouterr().err
    assert "hyperparams.yaml does not describe an emotion model" in error
    assert error.count("\n") == 1
