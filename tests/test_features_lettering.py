"""Names in any script in pictures and files."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from benchmarks import report
from features import lettering
from features.plotting import Plot
from features.predictions import Prediction
from features.tables import for_spreadsheets, read_table
from features.timeline import timeline

CHINESE = ("愤怒", "高兴")
HOSTILE = ("愤怒", "خشم", "😠", "=1+1", "$x_", "a\x1b[2J", "a" * 300, "\udcff", "a\nb", "<b>", "\u202eabc")


@pytest.fixture
def fresh_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """No font but those that matplotlib brings along."""
    lettering.fonts_for.cache_clear()
    monkeypatch.setattr(lettering, "_other_fonts", lambda: ())
    yield
    lettering.fonts_for.cache_clear()


def run_folder(folder: Path, labels: tuple[str, ...]) -> Path:
    rows = [
        {"pipeline": "svm", "seed": 0, "fold": f"f{s}", "utterance": f"{s}{i}", "speaker": f"s{s}", "truth": label,
         "prediction": labels[(i + s) % 2], **{f"p_{name}": 1 / len(labels) for name in labels}}
        for s in range(3) for i, label in enumerate(labels)
    ]  # fmt: skip
    folder.mkdir()
    for_spreadsheets(pd.DataFrame(rows)).to_csv(folder / "predictions.csv", index=False)
    return folder


@pytest.mark.usefixtures("fresh_fonts")
def test_labels_that_no_font_has_stand_as_numbers_with_one_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run_folder(tmp_path / "run", CHINESE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert report.main([str(folder)]) == 0
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert "numbers stand for them (1 愤怒, 2 高兴" in errors[0]
    assert (folder / "plots" / "names.txt").read_text(encoding="utf-8") == "1\t愤怒\n2\t高兴\n"
    assert "愤怒" in (folder / "plots" / "recalls.svg").read_text(encoding="utf-8")


def test_a_font_that_has_the_letters_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    lettering.fonts_for.cache_clear()
    monkeypatch.setattr(lettering, "_other_fonts", lambda: (("Sans of Old", frozenset(map(ord, "愤怒高兴"))),))
    figure = Figure()
    title = figure.suptitle("愤怒")
    lettering.shorten_texts(figure)
    assert title.get_fontfamily() == ["DejaVu Sans", "Sans of Old"]
    assert lettering.unwritable(CHINESE) == {}
    lettering.fonts_for.cache_clear()


@pytest.mark.usefixtures("fresh_fonts")
@pytest.mark.parametrize("label", HOSTILE)
def test_any_label_can_be_plotted_without_a_warning(label: str, tmp_path: Path) -> None:
    predictions = [Prediction(f"{label}.wav", label, {label: 0.75, "b": 0.25}, float(i), i + 1.0) for i in range(2)]
    figure = Figure(layout="constrained")
    axes = figure.subplots()
    axes.set_yticks(range(2), [label, "b"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for plot in (timeline(predictions), Plot(figure, f"{label} and b")):
            for suffix in ("png", "svg", "pdf"):
                plot.save(tmp_path / f"plot.{suffix}")


@pytest.mark.parametrize("name", [*HOSTILE, "'=1", "+3", "@x", "-", "a,b", 'a"b', "'"])
def test_any_name_comes_back_from_a_table_for_spreadsheets(name: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    table = pd.DataFrame({"id": pd.Series([name], dtype=object), "value": [-1.5]})
    for_spreadsheets(table).to_csv(path, index=False)
    read = read_table(path)
    assert read.rows["id"].tolist() == [name.encode(errors="backslashreplace").decode()]
    assert read.numbers("value").tolist() == [-1.5]
    assert not path.read_text(encoding="utf-8").splitlines()[1].startswith(("=", "+", "-", "@"))


def test_a_report_of_hostile_labels_is_whole(tmp_path: Path) -> None:
    labels = tuple(name for name in HOSTILE if name != "\udcff")
    folder = run_folder(tmp_path / "run", labels)
    assert report.main([str(folder)]) == 0
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<b></th>" not in page
    assert "&lt;b&gt;" in page
    assert "\x1b" not in page
    recalls = read_table(folder / "tables" / "recalls.csv")
    assert set(labels) & set(recalls.rows.columns) >= {"=1+1", "愤怒"}
    assert json.dumps(labels)
