"""Faults whose words misled: what a message advises works where it is printed, and it blames what is to blame.

Against commands and public names alone, as in `test_faults_figures.py`.
"""

from __future__ import annotations

import os
import re
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from commands import ROOT, Commands, own_process, refused
from miniatures import iemocap, line_of, six_speakers, sound, write_manifest

LABELS = {"ang": "愤怒", "sad": "غم"}


def options_of(module: str) -> set[str]:
    return {option for action in import_module(module).build_parser()._actions for option in action.option_strings}


def train_line(folder: Path, table: str) -> list[str]:
    line = ["--corpus", "manifest", "--root", f"{folder / table}", "--pipeline", "logistic@energy", "--jobs", "1"]
    return [*line, "--results", f"{folder}/results", "--out", f"{folder}/m.skops"]


@pytest.mark.parametrize("fault", ["10"], indirect=True)
def test_train_takes_fewer_folds_where_there_are_fewer_speakers(fault: Path, commands: Commands) -> None:
    ended = commands("benchmarks.train", *train_line(fault, "three.csv"))
    assert ended.status == 0, ended


@pytest.mark.parametrize("fault", ["10"], indirect=True)
@pytest.mark.parametrize(
    ("module", "table", "says"),
    [
        ("benchmarks.train", "copies.csv", "--"),
        ("benchmarks.train", "one.csv", "only speaker 01"),
        ("benchmarks.run", "one.csv", "only speaker 01"),
    ],
)
def test_what_a_message_advises_is_an_option_of_the_command(
    module: str, table: str, says: str, fault: Path, commands: Commands
) -> None:
    line = train_line(fault, table)
    if module == "benchmarks.run":
        line = [*line[:4], "--pipelines", "logistic@energy", "--jobs", "1", "--out", f"{fault}/out"]
    ended = commands(module, *line)
    assert refused(ended), ended
    assert says in ended.err
    assert "expected 2 to 1" not in ended.err
    for other, option in re.findall(r"(?:(benchmarks\.\w+) )?(--[a-z-]+)", ended.err):
        assert option in options_of(other or module), ended.err


@pytest.mark.parametrize("fault", ["14"], indirect=True)
def test_crema_d_runs_as_it_was_published(fault: Path, commands: Commands) -> None:
    line = ["--corpus", "crema-d", "--allow-partial", "--pipelines", "logistic@energy", "--jobs", "1"]
    ended = commands("benchmarks.run", *line, "--root", fault / "crema", "--out", fault / "out")
    assert ended.status == 0, ended
    assert "1076_MTI_SAD_XX" in ended.words
    ended = commands("benchmarks.run", *line, "--root", fault / "lfs", "--out", fault / "other")
    assert ended.status == 2, ended
    assert "git lfs pull" in ended.err


def test_a_silent_turn_of_a_registered_corpus_can_be_left_out_as_the_message_says(
    tmp_path: Path, commands: Commands
) -> None:
    root = iemocap(tmp_path)
    path = min(root.rglob("Ses01F_impro01_F000.wav"))
    soundfile.write(path, np.zeros(1600), 16000)
    line = ["--corpus", "iemocap", "--root", root, "--allow-partial", "--pipelines", "logistic@energy", "--jobs", "1"]
    line += ["--out", tmp_path / "out"]
    ended = commands("benchmarks.run", *line)
    assert refused(ended), ended
    assert path.stem in ended.err
    (remedy,) = re.findall(r"(--[a-z-]+) (\w+)", ended.err) or [None]
    assert remedy, ended.err
    ended = commands("benchmarks.run", *line, *remedy)
    assert ended.status == 0, ended


def test_what_extract_writes_is_what_a_pipeline_reads(tmp_path: Path, commands: Commands) -> None:
    table = write_manifest(tmp_path / "my.csv", six_speakers(tmp_path))
    features = tmp_path / "features.csv"
    assert commands("features.extract", tmp_path, features, "--groups", "energy").status == 0
    for root in (table, tmp_path / "bare.csv"):
        text = table.read_text().replace("clips/", "clips/" if root == table else f"{tmp_path}/clips/")
        root.write_text(text)
        line = line_of(root, "--pipelines", f"logistic@{features}", "--out", f"{tmp_path}/{root.stem}")
        ended = commands("benchmarks.run", *line)
        assert ended.status == 0, ended


def predictions(path: Path, *, separator: str = ",") -> pd.DataFrame:
    table = pd.DataFrame(
        [
            {"pipeline": path.stem, "seed": 0, "fold": f"f{who}", "utterance": f"0{who}0{take}", "speaker": f"0{who}",
             "truth": "as"[take % 2], "prediction": "as"[(take + who) % 2]}
            for who in range(1, 4) for take in range(4)
        ]
    )  # fmt: skip
    table.to_csv(path, index=False, sep=separator)
    return table


def test_the_error_shows_both_spellings_where_leading_zeros_are_gone(tmp_path: Path, commands: Commands) -> None:
    table = predictions(tmp_path / "a.csv")
    for name in ("utterance", "speaker"):
        table[name] = table[name].str.lstrip("0")
    table.to_csv(tmp_path / "b.csv", index=False)
    ended = commands("benchmarks.compare", tmp_path / "a.csv", tmp_path / "b.csv")
    assert refused(ended), ended
    assert "spelling" in ended.err
    assert re.search(r"\b0\d0\d\b", ended.err), ended.err
    assert re.search(r"\b[1-9]0\d\b", ended.err), ended.err


@pytest.mark.parametrize("names", [["memo.m4a"], ["call.webm", "b.MP4"], ["phone/c.amr"]], ids=["m4a", "webm", "amr"])
def test_sound_that_cannot_be_read_is_not_left_out_without_a_word(
    names: list[str], tmp_path: Path, commands: Commands
) -> None:
    sound(tmp_path / "in" / "good.wav", seed=1)
    for name in names:
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"\0\0\0\x20ftypM4A " + bytes(64))
    ended = commands("features.extract", tmp_path / "in", tmp_path / "out.csv", "--groups", "energy")
    assert ended.status == 0, ended
    assert all(Path(name).suffix.lower() in ended.err for name in names), ended.err
    assert "ffmpeg" in ended.err


def test_oga_is_read_and_a_pointer_of_git_lfs_is_called_so(tmp_path: Path, commands: Commands) -> None:
    (tmp_path / "in").mkdir()
    samples = soundfile.read(sound(tmp_path / "in" / "good.wav", seed=1))[0]
    soundfile.write(tmp_path / "in" / "note.oga", samples, 16000, format="OGG", subtype="VORBIS")
    ended = commands("features.extract", tmp_path / "in", tmp_path / "out.csv", "--groups", "energy")
    assert ended.status == 0, ended
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 3
    (tmp_path / "in" / "pointer.wav").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    ended = commands("features.extract", tmp_path / "in", tmp_path / "out.csv", "--groups", "energy")
    assert "git lfs pull" in ended.err


def changed_table(folder: Path, old: str, new: str) -> Path:
    """A table of six speakers in which a text stands for another."""
    table = write_manifest(folder / "my.csv", six_speakers(folder))
    table.write_text(table.read_bytes().decode().replace("\r\n", "\n").replace(old, new), encoding="utf-8")
    return table


def test_features_with_semicolons_and_decimal_commas_are_read(tmp_path: Path, commands: Commands) -> None:
    rows = six_speakers(tmp_path)
    table = write_manifest(tmp_path / "my.csv", rows)
    own = pd.DataFrame(np.random.default_rng(0).normal(size=(len(rows), 2)), columns=["x", "y"])
    own.insert(0, "id", [row[0] for row in rows])
    own.to_csv(tmp_path / "own.csv", index=False, sep=";", decimal=",")
    line = line_of(table, "--pipelines", f"logistic@{tmp_path / 'own.csv'}", "--out", f"{tmp_path}/out")
    ended = commands("benchmarks.run", *line)
    assert ended.status == 0, ended


def test_folds_and_predictions_with_semicolons_are_read(tmp_path: Path, commands: Commands) -> None:
    table = write_manifest(tmp_path / "my.csv", six_speakers(tmp_path))
    line = [*line_of(table, "--pipelines", "majority"), "--out", f"{tmp_path}/out"]
    assert commands("benchmarks.run", *line, "--write-folds", tmp_path / "folds.csv").status == 0
    (tmp_path / "folds.csv").write_text((tmp_path / "folds.csv").read_text().replace(",", ";"))
    line[line.index("--folds") : line.index("--folds") + 2] = ["--folds-file", f"{tmp_path}/folds.csv"]
    ended = commands("benchmarks.run", *line[:-1], f"{tmp_path}/again")
    assert ended.status == 0, ended
    predictions(tmp_path / "a.csv", separator=";")
    predictions(tmp_path / "b.csv")
    ended = commands("benchmarks.compare", tmp_path / "a.csv", tmp_path / "b.csv")
    assert ended.status == 0, ended


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("label,speaker", "label,speaker,label", "two columns are called 'label'"),
        ("ang,b\n", "ang,b,x\n", "line 4"),
        ("clips/b0.wav,ang,b", "clips/b0.wav,ang", "line 4"),
    ],
    ids=["a name twice", "a cell too many", "a cell too few"],
)
def test_a_table_of_the_wrong_form_is_refused_by_every_reader(
    old: str, new: str, says: str, tmp_path: Path, commands: Commands
) -> None:
    table = changed_table(tmp_path, old, new)
    if says.startswith("two"):
        table.write_text(re.sub(r"(?<=,[a-f])$", ",sad", table.read_text(), flags=re.MULTILINE))
    line = line_of(table, "--pipelines", "majority", "--out", f"{tmp_path}/out")
    for ended in (
        commands("benchmarks.run", *line),
        commands("features.extract", table, tmp_path / "out.csv", "--groups", "energy"),
    ):
        assert refused(ended), ended
        assert says in ended.err


@pytest.mark.parametrize(
    ("old", "new"), [("\n", ",\n"), (",", ";"), ("path,", "\ufeffpath,")], ids=["trailing comma", "semicolons", "mark"]
)
def test_a_table_of_a_spreadsheet_is_read_by_every_reader(
    old: str, new: str, tmp_path: Path, commands: Commands
) -> None:
    table = changed_table(tmp_path, old, new)
    line = line_of(table, "--pipelines", "majority", "--out", f"{tmp_path}/out")
    ended = commands("benchmarks.run", *line)
    assert ended.status == 0, ended
    ended = commands("features.extract", table, tmp_path / "out.csv", "--groups", "energy")
    assert ended.status == 0, ended


def test_labels_in_other_scripts_bring_no_raw_warning(tmp_path: Path, commands: Commands) -> None:
    rows = [[path, LABELS[label], who] for path, label, who in six_speakers(tmp_path)]
    table = write_manifest(tmp_path / "my.csv", rows)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ended = commands("benchmarks.run", *line_of(table, "--pipelines", "majority", "--out", f"{tmp_path}/out"))
    assert ended.status == 0, ended
    assert not [one for one in caught if "Glyph" in str(one.message)]
    assert "Glyph" not in ended.err


@pytest.mark.parametrize("subtype", ["GSM610", "MS_ADPCM"])
def test_a_valid_file_of_a_rare_kind_is_not_called_damaged(subtype: str, tmp_path: Path, commands: Commands) -> None:
    samples = soundfile.read(sound(tmp_path / "in" / "good.wav", seed=1, seconds=0.61))[0]
    soundfile.write(tmp_path / "in" / "rare.wav", samples, 16000, subtype=subtype)
    ended = commands("features.extract", tmp_path / "in", tmp_path / "out.csv", "--groups", "energy")
    assert ended.status == 0, ended
    assert "damaged" not in ended.err
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 3


def test_where_torch_is_missing_one_line_says_so(tmp_path: Path) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "sitecustomize.py").write_text("import sys\nsys.modules['torch'] = None\n")
    (tmp_path / "model").mkdir()
    sound(tmp_path / "clip.wav", seed=1)
    environment = {"PYTHONPATH": os.pathsep.join([str(tmp_path / "without"), str(ROOT)])}
    ended = own_process("deep.predict", "--model", "model", "clip.wav", cwd=tmp_path, environment=environment)
    assert refused(ended), ended
    assert "needs torch: pip install" in ended.err
