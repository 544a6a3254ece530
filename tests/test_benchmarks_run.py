"""The command: what it prints, what it leaves, and one line for whatever a user gets wrong."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from miniatures import BUILDERS, sound

from benchmarks.command import load_corpus
from benchmarks.folds.fold import read_folds
from benchmarks.run import main

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: BUILDERS[name](tmp_path_factory.mktemp(name)) for name in ("emodb", "iemocap", "manifest")}


def test_a_run_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "results"
    assert (
        main(
            [
                "--pipelines",
                "majority",
                "random",
                "--out",
                str(out),
                "--jobs",
                "1",
                "--write-folds",
                str(tmp_path / "f.csv"),
            ]
        )
        == 0
    )
    shown = capsys.readouterr()
    lines = shown.err.splitlines()
    assert [
        line for line in lines if not re.fullmatch(r"\d+ of 10 jobs: .+ on Ses0\d, seed 0: done in .+ s", line)
    ] == []
    assert [line.split()[0] for line in lines] == [str(number) for number in range(1, 11)]
    assert all(len(line) <= 80 or str(out) in line for line in shown.out.splitlines())
    assert "SYNTHETIC" in shown.out
    assert re.search(r"^majority +25\.0 ", shown.out, re.MULTILINE)
    for name in (
        "predictions.csv",
        "scores.csv",
        "run.json",
        "utterances.csv",
        "plots/confusion_majority.png",
        "report.html",
    ):
        assert (out / name).stat().st_size > 0, name
    before = (out / "predictions.csv").read_bytes()
    assert main(["--pipelines", "majority", "random", "--out", str(out), "--folds-file", str(tmp_path / "f.csv")]) == 0
    again = (out / "predictions.csv").read_text().replace(",given,", ",session,")
    assert again.encode() == before


def test_list_says_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    for word in (
        "iemocap",
        "emodb",
        "manifest",
        "speaker-811",
        "svm",
        "xgboost",
        "wav2vec2-tiny",
        "egemaps",
        "prosodic",
    ):
        assert word in text


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--corpus emodb --root {tmp}/nowhere", ["nowhere does not exist", "wav/03a01Fa.wav", "--root"]),
        ("--corpus emodb", ["no root given", "--root"]),
        ("--corpus emodb --root {tmp}", ["no sound file", "03a01Fa.wav", "--root"]),
        ("--corpus emodb --root {emodb}", ["expected 127", "found 6", "--allow-partial"]),
        ("--corpus iemocap --root {emodb}", ["Session1", "--root"]),
        ("--corpus iemocap --root {iemocap}", ["session 1, speaker Ses01F", "expected 147", "found 4"]),
        ("--corpus nope", ["unknown corpus 'nope'", "emodb"]),
        ("--corpus manifest --root {tmp}/bad.csv", ["bad.csv", "no column speaker"]),
        ("--corpus manifest --root {tmp}/noise.csv", ["noise.csv", "UTF-8"]),
        ("--corpus manifest --root {tmp}/gone.csv", ["gone.wav", "missing"]),
        ("--corpus manifest --root {manifest} --folds 99", ["--folds 99", "6 speakers"]),
        ("--corpus manifest --root {manifest} --folds session", ["no sessions", "--folds speaker"]),
        ("--corpus savee --download --root {tmp}/x", ["savee", "no --download"]),
        ("--corpus ravdess --download", ["needs --root"]),
        ("--pipelines svn", ["unknown pipeline 'svn'", "svm"]),
        ("--pipelines svm:foo", ["'foo'", "one of global, speaker, enrol-1"]),
        ("--pipelines svm@foo", ["unknown feature set 'foo'", "prosodic"]),
        ("--pipelines svm@{tmp}/foo.csv", ["foo.csv"]),
        ("--classes ang,joy", ["'joy'"]),
        ("--classes ang", ["one label (ang)", "--classes"]),
        ("--corpus ravdess --root {emodb}", ["none of 42 sound files", "another corpus", "--corpus"]),
        ("--corpus manifest --root {tmp}/gender.csv", ["line 2", "'männlich'", "female, male"]),
        ("--map exc:hap", ["OLD=NEW"]),
        ("--map exc=hap", ["'exc' in --map"]),
        ("--folds-file {tmp}/nowhere.csv", ["nowhere.csv", "fold, utterance, side"]),
        ("--out {tmp}/bad.csv/x --pipelines majority", ["bad.csv/x", "--out"]),
    ],
)
def test_what_a_user_gets_wrong(
    line: str, words: list[str], roots: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound(tmp_path / "clips/a.wav", seed=0) if "bad.csv" in line else None
    (tmp_path / "bad.csv").write_text("path,label\nclips/a.wav,joy\n")
    (tmp_path / "gender.csv").write_text("path,label,speaker,gender\na.wav,joy,bo,männlich\n", encoding="utf-8")
    (tmp_path / "noise.csv").write_bytes(b"\xff\xfe\xfa")
    (tmp_path / "gone.csv").write_text("path,label,speaker\ngone.wav,joy,bo\n")
    filled = [word.format(tmp=tmp_path, **roots) for word in line.split()]
    if line == "--corpus emodb --root {tmp}":
        filled = ["--corpus", "emodb", "--root", str(tmp_path / "clips")]
        (tmp_path / "clips").mkdir()
    code = main([*filled, "--out", str(tmp_path / "out")] if "--out" not in filled else filled)
    shown = capsys.readouterr()
    assert code == 2
    assert shown.out == ""
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    for word in words:
        assert word in shown.err


def test_results_of_other_labels_are_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["--pipelines", "majority", "--out", str(tmp_path), "--jobs", "1"]
    assert main(line) == 0
    scores = (tmp_path / "scores.csv").read_bytes()
    assert main([*line, "--classes", "ang,sad"]) == 2
    assert main([*line, "--folds", "speaker"]) == 2
    assert "another corpus or other folds (synthetic with ang, hap, sad, neu; folds session)" in capsys.readouterr().err
    assert (tmp_path / "scores.csv").read_bytes() == scores


@pytest.mark.parametrize("jobs", ["0", "-1", "two"])
def test_a_number_of_jobs_is_at_least_1(jobs: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--jobs", jobs])
    assert ended.value.code == 2
    assert "whole number of at least 1" in capsys.readouterr().err


def test_a_damaged_sound_is_named(roots: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (roots["manifest"]).read_text(encoding="utf-8").splitlines()
    (tmp_path / "broken.wav").write_bytes(b"this is no sound")
    absolute = [
        ",".join([str(roots["manifest"].parent / line.split(",")[0]), *line.split(",")[1:]]) for line in lines[1:]
    ]
    first = ",".join([str(tmp_path / "broken.wav"), *lines[1].split(",")[1:]])
    (tmp_path / "list.csv").write_text("\n".join([lines[0], first, *absolute[1:]]), encoding="utf-8")
    code = main(
        ["--corpus", "manifest", "--root", str(tmp_path / "list.csv"), "--folds", "3", "--out", str(tmp_path / "o")]
    )
    error = capsys.readouterr().err
    assert code == 2
    assert "broken.wav" in error
    assert "Traceback" not in error


def test_a_failing_pipeline_ends_with_1(tmp_path: Path, roots: dict[str, Path]) -> None:
    features = tmp_path / "own.csv"
    features.write_text("id,a,b\nclips/anna joy 1.wav,1,2\n")
    line = ["--corpus", "manifest", "--root", str(roots["manifest"]), "--pipelines", f"svm@{features}", "--folds", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.run", *line, "--out", str(tmp_path / "o")],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "no row for" in done.stderr or "anna joy 2" in done.stderr


def test_stored_folds_are_those_of_the_corpus(tmp_path: Path, roots: dict[str, Path]) -> None:
    from benchmarks.run import build_parser

    line = ["--corpus", "iemocap", "--root", str(roots["iemocap"]), "--allow-partial", "--pipelines", "majority"]
    path = tmp_path / "folds.csv"
    folds = ["--folds", "speaker-811", "--write-folds", str(path)]
    assert main([*line, *folds, "--out", str(tmp_path / "o"), "--jobs", "1"]) == 0
    corpus = load_corpus(build_parser().parse_args(line))
    read = read_folds(path, corpus.utterances)
    assert [fold.name for fold in read] == [f"Ses{n:02d}{g}" for n in range(1, 6) for g in "FM"]
