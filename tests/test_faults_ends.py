"""Faults that hung, ended in a traceback or lost work: each ends soon, in one line, and what was done is kept.

Against commands and public names alone, as in `test_faults_figures.py`.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import struct
import subprocess
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
import soundfile
from commands import ROOT, Commands, own_process, refused
from miniatures import line_of, six_speakers, sound, write_manifest

from benchmarks.train import main as train
from features import FeatureExtractor

POSIX = pytest.mark.skipif(os.name == "nt", reason="needs pipes, links and signals as POSIX has them")
LATIN = os.fsdecode(b"caf\xe9.wav")
BAD = {"empty.wav": b"", "page.wav": b"<!DOCTYPE html>", "pointer.wav": b"version https://git-lfs.github.com/spec/v1\n"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_manifest(tmp_path / "my.csv", six_speakers(tmp_path))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of tones, which answers in no time."""
    folder = tmp_path_factory.mktemp("model")
    table = write_manifest(folder / "my.csv", six_speakers(folder))
    line = ["--pipeline", "logistic@energy", "--jobs", "1", "--no-scores", "--out", str(folder / "model.skops")]
    assert train([*line_of(table)[:4], *line]) == 0
    return folder / "model.skops"


def ids_in(path: Path) -> list[str]:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
        return [row["id"] for row in csv.DictReader(stream)]


@POSIX
def test_what_is_no_file_does_not_hang_a_command(tmp_path: Path) -> None:
    sound(tmp_path / "in" / "good.wav", seed=1)
    os.mkfifo(tmp_path / "in" / "pipe.wav")
    (tmp_path / "in" / "link.wav").symlink_to("pipe.wav")
    (tmp_path / "in" / "device.wav").symlink_to("/dev/zero")
    names = ("pipe", "link", "device")
    (tmp_path / "my.csv").write_text("path\nin/good.wav\n" + "".join(f"in/{name}.wav\n" for name in names))
    ended = own_process("features.extract", "my.csv", "out.csv", "--groups", "energy", cwd=tmp_path, seconds=40)
    assert ended.status == 1, ended
    assert all(f"{name}.wav" in ended.err for name in names)
    assert len(ids_in(tmp_path / "out.csv")) == 1


def family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


@POSIX
@pytest.mark.parametrize("command", ["extract", "run"])
def test_sigterm_leaves_no_worker_behind(command: str, tmp_path: Path) -> None:
    rows = [
        [str(sound(tmp_path / f"in/{i:03d}.wav", seed=i, seconds=1.5)), "as"[i % 2], f"s{i // 50}"] for i in range(300)
    ]
    table = write_manifest(tmp_path / "my.csv", rows)
    line = {
        "extract": ["features.extract", "in", "out.csv", "--jobs", "2", "--no-cache"],
        "run": ["benchmarks.run", *line_of(table, "--pipelines", "svm", "--no-cache"), "--jobs", "2", "--out", "out"],
    }[command]
    process = subprocess.Popen(
        [sys.executable, "-m", *line],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + 90
    while len(family(process)) < 2:
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.1)
    time.sleep(1)
    assert process.poll() is None
    workers = family(process)
    process.send_signal(signal.SIGTERM)
    _, alive = psutil.wait_procs([*workers, psutil.Process(process.pid)], timeout=5)
    for left in alive:
        left.kill()
    process.wait(timeout=30)
    assert not alive


def test_a_place_whose_name_is_too_long_is_one_line(table: Path, commands: Commands) -> None:
    target = table.parent / f"{'x' * 300}.csv"
    assert refused(commands("features.extract", table.parent / "clips", target, "--groups", "energy"))
    line = line_of(table, "--pipelines", "majority", "--out", str(table.parent / "out"), "--write-folds", str(target))
    assert refused(commands("benchmarks.run", *line))


def test_a_long_name_of_a_pipeline_does_not_end_a_run(table: Path, commands: Commands) -> None:
    """The files of stored results are called after their pipelines."""
    folder = table.parent / ("d" * 120) / ("e" * 120)
    folder.mkdir(parents=True)
    own = pd.DataFrame(np.random.default_rng(0).normal(size=(12, 2)), columns=["x", "y"])
    own.insert(0, "id", [row["path"] for row in csv.DictReader(table.open())])
    own.to_csv(folder / "own.csv", index=False)
    line = line_of(table, "--pipelines", f"logistic@{folder / 'own.csv'}", "--out", str(table.parent / "out"))
    ended = commands("benchmarks.run", *line)
    assert ended.status == 0, ended


@pytest.fixture
def with_bad(tmp_path: Path) -> Path:
    """A table of six speakers, and three files that hold no sound."""
    rows = six_speakers(tmp_path)
    for name, content in BAD.items():
        (tmp_path / "clips" / name).write_bytes(content)
        rows.append([f"clips/{name}", "sad", "f"])
    return write_manifest(tmp_path / "my.csv", rows)


@pytest.mark.parametrize("command", ["run", "train", "extract", "predict"])
def test_every_bad_file_is_named(command: str, with_bad: Path, model: Path, commands: Commands) -> None:
    folder = with_bad.parent
    train = ["--pipeline", "logistic@energy", "--jobs", "1", "--no-scores", "--out", folder / "m.skops"]
    line: list[str | Path] = {
        "run": ["benchmarks.run", *line_of(with_bad, "--pipelines", "logistic@energy"), "--out", folder / "out"],
        "train": ["benchmarks.train", *line_of(with_bad)[:4], *train],
        "extract": ["features.extract", folder / "clips", folder / "out.csv", "--groups", "energy"],
        "predict": ["classical.predict", model, folder / "clips"],
    }[command]
    ended = commands(*line)
    assert [name in ended.err for name in BAD] == [True] * 3, ended
    if command == "extract":
        assert (ended.status, len(ids_in(folder / "out.csv"))) == (1, 12)
    elif command == "predict":
        assert (ended.status, len([text for text in ended.out.splitlines() if ".wav" in text])) == (1, 12)
    else:
        assert ended.status == 2


@pytest.mark.parametrize("fault", ["18"], indirect=True)
def test_18_good_files_are_answered_beside_a_bad_one(fault: Path, model: Path, commands: Commands) -> None:
    ended = commands("classical.predict", model, fault / "mix", "--json")
    assert ended.status == 1, ended
    assert [Path(one["path"]).name for one in json.loads(ended.out)] == ["a.wav", "c.wav"]
    assert "b.wav" in ended.err
    ended = commands("features.extract", fault / "dirs", fault / "out.csv", "--groups", "energy")
    assert (ended.status, ids_in(fault / "out.csv")) == (0, ["a"])


def test_a_bad_clip_does_not_discard_what_is_done(with_bad: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips beside a bad one are kept as soon as they are computed: none is computed a second time."""
    from features import FeatureCache, SerError
    from features.clips import Clip

    cache = FeatureCache(with_bad.parent / "cache")
    paths = [with_bad.parent / row["path"] for row in csv.DictReader(with_bad.open())]
    with pytest.raises(SerError):
        FeatureExtractor("energy", cache=cache).extract(paths)
    read, heard = Clip.samples, []

    def counted(clip: Clip) -> np.ndarray:
        heard.append(clip)
        return read(clip)

    monkeypatch.setattr(Clip, "samples", counted)
    FeatureExtractor("energy", cache=cache).extract(paths[:12])
    assert heard == []


def test_a_run_in_which_nothing_could_run_keeps_what_was_there(table: Path, commands: Commands) -> None:
    out = table.parent / "out"
    assert commands("benchmarks.run", *line_of(table, "--pipelines", "majority", "--out", str(out))).status == 0
    before = (out / "predictions.csv").read_bytes()
    for pipelines in (["svm@encoder"], ["majority", "svm@encoder"]):
        ended = commands("benchmarks.run", *line_of(table, "--pipelines", *pipelines, "--out", str(out)))
        assert ended.status == 1, ended
        assert (out / "predictions.csv").read_bytes() == before


def test_clearing_the_cache_leaves_the_files_of_others(tmp_path: Path, commands: Commands) -> None:
    for name in ("thesis.npz", "film.part", "photos/a.npz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("somebody's")
    before = sorted(tmp_path.rglob("*"))
    assert commands("features.cache", "--clear", "--folder", tmp_path).status == 0
    assert sorted(tmp_path.rglob("*")) == before


def flac(path: Path, total: int) -> Path:
    """A FLAC file whose header states this number of samples."""
    samples, rate = soundfile.read(sound(path.with_suffix(".wav"), seed=5))
    path.with_suffix(".wav").unlink()
    soundfile.write(path, samples, rate)
    data = bytearray(path.read_bytes())
    data[21] = (data[21] & 0xF0) | (total >> 32)
    data[22:26] = struct.pack(">I", total & 0xFFFFFFFF)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("total", "status", "ids"), [(0, 0, ["flac", "good"]), ((1 << 36) - 1, 1, ["good"])])
def test_a_flac_file_of_unknown_or_huge_length(
    total: int, status: int, ids: list[str], tmp_path: Path, commands: Commands
) -> None:
    sound(tmp_path / "in" / "good.wav", seed=1)
    flac(tmp_path / "in" / "flac.flac", total)
    ended = commands("features.extract", tmp_path / "in", tmp_path / "out.csv", "--groups", "energy")
    assert ended.status == status, ended
    assert sorted(ids_in(tmp_path / "out.csv")) == ids


@pytest.mark.parametrize("end", ["inf", "1e9"])
def test_an_end_without_end_is_that_of_the_file(end: str, table: Path, model: Path, commands: Commands) -> None:
    rows = pd.read_csv(table, dtype=str).assign(start="0", end=end)
    rows.to_csv(table, index=False)
    ended = commands("benchmarks.run", *line_of(table, "--pipelines", "majority", "--out", f"{table.parent}/out"))
    assert ended.status == 0, ended
    ended = commands("classical.predict", model, "--manifest", table, "--json")
    assert (ended.status, len(json.loads(ended.out or "[]"))) == (0, 12), ended


@pytest.mark.parametrize("entry", ["schema.json", "values.npy"])
def test_a_model_that_unpacks_without_end_is_refused(entry: str, tmp_path: Path, commands: Commands) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.skops", "w", zipfile.ZIP_DEFLATED) as archive:
        if entry != "schema.json":
            archive.writestr("schema.json", "{}")
        with archive.open(entry, "w", force_zip64=True) as file:
            for _ in range(300):
                file.write(bytes(1_000_000))
    tracemalloc.start()
    ended = commands("classical.predict", tmp_path / "bomb.skops", sound(tmp_path / "clip.wav", seed=1))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused(ended), ended
    assert most < 100_000_000


def test_a_published_model_whose_description_is_a_bomb_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("speechbrain")
    doubled = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    text = "\n".join(["a0: &a0 [x, x]", *doubled, "wav2vec2_hub: *a9", "encoder_dim: *a9", "out_n_neurons: 4", ""])
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "hyperparams.yaml").write_text(text)
    sound(tmp_path / "clip.wav", seed=1)
    ended = own_process("deep.predict", "--model", "model", "clip.wav", cwd=tmp_path, seconds=40)
    assert refused(ended), ended
    assert "hyperparams.yaml" in ended.err


def damaged_model(folder: Path, model: Path) -> list[str | Path]:
    with zipfile.ZipFile(folder / "m.skops", "w") as archive:
        archive.writestr("schema.json", "[]")
    return ["classical.predict", folder / "m.skops", model]


def damaged_encoder(folder: Path, _: Path) -> list[str | Path]:
    pytest.importorskip("speechbrain")
    import small_encoders

    table = write_manifest(folder / "my.csv", six_speakers(folder))
    encoder = small_encoders.save("wav2vec2", folder / "encoder")
    (encoder / "config.json").write_text("[" * 100_000)
    line = line_of(table, "--pipelines", "logistic@encoder", "--encoder", str(encoder), "--layer", "1")
    return ["benchmarks.run", *line, "--out", folder / "out"]


@pytest.mark.parametrize("make", [damaged_model, damaged_encoder])
def test_a_damaged_model_or_encoder_is_one_line(
    make: Callable[[Path, Path], list[str | Path]], tmp_path: Path, model: Path, commands: Commands
) -> None:
    ended = commands(*make(tmp_path, model))
    assert ended.status in (1, 2), ended
    assert "Traceback" not in ended.err
    told = "m.skops" if make is damaged_model else "encoder/config.json"
    assert told in ended.words.replace(" ", "")  # a long path is broken where a line ends


@pytest.fixture
def done(table: Path, commands: Commands) -> Path:
    """The folder of a run that is done."""
    line = line_of(table, "--pipelines", "majority", "random", "--out", str(table.parent / "out"))
    assert commands("benchmarks.run", *line).status == 0
    return table.parent / "out"


@pytest.mark.parametrize(
    "content", [b"[]", b"3", b"{}", b"\xff\xfe{", b"[" * 100_000], ids=["list", "number", "nothing", "bytes", "deep"]
)
def test_a_damaged_record_of_a_run_is_one_line(content: bytes, done: Path, commands: Commands) -> None:
    (done / "run.json").write_bytes(content)
    ended = commands("benchmarks.report", done)
    assert refused(ended), ended
    assert "run.json" in ended.err


def test_a_damaged_stored_result_is_computed_again(done: Path, table: Path, commands: Commands) -> None:
    before = (done / "predictions.csv").read_bytes()
    stored = sorted(done.glob("*/*.json"))
    stored[0].write_bytes(stored[0].read_bytes()[:200])
    stored[1].write_bytes(b"[]")
    stored[2].write_bytes(stored[2].read_bytes().replace(b'"n_test": ', b'"n_test": "many", "was": '))
    ended = commands("benchmarks.run", *line_of(table, "--pipelines", "majority", "random", "--out", str(done)))
    assert ended.status == 0, ended
    assert (done / "predictions.csv").read_bytes() == before


def test_damaged_tables_beside_a_run_do_not_break_it(done: Path, commands: Commands) -> None:
    names = ("utterances.csv", "learning.csv", "shapley.csv", "ablation.csv")
    for content in (b"\0\0\xff", b'pipeline,"x'):
        for name in names:
            (done / name).write_bytes(content)
        ended = commands("benchmarks.report", done, "--no-audio")
        assert ended.status == 0, (content, ended)
        assert all(name in ended.words for name in names[:2])


def test_a_damaged_cache_is_computed_again(table: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = table.parent
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    line = ("features.extract", folder / "clips", folder / "out.csv", "--groups", "energy")
    assert commands(*line).status == 0
    before = (folder / "out.csv").read_bytes()
    kept = [path for path in (folder / "cache").rglob("*") if path.is_file() and path.suffix in (".npz", ".sqlite")]
    assert kept
    for content in (b"", b"PK\3\4" + bytes(range(256)) * 9, b"SQLite format 3\0" + bytes(range(256)) * 9):
        for path in kept:
            path.write_bytes(content)
        ended = commands(*line)
        assert ended.status == 0, (content[:20], ended)
        assert (folder / "out.csv").read_bytes() == before


@POSIX
@pytest.mark.parametrize("command", ["extract", "predict"])
def test_file_names_that_are_not_utf8_end_no_command(
    command: str, tmp_path: Path, model: Path, commands: Commands
) -> None:
    for number, name in enumerate(("good.wav", LATIN)):
        sound(tmp_path / "plain.wav", seed=number)
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "plain.wav").rename(tmp_path / "in" / name)
    if command == "extract":
        ended = commands("features.extract", tmp_path / "in", tmp_path / "out.csv", "--groups", "energy")
        assert len(ids_in(tmp_path / "out.csv")) == 2
    else:
        ended = commands("classical.predict", model, tmp_path / "in", "--json")
        assert len(json.loads(ended.out)) == 2
    assert ended.status == 0, ended


@POSIX
def test_a_lock_that_is_a_link_does_not_empty_what_it_leads_to(table: Path, commands: Commands) -> None:
    (table.parent / "thesis.tex").write_text("all of it")
    (table.parent / "out").mkdir()
    (table.parent / "out" / ".lock").symlink_to(table.parent / "thesis.tex")
    ended = commands("benchmarks.run", *line_of(table, "--pipelines", "majority", "--out", f"{table.parent}/out"))
    assert (table.parent / "thesis.tex").read_text() == "all of it"
    assert refused(ended), ended


@POSIX
def test_control_characters_of_names_do_not_reach_the_terminal(tmp_path: Path, model: Path, commands: Commands) -> None:
    for number, name in enumerate(("a\x1b[2Jb.wav", "c\x9b2Jd.wav", "e\nf.wav")):
        sound(tmp_path / "in" / name, seed=number)
    ended = commands("classical.predict", model, tmp_path / "in")
    assert ended.status == 0, ended
    assert "\x1b" not in ended.out + ended.err
    assert "\x9b" not in ended.out + ended.err
    assert len([line for line in ended.out.splitlines() if ".wav" in line]) == 3


def test_labels_and_names_that_are_formulas_are_text_in_every_table(tmp_path: Path, commands: Commands) -> None:
    rows = [[path, {"ang": "=1+1", "sad": "@SUM(A1)"}[label], f"+{who}"] for path, label, who in six_speakers(tmp_path)]
    table = write_manifest(tmp_path / "my.csv", rows)
    ended = commands("benchmarks.run", *line_of(table, "--pipelines", "majority", "--out", str(tmp_path / "out")))
    assert ended.status == 0, ended
    written = [path.read_text(encoding="utf-8") for path in (tmp_path / "out").rglob("*.csv")]
    cells = [cell for text in written for row in csv.reader(text.splitlines()) for cell in row]
    assert len(cells) > 40
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))]


def test_labels_are_no_markup_in_a_model_card(tmp_path: Path, commands: Commands) -> None:
    markup = "<img src=x>"
    rows = [[path, {"ang": markup, "sad": "sad"}[label], who] for path, label, who in six_speakers(tmp_path)]
    table = write_manifest(tmp_path / "my.csv", rows)
    line = ["--pipeline", "logistic@energy", "--jobs", "1", "--no-scores", "--out", tmp_path / "m.skops"]
    ended = commands("benchmarks.train", *line_of(table)[:4], *line)
    assert ended.status == 0, ended
    assert markup not in (tmp_path / "m.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("place", ["file/m.skops", f"{'x' * 300}.skops", "own"])
def test_train_finds_out_before_the_test_that_it_cannot_save(place: str, table: Path, commands: Commands) -> None:
    folder = table.parent
    (folder / "file").write_text("in the way")
    pipeline, out = "logistic@energy", folder / place
    if place == "own":
        own = pd.DataFrame(np.random.default_rng(0).normal(size=(12, 2)), columns=["x", "y"])
        own.insert(0, "id", [row["path"] for row in csv.DictReader(table.open())])
        own.to_csv(folder / "own.csv", index=False)
        pipeline, out = f"logistic@{folder / 'own.csv'}", folder / "m.skops"
    line = ["--pipeline", pipeline, "--jobs", "1", "--results", folder / "results", "--out", out]
    ended = commands("benchmarks.train", *line_of(table)[:4], *line)
    assert refused(ended), ended
    assert not (folder / "results").exists()
