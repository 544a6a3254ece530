"""People: a planted difference between groups is found, none without one; the worst speaker is no worse than luck."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from fabricated_runs import fabricate_run
from scipy.signal import butter, sosfilt

import benchmarks
from benchmarks import corpora
from benchmarks.people import main as people_command
from benchmarks.scoring.groups import group_difference
from benchmarks.scoring.shrinkage import speaker_scores


def drawn(n_speakers: int, rng: np.random.Generator, *, ease: float = 1.2, clips: int = 8):
    """Confusion matrices of speakers who differ, and the true UAR of each."""
    odds = rng.normal(ease, 0.7, n_speakers)[:, None] + rng.normal(0, 0.4, (n_speakers, 4))
    recalls = 1 / (1 + np.exp(-odds))
    matrices, hits = np.zeros((n_speakers, 4, 4)), rng.binomial(clips, recalls)
    for label in range(4):
        matrices[:, label, label], matrices[:, label, (label + 1) % 4] = hits[:, label], clips - hits[:, label]
    return matrices, recalls.mean(axis=1)


@pytest.mark.parametrize(("first", "second"), [(5, 5), (12, 12), (3, 9)])
def test_groups_that_do_not_differ_are_told_apart_at_the_nominal_rate(first, second):
    rng = np.random.default_rng(7)
    found = [group_difference(drawn(first, rng)[0], drawn(second, rng)[0]) for _ in range(250)]
    rate = np.mean([one.p <= 0.05 for one in found])
    assert rate <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 250)
    assert all((one.p <= 0.05) == (one.interval.low > 0 or one.interval.high < 0) for one in found)


def test_groups_that_differ_are_told_apart():
    rng = np.random.default_rng(8)
    found = [group_difference(drawn(9, rng)[0], drawn(9, rng, ease=-0.8)[0]) for _ in range(50)]
    assert np.mean([one.interval.low > 0 for one in found]) > 0.9


def test_the_interval_of_the_speaker_who_looks_worst_holds_the_true_score():
    rng = np.random.default_rng(9)
    held, counted_too_low, expected_too_low = [], [], []
    for _ in range(150):
        matrices, true = drawn(24, rng)
        scores = speaker_scores(matrices)
        worst = scores.counted.argmin()
        held.append(scores.low[worst] <= true[worst] <= scores.high[worst])
        counted_too_low.append(true[worst] - scores.counted[worst])
        expected_too_low.append(true[worst] - scores.expected[worst])
    assert np.mean(held) > 0.92
    assert np.mean(counted_too_low) > 0.04
    assert abs(np.mean(expected_too_low)) < 0.02


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of twelve speakers; the odd ones are men, whose predictions are spoilt by the tests that want it."""
    return _told(fabricate_run(tmp_path / "run", {"svm": 2.0, "guess": 0.4}, n_speakers=12))


def _told(folder: Path, *, accents: tuple[str, ...] = ("",)) -> Path:
    table = pd.read_csv(folder / "utterances.csv", dtype=str, keep_default_na=False)
    numbers = table["speaker"].astype(int)
    table["gender"] = np.where(numbers % 2, "male", "female")
    table["age"] = (20 + numbers).astype(str)
    table["accent"] = [accents[number % len(accents)] for number in numbers]
    table.to_csv(folder / "utterances.csv", index=False)
    return folder


def _spoil(folder: Path, *, share: float) -> None:
    """Most of the men's right answers of svm become wrong."""
    table = pd.read_csv(folder / "predictions.csv", dtype={"speaker": str})
    rng = np.random.default_rng(0)
    hit = (table["speaker"].astype(int) % 2 == 1) & (table["pipeline"] == "svm") & (rng.random(len(table)) < share)
    wrong = table["truth"].map({"ang": "hap", "hap": "neu", "neu": "sad", "sad": "ang"})
    table["prediction"] = table["prediction"].where(~hit, wrong)
    table.to_csv(folder / "predictions.csv", index=False)


def test_a_planted_difference_is_found_and_no_other(run, capsys):
    _spoil(run, share=0.8)
    assert people_command([str(run)]) == 0
    said = capsys.readouterr().out
    table = pd.read_csv(run / "people.csv", dtype={"group": str})
    shown = table[table["p_holm"] <= 0.05]
    assert set(zip(shown["pipeline"], shown["attribute"])) == {("svm", "gender")}
    assert "svm by gender: UAR is lowest for male" in " ".join(said.split())
    assert said.count("a difference is shown") == 1
    assert "corrected for the number of comparisons, 4." in said
    assert table[table["attribute"] == "age"]["group"].unique().tolist() == ["20 to 25", "26 to 31"]


def test_twenty_runs_without_a_difference_flag_no_more_than_the_nominal_rate(tmp_path):
    flagged = 0
    for seed in range(20):
        folder = fabricate_run(tmp_path / str(seed), {"svm": 1.0}, n_speakers=10, clips=4, random_state=seed)
        flagged += bool((benchmarks.people(_told(folder)).groups["p_holm"] <= 0.05).any())
    assert flagged <= 3  # of 20 at 0.05 each: more has a probability of 0.016


def test_the_report_shows_the_groups_and_the_speakers(run, capsys):
    _told(run, accents=("north", "south", "west"))
    assert people_command([str(run), "--pipelines", "svm"]) == 0
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Whom does it serve worse?" in page
    assert (run / "plots" / "people.png").is_file()
    assert "the lowest of 12, which is partly the luck of few clips" in page
    rows = pd.read_csv(run / "tables" / "people.csv")
    assert len(rows[rows["attribute"] == "accent"]) == 3
    assert "number of comparisons, 5." in capsys.readouterr().out  # gender, age, and three accents against the rest


def test_a_table_of_speakers_is_taken_and_a_missing_speaker_is_named(run, tmp_path, capsys):
    file = tmp_path / "speakers.csv"
    lines = [f"{number:02d},{'old' if number < 6 else 'new'}" for number in range(12)]
    file.write_text("speaker,studio\n" + "\n".join(lines) + "\n", encoding="utf-8")
    assert people_command([str(run), "--speakers", str(file), "--pipelines", "svm"]) == 0
    assert pd.read_csv(run / "people.csv")["group"].tolist() == ["new", "old"]
    file.write_text("speaker,studio\n" + "\n".join(lines[1:]) + "\n", encoding="utf-8")
    assert people_command([str(run), "--speakers", str(file)]) == 2
    assert "no row of speaker 00; expected one row of every speaker" in capsys.readouterr().err


def test_a_run_that_knows_nothing_of_its_speakers_says_what_to_give(tmp_path, capsys):
    folder = fabricate_run(tmp_path / "run", {"svm": 2.0})
    table = pd.read_csv(folder / "utterances.csv", dtype=str).drop(columns="gender", errors="ignore")
    table.to_csv(folder / "utterances.csv", index=False)
    assert people_command([str(folder)]) == 2
    assert "or --speakers FILE" in capsys.readouterr().err


def test_ages_of_a_manifest_stand_beside_the_run(tmp_path):
    table = corpora.load("synthetic").utterances.reset_index()
    table["age"] = table["speaker"].map({name: 20 + place for place, name in enumerate(sorted(set(table["speaker"])))})
    table = table[table.groupby(["speaker", "label"]).cumcount() < 2]
    table[["path", "speaker", "label", "gender", "age"]].to_csv(tmp_path / "clips.csv", index=False)
    corpus = corpora.load("manifest", tmp_path / "clips.csv")
    run = benchmarks.evaluate(corpus, pipelines=["majority"], folds="2", out=tmp_path / "run", jobs=1)
    assert set(benchmarks.load_run(run.folder).utterances["age"]) == {str(20 + place) for place in range(10)}
    assert "age" not in json.dumps(run.record["corpus"]["notes"])


@pytest.mark.long
def test_low_passed_clips_of_the_men_are_found_on_the_embedded_corpus(tmp_path):
    table = corpora.load("synthetic").utterances.reset_index()
    for place, row in table[table["gender"] == "male"].iterrows():
        sound, rate = soundfile.read(row["path"])
        dull = sosfilt(butter(8, 300, fs=rate, output="sos"), sound)
        path = tmp_path / f"{place}.wav"
        soundfile.write(path, dull, rate)
        table.loc[place, "path"] = str(path)
    table[["path", "speaker", "label", "gender", "session"]].to_csv(tmp_path / "clips.csv", index=False)
    corpus = corpora.load("manifest", tmp_path / "clips.csv")
    run = benchmarks.evaluate(corpus, pipelines=["svm@spectral"], folds="session", out=tmp_path / "run")
    groups = benchmarks.people(run).groups.set_index("group")
    assert groups.loc["male", "ahead"] < 0
    assert groups.loc["male", "p_holm"] <= 0.05
