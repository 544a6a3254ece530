"""Clips that cannot be analysed: all of them named, the good ones answered, nothing done thrown away."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from miniatures import line_of, six_speakers, sound, write_manifest

from benchmarks.ablation import main as ablation
from benchmarks.learning import main as learning
from benchmarks.run import main as run
from benchmarks.train import main as train
from features import FeatureCache, FeatureExtractor
from features.errors import SerError
from features.extract import main as extract

BAD = {"page.wav": b"<!DOCTYPE html>", "empty.wav": b"", "pointer.wav": b"version https://git-lfs.github.com/spec/v1\n"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Six speakers with two labels, and three files that hold no sound."""
    rows = six_speakers(tmp_path)
    for name, content in BAD.items():
        (tmp_path / "clips" / name).write_bytes(content)
        rows.append([f"clips/{name}", "sad", "f"])
    return write_manifest(tmp_path / "my.csv", rows)


@pytest.mark.parametrize("fault", ["18"], indirect=True)
@pytest.mark.parametrize(("folder", "status", "ids"), [("dirs", 0, ["a"]), ("mix", 1, ["a", "c"])])
def test_good_files_are_answered_beside_a_bad_one(
    fault: Path, folder: str, status: int, ids: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = fault / "out.csv"
    assert extract([str(fault / folder), str(out), "--groups", "timing"]) == status
    error = capsys.readouterr().err
    assert list(pd.read_csv(out)["id"]) == ids
    assert ("b.wav: an HTML page" in error) == bool(status)


@pytest.mark.parametrize("fault", ["14"], indirect=True)
def test_a_corpus_knows_the_bad_clips_it_was_published_with(fault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["--corpus", "crema-d", "--allow-partial", "--pipelines", "majority", "--jobs", "1"]
    out = fault / "out"
    assert run([*line, "--root", str(fault / "crema"), "--out", str(out)]) == 0
    assert "1076_MTI_SAD_XX" in capsys.readouterr().out
    corpus = json.loads((out / "run.json").read_text())["corpus"]
    assert [one["utterance"] for one in corpus["left_out"]] == ["1076_MTI_SAD_XX"]
    assert "1076_MTI_SAD_XX" not in set(pd.read_csv(out / "predictions.csv")["utterance"])
    assert run([*line, "--root", str(fault / "lfs"), "--out", str(out)]) == 2
    assert capsys.readouterr().err.count("git lfs pull") == 12


@pytest.mark.parametrize("main", [run, ablation, learning, train])
def test_what_trains_stops_before_and_names_every_bad_file(
    main, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / ("model.skops" if main is train else "out")
    assert main(line_of(table, "--out", str(out))) == 2
    error = capsys.readouterr().err
    assert [name in error for name in BAD] == [True] * 3
    assert "3 of 15 clips" in error
    assert "--on-error skip" in error
    assert not out.exists()


def test_skip_goes_on_without_them_and_says_so_everywhere(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    line = line_of(table, "--pipelines", "majority", "logistic@timing", "--out", str(out), "--on-error", "skip")
    assert run(line) == 0
    shown = capsys.readouterr()
    assert [name in shown.err for name in BAD] == [True] * 3
    assert "12 utterances (3 left out)" in " ".join(shown.out.split())
    assert "left out 3 of 15 utterances" in " ".join(shown.out.split())
    corpus = json.loads((out / "run.json").read_text())["corpus"]
    assert (corpus["n_utterances"], corpus["n_left_out"]) == (12, 3)
    assert all(any(name in one["reason"] for one in corpus["left_out"]) for name in BAD)
    assert "left out 3 of 15 utterances" in (out / "report.html").read_text()
    assert len(pd.read_csv(out / "predictions.csv")) == 2 * 12


def test_stored_folds_may_name_what_is_left_out(table: Path, tmp_path: Path) -> None:
    """Folds that name every utterance once, the bad ones too, serve a run that goes on without these."""
    ids = [row["path"] for row in csv.DictReader(table.open())]
    folds = tmp_path / "folds.csv"
    sides = {"a": "test", "b": "test", "c": "valid"}
    text = [f"x,{name},{sides.get(Path(name).name[0], 'train')}" for name in ids]
    folds.write_text("\n".join(["fold,utterance,side", *text]) + "\n")
    line = line_of(table, "--pipelines", "majority", "--out", str(tmp_path / "out"), "--on-error", "skip")
    line.remove("--folds")
    line.remove("3")
    assert run([*line, "--folds-file", str(folds)]) == 0
    assert len(pd.read_csv(tmp_path / "out/predictions.csv")) == 4


def test_features_of_ones_own_need_no_sound(table: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    ids = [row["path"] for row in csv.DictReader(table.open())]
    values = pd.DataFrame(rng.normal(size=(len(ids), 3)), columns=["x", "y", "z"])
    values.insert(0, "id", ids)
    values.to_csv(tmp_path / "own.csv", index=False)
    line = line_of(table, "--pipelines", f"logistic@{tmp_path / 'own.csv'}", "--out", str(tmp_path / "out"))
    assert run(line) == 0


def test_each_finished_clip_is_kept(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was computed before a bad clip, and after it, is not computed again."""
    cache = FeatureCache(tmp_path / "cache")
    paths = sorted(table.parent.glob("clips/*.wav"))
    with pytest.raises(SerError, match="3 of 15"):
        FeatureExtractor("timing", cache=cache).extract(paths)
    good = [path for path in paths if path.name not in BAD]
    monkeypatch.setattr(FeatureExtractor, "_row_function", lambda self: pytest.fail)
    assert FeatureExtractor("timing", cache=cache).extract(good).values.shape == (12, 20)
    table_of_good, bad = FeatureExtractor("timing", cache=cache, n_jobs=2).extract_good(good + good[:1])
    assert len(table_of_good) == 13
    assert bad == ()


def test_a_file_that_changes_while_it_is_read_is_not_kept_under_its_old_content(table: Path, tmp_path: Path) -> None:
    path = next(table.parent.glob("clips/a*.wav"))
    other = next(table.parent.glob("clips/b*.wav")).read_bytes()

    class Growing(FeatureExtractor):
        def _row_function(self):
            row = super()._row_function()

            def changed(clip):
                path.write_bytes(other)
                return row(clip)

            return changed

    cache = FeatureCache(tmp_path / "cache")
    before = path.read_bytes()
    with pytest.raises(SerError, match="changed while it was read"):
        Growing("all", cache=cache).extract([path])
    path.write_bytes(before)
    expected = FeatureExtractor("all").extract([path]).values
    np.testing.assert_array_equal(FeatureExtractor("all", cache=cache).extract([path]).values, expected)


def test_missing_files_and_bad_ones_are_named_in_one_list_or_left_out(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with table.open("a") as stream:
        stream.write("clips/gone1.wav,ang,a\nclips/gone2.wav,sad,b\n")
    line = line_of(table, "--pipelines", "majority", "--out", str(tmp_path / "out"))
    assert run(line) == 2
    error = capsys.readouterr().err
    names = {*BAD, "gone1.wav", "gone2.wav"}
    assert {name for name in names if name in error} == names
    assert "5 of 17 utterances" in error
    assert run([*line, "--on-error", "skip"]) == 0
    assert "12 utterances (5 left out)" in " ".join(capsys.readouterr().out.split())
    left_out = json.loads((tmp_path / "out/run.json").read_text())["corpus"]["left_out"]
    assert {one["utterance"] for one in left_out} == {f"clips/{name}" for name in names}


def test_one_sound_file_is_extracted_without_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.csv"
    assert extract([str(sound(tmp_path / "a b.wav", seed=1)), str(out), "--groups", "timing"]) == 0
    assert list(pd.read_csv(out)["id"]) == ["a b"]
    page = tmp_path / "page.wav"
    page.write_text("<!DOCTYPE html>")
    assert extract([str(page), str(out)]) == 2
    assert "an HTML page" in capsys.readouterr().err
    assert extract([str(tmp_path / "none.wav"), str(out)]) == 2
    assert "no such file" in capsys.readouterr().err


def test_extraction_does_not_write_over_its_own_manifest(
    table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = table.read_bytes()
    monkeypatch.chdir(table.parent)
    assert extract([str(table), table.name, "--groups", "timing"]) == 2
    assert "written over what it is made from" in capsys.readouterr().err
    assert table.read_bytes() == before
