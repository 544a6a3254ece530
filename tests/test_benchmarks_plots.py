"""Plots: drawn without pyplot's state, alike each time, and readable in light, in dark and without colour."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.image
import numpy as np
import pytest
from fabricated_runs import LABELS, fabricate_predictions, fabricate_run

from benchmarks.evaluation.runs import load_run
from benchmarks.reporting.plots import PLOTS, confusion_plot
from benchmarks.reporting.plots.style import FAINT, HEAT, INK, PAPER, SERIES, render
from benchmarks.reporting.ranking import Ranking, rank
from benchmarks.studies.reports import draw, study_sections
from features.errors import ResultsError


@pytest.fixture(scope="module")
def ranking(tmp_path_factory: pytest.TempPathFactory) -> Ranking:
    folder = fabricate_run(
        tmp_path_factory.mktemp("plots"), {"svm": 1.5, "svm:enrol-3": 1.7, "xgboost": 1.0, "a&b<c": 0.5}, n_speakers=6
    )
    (folder / "learning.csv").write_text(
        "pipeline,speakers,uar,uar_low,uar_high\nsvm,2,0.4,0.3,0.5\nsvm,8,0.6,0.5,0.7\n"
    )
    return rank(load_run(folder))


ALL = [*PLOTS, *(plot for section in study_sections() for plot in getattr(section, "plots", ()))]


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: entry.name)
def test_every_plot_draws_or_has_nothing_to_show_and_says_what_it_shows(entry, ranking: Ranking) -> None:
    plot = entry.function(ranking)
    if plot is None:
        studies = ("shapley", "subsets", "emotions", "pairs_of_emotions", "people", "selective", "attributions")
        assert entry.name in studies
        return
    first, second = render(plot.figure, entry.name), render(entry.function(ranking).figure, entry.name)
    assert first.png.startswith(b"\x89PNG")
    assert first == second
    assert len(plot.alt_text) > 20
    inline = first.inline()
    assert inline.startswith("<svg ")
    assert "a&b<c" not in inline
    left = set(re.findall(r"#[0-9a-f]{6}\b", inline)) - {"#000000"}
    assert not left, "colours that a dark page cannot turn"


def test_one_plot_can_be_drawn_from_a_folder_or_from_a_ranking(ranking: Ranking) -> None:
    from_folder = draw(ranking.run.folder, "scores").with_title("svm leads by $x$")
    assert from_folder.figure.texts[-1].get_text() == "svm leads by $x$"
    assert from_folder.alt_text == draw(ranking, "scores").alt_text
    assert "svm" in from_folder.alt_text
    with pytest.raises(ResultsError, match="expected one of scores, differences"):
        draw(ranking, "score")
    with pytest.raises(ResultsError, match="nothing to show as 'shapley'"):
        draw(ranking, "shapley")


def test_every_plot_has_a_name_of_its_own() -> None:
    assert len({plot.name for plot in ALL}) == len(ALL)


def test_a_title_of_a_sentence_is_broken_between_words_and_keeps_all_of_them(ranking: Ranking, tmp_path: Path) -> None:
    title = "73 % right in fold Ses01, whom the SVM never heard, and 40 % in fold Ses02"
    confusion = confusion_plot(["a", "b"], ["a", "b"], ["a", "b"], title)
    above = draw(ranking, "scores").with_title(title)
    for plot in (confusion, above):
        plot.save(tmp_path / "plot.png")
    for shown in (confusion.figure.axes[0].get_title(loc="left"), above.figure.texts[-1].get_text()):
        assert shown.split() == title.split()
        assert "\n" in shown


@pytest.mark.parametrize("name", ["scores", "recalls", "speakers"])
def test_a_title_lies_above_all_else(ranking: Ranking, name: str, tmp_path: Path) -> None:
    plain, titled = draw(ranking, name), draw(ranking, name).with_title("Somebody")
    heights = []
    for place, picture in enumerate((plain, titled)):
        picture.save(tmp_path / f"{place}.png")
        ink = mpl.image.imread(tmp_path / f"{place}.png")[:, :, :3].min(axis=2) < 0.5
        heights.append(ink.any(axis=1))
    strip = len(heights[1]) - len(heights[0])
    assert strip > 10
    drawn = [np.flatnonzero(rows[5:]) for rows in (heights[0], heights[1][strip:])]
    assert len(drawn[0]) == pytest.approx(len(drawn[1]), abs=5), "below the title all is as it was"
    assert drawn[0][0] == pytest.approx(drawn[1][0], abs=8)


def test_a_confusion_says_in_words_what_is_right_and_what_is_most_often_wrong() -> None:
    picture = confusion_plot(["a", "a", "b", "b", "b"], ["a", "b", "b", "b", "b"], ["a", "b", "c"], "svm")
    assert picture.alt_text == "svm. Recall of each label: a 50%, b 100%. Most often wrong: a taken for b, 1 times."
    assert "Most" not in confusion_plot(["a", "b"], ["a", "b"], ["a", "b"], "svm").alt_text


def test_confusion_figure_shows_shares_of_the_truth(tmp_path: Path) -> None:
    table = fabricate_predictions({"svm": 1.5})
    plot = confusion_plot(table["truth"], table["prediction"], LABELS, "svm on $made_up$")
    texts = [text.get_text() for text in plot.figure.axes[0].texts]
    assert len(texts) == 16
    share = np.array([0 if text == "·" else int(text) for text in texts]).reshape(4, 4)
    assert np.all(np.abs(share.sum(axis=1) - 100) <= 2)
    plot.save(tmp_path / "confusion.png")
    assert (tmp_path / "confusion.png").stat().st_size > 1000
    assert "$made_up$" in render(plot.figure, "confusion").svg


def test_drawing_changes_nobodys_settings_and_needs_no_pyplot(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    table = fabricate_predictions({"svm": 1.5})
    confusion_plot(table["truth"], table["prediction"], LABELS, "svm").save(tmp_path / "c.png")
    assert dict(mpl.rcParams) == before
    imported = "import sys, benchmarks.report, benchmarks.studies.reports"
    code = f"{imported}; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_colours_stand_out_from_the_paper_in_light_and_dark() -> None:
    css = (Path(__file__).parents[1] / "benchmarks" / "reporting" / "templates" / "report.css").read_text()
    light, dark = (dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", block)) for block in css.split("@media", 2)[:2])
    assert light["paper"] == PAPER
    assert light["ink"] == INK
    assert light["heat"] == HEAT
    for theme in (light, dark):
        assert contrast(theme["ink"], theme["paper"]) > 12
        for name in ("faint", "accent", "warn"):
            assert contrast(theme[name], theme["paper"]) > 4.5
        for number in range(1, len(SERIES) + 1):
            assert contrast(theme[f"series-{number}"], theme["paper"]) > 3
    assert [light[f"series-{number}"] for number in range(1, len(SERIES) + 1)] == list(SERIES)
    assert contrast(FAINT, PAPER) > 4.5
