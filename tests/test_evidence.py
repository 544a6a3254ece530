"""Our own evidence: rows of one question are compared with each other only, and no sentence says more than its test."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fabricated_runs import fabricate_run
from made_up_corpora import table_corpus
from sklearn.base import BaseEstimator, ClassifierMixin

import benchmarks
from benchmarks import corpora, evaluate
from benchmarks.compare import main as compare_command
from benchmarks.report import main as report_command
from benchmarks.scoring.intervals import speaker_interval
from benchmarks.scoring.scores import seed_confusions


def pairs_of(folder: Path) -> pd.DataFrame:
    assert report_command([str(folder)]) == 0
    return pd.read_csv(folder / "tables" / "pairs.csv")


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of ten speakers in which the rows that use a speaker's other clips score best, as they do on EmoDB."""
    skills = {"svm": 1.4, "xgboost": 0.2, "svm:speaker": 2.4, "xgboost:enrol-3": 2.2, "random": 0.0}
    flags = {"svm:speaker": ["transductive"], "xgboost:enrol-3": ["enrolled"], "random": ["guessing"]}
    return fabricate_run(tmp_path_factory.mktemp("families") / "run", skills, flags=flags, clips=4)


def test_rows_that_use_a_speakers_other_clips_are_ranked_and_corrected_apart(families: Path) -> None:
    pairs = pairs_of(families)
    assert {frozenset(pair) for pair in pairs[["first", "second"]].to_numpy()} == {
        frozenset({"svm", "xgboost"}),
        frozenset({"svm:speaker", "xgboost:enrol-3"}),
    }
    assert (pairs["p_holm"] == pairs["p"]).all()  # one pair a family: nothing to correct for
    page = (families / "report.html").read_text(encoding="utf-8")
    assert "svm scores best with" in page.replace("<wbr>", "")
    assert "xgboost:enrol-3, xgboost" not in page.replace("<wbr>", "")


@pytest.mark.parametrize("name", ["svm:speaker", "svm+xgboost:enrol-3"])
def test_predictions_without_a_record_are_told_apart_by_their_names(
    families: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = pd.read_csv(families / "predictions.csv", dtype={"speaker": str})
    lone = tmp_path / "predictions.csv"
    rows[rows["pipeline"].isin(["svm", "svm:speaker"])].replace({"svm:speaker": name}).to_csv(lone, index=False)
    assert compare_command([str(lone), str(lone)]) == 0
    text = capsys.readouterr().out
    assert "svm (first) scores best" in text or "svm (second) scores best" in text


def drawn_predictions(file: Path, skills: dict[str, float]) -> Path:
    """Ten speakers, and pipelines that are right with a chance of their own: a lone file, without a record."""
    rng, rows = np.random.default_rng(sum(map(ord, "".join(skills)))), []
    for number in range(200):
        truth, other = ("ang", "sad") if number % 2 else ("sad", "ang")
        row = {
            "seed": 0,
            "fold": number // 20,
            "utterance": f"u{number}",
            "speaker": f"s{number // 20}",
            "truth": truth,
        }
        said = {name: truth if rng.random() < skill else other for name, skill in skills.items()}
        rows += [{"pipeline": name, **row, "prediction": answer} for name, answer in said.items()]
    pd.DataFrame(rows).to_csv(file, index=False)
    return file


def test_a_lone_file_ranks_apart_what_uses_a_speakers_other_clips(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = drawn_predictions(tmp_path / "a.csv", {"svm": 0.75, "xgboost": 0.7, "svm:speaker": 0.97})
    other = drawn_predictions(tmp_path / "b.csv", {"mine": 0.6})
    assert compare_command([str(file), str(other)]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "svm:speaker scores best, " not in words
    assert "svm scores best with a UAR" in words


def test_two_close_pipelines_of_lone_files_are_not_called_equal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [drawn_predictions(tmp_path / f"{name}.csv", {name: skill}) for name, skill in (("a", 0.75), ("b", 0.74))]
    assert compare_command([str(file) for file in files]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "no difference was found" not in words
    assert "no difference found" not in words
    assert "which does not say that there is none" in words


def test_no_sentence_takes_a_high_p_for_equality(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = fabricate_run(tmp_path / "run", {"svm": 1.0, "xgboost": 0.95, "weak": -1.5})
    assert compare_command([str(folder), str(folder), "--pipelines", "svm", "xgboost", "weak"]) == 0
    text = capsys.readouterr().out
    assert "As trained here" in text
    assert "no difference found" not in text
    assert "no difference was found" not in text
    assert "is better than" not in text
    assert "does not say that there is none" in text
    assert "95 % interval" in text.partition("no difference is shown to")[2]


def close_run(folder: Path, gains: list[int], *, clips: int = 10) -> Path:
    """Two pipelines and twins of each; the better one is right on so many more clips of each speaker."""
    rows = []
    for number, gain in enumerate(gains):
        for label, other in (("ang", "sad"), ("sad", "ang")):
            for clip in range(clips):
                row = {"seed": 0, "fold": f"f{number}", "utterance": f"{number}{label}{clip}", "speaker": f"s{number}"}
                row |= {"truth": label}
                better = label if clip < 5 + (gain if label == "ang" else 0) else other
                worse = label if clip < 5 else other
                rows += [
                    {"pipeline": name, **row, "prediction": said}
                    for name, said in (("a", better), ("b", worse), ("c", worse), ("d", worse))
                ]
    folder.mkdir()
    pd.DataFrame(rows).to_csv(folder / "predictions.csv", index=False)
    return folder


def test_an_interval_that_leaves_out_0_stands_beside_no_difference_only_with_what_is_corrected(tmp_path: Path) -> None:
    folder = close_run(tmp_path / "run", [1, 1, 1, 1, 1, 1, 1, 0, 0, 0])
    pairs = pairs_of(folder)
    unsettled = pairs[(pairs["first"] == "a") & (pairs["p_holm"] > 0.05)]
    assert len(unsettled) == 3
    assert (~unsettled["interval"].str.startswith("−")).all()  # each interval alone leaves out 0
    assert unsettled["verdict"].str.contains("corrected for 6 pairs").all()
    assert "not corrected" in (folder / "tables" / "pairs.tex").read_text(encoding="utf-8")


def test_speakers_on_whom_both_score_the_same_do_not_count_for_the_smallest_p(tmp_path: Path) -> None:
    folder = close_run(tmp_path / "run", [1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    lone = pd.read_csv(folder / "predictions.csv", dtype=str)
    lone[lone["pipeline"].isin(["a", "b"])].to_csv(folder / "predictions.csv", index=False)
    assert pairs_of(folder)["p"].tolist() == [0.125]
    assert pairs_of(folder)["verdict"].str.startswith("cannot be found").all()
    assert "smallest p that can be reached is 0.12" in (folder / "tables" / "pairs.tex").read_text(encoding="utf-8")


def test_the_best_row_says_that_it_was_chosen(families: Path) -> None:
    assert report_command([str(families)]) == 0
    page = (families / "report.html").read_text(encoding="utf-8")
    chosen = page.partition("chosen without the speaker it answers for: ")[2][:5]
    rows = pd.read_csv(families / "predictions.csv", dtype={"speaker": str})
    rows = rows[rows["pipeline"].isin(["svm", "xgboost"])].assign(hit=lambda t: t["truth"] == t["prediction"])
    picked = []
    for speaker, own in rows.groupby("speaker"):
        rest = rows[rows["speaker"] != speaker].groupby(["pipeline", "truth"])["hit"].mean().groupby("pipeline").mean()
        picked.append(own[own["pipeline"] == rest.idxmax()])
    expected = pd.concat(picked).groupby("truth")["hit"].mean().mean()
    assert float(chosen) == pytest.approx(expected, abs=0.0005)


def test_random_draws_anew_for_every_utterance(tmp_path: Path) -> None:
    """Its interval leaves out chance in one of twenty seeds, not in every second one."""
    corpus = corpora.load("manifest", table_corpus(tmp_path))
    run = evaluate(corpus, pipelines=[f"random@{tmp_path / 'x.csv'}"], folds="speaker", seeds=range(20), jobs=1)
    intervals = [
        speaker_interval(seed_confusions(rows, corpus.labels, corpus.speakers)[0])
        for _, rows in run.predictions.groupby("seed")
    ]
    assert len(intervals) == 20
    assert sum(not interval.low <= 1 / 3 <= interval.high for interval in intervals) <= 4


class ReadsNames(ClassifierMixin, BaseEstimator):
    """Finds the label in whatever tells it: the file's name, where its link leads, the id, the order of the test."""

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> ReadsNames:
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        told = [f"{path} {Path(path).resolve()} {name}" for path, (_, name) in zip(X["path"], X.index)]
        hits = np.array([[f"_{label}_" in text for label in self.classes_] for text in told], dtype=float)
        lost = ~hits.any(axis=1)
        hits[lost, (np.flatnonzero(lost) * len(self.classes_)) // len(X)] = 1.0
        return hits


def test_an_estimator_that_reads_file_names_ids_and_order_is_at_chance(tmp_path: Path) -> None:
    corpus = corpora.load("manifest", table_corpus(tmp_path))
    run = evaluate(corpus, pipelines=[("reads", ReadsNames())], folds="speaker", jobs=1)
    assert run.failed == []
    assert run.scores["uar"].item() < 0.6


class Remembers(ClassifierMixin, BaseEstimator):
    """Keeps what it was shown."""

    shown: list[pd.DataFrame] = []

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> Remembers:
        self.classes_ = np.unique(y)
        self.shown.append(X)
        assert all(Path(path).is_file() for path in X["path"])
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def test_text_gender_and_names_are_shown_on_request_and_the_run_says_so(tmp_path: Path) -> None:
    path = table_corpus(tmp_path)
    table = pd.read_csv(path)
    table.assign(text="to be", gender="female", session="one").to_csv(path, index=False)
    corpus = corpora.load("manifest", path)
    evaluate(corpus, pipelines=[Remembers()], folds="3", jobs=1)
    shown = Remembers.shown[-1]
    assert "text" not in shown
    assert set(shown["gender"]) == set(shown["session"]) == {""}
    assert shown.index.get_level_values("id").dtype == int
    run = evaluate(corpus, pipelines=[Remembers()], folds="3", jobs=1, reveal=["text", "gender", "id"])
    shown = Remembers.shown[-1]
    assert set(shown["text"]) == {"to be"}
    assert set(shown["gender"]) == {"female"}
    assert set(shown["session"]) == {""}
    assert set(shown.index) <= set(corpus.utterances.index)
    assert any("was shown text, gender, id" in note for note in run.record["notes"])


def test_train_is_one_quantity_and_blank_for_a_fusion(tmp_path: Path) -> None:
    corpus = corpora.load("manifest", table_corpus(tmp_path))
    features = tmp_path / "x.csv"
    names = [f"svm@{features}", f"logistic@{features}", f"svm@{features}+logistic@{features}"]
    run = evaluate(corpus, pipelines=names, folds="3", jobs=1)
    assert run.scores["train_uar"].isna().tolist() == [False, False, True]


def test_a_region_of_practical_equivalence_says_better_same_or_cannot_tell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = fabricate_run(tmp_path / "run", {"svm": 2.0, "weak": -0.5})
    assert report_command([str(folder), "--rope", "0.02"]) == 0
    row = pd.read_csv(folder / "tables" / "pairs.csv").iloc[0]
    assert row["practical"] == "better"
    assert 0.01 < row["least"] < 0.5
    assert row["needed"] <= 10
    twin = close_run(tmp_path / "twin", [1] * 10)
    assert compare_command([str(twin), str(twin), "--pipelines", "a", "--rope", "0.02"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert re.search(r"a \(first\) against a \(second\): [^;]*; same within ±2;", text)
    with pytest.raises(SystemExit) as stopped:
        compare_command([str(twin), str(twin), "--rope", "2"])
    assert stopped.value.code == 2


def test_a_control_runs_any_command_on_permuted_labels_and_says_whether_chance_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks.learning import main as learning_command
    from benchmarks.run import main as run_command

    table_corpus(tmp_path, tells=True)
    monkeypatch.chdir(tmp_path)
    line = ["--corpus", "manifest", "--root", "corpus.csv", "--pipelines", "logistic@x.csv", "--folds", "3"]
    assert run_command([*line, "--jobs", "1"]) == 0
    assert pd.read_csv("results/manifest/scores.csv")["uar"].item() > 0.9
    capsys.readouterr()
    line += ["--jobs", "1", "--control", "permuted"]
    assert run_command(line) == 0
    assert "chance holds for each of 1 rows" in capsys.readouterr().out
    assert pd.read_csv("results/manifest-permuted/scores.csv")["uar"].item() < 0.6
    assert "none is a result" in Path("results/manifest-permuted/report.html").read_text(encoding="utf-8")
    assert learning_command([*line, "--sizes", "2", "4", "--seeds", "0", "1"]) == 0
    text = capsys.readouterr().out
    assert "chance holds for each of 2 rows" in text
    assert "which were drawn is not in them" in text
    assert pd.read_csv("results/manifest-permuted/learning.csv")["uar_std"].notna().all()


class Leaks(ClassifierMixin, BaseEstimator):
    """Knows the labels of the test from elsewhere."""

    truth: dict[str, str] = {}

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> Leaks:
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        told = [self.truth[name] for name in X.index.get_level_values("id")]
        return (np.array(told)[:, None] == self.classes_).astype(float)


def test_the_control_finds_what_knows_the_labels_of_the_test(tmp_path: Path) -> None:
    from benchmarks.evaluation.control import check_chance, permuted

    corpus = permuted(corpora.load("manifest", table_corpus(tmp_path)), random_state=1)
    Leaks.truth = dict(zip(corpus.utterances.index.get_level_values("id"), corpus.utterances["label"]))
    run = evaluate(corpus, pipelines=[("leaks", Leaks()), "majority"], folds="3", jobs=1, reveal=["id"])
    assert check_chance(run.predictions, run.labels).departing == ("leaks",)


def test_chance_is_said_not_to_hold_in_1_of_100_sound_runs_at_most() -> None:
    from benchmarks.evaluation.control import check_chance

    rng, said = np.random.default_rng(0), 0
    for _ in range(300):
        table = pd.DataFrame({"pipeline": "svm", "seed": 0, "speaker": np.repeat(list("abcd"), 15)})
        table = table.assign(utterance=range(60), truth=rng.choice(["x", "y", "z"], 60, p=[0.6, 0.3, 0.1]))
        table["prediction"] = rng.choice(["x", "y", "z"], 60, p=[0.5, 0.25, 0.25])
        said += not check_chance(table, ["x", "y", "z"]).holds
    assert said <= 8


def test_predictions_of_another_tool_stand_in_every_table_and_are_checked_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks.run import main as run_command

    table_corpus(tmp_path, tells=True)
    monkeypatch.chdir(tmp_path)
    truth = pd.read_csv("corpus.csv")
    theirs = pd.DataFrame({"utterance": truth["path"], "prediction": truth["label"], "speaker": truth["speaker"]})
    theirs.loc[::3, "prediction"] = "sad"
    theirs.to_csv("theirs.csv", index=False)
    line = ["--corpus", "manifest", "--root", "corpus.csv", "--pipelines", "logistic@x.csv", "--folds", "3"]
    line += ["--jobs", "1", "--out", "out"]
    assert run_command([*line, "--add", "theirs=theirs.csv"]) == 0
    text = capsys.readouterr().out
    assert "& brought" in text
    assert "that no test speaker trained is not checked" in " ".join(text.split())
    scores = pd.read_csv("out/tables/scores.csv").set_index("pipeline")
    right = theirs["prediction"] == truth["label"]
    assert scores.loc["theirs", "uar"] == pytest.approx(right.groupby(truth["label"]).mean().mean())
    assert "brought" in scores.loc["theirs", "flags"]
    assert set(pd.read_csv("out/tables/pairs.csv").iloc[0][["first", "second"]]) == {"theirs", "logistic@x.csv"}
    assert "theirs" in Path("out/tables/scores.tex").read_text(encoding="utf-8")
    for wrong, words in (
        (theirs.iloc[1:], "lacks 1 of 72 tested utterances"),
        (theirs.assign(speaker="p0"), "1 of the speakers named stand for more than one of the corpus"),
        (theirs.assign(prediction="joy"), "predicts joy"),
        (pd.concat([theirs, theirs[:1]]), "stands twice"),
        (theirs.assign(p_ang=0.9, p_neu=0.9, p_sad=0.9), "sum to 1"),
    ):
        wrong.to_csv("wrong.csv", index=False)
        assert run_command([*line, "--add", "theirs=wrong.csv"]) == 2
        assert words in capsys.readouterr().err


def test_a_run_is_verified_and_what_was_changed_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks.run import main as run_command
    from benchmarks.verify import main as verify_command

    table_corpus(tmp_path, tells=True)
    monkeypatch.chdir(tmp_path)
    line = ["--corpus", "manifest", "--root", "corpus.csv", "--pipelines", "logistic@x.csv", "random@x.csv"]
    assert run_command([*line, "--folds", "3", "--jobs", "1", "--out", "out"]) == 0
    capsys.readouterr()
    assert verify_command(["out", "--rerun", "2"]) == 0
    text = capsys.readouterr().out
    assert "2 jobs trained anew give the same bytes" in text
    assert "WRONG" not in text
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "predictions.csv").write_bytes((tmp_path / "out" / "predictions.csv").read_bytes())
    assert verify_command(["study"]) == 2
    assert "predictions alone do not say how they came about" in " ".join(capsys.readouterr().err.split())
    whole = {name: (tmp_path / "out" / name).read_bytes() for name in ("predictions.csv", "scores.csv", "run.json")}
    for name, old, new, words in (
        ("scores.csv", b"random@x.csv,0.", b"random@x.csv,0.9", "do not follow"),
        ("predictions.csv", b"ang,ang,0.9", b"ang,neu,0.9", "most probable"),
        ("run.json", b'"numpy": "', b'"numpy": "9', "not those that made it"),
    ):
        assert old in whole[name], name
        (tmp_path / "out" / name).write_bytes(whole[name].replace(old, new, 1))
        assert verify_command(["out"]) == 1
        assert words in capsys.readouterr().out, name
        (tmp_path / "out" / name).write_bytes(whole[name])


def test_a_report_of_two_runs_of_one_corpus_is_one_table(tmp_path: Path) -> None:
    first = fabricate_run(tmp_path / "first", {"svm": 1.5})
    second = fabricate_run(tmp_path / "second", {"theirs": 0.2})
    page = tmp_path / "both.html"
    record = json.loads((second / "run.json").read_text(encoding="utf-8"))
    record["pipelines"]["theirs"]["flags"] = ["brought"]
    (second / "run.json").write_text(json.dumps(record), encoding="utf-8")
    assert report_command([str(first), str(second), "--out", str(page)]) == 0
    text = page.read_text(encoding="utf-8").replace("<wbr>", "")
    assert text.count("<article") == 1
    assert '<span class="tag">brought</span>' in text
    assert "brought: predictions of another tool" in text
    assert "svm scores best" in text
    assert "Are the differences real?" in text


def test_a_setting_at_the_end_of_its_grid_is_counted_where_the_figure_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks.run import main as run_command

    table_corpus(tmp_path, tells=True)
    monkeypatch.chdir(tmp_path)
    line = ["--corpus", "manifest", "--root", "corpus.csv", "--pipelines", "svm@x.csv", "random@x.csv"]
    assert run_command([*line, "--folds", "3", "--jobs", "1", "--out", "out"]) == 0
    chosen = [job["best_params"] for job in json.loads(Path("out/run.json").read_text())["jobs"][:3]]
    ends = [one["C"] for one in chosen if one["C"] == {"rbf": 0.1, "linear": 0.01}[one["kernel"]]]
    words = f"C {ends[0]:g} (lowest) in {ends.count(ends[0])}"
    assert words in " ".join(capsys.readouterr().out.split())
    assert words in Path("out/report.html").read_text(encoding="utf-8").replace("<wbr>", "")
    assert pd.read_csv("out/tables/settings.csv")["grid_ends"].str.contains(r"C .* \(lowest\)").sum() == len(ends)


def test_deep_rows_say_that_they_learn_from_fewer_speakers(tmp_path: Path) -> None:
    folder = fabricate_run(tmp_path / "run", {"svm": 1.5, "wav2vec2": 1.0})
    assert report_command([str(folder)]) == 0
    assert "wav2vec2: trained without the speakers that validate" in (folder / "report.html").read_text(
        encoding="utf-8"
    )


@pytest.fixture(scope="module")
def brought_to(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """A folder with a corpus and a table that the run's folds and labels stand in."""
    folder = tmp_path_factory.mktemp("brought")
    corpus = corpora.load("manifest", table_corpus(folder, tells=True))
    run = evaluate(corpus, pipelines=["majority"], folds="3", jobs=1)
    table = run.predictions[["utterance", "speaker", "truth", "fold"]].assign(prediction=run.predictions["truth"])
    return folder, table


def mixed_folds(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(fold=[str(row % 3) for row in range(len(table))])


def another_truth(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(truth=["sad" if row == 0 else name for row, name in enumerate(table["truth"])])


def with_stranger(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, table[:1].assign(utterance="nobody")])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (mixed_folds, "test speakers are heard in training"),
        (another_truth, "1 of 72 utterances have another label than in the corpus"),
        (with_stranger, "1 utterances are not in the corpus"),
    ],
)
def test_predictions_that_are_brought_are_audited_as_folds_are(
    change: Callable[[pd.DataFrame], pd.DataFrame], words: str, brought_to: tuple[Path, pd.DataFrame]
) -> None:
    from features.errors import ResultsError

    folder, table = brought_to
    corpus = corpora.load("manifest", folder / "corpus.csv")
    with pytest.raises(ResultsError, match=words):
        evaluate(corpus, pipelines=["majority"], folds="3", jobs=1, add={"theirs": change(table)})


def test_folds_of_another_tool_have_names_and_numbers_of_their_own(brought_to: tuple[Path, pd.DataFrame]) -> None:
    folder, table = brought_to
    corpus = corpora.load("manifest", folder / "corpus.csv")
    renamed = table.assign(fold="split " + table["fold"], utterance="wav/" + table["utterance"].astype(str))
    finer = table.assign(fold="speaker " + table["speaker"])
    run = evaluate(corpus, pipelines=["majority"], folds="3", jobs=1, add={"a": renamed, "b": finer})
    assert set(run.scores.set_index("pipeline")["uar"][["a", "b"]]) == {1.0}
    plots = {name: benchmarks.draw(run, name) for name in ("scores", "recalls", "speakers")}
    legends = {
        name: [text.get_text() for legend in (*plot.figure.legends,) for text in legend.get_texts()]
        for name, plot in plots.items()
    }
    assert "brought: predictions of another tool" in legends["scores"]
    assert {line.get_marker() for line in plots["scores"].figure.axes[0].lines} >= {"o", "D"}
    assert "a (brought)" in legends["recalls"]
    assert "a (brought)" in legends["speakers"]
    assert "a (brought) 1.00" in plots["scores"].alt_text
    own = [note for note in run.record["notes"] if "folds of its own" in note]
    assert len(own) == 1
    assert own[0].startswith("b: ")
