"""The cache: never stale, one array file a corpus, safe for two processes, goes on where a run was stopped."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from features import FeatureCache, FeatureExtractor
from features.cache import main
from features.clips import Clip
from features.errors import CacheError

NAMES = ("a", "b")


class Counting:
    """Computes a row from a clip's name and counts how many it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, clips: list[Clip]) -> tuple[np.ndarray, np.ndarray]:
        self.asked += [clip.name for clip in clips]
        values = np.array([[len(self.asked), float(len(clip.path.read_bytes()))] for clip in clips], dtype=np.float32)
        return values, np.full(len(clips), 0.25)


def clips_in(folder: Path, count: int = 4) -> list[Clip]:
    paths = [folder / f"{i}.wav" for i in range(count)]
    for i, path in enumerate(paths):
        if not path.exists():
            path.write_bytes(b"x" * (i + 1))
    return [Clip(name=path.name, path=path) for path in paths]


def get(cache: FeatureCache, clips: list[Clip], compute: Counting, identity: str = "one"):
    return cache.extract(clips, identity=identity, names=NAMES, compute=compute)


@pytest.fixture
def cache(tmp_path: Path) -> FeatureCache:
    return FeatureCache(tmp_path / "cache")


def test_a_second_run_computes_nothing_and_reads_one_file(tmp_path: Path, cache: FeatureCache) -> None:
    compute, clips = Counting(), clips_in(tmp_path)
    first = get(cache, clips, compute)
    second = get(cache, clips[::-1], compute)
    assert len(compute.asked) == 4
    np.testing.assert_array_equal(first.values, second.values[::-1])
    np.testing.assert_array_equal(second.seconds, np.full(4, 0.25))
    assert len(list(cache.place.rglob("*.npz"))) == 1


def test_a_changed_file_is_computed_anew_and_no_other(tmp_path: Path, cache: FeatureCache) -> None:
    compute, clips = Counting(), clips_in(tmp_path)
    get(cache, clips, compute)
    clips[2].path.write_bytes(b"changed!")
    found = get(cache, clips, compute)
    assert compute.asked[4:] == ["2.wav"]
    assert found.values[2, 1] == 8


def test_a_moved_or_copied_file_is_found_again(tmp_path: Path, cache: FeatureCache) -> None:
    compute, clips = Counting(), clips_in(tmp_path)
    get(cache, clips, compute)
    moved = tmp_path / "elsewhere.wav"
    shutil.copy(clips[0].path, moved)
    get(cache, [Clip(name="moved", path=moved)], compute)
    assert len(compute.asked) == 4


@pytest.mark.parametrize("change", [{"start": 0.5}, {"end": 1.0}])
def test_another_stretch_is_another_row(tmp_path: Path, cache: FeatureCache, change: dict[str, float]) -> None:
    compute, clip = Counting(), clips_in(tmp_path, 1)[0]
    get(cache, [clip], compute)
    get(cache, [Clip(name="part", path=clip.path, **change)], compute)
    assert len(compute.asked) == 2


def test_another_identity_or_other_names_share_nothing(tmp_path: Path, cache: FeatureCache) -> None:
    compute, clips = Counting(), clips_in(tmp_path)
    get(cache, clips, compute)
    get(cache, clips, compute, identity="two")
    cache.extract(clips, identity="one", names=("a", "c"), compute=compute)
    assert len(compute.asked) == 12


def test_a_larger_corpus_takes_over_what_was_there(tmp_path: Path, cache: FeatureCache) -> None:
    compute = Counting()
    get(cache, clips_in(tmp_path, 3), compute)
    get(cache, clips_in(tmp_path, 6), compute)
    get(cache, clips_in(tmp_path, 3), compute)
    assert len(compute.asked) == 6
    assert len(list(cache.place.rglob("*.npz"))) == 1


def test_a_clip_asked_for_twice_is_computed_once(tmp_path: Path, cache: FeatureCache) -> None:
    compute, clips = Counting(), clips_in(tmp_path, 2)
    found = get(cache, [clips[0], clips[1], clips[0]], compute)
    assert len(compute.asked) == 2
    np.testing.assert_array_equal(found.values[0], found.values[2])


def test_a_stopped_run_goes_on(tmp_path: Path, cache: FeatureCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("features.cache._CHUNK", 2)
    compute, clips = Counting(), clips_in(tmp_path, 5)

    def stopped(some: list[Clip]) -> tuple[np.ndarray, np.ndarray]:
        if len(compute.asked) >= 4:
            raise KeyboardInterrupt
        return compute(some)

    with pytest.raises(KeyboardInterrupt):
        cache.extract(clips, identity="one", names=NAMES, compute=stopped)
    get(cache, clips, compute)
    assert sorted(compute.asked) == [clip.name for clip in clips]


@pytest.mark.parametrize("damage", [b"", b"not an archive"])
def test_a_damaged_file_is_computed_anew(tmp_path: Path, cache: FeatureCache, damage: bytes) -> None:
    compute, clips = Counting(), clips_in(tmp_path)
    get(cache, clips, compute)
    next(cache.place.rglob("*.npz")).write_bytes(damage)
    get(cache, clips, compute)
    assert len(compute.asked) == 8


def test_two_at_once_agree(tmp_path: Path, cache: FeatureCache) -> None:
    clips = clips_in(tmp_path, 20)

    def run(shift: int) -> np.ndarray:
        return get(cache, clips[shift:] + clips[:shift], Counting()).values[:, 1]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(run, range(8)))
    for shift, values in enumerate(found):
        np.testing.assert_array_equal(values, np.roll(np.arange(1, 21), -shift))
    assert not list(cache.place.rglob("*.part"))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("in the way")
    with pytest.raises(CacheError, match="--no-cache"):
        get(FeatureCache(place), clips_in(tmp_path), Counting())


def test_size_and_clearing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache = FeatureCache(tmp_path / "cache")
    get(cache, clips_in(tmp_path), Counting())
    size = cache.size()
    assert size > 0
    assert main(["--folder", str(cache.place)]) == 0
    assert "holds" in capsys.readouterr().out
    assert main(["--folder", str(cache.place), "--clear"]) == 0
    assert cache.size() == 0


def test_the_extractor_caches_only_when_given_a_cache(emodb_root: Path, tmp_path: Path) -> None:
    clips = sorted((emodb_root / "wav").glob("*.wav"))[:2]
    cache = FeatureCache(tmp_path / "cache")
    plain = FeatureExtractor("pitch").extract(clips)
    assert not cache.place.exists()
    cold = FeatureExtractor("pitch", cache=cache).extract(clips)
    warm = FeatureExtractor("voice,pitch", cache=cache).extract(clips).select("pitch")
    for other in (cold, warm):
        np.testing.assert_array_equal(plain.values, other.values)
        assert plain.names == other.names
    np.testing.assert_array_equal(cold.seconds, warm.seconds)
