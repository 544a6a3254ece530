"""The cache: never stale, one file, safe for several processes, and a run that was stopped goes on."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from features import FeatureCache, FeatureExtractor
from features.cache import main
from features.clips import Clip
from features.errors import CacheError
from features.extractors.base import ClipExtractor

ROOT = Path(__file__).resolve().parent.parent


class Counting(ClipExtractor):
    """Computes a row from a file's size and counts what it was asked for."""

    def __init__(self, cache: FeatureCache | None = None, text: str = "one", columns: str = "a b") -> None:
        self.cache = cache
        self.text = text
        self.columns = columns
        self.n_jobs = 1
        self.progress = False
        self.asked: list[str] = []
        self.most = 100

    def identity(self) -> str:
        return self.text

    def names(self) -> tuple[str, ...]:
        return tuple(self.columns.split())

    def _row_function(self) -> Callable[[Clip], tuple[np.ndarray, float]]:
        def row(clip: Clip) -> tuple[np.ndarray, float]:
            if len(self.asked) == self.most:
                raise KeyboardInterrupt
            self.asked.append(clip.name)
            return np.array([len(self.asked), len(clip.path.read_bytes())], dtype=np.float32), 0.25

        return row


def clips_in(folder: Path, count: int = 4) -> list[Clip]:
    paths = [folder / f"{i}.wav" for i in range(count)]
    for i, path in enumerate(paths):
        if not path.exists():
            path.write_bytes(b"x" * (i + 1))
    return [Clip(name=path.name, path=path) for path in paths]


@pytest.fixture
def cache(tmp_path: Path) -> FeatureCache:
    return FeatureCache(tmp_path / "cache")


@pytest.fixture
def extractor(cache: FeatureCache) -> Counting:
    return Counting(cache)


def test_a_second_run_computes_nothing(tmp_path: Path, extractor: Counting) -> None:
    clips = clips_in(tmp_path)
    first = extractor.extract(clips)
    second = extractor.extract(clips[::-1])
    assert len(extractor.asked) == 4
    np.testing.assert_array_equal(first.values, second.values[::-1])
    np.testing.assert_array_equal(second.seconds, np.full(4, 0.25))


def test_a_changed_file_is_computed_anew_and_no_other(tmp_path: Path, extractor: Counting) -> None:
    clips = clips_in(tmp_path)
    extractor.extract(clips)
    clips[2].path.write_bytes(b"changed!")
    assert extractor.extract(clips).values[2, 1] == 8
    assert extractor.asked[4:] == ["2.wav"]


def test_a_file_that_was_read_before_and_changed_is_read_again(tmp_path: Path, extractor: Counting) -> None:
    """Equal size, and a time that was set back: only what the file system says of the change is left."""
    clip = clips_in(tmp_path, 1)[0]
    old = time.time() - 1000
    for content in (b"1", b"2"):
        clip.path.write_bytes(content)
        os.utime(clip.path, (old, old))
        extractor.extract([clip])
    assert len(extractor.asked) == 2


def test_a_moved_or_copied_file_is_found_again(tmp_path: Path, extractor: Counting) -> None:
    clips = clips_in(tmp_path)
    extractor.extract(clips)
    moved = tmp_path / "elsewhere.wav"
    shutil.copy(clips[0].path, moved)
    extractor.extract([Clip(name="moved", path=moved)])
    assert len(extractor.asked) == 4


@pytest.mark.parametrize("change", [{"start": 0.5}, {"end": 1.0}])
def test_another_stretch_is_another_row(tmp_path: Path, extractor: Counting, change: dict[str, float]) -> None:
    clip = clips_in(tmp_path, 1)[0]
    extractor.extract([clip])
    extractor.extract([Clip(name="part", path=clip.path, **change)])
    assert len(extractor.asked) == 2


def test_another_identity_or_other_names_share_nothing(tmp_path: Path, cache: FeatureCache) -> None:
    clips = clips_in(tmp_path)
    for other in (Counting(cache), Counting(cache, text="two"), Counting(cache, columns="a c")):
        other.extract(clips)
        assert len(other.asked) == 4


def test_a_larger_corpus_takes_over_what_was_there(tmp_path: Path, extractor: Counting) -> None:
    for count in (3, 6, 3):
        extractor.extract(clips_in(tmp_path, count))
    assert len(extractor.asked) == 6


def test_a_clip_asked_for_twice_is_computed_once(tmp_path: Path, extractor: Counting) -> None:
    clips = clips_in(tmp_path, 2)
    table = extractor.extract([clips[0], clips[1], clips[0]])
    assert len(extractor.asked) == 2
    np.testing.assert_array_equal(table.values[0], table.values[2])


def test_a_stopped_run_goes_on(tmp_path: Path, extractor: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("features.extractors.base.CLIPS_PER_COMMIT", 2)
    clips = clips_in(tmp_path, 5)
    extractor.most = 4
    with pytest.raises(KeyboardInterrupt):
        extractor.extract(clips)
    extractor.most = 5
    extractor.extract(clips)
    assert extractor.asked == [clip.name for clip in clips]


@pytest.mark.parametrize("damage", ["empty", "foreign", "page", "value"])
def test_what_is_damaged_is_computed_anew(
    tmp_path: Path, cache: FeatureCache, extractor: Counting, damage: str
) -> None:
    clips = clips_in(tmp_path)
    before = extractor.extract(clips)
    data = cache.path.read_bytes()
    if damage == "value":
        with sqlite3.connect(cache.path) as connection:
            connection.execute("UPDATE features SET value = zeroblob(length(value))")
        connection.close()
    else:
        half = len(data) // 2
        cache.path.write_bytes(
            {"empty": b"", "foreign": b"not a database" * 100, "page": data[:half] + bytes(half)}[damage]
        )
    noted = damage in ("foreign", "page")
    if noted:
        with pytest.warns(UserWarning, match="begun anew") as caught:
            after = extractor.extract(clips)
        assert len(caught) == 1
    else:
        after = extractor.extract(clips)
    assert len(extractor.asked) == 8
    np.testing.assert_array_equal(before.values[:, 1], after.values[:, 1])
    extractor.extract(clips)
    assert len(extractor.asked) == 8


def test_several_at_once_agree(tmp_path: Path, cache: FeatureCache) -> None:
    clips = clips_in(tmp_path, 20)

    def run(shift: int) -> np.ndarray:
        return Counting(cache).extract(clips[shift:] + clips[:shift]).values[:, 1]

    with ThreadPoolExecutor(4) as pool:
        tables = list(pool.map(run, range(8)))
    for shift, values in enumerate(tables):
        np.testing.assert_array_equal(values, np.roll(np.arange(1, 21), -shift))


WRITER = """
import sys
from pathlib import Path
from features.cache import FeatureCache
cache, name = FeatureCache(Path(sys.argv[1])), sys.argv[2].encode()
for i in range(int(sys.argv[3])):
    cache.put_many({b"%s-%d-%d" % (name, i, k): bytes(1000) for k in range(20)})
    print(i, flush=True)
"""


def test_processes_write_at_the_same_time_and_nothing_is_lost(cache: FeatureCache) -> None:
    command = [sys.executable, "-c", WRITER, str(cache.path.parent)]
    writers = [subprocess.Popen([*command, name, "5"], cwd=ROOT, stdout=subprocess.DEVNULL) for name in "abc"]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    keys = [b"%s-%d-%d" % (name, i, k) for name in (b"a", b"b", b"c") for i in range(5) for k in range(20)]
    assert len(cache.get_many(keys)) == 300


@pytest.mark.skipif(os.name == "nt", reason="sends a signal that Windows has not")
def test_a_killed_writer_leaves_whole_batches(cache: FeatureCache) -> None:
    command = [sys.executable, "-c", WRITER, str(cache.path.parent), "a", "100000"]
    writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert writer.stdout is not None
    for _ in range(3):
        writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    for i in range(3):
        assert len(cache.get_many([b"a-%d-%d" % (i, k) for k in range(20)])) == 20
    last = [len(cache.get_many([b"a-%d-%d" % (i, k) for k in range(20)])) for i in range(3, 2000)]
    assert set(last) <= {0, 20}


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CacheError, match="XDG_CACHE_HOME"):
        Counting(FeatureCache(tmp_path / "file")).extract(clips_in(tmp_path))


def test_size_and_clearing_leave_what_is_not_ours(
    tmp_path: Path, extractor: Counting, cache: FeatureCache, capsys: pytest.CaptureFixture[str]
) -> None:
    extractor.extract(clips_in(tmp_path))
    folder = cache.path.parent
    for name in ("thesis.npz", "film.part", "notes.sqlite"):
        (folder / name).write_text("somebody's")
    assert cache.size() > 0
    assert main(["--folder", str(folder)]) == 0
    assert "holds" in capsys.readouterr().out
    assert main(["--folder", str(folder), "--clear"]) == 0
    assert cache.size() == 0
    assert sorted(path.name for path in folder.iterdir()) == ["film.part", "notes.sqlite", "thesis.npz"]


def test_the_extractor_caches_only_when_given_a_cache(emodb_root: Path, tmp_path: Path) -> None:
    clips = sorted((emodb_root / "wav").glob("*.wav"))[:2]
    cache = FeatureCache(tmp_path / "cache")
    plain = FeatureExtractor("pitch").extract(clips)
    assert not (tmp_path / "cache").exists()
    cold = FeatureExtractor("pitch", cache=cache).extract(clips)
    warm = FeatureExtractor("voice,pitch", cache=cache).extract(clips).select("pitch")
    for other in (cold, warm):
        np.testing.assert_array_equal(plain.values, other.values)
        assert plain.names == other.names
    np.testing.assert_array_equal(cold.seconds, warm.seconds)


def test_a_flipped_bit_in_a_key_or_in_the_schema_is_computed_again(tmp_path: Path, cache: FeatureCache) -> None:
    clips = clips_in(tmp_path)
    Counting(cache).extract(clips)
    whole = cache.path.read_bytes()
    first = sqlite3.connect(cache.path).execute("SELECT key FROM features").fetchone()[0]
    places = [at for at in range(len(whole)) if whole.startswith(first, at)]
    assert places
    schema = whole.index(b"CREATE TABLE")
    for at in (*places, *(place + 3 for place in places), *range(schema - 40, schema + 60)):
        cache.path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x80]) + whole[at + 1 :])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = Counting(cache).extract(clips)
        assert table.values[:, 1].tolist() == [1, 2, 3, 4]
