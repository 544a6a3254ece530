"""Sound that lies elsewhere: read from an S3 server on loopback as from a disk, and what is wrong there is one line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import Commands, refused
from miniatures import six_speakers

import benchmarks
import features
from benchmarks import corpora
from features.errors import AudioError, SerError
from features.files import content_hash
from features.remote import MOST_KEPT, local_file, url_of

pytest.importorskip("s3fs")
pytest.importorskip("moto")


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[list[str]]]]:
    """A folder of clips of six speakers, and a bucket `calls` on loopback with the same files."""
    import s3fs
    from moto.server import ThreadedMotoServer

    folder = tmp_path_factory.mktemp("here")
    rows = six_speakers(folder)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        system = s3fs.S3FileSystem(skip_instance_cache=True)
        system.mkdir("calls")
        system.put(str(folder / "clips"), "calls/clips", recursive=True)
        yield folder, rows
        server.stop()


def manifest(file: Path, rows: list[list[str]], root: str) -> Path:
    """A table of the clips below a root."""
    table = pd.DataFrame(rows, columns=["path", "label", "speaker"])
    table.assign(id=table["path"], path=root + table["path"]).to_csv(file, index=False)
    return file


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("s3://bucket/a/b.wav", "s3://bucket/a/b.wav"),
        (Path("gs://bucket/b.wav"), "gs://bucket/b.wav"),
        ("S3/bucket/b.wav", None),
        ("C:/clips/b.wav", None),
        ("clips/s3:/b.wav", None),
        ("/data/b.wav", None),
        ("https://example.org/b.wav", None),
    ],
)
def test_addresses_are_told_from_paths(path: str | Path, url: str | None) -> None:
    assert url_of(path) == url


def test_a_corpus_elsewhere_gives_the_predictions_of_the_same_one_here(
    bucket: tuple[Path, list[list[str]]], tmp_path: Path
) -> None:
    folder, rows = bucket
    found = []
    for name, root in (("here", f"{folder}/"), ("there", "s3://calls/")):
        corpus = corpora.load("manifest", manifest(tmp_path / f"{name}.csv", rows, root))
        run = benchmarks.evaluate(corpus, pipelines=["logistic@timing"], folds="3", jobs=1)
        found.append((corpus.fingerprint, run.predictions))
    assert found[0][0] == found[1][0]
    pd.testing.assert_frame_equal(found[0][1], found[1][1])


def test_stretches_and_hashes_are_those_of_the_file(bucket: tuple[Path, list[list[str]]]) -> None:
    folder, rows = bucket
    path = rows[0][0]
    np.testing.assert_array_equal(
        features.load(f"s3://calls/{path}", start=0.1, end=0.3), features.load(folder / path, start=0.1, end=0.3)
    )
    assert content_hash(f"s3://calls/{path}") == content_hash(folder / path)


def test_a_folder_of_parquet_is_filled_from_elsewhere(
    bucket: tuple[Path, list[list[str]]], tmp_path: Path, commands: Commands
) -> None:
    folder, rows = bucket
    tables = []
    for name, root in (("here", f"{folder}/"), ("there", "s3://calls/")):
        listed = manifest(tmp_path / f"{name}.csv", rows, root)
        ended = commands("features.extract", listed, f"{tmp_path / name}.parquet/", "--groups", "timing", "--jobs", "1")
        assert ended.status == 0, ended.err
        tables.append(pd.read_parquet(sorted((tmp_path / f"{name}.parquet").glob("[0-9]*.parquet"))))
    first, second = (table.drop(columns="path") for table in tables)
    assert first.columns.tolist()[0] == "id"
    pd.testing.assert_frame_equal(first, second)


def test_what_is_not_there_is_named(bucket: tuple[Path, list[list[str]]], tmp_path: Path, commands: Commands) -> None:
    _, rows = bucket
    listed = manifest(tmp_path / "gone.csv", [["clips/gone.wav", *rows[0][1:]], *rows], "s3://calls/")
    ended = commands("benchmarks.run", "--corpus", "manifest", "--root", listed, "--pipelines", "majority")
    assert refused(ended)
    assert "s3://calls/clips/gone.wav: no such file" in ended.err
    with pytest.raises(AudioError, match="s3://elsewhere/a.wav: (no such file|cannot be fetched)"):
        features.load("s3://elsewhere/a.wav")


def test_a_kind_of_place_without_its_library_is_one_line() -> None:
    with pytest.raises(SerError, match="hdfs://host/a.wav: "):
        local_file("hdfs://host/a.wav")


@pytest.mark.usefixtures("bucket")
def test_few_files_are_kept() -> None:
    import s3fs

    system = s3fs.S3FileSystem(skip_instance_cache=True)
    for number in range(MOST_KEPT + 3):
        system.pipe(f"calls/many/{number}.wav", b"x" * number)
    files = [local_file(f"s3://calls/many/{number}.wav") for number in range(MOST_KEPT + 3)]
    assert [file.exists() for file in files].count(True) == MOST_KEPT
    assert local_file(f"s3://calls/many/{MOST_KEPT}.wav").stat().st_size == MOST_KEPT
