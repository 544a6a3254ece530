"""The register of contamination: its form, what is looked up in it, and the marks that rows carry."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from fabricated_runs import fabricate_run
from make_contamination import page
from small_encoders import save

from benchmarks.corpora.registry import MODULES, find
from benchmarks.evaluation.runs import Run
from benchmarks.heard import main as heard_main
from benchmarks.pipelines import Flag, PipelineOptions, build
from benchmarks.pipelines.heard import COLUMNS, CORPORA, EVERY, REGISTER, Heard, entries, finding_of, heard, models
from benchmarks.reporting.plots.intervals import scores_plot
from benchmarks.reporting.ranking import rank
from benchmarks.reporting.summary import caveats
from benchmarks.reporting.tables import scores_table
from benchmarks.reporting.terminal import result_text
from benchmarks.run import main

ROOT = Path(__file__).resolve().parent.parent
CLASSIFIER = "Wav2Vec2ForSequenceClassification"
PUBLISHED = tuple(name for name in MODULES if not (find(name).own or find(name).synthetic))


def test_every_line_has_the_form() -> None:
    with REGISTER.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert tuple(rows[0]) == COLUMNS
    assert len(models()) >= 25
    seen = set()
    for model, base, corpus, level, source, says in rows[1:]:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", model), model
        assert base == "" or base in models(), base
        assert corpus == EVERY or corpus in CORPORA, corpus
        assert level in list(Heard), level
        assert re.fullmatch(r"https://\S+", source), source
        assert len(says) > 10, model
        assert level != "unknown" or "searched: " in says or "'including' is" in says, model
        assert (model, corpus) not in seen
        seen.add((model, corpus))
    for model in models():
        assert (model, EVERY) in seen, model
        assert len({entry.base for entry in entries() if entry.model == model}) == 1, model


@pytest.mark.parametrize("corpus", CORPORA)
@pytest.mark.parametrize("model", ["somebody/their-model", "./nowhere", "", "facebook/wav2vec2"])
def test_what_nobody_knows_is_unknown_and_never_no(model: str, corpus: str) -> None:
    assert heard(model, corpus).heard is Heard.UNKNOWN


@pytest.mark.parametrize(
    ("model", "corpus", "level"),
    [
        ("superb/wav2vec2-base-superb-er", "iemocap", "labels"),
        ("superb/hubert-base-superb-er", "iemocap", "labels"),
        ("superb/hubert-large-superb-er", "iemocap", "labels"),
        ("speechbrain/emotion-recognition-wav2vec2-IEMOCAP", "iemocap", "labels"),
        ("speechbrain/emotion-recognition-wav2vec2-IEMOCAP", "emodb", "no"),
        ("Speechbrain/emotion-recognition-wav2vec2-iemocap", "iemocap", "labels"),
        ("emotion2vec/emotion2vec_base", "iemocap", "sound"),
        ("emotion2vec/emotion2vec_base", "meld", "sound"),
        ("emotion2vec/emotion2vec_plus_seed", "cafe", "labels"),
        ("speechbrain/emotion-diarization-wavlm-large", "jl", "labels"),
        ("amiriparian/ExHuBERT", "esd", "labels"),
        ("amiriparian/ExHuBERT", "jl", "no"),
        ("emotion2vec/emotion2vec_plus_large", "emodb", "labels"),
        ("iic/emotion2vec_plus_large", "emodb", "labels"),
        ("openai/whisper-tiny", "emodb", "unknown"),
        ("openai/whisper-large-v3", "ravdess", "unknown"),
        ("firdhokk/speech-emotion-recognition-with-openai-whisper-large-v3", "emodb", "unknown"),
        ("facebook/wav2vec2-xls-r-300m", "emovo", "unknown"),
    ],
)
def test_models_that_everybody_uses(model: str, corpus: str, level: str) -> None:
    finding = heard(model, corpus)
    assert finding.heard == level
    assert finding.source.startswith("https://")


def test_whisper_is_clean_nowhere() -> None:
    for model in models():
        if "whisper" in model:
            assert Heard.NO not in {heard(model, corpus).heard for corpus in CORPORA}


def folder_of(path: Path, *, config: object = None, card: str = "", saved: object = None) -> Path:
    path.mkdir(parents=True)
    for name, value in (("config.json", config), ("model.json", saved)):
        if value is not None:
            (path / name).write_text(value if isinstance(value, str) else json.dumps(value))
    if card:
        (path / "README.md").write_text(card)
    return path


@pytest.mark.parametrize(
    ("files", "corpus", "level"),
    [
        ({"config": {"_name_or_path": "superb/hubert-large-superb-er"}}, "iemocap", "labels"),
        ({"config": {"_name_or_path": "facebook/wav2vec2-base", "architectures": ["Wav2Vec2Model"]}}, "emodb", "no"),
        (
            {
                "config": {
                    "_name_or_path": "facebook/wav2vec2-base",
                    "architectures": ["Wav2Vec2ForSequenceClassification"],
                }
            },
            "emodb",
            "unknown",
        ),
        ({"card": "---\nbase_model: emotion2vec/emotion2vec_base\n---\nMine."}, "iemocap", "sound"),
        (
            {"card": "---\nbase_model:\n- r-f/wav2vec-english-speech-emotion-recognition\ntags: x\n---\n"},
            "tess",
            "labels",
        ),
        ({"card": "---\nbase_model: facebook/wav2vec2-base\n---\n"}, "tess", "unknown"),
        ({"saved": {"about": {"corpus": "emodb"}}}, "emodb", "labels"),
        ({"saved": {"about": {"corpus": "emodb"}}}, "savee", "unknown"),
        ({"config": "not JSON"}, "emodb", "unknown"),
        ({"config": []}, "emodb", "unknown"),
        ({}, "emodb", "unknown"),
    ],
)
def test_a_folder_is_known_by_what_is_written_in_it(
    files: dict[str, object], corpus: str, level: str, tmp_path: Path
) -> None:
    assert heard(folder_of(tmp_path / "mine", **files), corpus).heard == level  # type: ignore[arg-type]


def test_the_hubs_own_cache_tells_the_name(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "models--superb--hubert-base-superb-er" / "snapshots" / "1234")
    assert heard(folder, "iemocap").heard is Heard.LABELS


@pytest.mark.parametrize(
    ("told", "flags"),
    [
        ([], ("may have heard",)),
        (["no"], ()),
        (["labels"], ("contaminated",)),
        (["FOLDER=sound", "no"], ("heard the sound",)),
        (["another=labels"], ("may have heard",)),
    ],
)
def test_rows_are_marked_as_the_register_or_the_user_says_it(
    told: list[str], flags: tuple[str, ...], tmp_path: Path
) -> None:
    folder = str(save("wav2vec2", tmp_path / "small"))
    options = PipelineOptions(heard=[text.replace("FOLDER", folder) for text in told])
    for name in (f"svm@{folder}", f"svm@all,{folder}", "wav2vec2"):
        encoder = PipelineOptions(encoder=folder, heard=options.heard)
        pipeline = build(name, labels=["ang", "sad"], corpus="emodb", options=encoder)
        assert pipeline.flags == flags, name
    drawn = build(f"svm@{folder}~random", labels=["ang", "sad"], corpus="emodb", options=options)
    assert drawn.flags == (Flag.RANDOM_INIT,)
    assert build("svm", labels=["ang", "sad"], corpus="emodb", options=options).flags == ()


def test_what_was_fine_tuned_here_from_a_marked_checkpoint_is_marked() -> None:
    options = PipelineOptions(encoder="superb/hubert-base-superb-er")
    for corpus, flags in (("iemocap", (Flag.CONTAMINATED,)), ("emodb", ())):
        assert build("wav2vec2", labels=["ang", "sad"], corpus=corpus, options=options).flags == flags
    released = build("speechbrain-released", labels=["ang", "hap"], corpus="iemocap", options=PipelineOptions())
    assert released.flags == (Flag.CONTAMINATED,)
    told = PipelineOptions(heard=["no"])
    assert build("speechbrain-released", labels=["ang", "hap"], corpus="iemocap", options=told).flags == ()


def test_tables_and_plots_show_the_marks_and_the_ranking_leaves_what_was_heard_out(tmp_path: Path) -> None:
    flags = {"one": ["heard the sound"], "two": ["contaminated"], "three": ["may have heard"]}
    run = Run.load(fabricate_run(tmp_path / "run", {"one": 3.0, "two": 2.0, "three": 1.0, "four": 0.5}, flags=flags))
    ranking = rank(run)
    assert {entry.name: entry.ranked for entry in ranking.entries} == {
        "one": False,
        "two": False,
        "three": True,
        "four": True,
    }
    shown = {row["pipeline"]: row["flags"] for row in scores_table(ranking).rows}
    assert all(mark[0] in shown[name] for name, mark in flags.items())
    names = {label.get_text() for label in scores_plot(ranking).figure.axes[0].get_yticklabels()}
    assert names == {"one †", "two †", "three ?", "four"}
    notes = " ".join(caveats(ranking))
    assert "one: trained on this corpus's sound" in notes
    assert "three: whether the pretrained model has heard this corpus is not known" in notes
    signs = " ".join(result_text(run.record, run.scores, "x").split())
    assert "~ heard the sound: " in signs
    assert "? may have heard: " in signs


def test_a_description_says_how_it_is_known(tmp_path: Path) -> None:
    folder = str(save("wav2vec2", tmp_path / "small"))
    told = PipelineOptions(heard=["sound"])
    row = build(f"logistic@{folder}", labels=["ang", "sad"], corpus="synthetic", options=told)
    assert "trained on sound of synthetic (told with --heard)" in row.description
    row = build("wav2vec2", labels=["ang"], corpus="iemocap", options=PipelineOptions(encoder="openai/whisper-tiny"))
    assert "whether it has heard iemocap is not known (https://github.com/openai/whisper" in row.description


def test_heard_is_refused_where_it_names_no_level(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--pipelines", "majority", "--heard", "emodb", "--out", str(tmp_path / "run")]) == 2
    assert "--heard emodb: expected no, unknown, sound, labels" in capsys.readouterr().err


def test_the_command_prints_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert heard_main(["superb/hubert-large-superb-er", "nobody/knows", "--corpus", "iemocap"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("  iemocap   labels: ")
    assert lines[2].strip() == "https://huggingface.co/superb/hubert-large-superb-er"
    assert lines[-1] == "  iemocap   unknown: not in the register"
    assert heard_main([]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(models()) + 1
    assert heard_main(["--corpus", "nowhere"]) == 2


def test_the_page_is_made_from_the_register() -> None:
    assert (ROOT / "docs" / "contamination.md").read_text(encoding="utf-8") == page()


def test_what_is_told_of_one_model_stands_above_what_is_told_of_all() -> None:
    assert finding_of("a/b", "emodb", ["no", "a/b=labels"]).heard is Heard.LABELS


def test_of_a_table_of_ones_own_nothing_is_known_and_of_several_corpora_the_most() -> None:
    """A table may hold IEMOCAP: that a checkpoint was trained on nothing else does not make it clean there."""
    assert CORPORA == PUBLISHED
    for model in models():
        assert heard(model, "manifest").heard is Heard.UNKNOWN, model
    assert heard("superb/hubert-base-superb-er", "emodb+iemocap").heard is Heard.LABELS
    assert heard("superb/hubert-base-superb-er", "emodb+savee").heard is Heard.NO
    assert heard("superb/hubert-base-superb-er", "emodb+manifest").heard is Heard.UNKNOWN
