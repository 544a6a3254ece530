"""Studies that are no runs: each has a page of its own, a section beside a run, and says so where it is damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fabricated_runs import fabricate_run

from benchmarks.report import main
from benchmarks.studies.reports import studies_in, write_report, write_reports

RECORD = {
    "schema_version": 2,
    "command": "python -m benchmarks.study",
    "created": "2026-11-26T12:00:00+00:00",
    "seeds": [0],
    "corpus": {"name": "calls", "title": "Calls <of> Berlin", "labels": ["ang", "sad"], "n_speakers": 3},
    "folds": {"scheme": "speaker", "folds": [{"name": "a"}, {"name": "b"}]},
}
INTERVAL = "uar,uar_low,uar_high"
TABLES = {
    "length": {
        "length": f"pipeline,seconds,longer,{INTERVAL},drop,drop_low,drop_high,ms_per_clip\n"
        "svm,1,0.9,0.6,0.5,0.7,0.2,0.1,0.3,9\nsvm,,0,0.8,0.7,0.9,0,0,0,9\n",
    },
    "robustness": {
        "robustness": f"pipeline,training,kind,condition,level,{INTERVAL},drop,drop_low,drop_high,ms_per_clip\n"
        "svm,as recorded,clean,clean,0,0.8,0.7,0.9,0,0,0,9\n"
        "svm,as recorded,white,white noise 0 dB,0,0.5,0.4,0.6,0.3,0.2,0.4,9\n"
        "svm,as recorded,all,mean of all kinds,,0.5,0.4,0.6,0.3,0.2,0.4,9\n",
    },
    "cross": {
        "cross": f"train,test,pipeline,adaptation,{INTERVAL},n,speakers,labels\n"
        "01,01,svm,none,0.8,0.7,0.9,40,3,ang sad\n02,01,svm,none,0.5,0.4,0.6,40,3,ang sad\n",
        "gains": "train,test,pipeline,adaptation,gain,gain_low,gain_high\n02,01,svm,coral,0.1,0.05,0.15\n",
    },
    "known_people": {
        "known_people": f"pipeline,tested,trained,{INTERVAL},gain,gain_low,gain_high,clips\n"
        "svm,all,same,0.7,0.6,0.8,0.1,-0.1,0.3,40\nsvm,all,other,0.6,0.5,0.7,,,,40\n",
    },
    "sentences": {
        "sentences": f"pipeline,sentences,clips,{INTERVAL},gain,gain_low,gain_high\n"
        'svm,"known, as few clips",40,0.7,0.6,0.8,0.1,0.05,0.15\nsvm,unknown,40,0.6,0.5,0.7,,,\n',
    },
    "layers": {
        "layers": f"weights,target,layer,classes,clips,held_out,chance,{INTERVAL},gain,gain_low,gain_high,behind,"
        "behind_low,behind_high\npretrained,emotion,0,2,40,speakers,0.5,0.8,0.7,0.9,0.2,0.1,0.3,0,0,0\n"
        "random,emotion,0,2,40,speakers,0.5,0.6,0.5,0.7,,,,0,0,0\n",
        "layer_points": "layer,utterance,speaker,label,x,y\n0,a1,01,ang,0.5,1\n0,b1,02,sad,1.5,0\n",
    },
    "combined": {
        "combined": "family,first,second,corpus,speakers,difference,difference_low,difference_high,effect,p,p_holm,"
        "verdict,ahead_on\nclips,svm,knn,all,30,0.1,0.05,0.15,0.5,0.01,0.01,difference,2\n",
        "ranks": "family,pipeline,rank,uar,emodb,02\nclips,svm,1,0.7,0.8,0.6\nclips,knn,2,0.6,0.7,0.5\n",
    },
}
SAID = {
    "length": ("every window tried loses against whole clips", "0.60"),
    "robustness": ("svm, trained as recorded: −30.0 points", "white noise"),
    "cross": ("svm on 01: UAR 80.0", "coral: ahead of no adaptation in 1 of 1"),
    "known_people": ("is worth +10.0 points of UAR on as many clips (95", "the interval holds 0."),
    "sentences": ("is worth +10.0", "Ahead of unknown"),
    "layers": ("emotion: ahead of random weights at layer 0", "intervals are not corrected"),
    "combined": ("Mean rank", "+0.05 to +0.15"),
}
DRAWN = {
    "length": ["length"],
    "robustness": ["robustness"],
    "cross": ["cross-1"],
    "known_people": [],
    "sentences": [],
    "layers": ["layer-points", "layers"],
    "combined": ["ranks-1"],
}


def study(folder: Path, name: str) -> Path:
    """A folder that holds one study and nothing else."""
    part = folder / name if name in ("known_people", "sentences") else folder
    part.mkdir(parents=True)
    (part / "study.json").write_text(json.dumps(RECORD), encoding="utf-8")
    for table, text in TABLES[name].items():
        (folder / f"{table}.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", TABLES)
def test_every_study_has_a_page_with_its_findings_and_how_they_came_about(name: str, tmp_path: Path) -> None:
    folder = study(tmp_path / "study", name)
    page = write_report(folder).read_text(encoding="utf-8").replace("<wbr>", "").replace("\u00a0", " ")
    for text in (*SAID[name], "python -m benchmarks.study", "Calls &lt;of&gt; Berlin"):
        assert text in page
    assert sorted(path.stem for path in folder.glob("plots/*.svg")) == DRAWN[name]
    assert (folder / "tables" / f"{next(iter(TABLES[name]))}.csv").is_file()


def test_a_run_and_studies_stand_on_one_page(tmp_path: Path) -> None:
    run = fabricate_run(tmp_path / "run", {"svm": 1.5}, n_speakers=6)
    length, cross = study(tmp_path / "length", "length"), study(tmp_path / "cross", "cross")
    page = write_reports([run, length, cross], out=tmp_path / "all.html").read_text(encoding="utf-8")
    assert [f'id="{name}"' in page for name in ("run-1", "study-1", "study-2", "study-3")] == [True, True, True, False]
    assert (length / "report.html").is_file()


def test_a_study_in_the_folder_of_a_run_is_a_section_of_its_report(tmp_path: Path) -> None:
    run = fabricate_run(tmp_path / "run", {"svm": 1.5}, n_speakers=6)
    study(tmp_path / "beside", "sentences")
    for path in (tmp_path / "beside").glob("*"):
        path.rename(run / path.name)
    assert studies_in(run) == []
    assert "Does training know the sentences?" in write_report(run).read_text(encoding="utf-8")


@pytest.mark.parametrize("damage", ["pipeline,seconds\nsvm,1\n", "", "\0\0"])
def test_a_damaged_table_is_said_in_a_line(damage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = study(tmp_path / "study", "length")
    (folder / "length.csv").write_text(damage, encoding="utf-8")
    assert main([str(folder)]) == 2
    assert "length.csv is damaged" in capsys.readouterr().err
