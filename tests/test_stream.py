"""A stream in chunks answers as the file does, holds little, and can go on after a wrong chunk."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

import classical
from benchmarks import corpora
from benchmarks.speed.stream import largest_difference, recording
from benchmarks.speed.stream import main as measure
from classical.clip_answers import answers_of_model
from classical.persistence import SavedModel
from features import FeatureExtractor
from features.errors import AudioError, InputError, PipelineError
from features.predictions import NO_SPEECH
from features.sampling import RATE
from features.utterances import cut, spans, utterances
from features.window_buffer import WindowBuffer


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model of four speakers of the embedded corpus."""
    table = corpora.load("synthetic").utterances
    speakers = table.index.get_level_values("speaker")
    some = table[speakers.isin(sorted(set(speakers))[:4])]
    pipeline = classical.build("logistic", features=FeatureExtractor("energy,timing")).fit(some, some["label"])
    return classical.save(tmp_path_factory.mktemp("model") / "model.skops", pipeline, metadata={})[0]


@pytest.fixture(scope="module")
def model(model_file: Path) -> SavedModel:
    return classical.load(model_file)


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    """Nine seconds of speech, the last three of them silent, as 16-bit integers."""
    return np.concatenate([recording(None, seconds=6.05), np.zeros(3 * RATE, dtype=np.int16)])


def pieces(sound: np.ndarray, ends: list[int]) -> list[np.ndarray]:
    """Sound cut at some places along its last axis."""
    places = sorted({0, *(end % sound.shape[-1] for end in ends), sound.shape[-1]})
    return [sound[..., first:last] for first, last in pairwise(places)]


FORMS = {
    "int16": (RATE, lambda x: x),
    "44.1 kHz, one of two channels silent": (44_100, lambda x: np.stack([x, np.zeros_like(x)])),
    "8 kHz, floats": (8_000, lambda x: x.astype(np.float32) / 32768),
}
"""Rate, and what becomes of 16-bit integers at that rate."""


@pytest.mark.parametrize("form", FORMS)
def test_a_stream_answers_as_the_file_does(model: SavedModel, sound: np.ndarray, form: str, tmp_path: Path) -> None:
    rate, change = FORMS[form]
    changed = change(np.round(soxr.resample(sound / 2.0, RATE, rate)).astype(np.int16))
    path = tmp_path / "recording.wav"
    soundfile.write(path, changed.T, rate, subtype="FLOAT" if changed.dtype.kind == "f" else "PCM_16")
    of_file = answers_of_model(model, cut(utterances([path]), window=2.0, hop=0.7))
    stream = classical.Stream(model, window=2.0, hop=0.7, rate=rate)
    answers = list(stream.answers(pieces(changed, list(range(0, changed.shape[-1], rate // 10)))))
    assert len(answers) == len(of_file) > 5
    assert largest_difference(answers, of_file) < 1e-6
    assert {answer.path for answer in answers} == {"stream"}
    assert {answer.label for answer in answers} > {NO_SPEECH}


def test_an_answer_comes_with_the_chunk_that_completes_its_window(model: SavedModel, sound: np.ndarray) -> None:
    stream = classical.Stream(model, window=1.0, hop=0.5)
    counts = [len(stream.add(chunk)) for chunk in np.split(sound[: 2 * RATE], 20)]
    assert [k + 1 for k, count in enumerate(counts) if count] == [10, 15, 20]
    assert set(counts) == {0, 1}


@settings(max_examples=60, deadline=None)
@given(
    n_samples=st.integers(20, 4000),
    window=st.sampled_from([0.1, 0.25, 1 / 3, 1.0]),
    hop=st.sampled_from([0.05, 0.1, 1 / 3, 0.7]),
    ends=st.lists(st.integers(0, 4000), max_size=12),
)
def test_windows_are_those_of_the_file_and_no_more_is_held(
    n_samples: int, window: float, hop: float, ends: list[int]
) -> None:
    rate = 1000
    sound = np.arange(n_samples, dtype=np.int16)
    buffer, found, longest = WindowBuffer(window=window, hop=hop, rate=rate), [], 0
    for piece in pieces(sound, ends):
        found += buffer.add(piece)
        longest = max(longest, 0 if buffer._held is None else len(buffer._held))
    found += buffer.end()
    expected = spans(0.0, n_samples / rate, window=window, hop=hop)
    assert [(one.start, one.end) for one in found] == expected
    for one, (start, end) in zip(found, expected):
        np.testing.assert_array_equal(one.waveform, sound[round(start * rate) : round(end * rate)])
    assert longest <= (window + hop) * rate + 3


@pytest.mark.parametrize(
    ("chunk", "says"),
    [
        (np.array([[[0.0]]]), "expected floats, int16 or uint8"),
        (np.zeros(10, dtype=np.int32), "convert it"),
        (np.zeros((2, 10), dtype=np.int16), "after int16 with one channel"),
        (np.zeros(10, dtype=np.float32), "one form throughout"),
    ],
)
def test_a_wrong_chunk_is_refused_and_the_stream_goes_on(chunk: np.ndarray, says: str) -> None:
    buffer = WindowBuffer(window=0.1, hop=0.1, rate=1000)
    buffer.add(np.zeros(50, dtype=np.int16))
    with pytest.raises(AudioError, match=says):
        buffer.add(chunk)
    assert len(buffer.add(np.zeros(50, dtype=np.int16))) == 1


@pytest.mark.parametrize("value", [np.nan, np.inf, 9.0])
def test_values_that_are_no_sound_are_refused(value: float) -> None:
    with pytest.raises(AudioError, match="expected full scale at 1"):
        WindowBuffer(window=0.1, hop=0.1).add(np.array([0.0, value], dtype=np.float32))


def test_what_cannot_be_a_stream_is_refused(model: SavedModel, sound: np.ndarray) -> None:
    with pytest.raises(InputError, match="hop above 0"):
        classical.Stream(model, window=1.0, hop=0.0)
    table = corpora.load("synthetic").utterances[:40]
    by_speaker = classical.build("logistic", features=FeatureExtractor("energy"), normalise="speaker")
    with pytest.raises(PipelineError, match="answers each clip by itself"):
        classical.Stream(SavedModel(by_speaker.fit(table, table["label"]), {}))
    short = classical.Stream(model)
    assert short.end() == []
    short.add(sound[:100])
    with pytest.raises(AudioError, match="at least 20 ms"):
        short.end()


def test_the_measurement_prints_what_was_asked(model_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert measure([str(model_file), "--seconds", "6", "--window", "1", "--hop", "0.5"]) == 0
    rows = [[cell.strip() for cell in line.split("|")[1:4]] for line in capsys.readouterr().out.splitlines()[2:]]
    figures = {name: figure for name, figure, _ in rows}
    assert figures["answers of the stream, of the file"] == "11, 11"
    assert float(figures["largest difference of a probability"]) < 1e-6
    assert float(figures["ms a hop by the clock, worst"]) > 0
