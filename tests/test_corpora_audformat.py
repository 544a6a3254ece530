"""Folders in audformat: which table holds the label, whose attributes tell the gender, what is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from miniatures import audformat as miniature
from miniatures import sound

from benchmarks import corpora
from features.errors import CorpusError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return miniature(tmp_path)


def change(folder: Path, how: Callable[[dict[str, Any]], object]) -> None:
    """Edit the header."""
    header = yaml.safe_load((folder / "db.yaml").read_text())
    how(header)
    (folder / "db.yaml").write_text(yaml.safe_dump(header))


def add_table(folder: Path, name: str, about: Mapping[str, object], lines: list[str]) -> None:
    change(folder, lambda header: header["tables"].update({name: about}))
    (folder / f"db.{name}.csv").write_text("\n".join(lines) + "\n")


def test_a_label_and_what_other_tables_and_schemes_say_of_its_file(folder: Path) -> None:
    corpus = corpora.load("audformat", folder)
    assert corpus.speakers == ("3", "8", "9")
    assert corpus.utterances.loc[("8", "audio/006.wav"), ["label", "gender"]].tolist() == ["anger", "female"]
    assert corpus.utterances.loc["9"]["gender"].unique().tolist() == ["female"]
    assert corpus.notes == (
        "columns: emotion as label",
        "mini: licence CC-BY-4.0, by A. Nobody, from internal, usage research",
        "its splits (test, train) are not used: folds are by speaker",
    )
    assert corpora.load("audformat", folder / "db.yaml").fingerprint == corpus.fingerprint


def test_stretches_of_a_recording(folder: Path) -> None:
    sound(folder / "audio/long.wav", seed=50, seconds=2.0)
    lines = [
        "file,start,end,mood,speaker",
        "audio/long.wav,0 days,0 days 00:00:00.500000,calm,7",
        "audio/long.wav,0 days 00:00:00.500000,,cross,8",
        "audio/000.wav,0 days,,calm,3",
        "audio/001.wav,0 days,,,3",
    ]
    columns: dict[str, dict[str, str]] = {"mood": {}, "speaker": {"scheme_id": "speaker"}}
    add_table(folder, "turns", {"type": "segmented", "columns": columns}, lines)
    corpus = corpora.load("audformat", folder, columns={"label": "mood"})
    assert corpus.labels == ("calm", "cross")
    assert corpus.notes[-1] == "left out 1 rows without a label"
    assert corpus.utterances.loc[("8", "audio/long.wav#0.5-nan"), "start"] == 0.5
    assert corpus.utterances.loc[("7", "audio/long.wav#0-0.5"), ["end", "gender"]].tolist() == [0.5, ""]
    assert corpus.speakers == ("3", "7", "8")


def test_two_tables_that_disagree_are_refused_and_one_can_be_chosen(folder: Path) -> None:
    about = {"type": "filewise", "columns": {"emotion": {"scheme_id": "emotion"}}}
    add_table(folder, "emotion.other", about, ["file,emotion", "audio/000.wav,sadness", "audio/001.wav,anger"])
    with pytest.raises(
        CorpusError, match=r"audio/000.wav is anger .table emotion. and sadness .*--columns label=emotion"
    ):
        corpora.load("audformat", folder)
    other = corpora.load("audformat", folder, columns={"label": "emotion.other.emotion"})
    assert other.utterances["label"].tolist() == ["sadness", "anger"]


def test_a_table_that_describes_the_speakers(folder: Path) -> None:
    change(folder, lambda header: header["schemes"]["speaker"].update(labels="people"))
    (folder / "db.people.csv").write_text("speaker,gender,age\n3,male,31\n8,female,34\n9,female,21\n")
    corpus = corpora.load("audformat", folder)
    assert corpus.utterances.loc[("8", "audio/006.wav"), ["gender", "age"]].tolist() == ["female", "34"]


def test_what_is_neither_is_counted_and_ratings_are_numbers(folder: Path) -> None:
    columns = {"sex": {}, "valence": {}}
    rows = [f"audio/{number:03d}.wav,{'diverse' if number < 2 else 'male'},{number}" for number in range(18)]
    add_table(folder, "more", {"type": "filewise", "columns": columns}, ["file,sex,valence", *rows])
    corpus = corpora.load("audformat", folder, columns={"gender": "sex"})
    assert corpus.notes[-1] == "gender is not known where the table says diverse (2)"
    assert corpus.utterances["valence"].tolist() == list(map(float, range(18)))
    (folder / "db.more.csv").write_text("file,sex,valence\naudio/000.wav,male,high\n")
    with pytest.raises(CorpusError, match="valence is 'high'; expected numbers"):
        corpora.load("audformat", folder, columns={"gender": "sex"})


def test_codes_that_are_numbers_have_their_names(folder: Path) -> None:
    change(folder, lambda header: header["schemes"].update(emotion={"dtype": "int", "labels": {0: "anger", 1: "joy"}}))
    rows = [f"audio/{number:03d}.wav,{number % 2}" for number in range(18)]
    (folder / "db.emotion.csv").write_text("\n".join(["file,emotion", *rows]) + "\n")
    assert corpora.load("audformat", folder).labels == ("anger", "joy")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "db.files.csv").rename(folder / "db.files.pkl"), "a pickle, which can run code"),
        (lambda folder: (folder / "db.files.csv").unlink(), "is missing, and so is the .parquet"),
        (
            lambda folder: (folder / "db.yaml").write_text("tables: !!python/object/apply:os.getcwd []"),
            "cannot be read as YAML",
        ),
        (lambda folder: (folder / "db.yaml").write_text("- a\n"), "names no tables"),
        (lambda folder: (folder / "db.yaml").unlink(), "no db.yaml in .*expected a folder in audformat"),
        (lambda folder: change(folder, lambda header: header["tables"].pop("files")), "no column speaker"),
        (
            lambda folder: (folder / "db.files.csv").write_text("file,speaker\naudio/000.wav,3\n"),
            "17 of 18 .*no speaker",
        ),
        (
            lambda folder: (folder / "db.emotion.csv").write_text("file,mood\naudio/000.wav,x\n"),
            "no columns file and emotion",
        ),
    ],
)
def test_what_is_no_database_is_refused_in_one_line(
    spoil: Callable[[Path], object], message: str, folder: Path
) -> None:
    spoil(folder)
    with pytest.raises(CorpusError, match=message) as caught:
        corpora.load("audformat", folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("stored", ["csv", "parquet"])
def test_what_the_package_audformat_writes_is_read(
    stored: str, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    package = pytest.importorskip("audformat")
    database = package.Database.load(str(folder))
    index = package.segmented_index(["audio/000.wav", "audio/001.wav"], starts=["0s", "0.1s"], ends=["0.2s", "0.25s"])
    database.schemes["text"] = package.Scheme("str", labels={"a": "hello", "b": "bye"})
    database["words"] = package.Table(index)
    database["words"]["transcription"] = package.Column(scheme_id="text")
    database["words"]["transcription"].set(["a", "b"])
    database["words"]["mood"] = package.Column()
    database["words"]["mood"].set(["calm", "cross"])
    for name in ("emotion", "files"):
        database[name].load(str(folder / f"db.{name}"))
    database.save(str(folder), storage_format=stored)
    if stored == "parquet":
        for path in folder.glob("db.*.csv"):
            path.unlink()
    whole = corpora.load("audformat", folder)
    assert len(whole.utterances) == 18
    corpus = corpora.load("audformat", folder, columns={"label": "words.mood"})
    row = corpus.utterances.loc[("3", "audio/001.wav")]
    assert row[["label", "text", "start", "end", "gender"]].tolist() == ["cross", "bye", 0.1, 0.25, "male"]
