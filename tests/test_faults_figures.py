"""Faults that gave wrong figures without a word: each input ends in a refusal, or in the right figure.

Against commands and public names alone: what stands here can be run against any earlier state of the toolkit, and fails
at those that have the fault. `docs/testing.md` has the table of roots, tests and what they measured.
"""

from __future__ import annotations

import json
import struct
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from commands import Commands, Ended, refused
from miniatures import line_of, six_speakers, sound, write_manifest

RATE = 16000


def encoder_run(table: Path, encoder: Path) -> list[str]:
    line = line_of(table, "--pipelines", "logistic@encoder", "--encoder", str(encoder), "--layer", "1")
    return [*line, "--out", str(table.parent / "out")]


def not_scored(ended: Ended) -> bool:
    """Whether a run ended with 1, since it left out the only pipeline that it was asked for."""
    return ended.status == 1 and "No pipeline was scored" in ended.words


@pytest.mark.parametrize("fault", ["01"], indirect=True)
@pytest.mark.parametrize(
    ("encoder", "says"), [("encoder", "lacks the weights of"), ("other_prefix", "behind 'backbone.'")]
)
def test_an_encoder_whose_file_lacks_weights_is_refused(
    fault: Path, encoder: str, says: str, commands: Commands
) -> None:
    pytest.importorskip("speechbrain")
    ended = commands("benchmarks.run", *encoder_run(fault / "my.csv", fault / encoder))
    assert not_scored(ended), ended
    assert says in ended.words


@pytest.mark.parametrize("fault", ["01"], indirect=True)
def test_fine_tuning_refuses_such_an_encoder_too(fault: Path, commands: Commands) -> None:
    pytest.importorskip("speechbrain")
    line = line_of(fault / "my.csv", "--pipelines", "wav2vec2", "--encoder", str(fault / "other_prefix"))
    ended = commands("benchmarks.run", *line, "--epochs", "1", "--out", fault / "out")
    assert not_scored(ended), ended
    assert "behind 'backbone.'" in ended.words


def test_a_configuration_that_asks_for_more_layers_than_the_file_has_is_refused(
    tmp_path: Path, commands: Commands
) -> None:
    pytest.importorskip("speechbrain")
    import small_encoders

    folder = small_encoders.save("wav2vec2", tmp_path / "encoder")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 5}))
    table = write_manifest(tmp_path / "my.csv", six_speakers(tmp_path))
    ended = commands("benchmarks.run", *encoder_run(table, folder))
    assert not_scored(ended), ended
    assert "encoder.layers.3" in ended.words


@pytest.mark.parametrize("column", ["", "label", "speaker", "start", "end"])
def test_a_column_that_is_no_feature_is_refused(column: str, tmp_path: Path, commands: Commands) -> None:
    rows = six_speakers(tmp_path)
    table = write_manifest(tmp_path / "my.csv", rows)
    rng = np.random.default_rng(0)
    features = pd.DataFrame(rng.normal(size=(len(rows), 3)), columns=["x", "y", "z"])
    values = {"label": [0, 1] * 6, "speaker": np.arange(12) // 2, "start": rng.random(12), "end": rng.random(12)}
    features.insert(0, "id", [row[0] for row in rows])
    features.insert(1, column, values.get(column, np.arange(12)))
    features.to_csv(tmp_path / "own.csv", index=False)
    line = line_of(table, "--pipelines", f"logistic@{tmp_path / 'own.csv'}", "--out", str(tmp_path / "out"))
    ended = commands("benchmarks.run", *line)
    assert refused(ended), ended
    assert "own.csv" in ended.err
    assert (column or "without a name") in ended.err


def renamed(folder: Path, column: int, names: tuple[str, str]) -> Path:
    """A table in which speaker c, or a label, stands in two spellings that take turns."""
    rows = six_speakers(folder)
    for number, row in enumerate(rows):
        if row[column] == ("clips/c0.wav", "ang", "c")[column]:
            row[column] = names[number // (2 if column == 1 else 1) % 2]
    return write_manifest(folder / "my.csv", rows)


@pytest.mark.parametrize(
    ("column", "names"),
    [(2, ("3", "03")), (2, ("Anna", "ANNA")), (2, ("3", "3.0")), (1, ("ang", "ANG"))],
    ids=["zeros", "case", "decimals", "label"],
)
def test_one_name_in_two_spellings_is_refused(
    column: int, names: tuple[str, str], tmp_path: Path, commands: Commands
) -> None:
    table = renamed(tmp_path, column, names)
    ended = commands("benchmarks.run", *line_of(table, "--pipelines", "majority", "--out", str(tmp_path / "out")))
    assert refused(ended), ended
    assert all(repr(name) in ended.err for name in names)


@pytest.mark.parametrize("column", [1, 2], ids=["label", "speaker"])
def test_composed_and_decomposed_letters_are_one_name(column: int, tmp_path: Path, commands: Commands) -> None:
    table = renamed(tmp_path, column, ("Zoë", unicodedata.normalize("NFD", "Zoë")))
    ended = commands("benchmarks.run", *line_of(table, "--pipelines", "majority", "--out", str(tmp_path / "out")))
    assert ended.status == 0, ended
    predictions = pd.read_csv(tmp_path / "out" / "predictions.csv", dtype=str, keep_default_na=False)
    assert predictions["truth" if column == 1 else "speaker"].nunique() == (2 if column == 1 else 6)


@pytest.mark.parametrize("column", [1, 2], ids=["label", "speaker"])
@pytest.mark.parametrize("name", ["nan", "None"])
def test_what_tools_write_for_nothing_is_no_name(column: int, name: str, tmp_path: Path, commands: Commands) -> None:
    table = renamed(tmp_path, column, (name, name))
    ended = commands("benchmarks.run", *line_of(table, "--pipelines", "majority", "--out", str(tmp_path / "out")))
    assert refused(ended), ended
    assert repr(name) in ended.err


def test_results_that_changed_places_are_not_taken_for_each_other(tmp_path: Path, commands: Commands) -> None:
    table = write_manifest(tmp_path / "my.csv", six_speakers(tmp_path))
    line = line_of(table, "--pipelines", "majority", "random", "--out", str(tmp_path / "out"))
    assert commands("benchmarks.run", *line).status == 0
    before = (tmp_path / "out" / "predictions.csv").read_bytes()
    stored = sorted((tmp_path / "out").glob("*/*.json"))
    assert len(stored) == 6
    one, other = stored[0].read_bytes(), stored[1].read_bytes()
    stored[0].write_bytes(other)
    stored[1].write_bytes(one)
    assert commands("benchmarks.run", *line).status == 0
    assert (tmp_path / "out" / "predictions.csv").read_bytes() == before


def cut(container: str, suffix: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        samples = soundfile.read(sound(folder / "whole.wav", seed=3, seconds=0.6))[0]
        (folder / "whole.wav").unlink()
        path = folder / f"bad.{suffix}"
        soundfile.write(path, samples, RATE, format=container, subtype="PCM_16")
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return make


def short_length_field(folder: Path) -> None:
    path = sound(folder / "bad.wav", seed=3, seconds=0.6)
    data = bytearray(path.read_bytes())
    data[40:44] = struct.pack("<I", 9600)
    path.write_bytes(data)


CUT = {
    "RF64": cut("RF64", "wav"),
    "W64": cut("W64", "w64"),
    "AU": cut("AU", "au"),
    "WAV of a length too small": short_length_field,
}


@pytest.mark.parametrize("kind", CUT)
def test_half_of_a_sound_is_not_taken_for_the_whole(kind: str, tmp_path: Path, commands: Commands) -> None:
    CUT[kind](tmp_path / "in")
    sound(tmp_path / "in" / "good.wav", seed=1)
    (bad,) = (path for path in (tmp_path / "in").iterdir() if path.stem == "bad")
    table = tmp_path / "my.csv"
    table.write_text(f"path\nin/good.wav\nin/{bad.name}\n")  # by name: no list of suffixes decides
    ended = commands("features.extract", table, tmp_path / "out.csv", "--groups", "timing", "--no-cache")
    assert ended.status in (1, 2), ended
    assert bad.name in ended.err
    assert "Traceback" not in ended.err
