"""Robustness: what conditions do to sound, who is heard in them, and what trains and is tested."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from miniatures import line_of, six_speakers, write_manifest

import benchmarks
from benchmarks import corpora
from benchmarks.conditions.condition import CLEAN, Surroundings
from benchmarks.conditions.registry import KINDS, conditions
from benchmarks.robustness import main
from benchmarks.studies.robustness import overtaking, robustness
from benchmarks.studies.under_conditions import _others, remove_sounds, under_conditions
from features.audio import recorded
from features.clips import clips_from
from features.errors import FoldError, InputError

PIPELINE = "logistic@timing"


@pytest.fixture(scope="module")
def clip() -> np.ndarray:
    return recorded(corpora.load("synthetic").utterances["path"].iloc[0]).astype(float)


def heard(name: str, level: float, clip: np.ndarray, seed: int = 0) -> np.ndarray:
    voices = [np.roll(clip, shift)[: len(clip) // 2] for shift in (100, 900, 4000)]
    return KINDS[name].change(clip.copy(), level, Surroundings(np.random.default_rng(seed), voices))


@pytest.mark.parametrize("name", ["white", "pink", "babble"])
@pytest.mark.parametrize("level", [20, 10, 0])
def test_noise_has_the_ratio_that_it_says(name: str, level: float, clip: np.ndarray) -> None:
    noise = heard(name, level, clip) - clip
    assert 10 * np.log10(np.var(clip) / np.mean(noise**2)) == pytest.approx(level, abs=0.1)


@pytest.mark.parametrize("name", ["white", "pink", "babble"])
def test_noise_on_real_speech_has_the_ratio_that_it_says(name: str, emodb_root: Path) -> None:
    for path in sorted((emodb_root / "wav").glob("*.wav"))[:40:8]:
        speech = recorded(path).astype(float)
        noise = heard(name, 5, speech) - speech
        assert 10 * np.log10(np.var(speech) / np.mean(noise**2)) == pytest.approx(5, abs=0.1)


def test_pink_noise_falls_by_three_decibels_an_octave(clip: np.ndarray) -> None:
    noise = heard("pink", 0, np.resize(clip, 160_000)) - np.resize(clip, 160_000)
    power = np.abs(np.fft.rfft(noise)) ** 2
    bands = [power[10 * low : 20 * low].mean() for low in (250, 500, 1000, 2000)]
    np.testing.assert_allclose(10 * np.log10(np.array(bands[:-1]) / bands[1:]), 3, atol=0.4)


@pytest.mark.parametrize("name", KINDS)
def test_every_condition_gives_sound_of_the_length_that_it_should(name: str, clip: np.ndarray) -> None:
    if KINDS[name].needs:
        pytest.importorskip(KINDS[name].needs)
    for level in KINDS[name].levels:
        found, length = heard(name, level, clip), len(clip)
        if name == "beginning":
            length = min(length, round(level * 16000))
        if name in ("faster", "slower"):
            length = round(length / level)
        assert len(found) == pytest.approx(length, abs=2)
        assert np.isfinite(found).all()
        assert np.std(found) > 0.005 * np.std(clip)
        np.testing.assert_array_equal(heard(name, level, clip), found)
        assert len(found) != len(clip) or name == "beginning" or not np.allclose(found, clip, atol=1e-4)


def test_digital_silence_before_the_sound_is_not_what_is_heard_first() -> None:
    sound = np.random.default_rng(0).normal(size=16000)
    clip = np.concatenate([np.zeros(24000), sound])
    np.testing.assert_array_equal(heard("beginning", 0.5, clip), sound[:8000])
    np.testing.assert_array_equal(heard("beginning", 1.0, clip), clip)


def test_rooms_reverberate_for_as_long_as_they_say() -> None:
    pytest.importorskip("pyroomacoustics")
    click = np.zeros(32000)
    click[0] = 1.0
    for level in (0.3, 0.6):
        times = []
        for seed in range(6):
            energy = np.cumsum(heard("room", level, click, seed)[::-1] ** 2)[::-1]
            decay = 10 * np.log10(energy / energy[0] + 1e-12)
            times.append(2 * (np.argmax(decay < -35) - np.argmax(decay < -5)) / 16000)
        assert np.median(times) == pytest.approx(level, rel=0.35)


def test_overdrive_and_attenuation_are_exact(clip: np.ndarray) -> None:
    assert np.abs(heard("overdrive", 20, clip)).max() == pytest.approx(np.abs(clip).max() / 10)
    np.testing.assert_allclose(heard("attenuation", 20, clip), clip / 10)


def test_unknown_conditions_are_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match="expected some of white, pink"):
        conditions(["rain"])


def test_babble_never_holds_the_speaker_who_is_tested() -> None:
    table = corpora.load("synthetic").utterances
    clips, speakers = clips_from(table), table.index.get_level_values("speaker").to_numpy().astype(str)
    owner = {clip.path: speaker for clip, speaker in zip(clips, speakers)}
    condition = conditions(["babble"])[0]
    for i in range(0, len(clips), 7):
        voices = _others(clips, speakers, i, condition, 0)
        assert len(voices) >= 5
        assert speakers[i] not in {owner[voice.path] for voice in voices}
    with pytest.raises(FoldError, match="other speakers"):
        _others(clips[:3], speakers[:3], 0, condition, 0)


def test_copies_keep_whose_they_are_and_are_removed(tmp_path: Path) -> None:
    corpus = corpora.load("synthetic")
    corpus = replace(corpus, utterances=corpus.utterances.iloc[::12])
    found = under_conditions(corpus, conditions(["overdrive"]), tmp_path / "sounds", augment=True, seed=0, jobs=1)
    counts = found.utterances["training"].value_counts().to_dict()
    n = len(corpus.utterances)
    assert counts == {"": 3 * n, "as recorded": n, "augmented": n}
    augmented = found.utterances[found.utterances["training"] == "augmented"]
    assert set(augmented.index.get_level_values("speaker")) == set(corpus.speakers)
    assert f"{corpus.speakers[0]}@{CLEAN}" in found.speakers
    remove_sounds(tmp_path / "sounds")
    assert not (tmp_path / "sounds").exists()


@pytest.fixture(scope="module")
def corpus() -> corpora.Corpus:
    """Every third clip of the embedded corpus."""
    whole = corpora.load("synthetic")
    return replace(whole, utterances=whole.utterances.iloc[::3])


@pytest.fixture(scope="module")
def table(corpus: corpora.Corpus, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    out = tmp_path_factory.mktemp("robust")
    found = robustness(
        corpus,
        pipelines=[PIPELINE, f"{PIPELINE}:speaker"],
        kinds=["attenuation", "beginning"],
        augment=True,
        jobs=1,
        out=out,
    )
    assert not (out / "sounds").exists()
    pd.testing.assert_frame_equal(pd.read_csv(out / "robustness.csv"), found, rtol=1e-4)
    return found


def test_clean_clips_score_as_in_a_run(corpus: corpora.Corpus, table: pd.DataFrame) -> None:
    run = benchmarks.evaluate(corpus, pipelines=[PIPELINE, f"{PIPELINE}:speaker"], jobs=1)
    clean = table[(table["kind"] == "clean") & (table["training"] == "as recorded")].set_index("pipeline")
    for name, row in run.scores.set_index("pipeline").iterrows():
        assert clean.loc[name, "uar"] == pytest.approx(row["uar"], abs=1e-9)
        assert clean.loc[name, "uar_low"] == pytest.approx(row["uar_low"], abs=1e-9)


def test_the_table_holds_every_condition_and_the_mean_of_kinds(table: pd.DataFrame) -> None:
    rows = table[(table["pipeline"] == PIPELINE) & (table["training"] == "as recorded")].set_index("condition")
    names = [
        "clean",
        "softer by 20 dB",
        "softer by 40 dB",
        "first 2 s",
        "first 1 s",
        "first 0.5 s",
        "mean of all kinds",
    ]
    assert list(rows.index) == names
    kinds = [rows.loc[names[1:3], "uar"].mean(), rows.loc[names[3:6], "uar"].mean()]
    assert rows.loc["mean of all kinds", "uar"] == pytest.approx(np.mean(kinds))
    assert rows.loc["first 0.5 s", "drop"] == pytest.approx(rows.loc["clean", "uar"] - rows.loc["first 0.5 s", "uar"])
    assert (rows["uar_low"] <= rows["uar"]).all()
    assert (rows["drop_low"] <= rows["drop"]).all()
    assert set(table["training"]) == {"as recorded", "augmented"}


def test_a_cheaper_pipeline_that_comes_out_ahead_is_named() -> None:
    rows = [
        (name, kind, kind, uar, ms)
        for name, ms, clean, noisy in (("svm", 2.0, 0.6, 0.5), ("svm:speaker", 2.0, 0.6, 0.5), ("deep", 80.0, 0.7, 0.4))
        for kind, uar in (("clean", clean), ("white", noisy))
    ]
    some = pd.DataFrame(rows, columns=["pipeline", "kind", "condition", "uar", "ms_per_clip"])
    found = overtaking(some.assign(training="as recorded")).to_dict("records")
    (only,) = found
    assert only == {
        "cheaper": "svm",
        "slower": "deep",
        "kind": "white",
        "condition": "white",
        "cheaper_uar": 0.5,
        "slower_uar": 0.4,
    }


def test_the_command_prints_within_80_columns_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = line_of(write_manifest(tmp_path / "my.csv", six_speakers(tmp_path)), "--pipelines", PIPELINE)
    assert main([*line, "--conditions", "telephone", "overdrive", "--jobs", "1", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "telephone, mu-law" in printed
    assert max(map(len, printed.partition("table:")[0].splitlines())) <= 80
    assert (tmp_path / "plots" / "robustness.svg").stat().st_size > 2000
    assert main(["--conditions", "rain"]) != 0
