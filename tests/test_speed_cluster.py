"""`python -m benchmarks.speed cluster` and `kernels`: what they print, and how they find it out."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from commands import Commands, refused
from miniatures import sound

from benchmarks.speed.cluster import write_segments
from benchmarks.speed.kernels import MODELS, Cost, extrapolated
from benchmarks.speed.kernels import main as kernels
from features.utterances import read_utterances


def test_segments_lie_inside_their_files_and_are_all_different(tmp_path: Path) -> None:
    files = [(tmp_path / "a.wav", 1.0), (tmp_path / "b.wav", 0.55)]
    rows = read_utterances(write_segments(tmp_path / "list.csv", files, 12)).rows
    assert rows["id"].nunique() == 12
    ends = rows["end"].astype(float).to_numpy()
    lengths = {str(path): seconds for path, seconds in files}
    assert (ends <= [lengths[path] for path in rows["path"]]).all()
    np.testing.assert_allclose(ends - rows["start"].astype(float), 0.5)
    of_a = rows["start"][::2].tolist()
    assert all(before != after for before, after in pairwise(of_a))


@pytest.mark.long
def test_a_cluster_is_measured(tmp_path: Path, commands: Commands) -> None:
    pytest.importorskip("distributed")
    sound(tmp_path / "in/a.wav", seed=1, seconds=20)
    ended = commands("benchmarks.speed.cluster", tmp_path / "in", "--clips", "200", "--beside", "50")
    assert ended.status == 0, ended
    figures = {line.split("|")[1].strip(): line.split("|")[2].strip() for line in ended.out.splitlines() if "|" in line}
    assert 0 < float(figures["a piece of work that does nothing (ms)"]) < 30
    assert float(figures["clips a second"]) > 0
    assert len(figures["the one over the other, of each round"].split()) == 3


def test_a_folder_without_sound_is_one_line(tmp_path: Path, commands: Commands) -> None:
    assert refused(commands("benchmarks.speed.cluster", tmp_path))


def test_memory_grows_with_the_square_beyond_what_was_measured() -> None:
    measured = {n: Cost(n**2 / 1e6, 0.5 + n**2 / 1e8) for n in (1000, 2000, 4000)}
    there = extrapolated(measured, 40_000)
    assert there.seconds == pytest.approx(1600)
    assert there.gibibytes == pytest.approx(16.5)


@pytest.mark.long
def test_machines_are_measured_by_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert kernels(["--sizes", "40", "60", "80", "--exact-up-to", "60"]) == 0
    lines = capsys.readouterr().out.splitlines()[2:]
    names = [line.split("|")[1].strip() for line in lines]
    assert names[:3] == ["svm, 40 utterances", "svm, 60 utterances", "svm, 80 utterances, extrapolated"]
    assert names[3:] == [f"{model}, {n} utterances" for model in MODELS[1:] for n in (40, 60, 80)]
    assert [line.split("|")[2].strip().startswith("~") for line in lines] == [False, False, True, *[False] * 9]
