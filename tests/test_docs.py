"""What the documentation says can be done: commands parse and run, snippets run, links and names lead somewhere."""

from __future__ import annotations

import argparse
import importlib.util
import re
from importlib import import_module
from pathlib import Path

import pytest
from doc_pages import COMMAND, PAGES, ROOT, blocks, commands, headings, links, name_of, split
from doc_stand_ins import provide
from make_commands import anchor

NOT_EXECUTED: dict[str, str] = {
    "python -m benchmarks.speed encoders FOLDER --corpus emodb --root emodb --clips 100": "time; measures alone",
    (
        "python -m benchmarks.robustness --corpus emodb --root emodb --encoder FOLDER --pipelines svm xgboost "
        "svm:speaker svm+xgboost wav2vec2-tiny svm@encoder"
    ): "time: the command above it on that page runs",
    (
        "python -m benchmarks.robustness --corpus ravdess --root ravdess --pipelines svm xgboost svm:speaker "
        "svm+xgboost"
    ): "time: likewise",
    "python -m benchmarks.run": "time: the whole default run with a deep row; test_deep_pretraining holds its parts",
    (
        "python -m benchmarks.run --corpus emodb --root emodb --jobs 1 --encoder FOLDER --pipelines attentive@encoder "
        "attentive@encoder~random linear@encoder linear@encoder~random svm@encoder"
    ): "time: 30 epochs in each of ten folds; test_deep_frozen_start holds the rows",
    "python -m benchmarks.run --corpus ravdess --root ravdess --download": "network",
    (
        "python -m benchmarks.combine results/emodb results/ravdess"
    ): "runs of two corpora: test_combining runs it on made-up ones",
    "python -m benchmarks.pretraining --out encoder": "time: 8,000 clips; test_deep_pretraining speaks eight",
    (
        "python -m benchmarks.run --corpus iemocap --root IEMOCAP_full_release --folds speaker-811 --seeds 0 1 2"
    ): "licence: the commands of docs/iemocap.md run on a miniature",
    "python -m benchmarks.layers": "time: some three hundred probes; test_layers runs it small",
    "python -m benchmarks.layers --corpus emodb --root emodb --encoder FOLDER": "likewise",
    "python -m benchmarks.drift model.skops calls.csv": "one call ends with 1 or 2; test_drift runs it",
    "python -m benchmarks.drift model.skops calls.csv --level 0.01 --json": "likewise",
    (
        "python -m benchmarks.sentences --corpus emodb --root emodb --pipelines svm xgboost"
    ): "time: some fifty trainings; test_benchmarks_sentences runs it small",
    (
        "python -m benchmarks.sentences --corpus ravdess --root ravdess --pipelines svm xgboost svm@encoder "
        "svm@encoder~random --encoder FOLDER"
    ): "time: some hundred trainings; test_benchmarks_sentences runs it small",
    (
        "python -m benchmarks.resampling --corpus emodb --root emodb --pipelines svm xgboost --draws 20"
    ): "time: eighty trainings; test_evidence_retraining runs it small",
    "python -m benchmarks.audit emobox/data/emodb --corpus emodb --root emodb": "EmoBox's folds; test_audit reads them",
    "python -m benchmarks.audit emobox/data/emodb --corpus emodb --root emodb --measure": "likewise",
    "python -m benchmarks.audit emobox/data/ravdess --corpus ravdess --root ravdess": "likewise",
    (
        "python -m benchmarks.run --corpus emodb --root emodb --folds-file emobox/data/emodb --allow-shared-speakers "
        "--pipelines svm"
    ): "likewise",
    (
        "python -m benchmarks.audit emobox/data/emodb --corpus emodb --root emodb --write folds.csv"
    ): "folds of others; test_audit_page writes each form anew",
    (
        "python -m benchmarks.audit s3prl/meta_data --corpus iemocap --root IEMOCAP_full_release --write folds.csv"
    ): "likewise",
    (
        "python -m benchmarks.audit speechbrain/train.json speechbrain/valid.json speechbrain/test.json "
        "--write folds.csv"
    ): "likewise",
    (
        "python -m benchmarks.cross --corpora emodb=emodb ravdess=ravdess synthetic --pipelines svm xgboost"
    ): "time: some sixty trainings; test_cross_corpus runs it small",
    (
        "python -m benchmarks.cross --corpora emodb=emodb ravdess=ravdess synthetic --pipelines svm xgboost "
        "svm@encoder --encoder FOLDER"
    ): "likewise",
    (
        "python -m benchmarks.cross --corpora emodb=emodb ravdess=ravdess synthetic --pipelines wav2vec2-tiny"
    ): "likewise",
    (
        "python -m benchmarks.robustness --corpus emodb --root emodb --pipelines svm xgboost svm:speaker svm+xgboost"
    ): "time: every clip under 31 conditions; test_robustness runs it small",
    (
        "python -m benchmarks.ablation --corpus emodb --root emodb --pipelines svm --out results/emodb-ablation"
    ): "time: 63 subsets; test_benchmarks_ablation runs them with a row that only guesses",
    (
        "python -m benchmarks.length --corpus emodb --root emodb --pipelines svm xgboost"
    ): "time: every clip six times; test_length runs it small",
    (
        "python -m benchmarks.attributions --corpus emodb --root emodb --pipelines svm"
    ): "time; test_attributions_study runs it small",
    (
        "python -m benchmarks.run --corpus ravdess --root ravdess --pipelines svm svm~nystroem"
    ): "time; the contracts of test_classical_sklearn fit svm~nystroem",
    (
        "python -m deep.extract calls.csv calls-whisper.parquet/ --encoder FOLDER --layer 2 --cluster tcp://HOST:8786"
    ): "no such scheduler; test_shards_predictions does it here",
    (
        "python -m classical.predict model.skops --manifest calls.csv --out answers.parquet/ --cluster tcp://HOST:8786"
    ): "no such scheduler; test_shards_predictions and test_cluster do it here",
    (
        "python -m deep.predict model/ --manifest calls.csv --out answers.parquet/ --cluster tcp://HOST:8786"
    ): "no such scheduler; test_shards_predictions does it with a classical model",
    (
        "python -m benchmarks.run --corpus ravdess --root ravdess --folds 6 --pipelines xgboost xgboost~external"
    ): "time; the contracts of test_classical_sklearn fit xgboost~external",
    (
        "python -m benchmarks.run --corpus emodb --root emodb --pipelines svm xgboost --cluster local:2"
    ): "time: processes of Dask; test_cluster runs the same on two",
    (
        "python -m benchmarks.enrolment --corpus emodb --root emodb --pipelines svm --seeds 0 1 2"
    ): "time: test_enrolment draws the curve on four voices",
    (
        "python -m benchmarks.run --corpus emodb --root emodb --jobs 1 --encoder FOLDER --precision bfloat16 "
        "--pipelines last-layers@encoder last-layers@encoder~random lora@encoder lora@encoder~random"
    ): "time; test_deep_frozen_start trains and resumes each of these rows",
    (
        "python -m benchmarks.run --corpus ravdess --root ravdess --jobs 1 --encoder FOLDER --precision bfloat16 "
        "--pipelines linear@encoder linear@encoder~random last-layers@encoder last-layers@encoder~random"
    ): "likewise",
    (
        "python -m benchmarks.run --corpus ravdess --root ravdess --jobs 1 --encoder FOLDER --precision bfloat16 "
        "--pipelines attentive@encoder attentive@encoder~random lora@encoder lora@encoder~random"
    ): "likewise",
    "python -m benchmarks.length": "time: the embedded corpus whole; test_length runs it small",
    "python -m benchmarks.enrolment": "time: the embedded corpus whole; test_enrolment draws the curve on four voices",
    "python -m benchmarks.speed features --only same-sound": "time: whole corpora; test_features_speed runs it small",
    "python -m benchmarks.speed features --only speech": "likewise",
    "python -m benchmarks.speed deep": "time: minutes; test_deep_speed runs it small",
    "python -m benchmarks.speed deep --clips 12 --rounds 3": "time: minutes, and 6 GB; test_deep_speed runs it small",
    "python -m benchmarks.speed stream model.skops": "time: a minute of sound; test_stream runs it small",
    "python -m classical.service model.skops --port 8000": "runs until it is stopped; test_service asks it",
    "python -m benchmarks.speed kernels": "time: minutes; test_speed_cluster runs it small",
    "python -m benchmarks.speed cluster recordings/ --clips 100000 --beside 20000": "likewise",
    "python -m benchmarks.speed features": "time: minutes; test_features_speed runs it small",
}
"""Command lines that are parsed only, and why."""

ELSEWHERE = {"docs/adding.md": "test_docs_adding.py follows it in a copy of the repository"}
"""Pages whose commands and snippets another test runs."""

EVERYTHING = {command: page for page in reversed(PAGES) for command in commands(page)}
TO_RUN = [page for page in PAGES if name_of(page) not in ELSEWHERE]


def parser_of(module: str, arguments: list[str]) -> tuple[argparse.ArgumentParser | None, list[str]]:
    """The parser that answers for these arguments; None for a module that takes none."""
    command = import_module(f"{module}.__main__" if (ROOT / module.replace(".", "/")).is_dir() else module)
    if module == "benchmarks.speed" and arguments:
        command, arguments = import_module(command.SUBCOMMANDS[arguments[0]][0]), arguments[1:]
    return (command.build_parser() if hasattr(command, "build_parser") else None), arguments


def in_help_texts() -> list[str]:
    """Examples on the machine-made page."""
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    return re.findall(r"^(?:example: |  )(python -m .+)$", re.sub(r" \\\n +", " ", text), re.MULTILINE)


@pytest.mark.parametrize("command", [*EVERYTHING, *in_help_texts()])
def test_commands_are_parsed(command: str) -> None:
    parser, arguments = parser_of(*split(command))
    if parser is None:
        assert not arguments
    else:
        parser.parse_args(arguments)


def test_what_is_not_executed_is_still_in_the_documentation() -> None:
    assert set(NOT_EXECUTED) <= set(EVERYTHING)
    assert set(ELSEWHERE) <= set(map(name_of, PAGES))


@pytest.mark.parametrize("page", TO_RUN, ids=name_of)
def test_commands_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command once, on the page where it comes first; corpora are miniatures, which `--allow-partial` accepts."""
    own = [command for command in commands(page) if EVERYTHING[command] == page and command not in NOT_EXECUTED]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for command in own:
        module, arguments = split(command)
        if module.startswith("deep") and importlib.util.find_spec("speechbrain") is None:
            continue
        provide(arguments, tmp_path)
        parser, _ = parser_of(module, arguments)
        known = parser.format_help() if parser else ""
        arguments += ["--jobs", "1"] if "--jobs" in known and "--jobs" not in arguments else []
        arguments += ["--epochs", "2"] if "--epochs" in known and "--epochs" not in arguments else []
        arguments += ["--allow-partial"] if "--allow-partial" in known and "--root" in arguments else []
        code = _main_of(module)(arguments)
        shown = capsys.readouterr()
        assert code == 0, f"{command}\n{shown.out}\n{shown.err}"


def _main_of(module: str):  # type: ignore[no-untyped-def]
    command = import_module(f"{module}.__main__" if (ROOT / module.replace(".", "/")).is_dir() else module)
    if hasattr(command, "main"):
        return command.main
    import runpy

    return lambda _: 0 if runpy.run_module(module, run_name="__main__") else 1


@pytest.mark.parametrize(
    "page", [page for page in TO_RUN if any(block.kind == "python" for block in blocks(page))], ids=name_of
)
def test_snippets_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    names: dict[str, object] = {"__name__": "snippet"}
    for block in blocks(page):
        if block.kind != "python":
            continue
        if "import deep" in block.text:
            pytest.importorskip("speechbrain")
        provide(re.findall(r"\"([^\"\n]+)\"", block.text), tmp_path)
        exec(compile(block.text, name_of(page), "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        place, _, fragment = target.partition("#")
        there = (page.parent / place).resolve() if place else page
        assert there.exists(), target
        if fragment:
            assert fragment in [anchor(heading) for heading in headings(there)], target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_named_are_there(page: Path) -> None:
    new = {block.place for block in blocks(page) if block.kind == "python"}
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:features|classical|deep|benchmarks|tests|docs|notebooks)/[\w./]*)`", text):
        assert name in new or (ROOT / name).exists(), name
    for name in re.findall(r"\btests/test_\w+\.py", text):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_targets_and_extras_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    makefile, setup = ((ROOT / name).read_text(encoding="utf-8") for name in ("Makefile", "setup.cfg"))
    for target in re.findall(r"(?:^    |`)make ([\w-]+)", text, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for extras in re.findall(r"speech-emotion-baselines\[([\w,]+)\]", text):
        for extra in extras.split(","):
            assert re.search(rf"^{extra} =$", setup, re.MULTILINE), extra


def test_no_page_is_left_alone() -> None:
    """Every page can be reached from README.md by links; the site's own first two pages stand in its list instead."""
    pages = {page for page in PAGES if page.name not in ("index.md", "overview.md")}
    reached, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        reached.add(page)
        found = [(page.parent / target.partition("#")[0]).resolve() for target in links(page)]
        todo += [there for there in found if there in pages and there not in reached]
    assert set(map(name_of, pages)) == set(map(name_of, reached))


def test_the_one_line_programs_of_the_makefile_run() -> None:
    """A name that moved breaks the installation before any test runs."""
    programs = re.findall(r"python -c \"([^\"]+)\"", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert programs
    for program in programs:
        exec(compile(program, "Makefile", "exec"), {})


def test_the_counts_of_iemocap_are_those_that_the_loader_asserts() -> None:
    from benchmarks.corpora.iemocap import COUNTS, FOUR, IMPROVISED_COUNTS, SPEAKER_COUNTS

    text = (ROOT / "docs" / "iemocap.md").read_text(encoding="utf-8")
    numbers = {
        row[0]: [int(cell.replace(",", "")) for cell in row[1:]]
        for row in (line.strip("| \n").split(" | ") for line in text.splitlines() if line.startswith("| "))
        if len(row) == 8 and row[1][:1].isdigit()
    }
    expected = {name: dict(zip(FOUR, counts, strict=True)) for name, counts in SPEAKER_COUNTS.items()}
    for session in range(1, 6):
        pair = [expected[f"Ses{session:02d}{letter}"] for letter in "FM"]
        expected[f"Session {session}"] = {label: pair[0][label] + pair[1][label] for label in FOUR}
    expected |= {"improvised": IMPROVISED_COUNTS, "all": {label: COUNTS[label] for label in FOUR}}
    rows = {
        name: [c["ang"], c["hap"], c["exc"], c["hap"] + c["exc"], c["sad"], c["neu"], sum(c.values())]
        for name, c in expected.items()
    }
    assert numbers == rows
    for label, count in COUNTS.items():
        assert re.search(rf"\b{label}\s+{count:,}\b", text), label


def test_the_tuning_budget_is_that_of_the_code() -> None:
    from classical.blocks import weights_to_try
    from classical.boosting import BoostingClassifier
    from classical.logistic import LogisticClassifier
    from classical.svm import SvmClassifier
    from features.kinds import KINDS

    text = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    svm, trees, lines = SvmClassifier(), BoostingClassifier(), LogisticClassifier()
    for model, words in {
        "svm": f"{len(svm.gammas) * len(svm.Cs) + len(svm.linear_Cs)}: RBF",
        "xgboost": f"{len(trees.depths)} depths ({', '.join(map(str, trees.depths))})",
        "logistic": f"{len(lines.Cs)} penalties",
    }.items():
        assert words in rows[model]
    for model, estimator in (("svm", svm), ("xgboost", trees), ("logistic", lines)):
        assert rows[model].endswith(f" {estimator.n_inner} |"), model
    assert f"up to {trees.max_rounds}:" in rows["xgboost"]
    assert f"for {trees.patience} trees" in rows["xgboost"]
    assert f"more than {trees.n_screened} features" in rows["xgboost"]
    assert f" {len(weights_to_try(KINDS)) - 1} other weightings" in rows["svm"]


def test_numbers_of_features_are_those_of_the_catalogue() -> None:
    from features.catalogue import catalogue

    for page in PAGES:
        for count in re.findall(
            r"(\d[\d,]*) (?:statistics|features)(?: of contours| of pitch| an utterance|, how)", page.read_text("utf-8")
        ):
            assert int(count.replace(",", "")) in (len(catalogue()), len(catalogue("all"))), name_of(page)


def test_commands_on_pages_are_recognised() -> None:
    """The pattern sees what a reader sees: no `python -m` of this toolkit is left out of the list."""
    for page in PAGES:
        if page.name in ("commands.md", "torture.md"):  # made by a command
            continue
        text = page.read_text(encoding="utf-8")
        seen = set(re.findall(r"python -m (?:benchmarks|classical|deep|features)\.\w+[^`\n]*", text))
        assert {line.strip() for line in seen} == {line for line in commands(page) if COMMAND.match(line)}, name_of(
            page
        )
