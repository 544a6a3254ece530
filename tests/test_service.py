"""The service over a real connection: many at once, wrong files among them, and what is too large."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import requests
import soundfile

import classical
from benchmarks import corpora
from classical.service import main
from features import FeatureExtractor

if TYPE_CHECKING:
    from classical.persistence import SavedModel

ROOT = Path(__file__).resolve().parent.parent
pytest.importorskip("fastapi")


@pytest.fixture(scope="module")
def clips() -> list[Path]:
    """Clips of the embedded corpus, of four speakers."""
    return [Path(path) for path in corpora.load("synthetic").utterances["path"][:60]]


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    table = corpora.load("synthetic").utterances[:160]
    pipeline = classical.build("logistic", features=FeatureExtractor("energy,timing")).fit(table, table["label"])
    return classical.save(tmp_path_factory.mktemp("model") / "model.skops", pipeline, metadata={})[0]


@pytest.fixture(scope="module")
def model(model_file: Path) -> SavedModel:
    return classical.load(model_file)


@pytest.fixture(scope="module")
def address(model_file: Path) -> Iterator[str]:
    """Where the command listens."""
    command = [sys.executable, "-m", "classical.service", str(model_file), "--port", "0"]
    limits = ["--most-mb", "1", "--most-seconds", "20"]
    with subprocess.Popen([*command, *limits], cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if " answers at " in line)
        yield line.split(" at ")[1].split(" until")[0]
        process.terminate()
        assert process.wait(20) == 143
        assert process.stderr.read() == "stopped\n"


def test_fifty_at_once_with_wrong_files_among_them(address: str, model: SavedModel, clips: list[Path]) -> None:
    bodies = [path.read_bytes() for path in clips[:50]]
    bodies[7], bodies[23], bodies[41] = b"", b"<!doctype html><p>not sound", bodies[41][: len(bodies[41]) // 2]
    wrong = (7, 23, 41)

    def ask(position: int) -> requests.Response:
        query = {"name": f"clip {position}.wav"}
        return requests.post(f"{address}/predict", params=query, data=bodies[position], timeout=60)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, range(50)))
    assert [k for k, answer in enumerate(answers) if answer.status_code != 200] == list(wrong)
    expected = model.predict_proba(clips[:50])
    for k, answer in enumerate(answers):
        if k in wrong:
            assert answer.status_code == 422
            assert answer.json()["error"].startswith(f"clip {k}.wav: ")
        else:
            (prediction,) = answer.json()["predictions"]
            assert prediction["path"] == f"clip {k}.wav"
            np.testing.assert_allclose(list(prediction["probabilities"].values()), expected[k], atol=1e-9)
    assert "empty" in answers[7].json()["error"]
    assert "an HTML page, not audio" in answers[23].json()["error"]


def test_it_says_that_it_runs_and_with_what(address: str, model: SavedModel) -> None:
    health = requests.get(f"{address}/health", timeout=10).json()
    assert health["status"] == "ok"
    assert health["model"] == "model.skops"
    assert health["labels"] == [str(label) for label in model.classes_]


def test_windows_of_a_recording_are_answered(address: str, tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).normal(size=5 * 16000), 16000)
    query = {"window": 2, "hop": 1}
    found = requests.post(f"{address}/predict", params=query, data=path.read_bytes(), timeout=60).json()["predictions"]
    assert [(one["start"], one["end"]) for one in found] == [(0, 2), (1, 3), (2, 4), (3, 5)]
    assert {one["label"] for one in found} == {"no speech"}
    for wrong, says in (({"window": 2, "hop": 0.01}, "hop 0.01 s"), ({"window": -1, "hop": 1}, "above 0")):
        refused = requests.post(f"{address}/predict", params=wrong, data=path.read_bytes(), timeout=60)
        assert refused.status_code == 422
        assert says in refused.json()["error"]


def test_what_is_too_large_is_refused(address: str, tmp_path: Path) -> None:
    def blocks() -> Iterator[bytes]:  # sent in pieces, so that no header states the length
        for _ in range(40):
            yield bytes(50_000)

    large = requests.post(f"{address}/predict", data=blocks(), timeout=60)
    assert large.status_code == 413
    assert "more than 1,000,000 bytes" in large.json()["error"]
    path = tmp_path / "long.flac"
    soundfile.write(path, np.zeros(21 * 16000), 16000)
    assert path.stat().st_size < 1_000_000
    long = requests.post(f"{address}/predict", data=path.read_bytes(), timeout=60)
    assert long.status_code == 413
    assert "more than 20 s of sound" in long.json()["error"]


@pytest.mark.parametrize("port", ["70000", "-1"])
def test_a_port_that_cannot_be_had_is_one_line(model_file: Path, port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(model_file), "--port", port]) == 2
    error = capsys.readouterr().err
    assert "give another --port" in error
    assert error.count("\n") == 1
