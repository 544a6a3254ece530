"""The report: right figures, honest marks, everything escaped, nothing from outside, readable on a phone."""

from __future__ import annotations

import base64
import csv
import hashlib
import http.server
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fabricated_runs import fabricate_jobs, fabricate_predictions, fabricate_run
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from benchmarks.evaluation.runs import load_run
from benchmarks.report import main
from benchmarks.reporting.page import build, write_report
from benchmarks.reporting.ranking import confident_errors, rank
from benchmarks.reporting.summary import caveats, summarise
from benchmarks.scoring.scores import score_columns, score_table
from features.errors import ResultsError

SKILLS = {"svm": 1.6, "xgboost": 1.4, "weak": 0.1, "majority": -0.5, "released": 3.0}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fabricate_run(
        tmp_path_factory.mktemp("report") / "run",
        SKILLS,
        seeds=(0, 1),
        flags={"xgboost": ["transductive"], "released": ["contaminated"], "majority": ["guessing"]},
        skipped={"wav2vec2": "weights are not here, fetch <facebook/wav2vec2-base>"},
        audio=True,
    )


@pytest.fixture(scope="module")
def page(run: Path) -> str:
    return write_report(run).read_text(encoding="utf-8")


def test_scores_are_those_of_an_independent_few_lines(run: Path) -> None:
    scores = pd.read_csv(run / "scores.csv", index_col="pipeline")
    predictions = pd.read_csv(run / "predictions.csv", dtype={"speaker": str})
    for name, rows in predictions.groupby("pipeline"):
        seeds = [seed for _, seed in rows.groupby("seed")]
        uars = [balanced_accuracy_score(s.truth, s.prediction) for s in seeds]
        assert scores.uar[name] == pytest.approx(np.mean(uars))
        assert scores.seed_uar_std[name] == pytest.approx(np.std(uars, ddof=1))
        assert scores.wa[name] == pytest.approx(np.mean([accuracy_score(s.truth, s.prediction) for s in seeds]))
        f1 = [f1_score(s.truth, s.prediction, average="macro") for s in seeds]
        assert scores.macro_f1[name] == pytest.approx(np.mean(f1))
        folds = {}
        for (fold, _), cell in rows.groupby(["fold", "seed"]):
            folds.setdefault(fold, []).append(balanced_accuracy_score(cell.truth, cell.prediction))
        means = [np.mean(values) for values in folds.values()]
        assert scores.fold_uar_mean[name] == pytest.approx(np.mean(means))
        assert scores.fold_uar_std[name] == pytest.approx(np.std(means, ddof=1))
        assert scores.n[name] == len(seeds[0])


def test_score_table_keeps_its_columns_and_knows_nothing_it_was_not_told() -> None:
    predictions = fabricate_predictions({"a": 1.0}, n_speakers=4)
    jobs = fabricate_jobs(predictions).assign(extract_seconds=np.nan, predict_seconds=np.nan, train_uar=np.nan)
    row = score_table(predictions, jobs, ["ang", "hap", "neu", "sad"]).iloc[0]
    assert list(row.index) == score_columns()
    assert row[["train_uar", "extract_ms", "ms_per_utterance", "seed_uar_std"]].isna().all()


def test_a_fold_is_scored_over_the_classes_present_in_it() -> None:
    predictions = fabricate_predictions({"a": 1.0}, n_speakers=4)
    predictions = predictions[~((predictions["fold"] == "fold1") & (predictions["truth"] == "sad"))]
    row = score_table(predictions, fabricate_jobs(predictions), ["ang", "hap", "neu", "sad"]).iloc[0]
    expected = []
    for _, cell in predictions.groupby("fold"):
        expected.append(np.mean([np.mean(own.prediction == name) for name, own in cell.groupby("truth")]))
    assert row["fold_uar_mean"] == pytest.approx(np.mean(expected))


def test_contaminated_and_guessing_pipelines_are_neither_ranked_nor_tested(run: Path) -> None:
    found = rank(load_run(run))
    assert [entry.name for entry in found.entries if entry.ranked] == ["svm", "weak", "xgboost"]
    assert {test.first for test in found.tests} | {test.second for test in found.tests} == {"svm", "weak"}
    marks = {entry.name: entry.flags for entry in found.entries}
    assert "best" in marks["svm"]
    assert "contaminated" in marks["released"]
    assert "best" not in marks["released"]
    assert marks["wav2vec2"] == ("skipped",)
    assert any("contaminated" in note for note in caveats(found))
    assert "released" not in " ".join(summarise(found))


def test_pipelines_that_guess_are_flagged_by_their_record_or_else_by_their_name(run: Path, tmp_path: Path) -> None:
    from benchmarks.pipelines import PipelineOptions, build

    def flags(name: str) -> tuple[str, ...]:
        return build(name, labels=("ang", "sad"), corpus="c", options=PipelineOptions()).flags

    assert flags("majority@pitch:speaker") == ("guessing", "transductive")
    assert "guessing" not in flags("svm")
    assert "guessing" not in flags("svm+majority")
    lone = tmp_path / "predictions.csv"
    lone.write_bytes((run / "predictions.csv").read_bytes())
    assert {entry.name for entry in rank(load_run(lone)).entries if not entry.ranked} == {"majority"}


def test_verdict_is_three_sentences_with_the_figures_of_the_table(run: Path) -> None:
    found = rank(load_run(run))
    sentences = summarise(found)
    assert len(sentences) == 3
    best = found.best
    assert best is not None
    assert f"{best.scores['uar']:.3f}" in sentences[0]
    assert "weak" in sentences[1]


def test_verdict_says_when_nothing_can_be_found(tmp_path: Path) -> None:
    few = rank(load_run(fabricate_run(tmp_path, {"a": 2.0, "b": -1.0}, n_speakers=4)))
    assert "cannot be found with so few speakers" in summarise(few)[1]
    assert "0.125" in summarise(few)[1]
    assert "too few speakers to tell from best" in few.entries[1].flags


def test_confusions_that_are_as_frequent_are_all_named(tmp_path: Path) -> None:
    rows = [
        f"svm,0,f{speaker},s{speaker}_{truth}{clip},{speaker},{truth},{truth if clip else other},"
        f"{0.9 if clip == (truth == 'ang') else 0.1}"
        for speaker in (1, 2, 3)
        for truth, other in (("ang", "sad"), ("sad", "ang"))
        for clip in (0, 1)
    ]
    table = ["pipeline,seed,fold,utterance,speaker,truth,prediction,p_ang,p_sad"]
    for row in rows:
        head, _, p_ang = row.rpartition(",")
        table.append(f"{head},{p_ang},{1 - float(p_ang):.1f}")
    (tmp_path / "predictions.csv").write_text("\n".join(table) + "\n")
    sentence = summarise(rank(load_run(tmp_path / "predictions.csv")))[2]
    assert "takes ang for sad and sad for ang (50 % of each)" in sentence


def test_an_incomplete_pipeline_is_shown_with_its_reason_and_not_ranked(tmp_path: Path) -> None:
    folder = fabricate_run(tmp_path, {"a": 1.0, "b": 2.0})
    predictions = pd.read_csv(folder / "predictions.csv", dtype=str)
    kept = predictions[~((predictions["pipeline"] == "b") & (predictions["fold"] == "fold1"))]
    kept.to_csv(folder / "predictions.csv", index=False)
    record = json.loads((folder / "run.json").read_text())
    for cell in record["jobs"]:
        if cell["pipeline"] == "b" and cell["fold"] == "fold1":
            cell.update(status="failed")
    (folder / "run.json").write_text(json.dumps(record))
    entry = rank(load_run(folder)).entries[1]
    assert (entry.name, entry.status, entry.ranked) == ("b", "incomplete", False)
    assert entry.reason == "1 job failed"


def test_surest_errors_are_wrong_and_sorted_and_each_clip_once(run: Path) -> None:
    errors = confident_errors(rank(load_run(run)))
    assert len(errors) == 12
    assert (errors["truth"] != errors["prediction"]).all()
    assert errors["confidence"].is_monotonic_decreasing
    assert not errors.duplicated(["speaker", "utterance"]).any()
    assert (errors["p_truth"] < errors["confidence"]).all()


class Reader(HTMLParser):
    """Collects what matters for a reader who hears the page, and every address in it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_page_needs_nothing_from_outside_and_stays_small(page: str) -> None:
    reader = Reader()
    reader.feed(page)
    addresses = [a[key] for _, a in reader.tags for key in ("src", "href", "xlink:href") if a.get(key)]
    assert all(str(address).startswith(("data:", "#")) for address in addresses)
    assert not re.search(r"url\((?!#)", page)
    assert "@import" not in page
    assert len(reader.all("script")) == 1
    text = page.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    assert f"script-src &#39;sha256-{digest}&#39;" in page or f"script-src 'sha256-{digest}'" in page
    assert len(page.encode()) < 5_000_000


def test_page_can_be_heard(page: str) -> None:
    reader = Reader()
    reader.feed(page)
    assert reader.all("html")[0]["lang"] == "en"
    assert len(reader.all("h1")) == 1
    tables = reader.all("table")
    assert len(tables) >= 8
    assert len(reader.all("caption")) == len(tables)
    assert all(head.get("scope") in ("col", "row") for head in reader.all("th"))
    pictures = [a for _, a in reader.tags if a.get("role") == "img"]
    assert len(pictures) >= 6
    assert all(len(str(picture.get("aria-label"))) > 15 for picture in pictures)
    hidden = [a for a in reader.all("svg") if a.get("aria-hidden") == "true"]
    assert len(hidden) == len(reader.all("svg"))
    assert len(reader.all("audio")) == 12
    identifiers = [a["id"] for _, a in reader.tags if a.get("id") and not str(a["id"]).startswith(("m", "p"))]
    assert len(identifiers) == len(set(identifiers))


def test_names_and_labels_are_escaped_everywhere(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>&\"'$x_1$"
    folder = fabricate_run(
        tmp_path, {evil: 1.0, "_under": 0.8}, labels=("<b>ang", "h&p", "n_1%"), skipped={"x<y": "because <i>no</i>"}
    )
    text = build([folder])
    assert text.count("<script>") == 1  # the page's own
    assert "<script>alert" not in text
    assert "<b>ang" not in text
    assert "<i>no" not in text
    assert "&lt;script&gt;" in text
    write_report(folder)
    latex = (folder / "tables" / "recalls.tex").read_text()
    assert r"h\&p" in latex
    assert r"n\_1\%" in latex
    assert r"\$x\_1\$" in latex


def test_every_plot_is_a_picture_twice_and_every_table_a_file_twice(run: Path, page: str) -> None:
    plots = {path.stem for path in (run / "plots").iterdir()}
    assert {"scores", "differences", "recalls", "speakers", "calibration", "cost", "confusion_svm"} <= plots
    for stem in plots:
        assert (run / "plots" / f"{stem}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in (run / "plots" / f"{stem}.svg").read_text()
    tables = {path.stem for path in (run / "tables").iterdir()}
    assert {"scores", "pairs", "recalls", "speakers", "calibration", "costs", "folds", "settings"} <= tables
    for stem in tables:
        assert r"\toprule" in (run / "tables" / f"{stem}.tex").read_text()
    with (run / "tables" / "scores.csv").open(newline="") as file:
        rows = {row["pipeline"]: row for row in csv.DictReader(file)}
    stored = pd.read_csv(run / "scores.csv", index_col="pipeline")
    assert float(rows["svm"]["uar"]) == pytest.approx(stored.uar["svm"])
    assert f"{stored.uar['svm']:.3f}" in page


def test_sound_is_embedded_only_where_it_may_be(page: str, tmp_path: Path) -> None:
    assert "data:audio/flac" in page
    text = build([fabricate_run(tmp_path, {"a": 1.0}, embed_audio=False, audio=True)])
    assert "data:audio" not in text
    assert '<polygon class="wave"' in text


def test_synthetic_voices_are_said_to_be_synthetic(tmp_path: Path) -> None:
    text = build([fabricate_run(tmp_path, {"a": 1.0, "b": 0.5}, synthetic=True)])
    assert "say nothing about real emotion" in text
    assert text.count('<span class="tag">synthetic</span>') == 2


def test_several_runs_stand_under_one_table_and_their_marks_stay(run: Path, tmp_path: Path) -> None:
    other = fabricate_run(tmp_path / "other", {"svm": 0.8, "logistic": 0.7}, n_speakers=4)
    text = build([run, other])
    assert text.count("<article") == 2
    assert "contaminated" in text
    assert text.index("UAR with 95") < text.index("<article")
    assert len(text.encode()) < 5_000_000


def test_lone_predictions_of_another_tool_make_a_report(run: Path, tmp_path: Path) -> None:
    table = pd.read_csv(run / "predictions.csv", dtype=str)
    lone = tmp_path / "predictions.csv"
    table.drop(columns=["corpus", "folds", *[c for c in table if c.startswith("p_")]]).to_csv(lone, index=False)
    text = build([lone])
    assert "svm" in text
    assert "nan" not in re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL).lower().replace("finance", "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such file"),
        ("", "not a predictions table"),
        ("pipeline,seed\nsvm,0\n", "lacks the columns"),
        ("pipeline,seed,fold,utterance,speaker,truth,prediction\n", "holds no predictions"),
        ("pipeline,seed,fold,utterance,speaker,truth,prediction\nsvm,zero,1,u,s,ang,ang\n", "seed is 'zero'"),
        ("pipeline,seed,fold,utterance,speaker,truth,prediction\n" + 2 * "svm,0,1,u,s,ang,ang\n", "stands twice"),
        ("pipeline,seed,fold,utterance,speaker,truth,prediction,p_ang\nsvm,0,1,u,s,ang,sad,1\n", "no column p_"),
        (
            "pipeline,seed,fold,utterance,speaker,truth,prediction,p_ang,p_sad\nsvm,0,1,u,s,ang,sad,0.9,0.9\n",
            "sum to 1",
        ),
    ],
)
def test_what_is_no_run_is_refused_in_one_line(
    tmp_path: Path, content: str | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "predictions.csv").write_text(content)
    with pytest.raises(ResultsError, match=words):
        build([tmp_path])
    assert main([str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_command_writes_where_it_is_told(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "page.html"
    assert main([str(run), "--no-audio", "--out", str(target)]) == 0
    assert capsys.readouterr().out.strip() == str(target)
    assert "data:audio" not in target.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("needs chromium, to look at the page as a reader's browser does")
    return found


@pytest.fixture
def site(run: Path, page: str, tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve the page, and a frame of 400 pixels that writes down how wide the page in it is."""
    (tmp_path / "report.html").write_text(page, encoding="utf-8")
    (tmp_path / "phone.html").write_text(
        '<!doctype html><iframe src="report.html" style="width:400px;height:900px;border:0"></iframe><p id="width"></p>'
        "<script>const f=document.querySelector('iframe');f.onload=()=>{const d=f.contentDocument;"
        "document.getElementById('width').textContent='width '+d.documentElement.scrollWidth+' of '"
        "+f.contentWindow.innerWidth+' tables '+d.querySelectorAll('table').length}</script>"
    )
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, directory=str(tmp_path), **options)  # type: ignore[arg-type]

        def log_message(self, format: str, *args: object) -> None:
            asked.append(self.path)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()


def test_browser_shows_it_without_errors_outside_requests_or_sideways_scrolling(
    chromium: str, site: tuple[str, list[str]], tmp_path: Path
) -> None:
    address, asked = site
    log = tmp_path / "net.json"
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--enable-logging=stderr",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        f"--user-data-dir={tmp_path / 'profile'}",
        f"--log-net-log={log}",
        "--virtual-time-budget=4000",
        "--dump-dom",
    ]
    shown = subprocess.run(
        [chromium, *options, f"{address}/phone.html"], capture_output=True, text=True, timeout=120, check=True
    )
    width = re.search(r"width (\d+) of (\d+) tables (\d+)", shown.stdout)
    assert width, shown.stdout[-500:]
    assert int(width[1]) <= int(width[2]) == 400
    assert int(width[3]) >= 8
    assert "CONSOLE" not in shown.stderr
    assert set(asked) <= {"/phone.html", "/report.html", "/favicon.ico"}
    # The browser asks its maker for updates of its own; what counts is what the page asked for.
    asked_for = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if address in line]
    by_page = [line for line in asked_for if f'"initiator":"{address}"' in line]
    assert by_page
    assert all(f'"url":"{address}/' in line for line in by_page if '"url"' in line)


AXE = """<script>axe.run(document, {resultTypes: ["violations"]}).then(found => {
  const told = document.createElement("p");
  told.id = "axe";
  told.textContent = "axe: " + found.violations.map(one => one.id + " " + one.nodes.length).join(", ") + ".";
  document.body.append(told);
})</script>"""


def violations(text: str, chromium: str, folder: Path, *, dark: bool) -> str:
    """What axe-core finds in a page with everything unfolded, as kinds and their numbers."""
    package = find_spec("axe_playwright_python")
    if package is None or package.origin is None:
        pytest.skip("needs axe-playwright-python, which carries axe-core: the extra test")
    script = Path(package.origin).with_name("axe.min.js").read_text(encoding="utf-8")
    text = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", text).replace("<details", "<details open")
    (folder / "page.html").write_text(
        text.replace("</body>", f"<script>{script}</script>{AXE}</body>"), encoding="utf-8"
    )
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--blink-settings=preferredColorScheme={int(not dark)}"]
    line = [chromium, *options, f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=60000", "--dump-dom"]
    done = subprocess.run(
        [*line, (folder / "page.html").as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    found = re.search(r'<p id="axe">axe: (.*?)\.</p>', done.stdout)
    assert found, done.stderr[-500:]
    return found[1]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_no_violation(dark: bool, page: str, chromium: str, tmp_path: Path) -> None:
    assert violations(page, chromium, tmp_path, dark=dark) == ""
    # and it does look: letters of the colour of the page
    hidden = page.replace("</head>", "<style>:root { --faint: var(--grid) !important }</style></head>")
    assert "color-contrast" in violations(hidden, chromium, tmp_path, dark=dark)


def test_what_can_be_copied_has_a_button_where_scripts_run(page: str, chromium: str, tmp_path: Path) -> None:
    assert page.count('class="copy"') == page.count(" hidden>Copy</button>") == 4
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    line = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--dump-dom",
    ]
    done = subprocess.run([*line, (tmp_path / "page.html").as_uri()], capture_output=True, text=True, check=True)
    assert done.stdout.count('class="copy"') == 4
    assert " hidden" not in re.findall(r"<button[^>]*>", done.stdout)[0]
