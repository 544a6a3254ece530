"""Predictions made elsewhere are compared on the same utterances, or not at all."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from fabricated_runs import LABELS, fabricate_predictions, fabricate_run

from benchmarks.compare import main
from benchmarks.report import main as report
from benchmarks.reporting.latex import latex_text
from benchmarks.reporting.tables import Column, Table
from benchmarks.scoring.intervals import speaker_confusions
from benchmarks.scoring.significance import compare_pipelines
from benchmarks.studies.comparison import compare
from features.errors import ResultsError


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    """A run of this toolkit, and the bare predictions of another tool on the same utterances."""
    table = fabricate_predictions({"svm": 1.6, "theirs": -1.0})
    ours = fabricate_run(tmp_path / "ours", {"svm": 1.6, "theirs": -1.0})
    own = table[table["pipeline"] == "svm"]
    own.to_csv(ours / "predictions.csv", index=False)
    other = table[table["pipeline"] == "theirs"].drop(columns=["corpus", "folds", *(f"p_{label}" for label in LABELS)])
    elsewhere = tmp_path / "theirs.csv"
    other.sample(frac=1, random_state=0).to_csv(elsewhere, index=False)
    return ours, elsewhere


def test_two_runs_are_compared_as_one_run_would_be(runs: tuple[Path, Path]) -> None:
    found = compare(*runs)
    table = fabricate_predictions({"svm": 1.6, "theirs": -1.0})
    expected = compare_pipelines(
        {name: speaker_confusions(rows, LABELS)[1] for name, rows in table.groupby("pipeline", sort=False)}
    )
    assert found.tests == expected
    assert [entry.name for entry in found.entries] == ["svm", "theirs"]


def test_command_prints_scores_pairs_and_verdict(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(path) for path in runs]) == 0
    text = capsys.readouterr().out
    assert "svm scores best" in text
    assert "it scores higher than theirs" in text
    assert "Holm" in text


def test_pipelines_of_one_name_get_their_run_behind_it(runs: tuple[Path, Path], tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()
    pd.read_csv(runs[0] / "predictions.csv", dtype=str).to_csv(again / "predictions.csv", index=False)
    found = compare(runs[0], again, pipelines=["svm"])
    assert {entry.name for entry in found.entries} == {"svm (ours)", "svm (again)"}
    assert found.tests[0].difference.estimate == 0
    assert found.tests[0].p == 1


def test_three_runs_on_the_same_utterances_are_one_table_and_another_corpus_stands_below(tmp_path: Path) -> None:
    folders = [fabricate_run(tmp_path / name, {"svm": 1.6, name: 0.5}) for name in ("one", "two", "three")]
    other = fabricate_run(tmp_path / "other", {"svm": 1.0}, n_speakers=4)
    assert report([*map(str, [*folders[:2], other, folders[2]]), "--out", str(tmp_path / "all.html")]) == 0
    page = (tmp_path / "all.html").read_text(encoding="utf-8")
    first, second = page.split("<article")[1:]
    for name in ("svm (one)", "svm (two)", "svm (three)", "one", "two", "three"):
        assert f'<span class="name">{name}</span>' in first
    assert '<span class="name">svm</span>' in second
    assert len(compare(*folders).tests) == 15


def test_lines_fit_a_terminal(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*map(str, runs), "--rope", "0.02"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert "points of UAR" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.iloc[1:], "1 only in"),
        (lambda t: t.assign(truth=t["truth"].where(t.index > t.index.min(), "neu")), "labelled"),
        (lambda t: t.assign(speaker="somebody"), "of speaker 'somebody'"),
    ],
)
def test_other_utterances_are_refused_by_name(runs: tuple[Path, Path], change: object, words: str) -> None:
    table = pd.read_csv(runs[1], dtype=str).sort_values("utterance", ignore_index=True)
    change(table).to_csv(runs[1], index=False)  # type: ignore[operator]
    with pytest.raises(ResultsError, match=words):
        compare(*runs)


def test_unknown_pipeline_and_missing_file_are_one_line(
    runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(runs[0]), str(runs[1]), "--pipelines", "nothing"]) == 2
    assert main([str(runs[0]), "nowhere.csv"]) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 2
    assert "nothing" in errors
    assert "nowhere.csv" in errors


def test_table_is_the_same_in_text_csv_and_latex() -> None:
    columns = (Column("name", "Name"), Column("value", "UAR", "+.2f"))
    table = Table(
        "t", "50 % of A & B.", columns, ({"name": "a_1", "value": -0.256}, {"name": "b", "value": float("nan")})
    )
    assert table.csv() == "name,value\na_1,-0.256\nb,\n"
    assert "a_1   −0.26" in table.text(("name", "value"))
    latex = table.latex()
    assert r"a\_1 & $-$0.26 \\" in latex
    assert r"\caption{50 \% of A \& B.}" in latex
    assert latex_text("~^\\{}") == r"\textasciitilde{}\textasciicircum{}\textbackslash{}\{\}"
