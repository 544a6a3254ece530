"""The page of an audit: every finding with its remedy, nothing from outside, every name escaped; folds written anew."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fold_forms import DIFFERENT, FORMS, clips, sides, write_table

from benchmarks import corpora
from benchmarks.audit import main
from benchmarks.folds.fold import read_folds, write_folds
from benchmarks.folds.splitters import make_folds

Capture = pytest.CaptureFixture[str]


class Words(HTMLParser):
    """The words of a page, and its tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not {name for name, value in attrs if name in ("src", "href") and not (value or "").startswith("data:")}

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(path: Path) -> Words:
    words = Words(path.read_text(encoding="utf-8"))
    words.text = " ".join(words.text.split())
    return words


def test_the_page_says_what_was_found(tmp_path: Path, capsys: Capture) -> None:
    rows = [{**row, "side": "train"} if row["id"] == "eli0" else row for row in sides(clips())]
    folds, page = FORMS["folds_csv"](tmp_path, rows), tmp_path / "audit.html"
    assert main([str(folds), "--html", str(page)]) == 1
    assert "1 of 2 test speakers" in capsys.readouterr().out
    words = page_of(page)
    for part in (
        "1 error, 0 warnings.",
        "error speaker, one 1 of 2",
        "1 of 2 test speakers are heard in training",
        "such as eli",
        "take folds that keep a speaker on one side",
        "give the corpus with --corpus NAME --root DIR",
        f"python -m benchmarks.audit {folds} --html {page}",
    ):
        assert part in words.text, part
    assert "Content-Security-Policy" in page.read_text(encoding="utf-8")
    assert not words.tags & {"script", "img", "iframe"}


def test_names_are_escaped(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>\x1b[2J"
    rows = [{**row, "speaker": name} if row["speaker"] in ("anna", "fay") else row for row in sides(clips())]
    folds, page = FORMS["folds_csv"](tmp_path, rows), tmp_path / "audit.html"
    assert main([str(folds), "--html", str(page)]) == 1
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "\x1b" not in text


def test_two_sets_of_folds_stand_in_one_page(tmp_path: Path) -> None:
    paths = [FORMS[form](tmp_path, sides(clips())) for form in ("folds_csv", "emobox")]
    assert main([*map(str, paths), "--html", str(tmp_path / "audit.html")]) == 0
    text = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert text.count("<article") == 2
    assert len(re.findall(r'id="title-\d"', text)) == 2


def test_what_was_measured_stands_in_the_page(tmp_path: Path, capsys: Capture) -> None:
    corpus = corpora.load("synthetic")
    write_folds(tmp_path / "folds.csv", make_folds(corpus.utterances, "2"), corpus.utterances)
    line = [str(tmp_path / "folds.csv"), "--corpus", "synthetic", "--measure", "--draws", "1", "--jobs", "1"]
    assert main([*line, "--html", str(tmp_path / "audit.html")]) == 0
    words, shown = page_of(tmp_path / "audit.html"), capsys.readouterr().out
    points = re.search(r"inflation +([+-][\d.]+) points", shown)
    assert points is not None
    assert f"worth {points[1]} points of UAR" in words.text
    assert "What the folds are worth" in words.text


@pytest.mark.parametrize("form", DIFFERENT)
def test_folds_of_every_form_are_written_as_ours(form: str, tmp_path: Path, capsys: Capture) -> None:
    rows = [{**row, "side": "train"} if row["id"] == "eli0" else row for row in sides(clips())]
    given, written = FORMS[form](tmp_path, rows), tmp_path / "written.csv"
    status = main([str(given), "--write", str(written), "--json"])
    before = capsys.readouterr().out.replace(str(given), "")
    assert main([str(written), "--json"]) == status
    assert capsys.readouterr().out.replace(str(written), "") == before


@pytest.mark.parametrize("form", ["emobox", "s3prl", "speechbrain", "csv"])
def test_folds_written_with_a_corpus_are_those_that_a_run_takes(form: str, tmp_path: Path) -> None:
    corpus = [{**row, "id": f"utterance {number}"} for number, row in enumerate(clips())]
    write_table(tmp_path / "corpus.csv", corpus)
    line = ["--corpus", "manifest", "--root", str(tmp_path / "corpus.csv"), "--on-error", "stop"]
    for row in clips():
        (tmp_path / row["path"]).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / row["path"]).write_text(row["id"], encoding="utf-8")
    given, written = FORMS[form](tmp_path, sides(clips())), tmp_path / "written.csv"
    assert main([str(given), "--write", str(written), *line]) == 0
    table = corpora.load("manifest", tmp_path / "corpus.csv").utterances
    (fold,) = read_folds(written, table)
    speakers = table.index.get_level_values("speaker")
    assert set(speakers[fold.test]) == {"eli", "fay"}
    assert set(speakers[fold.valid]) == {"cy", "dée"}


def test_what_cannot_be_written_ends_with_2(tmp_path: Path, capsys: Capture) -> None:
    folds = str(FORMS["folds_csv"](tmp_path, sides(clips())))
    assert main([folds, "--html", str(tmp_path)]) == 2
    assert main([folds, str(FORMS["emobox"](tmp_path, sides(clips()))), "--write", str(tmp_path / "x.csv")]) == 2
    assert "2 sets of folds" in capsys.readouterr().err
    assert not (tmp_path / "x.csv").exists()
