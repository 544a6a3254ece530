"""Folds that nobody means well with: each one sentence, the right exit status, and no traceback."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fold_forms import FORMS, clips, sides, write_table

from benchmarks.audit import main
from benchmarks.auditing.recordings import copies_in
from benchmarks.corpora import load

Capture = pytest.CaptureFixture[str]
ROWS = "fold,utterance,side,speaker\n"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("folds.csv", "", "the file is empty"),
        ("folds.csv", ROWS, "names no utterance"),
        ("folds.csv", "fold,utterance,truth,prediction\n", "names no utterance"),
        ("folds.csv", f"{ROWS}1,,train,a\n1,b,test,b\n", "no utterance"),
        ("folds.csv", f"{ROWS},a,train,a\n", "no fold"),
        ("x_train_fold_1.jsonl", "", "names no utterance"),
        ("train.json", "[" * 100_000, "not JSON"),
        ("train.json", '{"a": {"wav": ["b"]}}', "holds no folds"),
        ("train.json", "[[1], [2]]", "holds no folds"),
    ],
)
def test_what_names_nobody_ends_with_2(name: str, text: str, message: str, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert main([str(tmp_path if name != "folds.csv" else tmp_path / name)]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert len(shown.err.splitlines()) == 1


def test_speakers_in_two_spellings_are_named_and_joined_where_asked_for(tmp_path: Path, capsys: Capture) -> None:
    folds = tmp_path / "folds.csv"
    folds.write_text(f"{ROWS}1,a,train,Anna\n1,b,test,ANNA\n1,c,valid,bo\n", encoding="utf-8")
    assert main([str(folds), "--json"]) == 0
    (found,) = [one for one in json.loads(capsys.readouterr().out) if one["kind"] == "speaker"]
    assert (found["severity"], found["count"]) == ("warning", 1)
    assert main([str(folds), "--join-names"]) == 1


def test_files_of_another_form_beside_the_folds_are_named(tmp_path: Path, capsys: Capture) -> None:
    folder = FORMS["emobox"](tmp_path, sides(clips()))
    (folder / "test.csv").write_text("path,label\nb.wav,ang\n", encoding="utf-8")
    assert main([str(folder)]) == 0
    assert "1 files of other forms" in capsys.readouterr().out


def test_odd_ids_are_found_by_their_last_parts(tmp_path: Path) -> None:
    names = ["a b", "Zoë 1", "日本", "x, y"]
    sounds = [str(tmp_path / f"{number}.wav") for number in range(4)]
    for number, path in enumerate(sounds):
        soundfile.write(path, np.random.default_rng(number).normal(size=8000) / 10, 16_000)
    rows = [
        {"id": name, "path": path, "speaker": f"s{number}", "label": "ang" if number % 2 else "sad"}
        for number, (name, path) in enumerate(zip(names, sounds))
    ]
    write_table(tmp_path / "corpus.csv", rows)
    side = ["train", "train", "valid", "test"]
    lines = [{"fold": "1", "utterance": f"C:\\data\\{name}.WAV", "side": s} for name, s in zip(names, side)]
    folds = write_table(tmp_path / "folds.csv", lines)
    assert main([str(folds), "--corpus", "manifest", "--root", str(tmp_path / "corpus.csv")]) == 0


def test_copies_coded_cut_and_resampled_are_found(tmp_path: Path, emodb_root: Path) -> None:
    """Other bit depth, level, rate, ends and codecs of one recording; two others share nothing."""
    import soxr

    first, *others = sorted((emodb_root / "wav").glob("*.wav"))[:3]
    sound, rate = soundfile.read(first)
    wide = soxr.resample(sound, rate, 44_100)
    made = {
        "depth.wav": (sound, rate, {"subtype": "PCM_24"}),
        "level.wav": (0.3 * sound, rate, {}),
        "rate.flac": (wide, 44_100, {}),
        "cut.wav": (sound[rate // 20 : -rate // 20], rate, {}),
        "cut_a_little.wav": (sound[rate // 150 : -rate // 90], rate, {}),
        "coded.ogg": (sound, rate, {}),
    }
    opus = "OPUS" in soundfile.available_subtypes("OGG")
    made |= {"coded.opus": (sound, rate, {"format": "OGG", "subtype": "OPUS"})} if opus else {}
    made |= {"coded.mp3": (wide, 44_100, {})} if "MP3" in soundfile.available_formats() else {}
    for name, (samples, hertz, more) in made.items():
        soundfile.write(tmp_path / name, samples, hertz, **more)
    paths = [first, *others, *(tmp_path / name for name in made)]
    rows = [
        {"path": str(path), "label": "ang" if number % 2 else "sad", "speaker": f"s{number}"}
        for number, path in enumerate(paths)
    ]
    corpus = load("manifest", write_table(tmp_path / "corpus.csv", rows))
    speakers = corpus.utterances.index.get_level_values("speaker")
    copies = copies_in(corpus)
    found = {speakers[int(other)] for other in copies[str(list(speakers).index("s0"))]}
    assert found == {f"s{number}" for number in range(3, len(paths))}
    assert not {"s1", "s2"} & {speakers[int(one)] for one in copies}


@pytest.mark.long
@pytest.mark.parametrize(("name", "pairs"), [("emodb", 0), ("ravdess", 1)])
def test_no_false_alarms_of_near_duplicates(name: str, pairs: int, request: pytest.FixtureRequest) -> None:
    """RAVDESS has one pair of identical files, as published."""
    corpus = load(name, request.getfixturevalue(f"{name}_root"))
    copies = copies_in(corpus)
    assert sum(map(len, copies.values())) == 2 * pairs
    assert all(how == "same bytes" for own in copies.values() for how in own.values())
