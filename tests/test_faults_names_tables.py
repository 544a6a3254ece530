"""The published faults of names and tables: each input with the right behaviour of its `expected.md`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.run import main as run
from benchmarks.train import main as train
from classical.predict import main as predict
from features.extract import main as extract


def line_of(table: Path, *pipelines: str, folds: str = "3") -> list[str]:
    line = ["--corpus", "manifest", "--root", str(table), "--folds", folds, "--jobs", "1", "--pipelines", *pipelines]
    return [*line, "--out", str(table.parent / "out")]


@pytest.mark.parametrize("fault", ["02"], indirect=True)
@pytest.mark.parametrize(("table", "column"), [("with_label.csv", "label"), ("with_index.csv", "without a name")])
def test_02_what_is_no_feature_is_refused(
    fault: Path, table: str, column: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(line_of(fault / "my.csv", f"logistic@{fault / table}")) == 2
    assert column in capsys.readouterr().err


@pytest.mark.parametrize("fault", ["02"], indirect=True)
def test_02_features_are_taken(fault: Path) -> None:
    assert run(line_of(fault / "my.csv", f"logistic@{fault / 'clean.csv'}")) == 0


@pytest.mark.parametrize("fault", ["03"], indirect=True)
@pytest.mark.parametrize(("table", "names"), [("zeros.csv", ("'01'", "'1'")), ("case.csv", ())])
def test_03_one_speaker_in_two_spellings_is_refused(
    fault: Path, table: str, names: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(line_of(fault / table, "majority")) == 2
    error = capsys.readouterr().err
    assert all(text in error for text in (*names, "2 spellings", "--join-names"))
    assert run([*line_of(fault / table, "majority"), "--join-names"]) == 0


@pytest.mark.parametrize("fault", ["03"], indirect=True)
def test_03_composed_and_decomposed_are_one_speaker(fault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(line_of(fault / "nfd.csv", "majority")) == 0
    speakers = pd.read_csv(fault / "nfd.csv", dtype=str)["speaker"].str.normalize("NFC").nunique()
    assert f"{speakers} speakers" in capsys.readouterr().out


@pytest.mark.parametrize("fault", ["11"], indirect=True)
def test_11_the_report_does_not_read_what_nobody_could_learn_as_a_confusion(
    fault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(line_of(fault / "my.csv", "majority", folds="speaker")) == 0
    assert "label sadness is not among its training utterances" in " ".join(capsys.readouterr().out.split())
    page = " ".join((fault / "out" / "report.html").read_text(encoding="utf-8").split())
    assert "The recall of sadness in fold 03 is 0 whatever the pipeline" in page
    assert "most often takes sadness" not in page


@pytest.mark.parametrize("fault", ["13"], indirect=True)
def test_13_every_command_reads_semicolons_and_start_alone(fault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = fault / "model.skops"
    for table in ("semicolon.csv", "startonly.csv"):
        manifest = fault / table
        assert run(line_of(manifest, "majority")) == 0, table
        assert extract([str(manifest), str(fault / "features.csv"), "--groups", "timing"]) == 0, table
        shutil.rmtree(fault / "out")
    line = ["--corpus", "manifest", "--root", str(fault / "semicolon.csv"), "--pipeline", "logistic@timing"]
    assert train([*line, "--jobs", "1", "--no-scores", "--out", str(model)]) == 0
    capsys.readouterr()
    assert predict([str(model), "--manifest", str(fault / "semicolon.csv")]) == 0
    rows = len(pd.read_csv(fault / "semicolon.csv", sep=";"))
    assert len(capsys.readouterr().out.splitlines()) == rows + 1


@pytest.mark.parametrize("fault", ["13"], indirect=True)
def test_13_an_utterance_may_be_called_na(fault: Path) -> None:
    features = fault / "features.csv"
    assert extract([str(fault / "na.csv"), str(features), "--groups", "timing"]) == 0
    assert "NA" in pd.read_csv(features, keep_default_na=False)["id"].tolist()
    assert run(line_of(fault / "na.csv", f"logistic@{features}")) == 0


@pytest.mark.parametrize("fault", ["13"], indirect=True)
def test_13_equal_columns_are_refused(fault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(line_of(fault / "twice.csv", "majority")) == 2
    assert "two columns are called 'speaker'" in capsys.readouterr().err


@pytest.mark.parametrize("fault", ["19"], indirect=True)
def test_19_labels_in_other_scripts_bring_a_note_and_no_warning(
    fault: Path, capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    assert run(line_of(fault / "my.csv", "majority")) == 0
    captured = capsys.readouterr()
    assert "Glyph" not in captured.err + captured.out
    assert not [warning for warning in recwarn if "Glyph" in str(warning.message)]
    from features import lettering

    missing = lettering.unwritable(("愤怒", "高兴", "中性", "غم"))
    notes = [line for line in captured.err.splitlines() if "no font here" in line]
    assert len(notes) == bool(missing)
    assert (fault / "out" / "plots" / "names.txt").is_file() == bool(missing)
