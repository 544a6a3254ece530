from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

import classical
from classical.models import build
from classical.predict import build_parser, main
from features import FeatureExtractor
from features.errors import AudioError
from features.predictions import Prediction, to_json, to_predictions, to_text
from features.timeline import timeline
from features.utterances import InputError, cut, duration, spans, utterances

ROOT = Path(__file__).resolve().parent.parent
LABELS = {"W": "ang", "L": "bor", "E": "dis", "A": "fea", "F": "hap", "T": "sad", "N": "neu"}


@pytest.fixture(scope="module")
def speech(emodb_root):
    """Two speakers of EmoDB with their labels."""
    paths = [path for path in sorted((emodb_root / "wav").glob("*.wav")) if path.stem[:2] in ("03", "08")]
    table = utterances(paths)
    table.index = pd.MultiIndex.from_arrays(
        [[p.stem[:2] for p in paths], [p.stem for p in paths]], names=["speaker", "id"]
    )
    return table, np.array([LABELS[path.stem[5]] for path in paths])


@pytest.fixture(scope="module")
def models(speech, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    extractor = FeatureExtractor("mfcc,energy")
    for name, normalise in (("svm", "global"), ("xgboost", "global"), ("logistic", "speaker")):
        pipeline = build(name, features=extractor, normalise=normalise).fit(*speech)
        classical.save(folder / f"{name}.skops", pipeline, metadata={"corpus": "two speakers"})
    return folder


@pytest.fixture(scope="module")
def long_recording(speech, tmp_path_factory):
    """Several clips one after the other."""
    path = tmp_path_factory.mktemp("long") / "long one.wav"
    sounds = [soundfile.read(path, dtype="float32") for path in speech[0]["path"].iloc[:5]]
    soundfile.write(path, np.concatenate([sound for sound, _ in sounds]), sounds[0][1])
    return path


def test_help_comes_at_once_and_with_an_example():
    script = (
        "import sys, classical.predict as predict; predict.build_parser()\n"
        "print([m for m in ('pandas', 'sklearn', 'torch', 'librosa', 'xgboost') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
    assert "python -m classical.predict model.skops a.wav" in build_parser().format_help()


def test_json_answers_for_files_and_folders_in_order(models, speech, tmp_path, capsys):
    folder = tmp_path / "Ordner mit Ä"
    (folder / "deeper").mkdir(parents=True)
    for name, source in (("b.wav", 0), ("deeper/a.wav", 1)):
        (folder / name).write_bytes(Path(speech[0]["path"].iloc[source]).read_bytes())
    (folder / "._b.wav").write_bytes(b"a companion of macOS")
    (folder / "notes.txt").write_text("no sound")
    alone = speech[0]["path"].iloc[2]
    assert main([str(models / "svm.skops"), alone, str(folder), "--json"]) == 0
    given_back = json.loads(capsys.readouterr().out)
    assert [answer["path"] for answer in given_back] == [alone, str(folder / "b.wav"), str(folder / "deeper/a.wav")]
    expected = classical.load(models / "svm.skops").predict_proba(speech[0].iloc[[2, 0, 1]])
    for answer, row in zip(given_back, expected):
        assert set(answer) == {"path", "label", "probabilities"}
        assert list(answer["probabilities"].values()) == pytest.approx(row, abs=1e-6)
        assert answer["label"] == max(answer["probabilities"], key=answer["probabilities"].get)


@pytest.mark.parametrize("name", ["svm", "xgboost"])
def test_reasons_stand_in_the_table_and_in_json(models, speech, name, capsys):
    paths = list(speech[0]["path"].iloc[:2])
    assert main([str(models / f"{name}.skops"), *paths, "--explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 2 * 6
    assert main([str(models / f"{name}.skops"), *paths, "--explain", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)[0]
    assert len(answer["attributions"]) == 5
    assert answer["attributions"][0]["feature"] in lines[2]


def test_windows_follow_a_long_recording_with_a_timeline(models, long_recording, tmp_path, capsys):
    plot = tmp_path / "timeline.svg"
    command = [
        str(models / "svm.skops"),
        str(long_recording),
        "--window",
        "3",
        "--hop",
        "1",
        "--json",
        "--plot",
        str(plot),
    ]
    assert main(command) == 0
    given_back = json.loads(capsys.readouterr().out)
    length = duration(long_recording)
    assert [answer["start"] for answer in given_back][:3] == [0.0, 1.0, 2.0]
    assert given_back[-1]["end"] == pytest.approx(length, abs=0.1)
    assert all(answer["end"] - answer["start"] == pytest.approx(3) for answer in given_back)
    assert "Class probabilities over time" in plot.read_text()


def test_a_long_file_says_that_it_has_one_answer(models, speech, long_recording, tmp_path, capsys):
    samples, rate = soundfile.read(long_recording)
    long = tmp_path / "long.flac"
    soundfile.write(long, np.resize(samples, 31 * rate), rate)
    short = speech[0]["path"].iloc[0]
    assert main([str(models / "svm.skops"), short, str(long)]) == 0
    note = capsys.readouterr().err
    assert f"note: 1 file is longer than 30 s ({long}, 31 s): one answer stands for all of it; --window 3" in note
    for line in ([short], [str(long), "--window", "10"]):
        assert main([str(models / "svm.skops"), *line]) == 0
        assert "one answer stands" not in capsys.readouterr().err


def test_a_manifest_says_who_speaks_and_one_speaker_says_it_too(models, speech, tmp_path, capsys):
    own = speech[0][speech[0].index.get_level_values("speaker") == "08"]
    manifest = tmp_path / "clips.csv"
    pd.DataFrame({"path": [os.path.relpath(path, tmp_path) for path in own["path"]], "speaker": "08"}).to_csv(manifest)
    model = str(models / "logistic.skops")
    assert main([model, "--manifest", str(manifest), "--json"]) == 0
    named = json.loads(capsys.readouterr().out)
    assert main([model, *own["path"], "--one-speaker", "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert [answer["probabilities"] for answer in named] == [answer["probabilities"] for answer in alone]
    assert main([model, own["path"].iloc[0], "--one-speaker"]) == 0
    assert "fewer than 6 clips" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{models}/none.skops", "{clip}"], "none.skops: No such file"),
        (["{models}/svm.skops"], "no inputs: give sound files"),
        (["{models}/svm.skops", "{here}/absent.wav"], "no such file or folder"),
        (["{models}/svm.skops", "{here}"], "no sound file in this folder"),
        (["{models}/svm.skops", "{clip}", "--hop", "1"], "give --window too"),
        (["{models}/svm.skops", "{clip}", "--window", "0"], "at least 0.02 s"),
        (["{models}/svm.skops", "{clip}", "--window", "1", "--plot", "{here}/a.bmp"], "a plot is written as .png"),
        (["{models}/svm.skops", "--manifest", "{here}/none.csv"], "none.csv: cannot be read as a CSV"),
        (["{models}/logistic.skops", "{clip}"], "not all of these have a speaker"),
        (["{models}/svm.skops", "{here}/fake.txt"], "not audio"),
    ],
)
def test_what_a_user_can_mend_is_one_line_and_exit_2(models, speech, tmp_path, capsys, arguments, words):
    (tmp_path / "fake.txt").write_text("no sound at all")
    places = {"models": models, "clip": speech[0]["path"].iloc[0], "here": tmp_path}
    assert main([argument.format(**places) for argument in arguments]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.startswith("error: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("place,speaker\na.wav,x\n", "expected at least path"),
        ("path,start\n{clip},soon\n", "start is 'soon'"),
        ("path\nmissing.wav\n", "expected a sound file that is there"),
        ("", "cannot be read as a CSV"),
    ],
)
def test_manifests_that_do_not_fit_are_refused(speech, tmp_path, content, words):
    manifest = tmp_path / "clips.csv"
    manifest.write_text(content.format(clip=speech[0]["path"].iloc[0]))
    with pytest.raises(InputError, match=words):
        utterances([], manifest=manifest)


def test_a_manifest_may_name_stretches(speech, tmp_path):
    manifest = tmp_path / "clips.csv"
    clip = speech[0]["path"].iloc[0]
    manifest.write_text(f"path,start,end,speaker\n{clip},0.5,1.5,a\n{clip},,,b\n")
    table = utterances([], manifest=manifest)
    assert table.index.get_level_values("speaker").tolist() == ["a", "b"]
    assert table["start"].tolist() == pytest.approx([0.5, np.nan], nan_ok=True)
    pieces = cut(table, window=0.5, hop=0.25)
    assert pieces["start"].tolist()[:3] == [0.5, 0.75, 1.0]
    assert pieces.index.is_unique


@given(st.floats(0, 50), st.floats(0.01, 100), st.floats(0.1, 10), st.floats(0.05, 5))
def test_windows_cover_everything_and_no_more(first, length, window, hop):
    last = first + length
    found = spans(first, last, window=window, hop=hop)
    assert found[0][0] == first
    assert 0 <= last - found[-1][1] + 1e-9 < 0.1 + 1e-6 or found == [(first, last)]
    assert all(first - 1e-9 <= start < end <= last + 1e-6 for start, end in found)
    if hop <= window:
        assert all(after[0] <= before[1] + 1e-9 for before, after in pairwise(found))


def test_duration_of_what_is_no_sound(tmp_path):
    with pytest.raises(AudioError, match="no such file"):
        duration(tmp_path / "none.wav")
    (tmp_path / "text.wav").write_text("text")
    with pytest.raises(AudioError, match="not audio"):
        duration(tmp_path / "text.wav")


def test_predictions_read_the_same_everywhere():
    table = pd.DataFrame({"path": ["a.wav", "b/ä.wav"], "start": [0.0, np.nan], "end": [1.5, np.nan]})
    probabilities = np.array([[0.9, 0.1], [0.25, 0.75]])
    found = to_predictions(table, ["ang", "sad"], probabilities, attributions=[[("pitch.x", 0.5)], []])
    assert found[1] == Prediction("b/ä.wav", "sad", {"ang": 0.25, "sad": 0.75})
    lines = to_text(found).splitlines()
    assert lines[0].split() == ["path", "start", "end", "label", "ang", "sad"]
    assert lines[2].split() == ["+0.500", "pitch.x"]
    assert json.loads(to_json(found))[1] == {
        "path": "b/ä.wav",
        "label": "sad",
        "probabilities": {"ang": 0.25, "sad": 0.75},
    }
    with pytest.raises(InputError, match="needs windows"):
        timeline(found)


def test_the_timeline_says_in_words_what_it_shows():
    own = [
        Prediction("a.wav", label, {"ang": p, "sad": 1 - p}, float(k), k + 2.0)
        for k, (label, p) in enumerate([("ang", 0.9), ("ang", 0.8), ("sad", 0.1)])
    ]
    picture = timeline(own)
    assert picture.alt_text == "Class probabilities over time. a.wav: ang 0.0 to 3.0 s, sad 2.0 to 4.0 s."
    assert len(picture.figure.axes) == 1


def test_the_timeline_shows_answer_confidence_and_speech_where_they_are():
    spoken = [("ang", 1.0, 0.0, 2.0), ("ang", 0.5, 1.0, 3.0), ("no speech", 0.0, 2.0, 4.0), ("sad", 0.0, 8.0, 10.0)]
    windows = [
        Prediction("a.wav", label, {"ang": p, "sad": (1 - p) * (label != "no speech")}, start, end)
        for label, p, start, end in spoken
    ]
    (panel,) = timeline(windows).figure.axes
    (mesh,) = panel.collections
    edges, colours = mesh.get_coordinates()[0, :, 0], np.asarray(mesh.get_array())
    assert edges.tolist() == [0.0, 1.5, 2.5, 4.0, 8.0, 10.0]
    assert [tick.get_text() for tick in panel.get_yticklabels()] == ["answer", "ang", "sad", "speech"]
    answer, speech = colours[0], colours[-1]
    white = np.ones(3)
    np.testing.assert_allclose(answer[0], colours[1][0])  # sure: the label's own colour
    assert (answer[1] > answer[0]).any()  # two labels level: pale
    for column in (2, 3):  # no speech, no window
        np.testing.assert_array_equal(colours[:, column], np.tile(white, (4, 1)))
    assert [bool((cell < 1).all()) for cell in speech] == [True, True, False, False, True]
