"""The measuring command: lengths as IEMOCAP's, a table with every figure that is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.speed.__main__ import main
from deep.speed import lengths_like_iemocap


def test_lengths_are_drawn_as_iemocaps():
    seconds = lengths_like_iemocap(5531, seed=0)
    assert np.median(seconds) == pytest.approx(3.58, rel=0.05)
    assert seconds.mean() == pytest.approx(4.55, rel=0.05)
    assert seconds.min() >= 0.58
    assert seconds.max() <= 34.1


def test_the_table_has_every_figure_and_batched_answers_are_the_same(capsys):
    pytest.importorskip("torch")
    options = ["--clips", "4", "--rounds", "1", "--steps", "1", "--layers", "1", "--train-batch-seconds", "4"]
    assert main(["deep", *options, "--device", "cpu", "--threads", "1"]) == 0
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    figures = {row[0].removeprefix("| "): row[1] for row in rows}
    assert float(figures["largest difference of a probability, float32"]) < 1e-4
    assert float(figures["largest difference of a probability, bfloat16"]) < 2e-2
    assert "clips/s" in figures["batched, float32"]
    assert "computed from" in figures["training epoch of 4400 clips, float32"]


def test_too_few_clips_are_one_line(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["deep", "--clips", "3"])
    assert stopped.value.code == 2
    assert "expected a whole number of at least 4" in capsys.readouterr().err


def test_a_device_that_is_not_here_is_one_line(capsys):
    pytest.importorskip("torch")
    assert main(["deep", "--device", "cuda:99"]) == 2
    assert capsys.readouterr().err.startswith("error: device 'cuda:99'")
