"""Audio tables of the hub: sound in the rows, classes as numbers, speakers that must be there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from miniatures import hub_table, sound

from benchmarks import corpora
from features.audio import load as load_sound
from features.errors import AudioError, CorpusError


def test_sound_is_unpacked_once_and_classes_have_their_names(tmp_path: Path) -> None:
    hub_table(tmp_path / "train-00000-of-00001.parquet", speakers=("01", "02"))
    hub_table(tmp_path / "test-00000-of-00001.parquet", speakers=("03",), first=40)
    corpus = corpora.load("parquet", tmp_path)
    assert corpus.speakers == ("01", "02", "03")
    assert corpus.labels == ("anger", "sadness")
    assert ("03", "40.wav") in corpus.utterances.index
    assert corpus.notes == (
        "columns: audio as path, emotion as label, speaker_id as speaker",
        "licence: cc-by-4.0",
        "its parts (test 4, train 8) are not used: folds are by speaker",
    )
    written = {path: Path(path).stat().st_mtime_ns for path in corpus.utterances["path"]}
    assert len(written) == 12
    again = corpora.load("parquet", tmp_path)
    assert again.fingerprint == corpus.fingerprint
    assert {path: Path(path).stat().st_mtime_ns for path in again.utterances["path"]} == written


def test_sound_that_is_none_is_refused_by_the_name_that_the_table_gives_it(tmp_path: Path) -> None:
    path = hub_table(tmp_path / "one.parquet", speakers=("a", "b"))
    table = pq.read_table(path)
    clips = table["audio"].to_pylist()
    clips[3] = {"bytes": b"no sound", "path": "../My clip, no. 3.wav"}
    pq.write_table(table.set_column(0, "audio", pa.array(clips, table.schema.field("audio").type)), path)
    [broken] = [row for row in corpora.load("parquet", path).utterances["path"] if "My_clip" in row]
    with pytest.raises(AudioError, match=r"-My_clip_no._3.wav: not audio"):
        load_sound(broken)


def test_one_file_with_more_columns(tmp_path: Path) -> None:
    more: dict[str, list[object]] = {
        "Gender": ["F", "F", "m", None] * 2,
        "transcription": ["hello"] * 8,
        "path": ["elsewhere.wav"] * 8,
        "valence": [1.5] * 8,
        "wanted": [True] * 8,
    }
    path = hub_table(tmp_path / "all.parquet", speakers=("a", "b"), **more)
    corpus = corpora.load("parquet", path)
    assert corpus.utterances["gender"].tolist() == ["female", "female", "male", ""] * 2
    assert set(corpus.utterances["text"]) == {"hello"}
    assert corpus.utterances["valence"].tolist() == [1.5] * 8
    assert corpus.notes[-1] == "columns not used: path, wanted"


def test_rows_that_name_files_beside_the_table(tmp_path: Path) -> None:
    names = [sound(tmp_path / f"clips/{number}.wav", seed=number).name for number in range(4)]
    rows = {"file": [f"clips/{name}" for name in names], "label": ["x", "y"] * 2, "speaker": ["a", "a", "b", "b"]}
    pq.write_table(pa.table(rows), tmp_path / "table.parquet")
    corpus = corpora.load("parquet", tmp_path)
    assert corpus.utterances.index.tolist() == [(s, f"clips/{i}.wav") for i, s in enumerate("aabb")]
    assert corpus.notes[1] == "licence and citation are not in the table: see the data set's page"


def test_rows_without_names_of_their_own_are_named_by_their_place(tmp_path: Path) -> None:
    path = hub_table(tmp_path / "one.parquet", speakers=("a", "b"))
    table = pq.read_table(path)
    clips = [{"bytes": clip["bytes"], "path": "audio.wav"} for clip in table["audio"].to_pylist()]
    pq.write_table(table.set_column(0, "audio", pa.array(clips, table.schema.field("audio").type)), path)
    assert ("b", "one:7") in corpora.load("parquet", path).utterances.index


def _without_speakers(path: Path) -> None:
    pq.write_table(pq.read_table(path).drop_columns(["speaker_id"]), path)


def _with_a_gap(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.set_column(2, "speaker_id", pa.array(["a", None] * 4)), path)


def _with_arrays(path: Path) -> None:
    table = pq.read_table(path)
    arrays = pa.array([{"array": [0.1, 0.2], "sampling_rate": 16_000}] * 8)
    pq.write_table(table.set_column(0, "audio", arrays), path)


def _beside_another(path: Path) -> None:
    pq.write_table(pa.table({"audio": ["x.wav"], "emotion": [0]}), path.with_name("b.parquet"))


def _without_sound(path: Path) -> None:
    table = pq.read_table(path)
    clips = [{"bytes": None, "path": None}] * 8
    pq.write_table(table.set_column(0, "audio", pa.array(clips, table.schema.field("audio").type)), path)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:500])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_without_speakers, "no column speaker .found audio, emotion.*--columns speaker=NAME"),
        (_with_a_gap, "line 2: no speaker_id; expected a speaker in every row"),
        (_with_arrays, r"holds arrays of numbers; expected sound as bytes.*cast_column"),
        (_beside_another, "b.parquet has no column speaker_id, which others have"),
        (_without_sound, "a row has no sound; expected bytes or a path"),
        (_cut, "cannot be read as Parquet"),
    ],
)
def test_tables_that_cannot_be_used(spoil: Callable[[Path], None], message: str, tmp_path: Path) -> None:
    path = hub_table(tmp_path / "a.parquet", speakers=("a", "b"))
    spoil(path)
    with pytest.raises(CorpusError, match=message) as caught:
        corpora.load("parquet", tmp_path)
    assert "\n" not in str(caught.value)


def test_a_class_without_a_name_is_no_label(tmp_path: Path) -> None:
    path = hub_table(tmp_path / "a.parquet", speakers=("a", "b"))
    table = pq.read_table(path)
    spoiled = table.set_column(1, "emotion", pa.array([0, -1] * 4, pa.int64()))
    assert json.loads(spoiled.schema.metadata[b"huggingface"])
    pq.write_table(spoiled, path)
    with pytest.raises(CorpusError, match="line 2: no emotion; expected a label in every row"):
        corpora.load("parquet", path)
