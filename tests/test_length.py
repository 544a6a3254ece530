"""How many seconds are enough: whole clips score as in a run, what is cut is counted, words follow intervals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from miniatures import line_of, six_speakers, write_manifest

import benchmarks
from benchmarks import corpora
from benchmarks.conditions.timing import sounding
from benchmarks.length import main
from benchmarks.studies.length import length_curve, length_sentences
from benchmarks.verify import main as verify_command
from features.audio import recorded
from features.errors import InputError
from features.sampling import RATE

PIPELINE = "logistic@timing"


def test_whole_clips_score_as_in_a_run_and_the_cut_ones_are_counted(tmp_path: Path) -> None:
    whole = corpora.load("synthetic")
    corpus = replace(whole, utterances=whole.utterances.iloc[::3])
    table = length_curve(corpus, pipelines=[PIPELINE], seconds=[2.0, 0.5, 9.0], jobs=1, out=tmp_path / "length")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "length" / "length.csv"), table, rtol=1e-4)
    assert table["seconds"].tolist()[:3] == [0.5, 2.0, 9.0]
    rows = table.set_index(table["seconds"].fillna(0))
    run = benchmarks.evaluate(corpus, pipelines=[PIPELINE], jobs=1).scores.iloc[0]
    for heard in (0.0, 9.0):  # no clip is longer than nine seconds
        assert rows.loc[heard, ["uar", "uar_low"]].tolist() == pytest.approx([run["uar"], run["uar_low"]], abs=1e-9)
        assert rows.loc[heard, ["drop", "longer"]].tolist() == [0, 0]
    assert rows.loc[0.5, "drop"] == pytest.approx(run["uar"] - rows.loc[0.5, "uar"])
    lengths = np.array([len(sounding(recorded(path))) / RATE for path in corpus.utterances["path"]])
    assert rows["longer"].loc[[0.5, 2.0]].tolist() == pytest.approx([(lengths > s).mean() for s in (0.5, 2.0)])


def test_a_window_is_named_only_where_no_loss_is_shown() -> None:
    rows = [(0.5, 0.3, 0.2, 0.4), (1.0, 0.05, 0.01, 0.09), (2.0, 0.01, -0.02, 0.04), (3.0, 0.0, -0.01, 0.01)]
    table = pd.DataFrame(rows, columns=["seconds", "drop", "drop_low", "drop_high"])
    table = table.assign(pipeline="svm", ms_per_clip=12.0)
    (told,) = length_sentences(table)
    assert "is 2 s (it may lose up to 4.0 points)" in told
    assert "python -m classical.predict --window 2 with a hop of 1 s has a first answer after 2 s" in told
    assert length_sentences(table.iloc[:2]) == ["svm: every window tried loses against whole clips; take longer ones."]


@pytest.mark.parametrize("seconds", [[], [0.0], [-1.0, 2.0], [1.0, 1.0]])
def test_seconds_that_are_none_are_refused(seconds: list[float], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="each once"):
        length_curve(corpora.load("synthetic"), pipelines=["majority"], seconds=seconds, out=tmp_path)


def test_the_command_prints_within_80_columns_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = line_of(write_manifest(tmp_path / "my.csv", six_speakers(tmp_path)), "--pipelines", PIPELINE)
    out = tmp_path / "out"
    assert main([*line, "--seconds", "0.5", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "first 0.5 s" in printed
    assert max(map(len, printed.partition("table:")[0].splitlines())) <= 80
    assert (out / "plots" / "length.svg").stat().st_size > 2000
    assert verify_command([str(out), "--rerun", "1"]) == 0
    assert "1 jobs trained anew give the same figures" in capsys.readouterr().out
    table = pd.read_csv(out / "length.csv")
    table.assign(uar=table["uar"] + 0.1).to_csv(out / "length.csv", index=False)
    assert verify_command([str(out), "--rerun", "1"]) == 1
    assert "WRONG rerun: 1 jobs trained anew give other figures in length.csv" in capsys.readouterr().out
