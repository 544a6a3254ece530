"""Enrolment: K unlabelled clips standardise their speaker, and no pipeline of the run is scored on them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import soundfile
from made_up_speakers import speak
from sklearn.base import BaseEstimator, TransformerMixin

import benchmarks
from benchmarks import corpora
from benchmarks.enrolment import main as enrolment_command
from benchmarks.pipelines.names import with_normalisation
from benchmarks.run import main as run_command
from benchmarks.train import main as train_command
from classical import build, load
from classical.enrolment import SpeakerSpread, draw_enrolment
from classical.normalise import FallbackWarning, Normaliser
from classical.predict import main as predict_command
from features.cache import FeatureCache
from features.errors import PipelineError

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus

NAMES = ["svm@energy", *(f"svm@energy:enrol-{clips}" for clips in (1, 3, 10)), "svm@energy:speaker"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> FeatureCache:
    return FeatureCache(tmp_path_factory.mktemp("features"))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Four voices of the embedded corpus, one of them with five clips, another with one."""
    table = corpora.load("synthetic").utterances.reset_index()
    table["take"] = table.groupby("speaker").cumcount()
    voices = sorted(table["speaker"].unique())[:6]
    least = {voices[4]: 5, voices[5]: 1}
    rows = table[table["speaker"].isin(voices) & (table["take"] < table["speaker"].map(least).fillna(99))]
    folder = tmp_path_factory.mktemp("corpus")
    for path in rows["path"]:
        (folder / Path(path).name).write_bytes(Path(path).read_bytes())
    rows = rows.assign(path=[Path(path).name for path in rows["path"]])
    rows[["path", "speaker", "label"]].to_csv(folder / "clips.csv", index=False)
    return corpora.load("manifest", folder / "clips.csv")


@pytest.fixture(scope="module")
def run(corpus: Corpus, cache: FeatureCache, tmp_path_factory: pytest.TempPathFactory) -> benchmarks.Run:
    out = tmp_path_factory.mktemp("run")
    return benchmarks.evaluate(corpus, pipelines=NAMES, folds="3", seeds=(0, 1), out=out, cache=cache, jobs=2)


def _enrolled(run: benchmarks.Run, seed: int) -> dict[str, list[str]]:
    return json.loads((run.folder / "run.json").read_text())["enrolment"]["seeds"][str(seed)]


def test_no_clip_that_enrols_is_scored_and_all_pipelines_have_the_same_ones(run, corpus):
    everything = set(corpus.utterances.index.get_level_values("id"))
    for seed, rows in run.predictions.groupby("seed"):
        enrolled = {name for names in _enrolled(run, int(seed)).values() for name in names}
        assert len(enrolled) == 4 * 10 + 2
        tested = {name: tuple(own["utterance"]) for name, own in rows.groupby("pipeline")}
        assert set(tested) == set(NAMES)
        assert set(tested["svm@energy"]) == everything - enrolled
        assert len(set(tested.values())) == 1
    assert _enrolled(run, 0) != _enrolled(run, 1)
    assert all(entry.status == "done" for entry in benchmarks.reporting.ranking.rank(run).entries)


def test_every_table_says_what_an_enrolled_row_is_and_that_clips_are_missing(run):
    record = run.record
    assert [record["pipelines"][name]["flags"] for name in NAMES] == [[], *[["enrolled"]] * 3, ["transductive"]]
    notes = " ".join(record["folds"]["notes"])
    assert (
        "10 clips of each speaker, drawn at random, enrol and are scored for no pipeline of this run (42 of 102"
        in notes
    )
    benchmarks.write_report(run)
    page = (run.folder / "report.html").read_text()
    assert "10 clips of each speaker enrol and are scored for no pipeline" in page
    assert ">enrolled</span>" in page
    assert "10 clips of each speaker enrol" in (run.folder / "tables" / "scores.tex").read_text()
    assert sum(fold["n_test"] for fold in record["folds"]["folds"]) == 60


def test_speakers_with_few_clips_enrol_with_half_of_them_and_are_named(run, corpus):
    few, fewest = sorted(corpus.speakers)[4:]
    assert len(_enrolled(run, 0)[few]) == 2
    assert fewest not in _enrolled(run, 0)
    assert f"fewer than 20 clips enrol with half of theirs: {few} (2), {fewest} (0)" in " ".join(
        run.record["folds"]["notes"]
    )
    said = {
        name: " ".join(note for job in run.record["jobs"] if job["pipeline"] == name for note in job["notes"])
        for name in NAMES
    }
    assert (
        f"fewer than 3 clips that enrol, so standardised nearer to the training clips: speaker {few} (2)"
        in said["svm@energy:enrol-3"]
    )
    assert few not in said["svm@energy:enrol-1"]
    assert f"{fewest} (0)" in said["svm@energy:enrol-1"]
    assert "enrol" not in said["svm@energy"]


def test_other_pipelines_predict_what_they_predict_where_nobody_enrols(run, corpus, cache, tmp_path):
    plain = benchmarks.evaluate(
        corpus,
        pipelines=["svm@energy", "svm@energy:speaker"],
        folds="3",
        seeds=(0, 1),
        out=tmp_path,
        cache=cache,
        jobs=1,
    )
    assert "enrolment" not in plain.record
    keys = ["pipeline", "seed", "fold", "utterance"]
    both = run.predictions.merge(plain.predictions, on=keys, suffixes=("", "_plain"))
    assert len(both) == 2 * 2 * 60
    for label in run.labels:
        assert np.array_equal(both[f"p_{label}"], both[f"p_{label}_plain"])


def test_the_same_bytes_for_any_number_of_jobs(run, corpus, cache, tmp_path):
    benchmarks.evaluate(corpus, pipelines=NAMES, folds="3", seeds=(0, 1), out=tmp_path, cache=cache, jobs=1)
    assert (tmp_path / "predictions.csv").read_bytes() == (run.folder / "predictions.csv").read_bytes()


def test_a_scored_clip_changes_no_other_answer_and_one_that_enrols_changes_many(run, corpus, cache, tmp_path):
    speaker = sorted(corpus.speakers)[0]
    own = corpus.utterances.loc[speaker]
    enrolled = _enrolled(run, 0)[speaker]
    scored = next(name for name in own.index if name not in enrolled)
    names = ["svm@energy:enrol-3", "svm@energy:enrol-10"]
    for changed, alone in ((scored, True), (enrolled[0], False), (enrolled[9], False)):
        folder = tmp_path / changed
        folder.mkdir()
        for path in corpus.utterances["path"]:
            (folder / Path(path).name).symlink_to(path)
        sound = folder / Path(own.loc[changed, "path"]).name
        samples, rate = soundfile.read(sound)
        sound.unlink()
        soundfile.write(sound, samples**3, rate)
        table = corpus.utterances.reset_index()
        table["path"] = [Path(path).name for path in table["path"]]
        table[["path", "speaker", "label"]].to_csv(folder / "clips.csv", index=False)
        other = corpora.load("manifest", folder / "clips.csv")
        found = benchmarks.evaluate(other, pipelines=names, folds="3", out=folder / "run", cache=cache, jobs=1)
        before = run.predictions[(run.predictions["seed"] == 0) & run.predictions["pipeline"].isin(names)]
        both = found.predictions.merge(before, on=["pipeline", "fold", "utterance"], suffixes=("", "_before"))
        own_fold = both[both["fold"] == both.loc[both["speaker"] == speaker, "fold"].iloc[0]]
        columns = [f"p_{label}" for label in run.labels]
        differs = (own_fold[columns].to_numpy() != own_fold[[f"{name}_before" for name in columns]].to_numpy()).any(
            axis=1
        )
        by_name = {name: set(rows["utterance"]) for name, rows in own_fold[differs].groupby("pipeline")}
        if alone:
            assert all(found == {changed} for found in by_name.values())
        else:
            assert len(by_name["svm@energy:enrol-10"]) > 5
            assert all(name in own.index for names in by_name.values() for name in names)
            assert ("svm@energy:enrol-3" in by_name) == (changed == enrolled[0])


def test_the_draw_is_nested_and_depends_on_nobody_else():
    speakers, ids = np.repeat(["ann", "bob"], 30), [f"clip{n:02d}" for n in range(60)]
    ranks = draw_enrolment(speakers, ids, random_state=3)
    assert sorted(ranks[ranks > 0]) == sorted([*range(1, 11)] * 2)
    order = np.random.default_rng(0).permutation(60)
    shuffled = draw_enrolment(speakers[order], np.array(ids)[order], random_state=3)
    assert np.array_equal(shuffled, ranks[order])
    assert np.array_equal(draw_enrolment(speakers[:30], ids[:30], random_state=3), ranks[:30])
    assert not np.array_equal(draw_enrolment(speakers, ids, random_state=4), ranks)


def test_one_clip_moves_the_mean_as_far_as_speakers_differ_and_hardly_touches_the_deviation():
    rng = np.random.default_rng(0)
    speakers = np.repeat([f"s{n:03d}" for n in range(200)], 40)
    offset = rng.normal(0, 2, 200)[np.unique(speakers, return_inverse=True)[1]]
    values = np.column_stack([offset + rng.normal(0, 1, 8000), rng.normal(0, 1, 8000)])
    spread = SpeakerSpread.of(values, speakers)
    assert spread.within == pytest.approx([1, 1], rel=0.05)
    assert spread.between == pytest.approx([4, 0], abs=0.6)
    assert spread.prior_clips > 100  # all speakers vary alike
    new, ranks = np.array([[3.0, 3.0], [4.0, 4.0]]), np.array([1, 0])
    found = spread.standardise(new, np.repeat("new", 2), ranks, 1)
    trust = spread.between / (spread.between + spread.within)
    assert found[1] == pytest.approx((4 - trust * 3) / np.sqrt(spread.within))
    assert found[0] == pytest.approx(
        3 / np.sqrt(spread.within)
    )  # set against the others that enrol, and there are none


def test_many_clips_of_speakers_who_differ_come_to_their_own_statistics():
    rng = np.random.default_rng(1)
    speakers = np.repeat([f"s{n:02d}" for n in range(60)], 40)
    deviations = np.exp(rng.normal(0, 1, 60))
    values = (rng.normal(0, 3, 60)[:, None] + deviations[:, None] * rng.normal(size=(60, 40))).reshape(-1, 1)
    spread = SpeakerSpread.of(values, speakers)
    assert spread.prior_clips < 4
    new = rng.normal(5, 3, (2000, 1))
    ranks = np.arange(1, 2001)
    ranks[1000:] = 0
    found = spread.standardise(new, np.repeat("new", 2000), ranks, 1000)[1000:]
    own = (new[1000:] - new[:1000].mean()) / new[:1000].std()
    assert np.allclose(found, own, atol=0.02)


@pytest.mark.parametrize("speakers", [np.repeat("one", 12), np.array([f"s{n}" for n in range(12)])])
def test_training_speakers_that_tell_nothing_leave_finite_values(speakers):
    values = np.random.default_rng(2).normal(size=(12, 3))
    values[0, 0] = values[:6, 1] = np.nan
    ranks = draw_enrolment(speakers, range(12))
    found = Normaliser("enrol-3").fit_transform(values, groups=speakers, ranks=ranks)
    assert np.isfinite(found).all()


def test_training_clips_are_standardised_as_they_would_be_in_use():
    table, labels, features = speak(n_speakers=5)
    pipeline = build("svm", features=features, normalise="enrol-3").fit(table, labels)
    speakers = table.index.get_level_values("speaker")
    ranks = draw_enrolment(speakers, table.index.get_level_values("id"))
    seen = pipeline.standardise(table.assign(enrol=ranks))
    given = build("svm", features=features, normalise="enrol-3").fit(table.assign(enrol=ranks), labels)
    assert np.array_equal(
        given.predict_proba(table.assign(enrol=ranks)), pipeline.predict_proba(table.assign(enrol=ranks))
    )
    alone = ranks * 0
    first = int(np.flatnonzero((ranks == 1) & (speakers == "s00"))[0])
    alone[(ranks >= 2) & (ranks <= 4)] = ranks[(ranks >= 2) & (ranks <= 4)]
    assert np.allclose(pipeline.standardise(table.assign(enrol=alone))[first], seen[first])  # as if it did not enrol


def test_without_marks_a_model_says_what_it_needs():
    table, labels, features = speak(n_speakers=4)
    pipeline = build("svm", features=features, normalise="enrol-3").fit(table, labels)
    with pytest.raises(
        PipelineError, match="3 of their clips that enrol, and none of these does: mark them in the column"
    ):
        pipeline.predict(table)
    with pytest.warns(FallbackWarning, match=r"fewer than 3 clips that enrol.*s00 \(1\), s01 \(0\)"):
        pipeline.predict(table.assign(enrol=[1, *[0] * (len(table) - 1)]))


def test_a_saved_model_takes_the_clips_that_enrol_from_the_manifest(tmp_path, capsys):
    model = tmp_path / "model.skops"
    assert train_command(["--pipeline", "svm@energy:enrol-3", "--no-scores", "--out", str(model), "--jobs", "1"]) == 0
    assert "columns speaker and enrol" in model.with_suffix(".md").read_text()
    table = corpora.load("synthetic", seed=1).utterances.head(8).reset_index()
    manifest = tmp_path / "clips.csv"

    def predict(marks: list[str], *more: str) -> tuple[int, list[dict[str, str]], str]:
        table.assign(enrol=marks)[["path", "speaker", "enrol"]].to_csv(manifest, index=False)
        capsys.readouterr()
        status = predict_command([str(model), "--manifest", str(manifest), "--format", "csv", *more])
        output = capsys.readouterr()
        return status, list(csv.DictReader(output.out.splitlines())), output.err

    status, rows, _ = predict(["1", "x", "", "", "yes", "", "", "0"])
    assert status == 0
    expected = load(model).predict_proba(
        table.assign(enrol=[1, 1, 0, 0, 1, 0, 0, 0]).set_index(["speaker", "id"])[["path", "start", "end", "enrol"]]
    )
    assert [float(row["p_ang"]) for row in rows] == pytest.approx(expected[:, 0], abs=1e-4)
    _, others, _ = predict(["", "", "1", "2", "3", "", "", ""])
    assert [row["p_ang"] for row in others] != [row["p_ang"] for row in rows]
    assert predict([""] * 8)[0] == 2
    status, _, said = predict(["1", "", "", "", "", "", "", "maybe"])
    assert status == 2
    assert "line 9: enrol is 'maybe'; expected 1 where a clip enrols its speaker" in said
    status, _, said = predict(["1", "1", "1", "", "", "", "", ""], "--window", "0.5", "--hop", "0.5")
    assert status == 0


def test_a_speaker_of_whom_no_clip_enrols_is_named(tmp_path, capsys):
    model = tmp_path / "model.skops"
    assert train_command(["--pipeline", "svm@energy:enrol-1", "--no-scores", "--out", str(model), "--jobs", "1"]) == 0
    table = corpora.load("synthetic", seed=1).utterances.reset_index()
    table = table[table["speaker"].isin(table["speaker"].unique()[:2])].groupby("speaker").head(3)
    table.assign(enrol=["1", "", "", "", "", ""])[["path", "speaker", "enrol"]].to_csv(tmp_path / "m.csv", index=False)
    assert predict_command([str(model), "--manifest", str(tmp_path / "m.csv")]) == 2
    assert f"no clip enrols speaker {table['speaker'].iloc[-1]}; expected 1 of each" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["svm:enrol-2", "svm@energy:enrol-4", "svm:enrol"])
def test_another_number_of_clips_is_refused(name, tmp_path, capsys):
    assert run_command(["--pipelines", name, "--out", str(tmp_path)]) == 2
    assert "expected one of global, speaker, enrol-1, enrol-3, enrol-5, enrol-10" in capsys.readouterr().err


def test_a_fusion_of_enrolled_pipelines_runs_on_the_same_clips(corpus, cache, tmp_path):
    name = "svm@energy:enrol-3+logistic@timing"
    run = benchmarks.evaluate(corpus, pipelines=[name, "svm@energy"], folds="3", out=tmp_path, cache=cache, jobs=1)
    assert run.failed == []
    assert run.record["pipelines"][name]["flags"] == ["enrolled"]
    assert run.predictions.groupby("pipeline").size().tolist() == [60, 60]


def test_an_estimator_given_from_python_enrols_too(corpus, tmp_path):
    table = corpus.utterances
    values = pd.DataFrame(
        np.random.default_rng(0).normal(size=(len(table), 3)), index=table.index, columns=["a", "b", "c"]
    )
    features = type(speak(n_speakers=2)[2])(values)
    pipeline = ("mine", build("svm", features=features, normalise="enrol-1"))
    run = benchmarks.evaluate(corpus, pipelines=[pipeline], folds="3", out=tmp_path, jobs=1, reveal=["id"])
    assert run.failed == []
    assert run.record["pipelines"]["mine"]["flags"] == ["enrolled"]
    assert len(run.predictions) == 60


def test_the_study_draws_the_curve_on_the_same_clips(corpus, cache, tmp_path, capsys):
    out = tmp_path / "curve"
    line = ["--corpus", "manifest", "--root", corpus.root, "--folds", "3", "--out", str(out), "--jobs", "1"]
    assert enrolment_command([*line, "--pipelines", "logistic@timing"]) == 0
    said = capsys.readouterr().out
    curve = pd.read_csv(out / "enrolment.csv")
    assert curve["clips"].tolist() == ["none", "1", "3", "5", "10", "all"]
    assert set(curve["pipeline"]) == {"logistic@timing"}
    scores = pd.read_csv(out / "scores.csv").set_index("pipeline")
    assert curve.set_index("clips").loc["3", "uar"] == pytest.approx(scores.loc["logistic@timing:enrol-3", "uar"])
    assert curve["gain"].tolist()[1:] == pytest.approx((curve["uar"] - curve["uar"][0]).tolist()[1:], abs=1e-5)
    assert ((curve["uar_low"] <= curve["uar"]) & (curve["uar"] <= curve["uar_high"])).all()
    assert scores["n"].tolist() == [60] * 6
    assert f"UAR {curve['uar'][0]:.3f} by none" in said
    page = (out / "report.html").read_text()
    assert "How many clips of a speaker are enough?" in page
    assert (out / "plots" / "enrolment.svg").is_file()
    assert (out / "tables" / "enrolment.tex").is_file()
    assert enrolment_command([*line, "--pipelines", "svm:speaker"]) == 2
    assert "expected a pipeline without :normalise" in capsys.readouterr().err


def test_the_curve_of_a_fusion_puts_every_part_alike():
    models = ["svm", "xgboost"]
    assert with_normalisation("svm@pitch+xgboost:speaker", "enrol-5", models) == "svm@pitch:enrol-5+xgboost:enrol-5"
    assert with_normalisation("svm:speaker", "global", models) == "svm"


def test_an_estimator_without_names_is_told_which_clips_enrol(corpus, tmp_path):
    """Ids are hidden from an estimator that is not ours; ranks of clips that enrol are not."""

    class Listens(BaseEstimator, TransformerMixin):
        def fit(self, X, y=None):
            return self

        def transform(self, X):
            assert X["enrol"].isin(range(11)).all()
            assert (X["enrol"] > 0).any()
            return np.random.default_rng(0).normal(size=(len(X), 3))

        def get_feature_names_out(self, input_features=None):
            return np.array(["a", "b", "c"], dtype=object)

    pipeline = ("mine", build("svm", features=Listens(), normalise="enrol-1"))
    assert benchmarks.evaluate(corpus, pipelines=[pipeline], folds="3", out=tmp_path, jobs=1).failed == []
