"""Tables of any length: folders of Parquet files that are filled, left, gone on with, and read."""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pyarrow.dataset as ds
import pytest
from commands import ROOT, Commands, refused
from hypothesis import given
from hypothesis import strategies as st
from miniatures import six_speakers, sound, write_manifest

import benchmarks
from benchmarks import corpora
from features import FeatureExtractor
from features.errors import FeatureError
from features.extract import extract_shards
from features.extractors.shards import ShardedFeatures
from features.shards.contents import read_shard, shard_files
from features.shards.folder import ShardFolder
from features.tables import read_table, tables_of
from features.utterance_pieces import LongManifest
from features.utterances import read_utterances


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of 11 stretches of three files, one of which is no sound."""
    folder = tmp_path_factory.mktemp("calls")
    sound(folder / "a.wav", seed=0, seconds=2)
    sound(folder / "b.wav", seed=1, seconds=1)
    (folder / "broken.wav").write_bytes(b"RIFF")
    rows = [["a.wav", f"{i / 5:g}", f"{i / 5 + 0.3:g}"] for i in range(8)]
    rows += [["b.wav", "", ""], ["broken.wav", "", ""], ["b.wav", "0.5", "7"]]
    with (folder / "calls.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["path", "start", "end"], *rows])
    return folder / "calls.csv"


@pytest.fixture(scope="module")
def table(calls: Path) -> Path:
    extract_shards(calls, calls.parent / "calls.parquet", groups="timing", rows=4, progress=False)
    return calls.parent / "calls.parquet"


def test_a_long_table_has_the_rows_of_a_short_one(calls: Path, table: Path) -> None:
    good = read_utterances(calls).rows.drop(index=9)
    clips = good.assign(start=pd.to_numeric(good["start"]), end=pd.to_numeric(good["end"]))
    expected = FeatureExtractor("timing").extract(clips)
    read = pd.read_parquet(table)
    assert read["id"].tolist() == good["id"].tolist()
    np.testing.assert_array_equal(read[list(expected.names)].to_numpy(), expected.values)
    assert ds.dataset(table).count_rows() == 10


def test_the_schema_says_what_the_values_are(table: Path) -> None:
    shards = [read_shard(file) for file in sorted(shard_files(table))]
    assert [shard.n_rows for shard in shards] == [4, 4, 2]
    assert {shard.made.preset for shard in shards} == {"timing"}
    assert len({shard.sound for shard in shards}) == 3
    assert shards[2].n_behind == 1
    sounds = pd.read_parquet(table)["sound"]
    assert sounds.nunique() == 10


def test_clips_that_are_bad_are_in_a_table_of_their_own(table: Path) -> None:
    rows = read_table(table / "_bad.csv").rows
    assert rows["id"].tolist() == ["broken.wav"]
    assert "broken.wav" in rows["reason"][0]


def test_what_is_there_is_not_computed_again(calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "calls.parquet"
    first = extract_shards(calls, table, groups="timing", rows=4, progress=False)
    bytes_before = {file.name: file.read_bytes() for file in shard_files(table)}
    (table / "0000001.parquet").unlink()
    written: list[int] = []
    write = ShardFolder.write
    monkeypatch.setattr(ShardFolder, "write", lambda self, n, *more: (written.append(n), write(self, n, *more)))
    again = extract_shards(calls, table, groups="timing", rows=4, progress=False)
    assert written == [1]
    assert again == first
    assert {file.name: file.read_bytes() for file in shard_files(table)} == bytes_before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"groups": "energy"}, "preset timing \\(now energy\\)"),
        ({"normalise_level": True}, "now timing, level normalised"),
        ({"rows": 5}, "rows 4 \\(now 5\\)"),
    ],
)
def test_another_table_is_not_mixed_in(calls: Path, table: Path, change: dict[str, object], words: str) -> None:
    with pytest.raises(FeatureError, match=words):
        extract_shards(calls, table, **{"groups": "timing", "rows": 4, "progress": False, **change})


def test_a_changed_manifest_is_another_table(calls: Path, table: Path) -> None:
    other = calls.with_name("other.csv")
    other.write_text(calls.read_text() + "a.wav,1,1.5\n")
    with pytest.raises(FeatureError, match="source .* \\(now "):
        extract_shards(other, table, groups="timing", rows=4, progress=False)


def test_a_table_that_is_not_whole_is_not_read(table: Path, tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match="not whole"):
        ShardedFeatures(tmp_path).names()
    half = tmp_path / "half.parquet"
    half.mkdir()
    for file in table.iterdir():
        if file.name != "0000001.parquet":
            (half / file.name).write_bytes(file.read_bytes())
    with pytest.raises(FeatureError, match="1 of 3 parts are gone, 0000001.parquet the first"):
        ShardedFeatures(half).names()


def test_rows_are_looked_up_in_any_order(table: Path) -> None:
    whole = pd.read_parquet(table).set_index("id")
    asked = pd.DataFrame({"id": whole.index[[9, 0, 5]]})
    found = ShardedFeatures(table).extract(asked)
    np.testing.assert_array_equal(found.values, whole[list(found.names)].iloc[[9, 0, 5]].to_numpy())
    with pytest.raises(FeatureError, match="no row for utterance 'broken.wav'"):
        ShardedFeatures(table).extract(pd.DataFrame({"id": ["broken.wav"]}))


def test_pipelines_take_a_table_in_a_folder(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "my.csv", six_speakers(tmp_path))
    extract_shards(manifest, tmp_path / "my.parquet", groups="energy.statistics", rows=5, progress=False)
    table = pd.read_parquet(tmp_path / "my.parquet").drop(columns=["path", "start", "end", "sound"])
    table.to_csv(tmp_path / "my.csv.csv", index=False)
    names = [f"logistic@{tmp_path}/my.parquet/", f"logistic@{tmp_path}/my.csv.csv"]
    run = benchmarks.evaluate(corpora.load("manifest", manifest), pipelines=names, folds="2", jobs=1)
    first, second = (rows["p_ang"].to_numpy() for _, rows in run.predictions.groupby("pipeline"))
    assert "logistic@my.parquet" in set(run.predictions["pipeline"])
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_the_command_fills_a_folder_and_names_what_is_bad(calls: Path, tmp_path: Path, commands: Commands) -> None:
    out = f"{tmp_path}/new.parquet/"
    ended = commands("features.extract", calls, out, "--groups", "timing")
    assert ended.status == 1
    assert "10 utterances, 20 numbers of each" in ended.out
    assert "1 of 11 clips cannot be analysed" in ended.err
    assert "1 utterances end behind their file" in ended.err
    assert commands("features.extract", calls, out, "--groups", "timing", "--on-error", "skip").status == 0
    assert refused(commands("features.extract", calls, out, "--groups", "energy"))


def test_an_id_that_stands_twice_is_named_with_its_lines(calls: Path, commands: Commands) -> None:
    twice = calls.with_name("twice.csv")
    twice.write_text("path,start,end\na.wav,0,1\nb.wav,,\na.wav,0,1\n")
    ended = commands("features.extract", twice, f"{calls.parent}/twice.parquet/")
    assert refused(ended)
    assert "line 2" in ended.err
    assert "line 4 too" in ended.err


@given(
    rows=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "0", "1,5"])), min_size=1, max_size=12),
    most=st.integers(1, 13),
)
def test_pieces_of_a_manifest_are_those_of_the_whole(
    rows: list[tuple[str, str]], most: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("pieces") / "list.csv"
    with file.open("w", newline="") as stream:
        csv.writer(stream, delimiter=";").writerows([["file", "start", "note"], *((*row, "x") for row in rows)])
    whole = read_utterances(file, error=FeatureError)
    if whole.rows["id"].duplicated().any():
        with pytest.raises(FeatureError, match="expected a different id in every row"):
            LongManifest.of(file)
        return
    pieces = list(LongManifest.of(file).pieces(most))
    assert [len(piece.rows) for piece in pieces[:-1]] == [most] * (len(pieces) - 1)
    together, names = pd.concat([piece.rows for piece in pieces], ignore_index=True), sorted(whole.rows)
    pd.testing.assert_frame_equal(together[names], whole.rows[names])
    assert tuple(line for piece in pieces for line in piece.lines) == whole.lines


@pytest.mark.parametrize("data", [b"id\n\xff\xfe\n", b"id\na\0b\n", b"id\n" + 9 * b"a\n" + b'"\n'])
def test_what_is_no_table_is_refused_in_pieces_too(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_bytes(data)
    with pytest.raises(FeatureError, match=r"bad.csv.*expected a CSV"):
        list(tables_of(tmp_path / "bad.csv", 2, error=FeatureError))


WORKERS = 2
CLIPS = int(os.environ.get("SER_KILLED_CLIPS", "8000"))


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_killed_workers_and_commands_leave_every_clip_once(tmp_path: Path) -> None:
    """`SER_KILLED_CLIPS=100000 python -m pytest tests/test_shards.py -k killed` is the full size."""
    sound(tmp_path / "long.wav", seed=0, seconds=60)
    rows = [["long.wav", f"{i % 590 / 10:.1f}", f"{i % 590 / 10 + 0.5:.1f}", f"clip{i}"] for i in range(CLIPS)]
    with (tmp_path / "calls.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["path", "start", "end", "id"], *rows])
    out = tmp_path / "calls.parquet"
    line = [sys.executable, "-m", "features.extract", str(tmp_path / "calls.csv"), f"{out}/", "--groups", "timing"]
    line += ["--cluster", f"local:{WORKERS}"]
    rng = random.Random(CLIPS)
    out.mkdir()
    for _ in range(3):
        before = len(shard_files(out))
        process = psutil.Popen(line, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and len(shard_files(out)) == before:
            time.sleep(0.05)
        workers = [child for child in process.children(recursive=True) if "spawn_main" in " ".join(child.cmdline())]
        rng.choice(workers).kill()
        time.sleep(rng.random())
        assert process.poll() is None, "it ended before it was killed"
        process.kill()
        process.wait()
        time.sleep(3)  # the workers end by themselves
    subprocess.run(line, cwd=ROOT, check=True, capture_output=True)
    ids = pd.read_parquet(out, columns=["id"])["id"]
    assert ids.tolist() == [f"clip{i}" for i in range(CLIPS)]
