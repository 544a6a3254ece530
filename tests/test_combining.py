"""Several corpora: ranks, tests whose p values are combined, and what cannot be combined."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fabricated_runs import fabricate_run
from scipy.stats import combine_pvalues

from benchmarks.combine import main
from benchmarks.scoring.combined import combined_tests, mean_interval, rank_test, stouffer
from benchmarks.scoring.intervals import Interval
from benchmarks.scoring.significance import Verdict, compare_pipelines
from benchmarks.studies.combined_text import combined_text
from benchmarks.studies.combining import combine, combined_table
from features.errors import ResultsError

SKILLS = {"svm": 2.6, "xgboost": 2.4, "weak": 0.6, "svm:speaker": 2.8, "weak:speaker": 1.0, "seen": 3.0}
FLAGS = {"svm:speaker": ["transductive"], "weak:speaker": ["transductive"], "seen": ["contaminated"]}


def named(run: Path, name: str) -> Path:
    """A fabricated run under another corpus's name, with speakers of its own."""
    for file in ("predictions.csv", "utterances.csv"):
        table = pd.read_csv(run / file, dtype={"speaker": str})
        for column in {"speaker", "utterance"} & set(table):
            table[column] = name + table[column]
        if "corpus" in table:
            table["corpus"] = name
        table.to_csv(run / file, index=False)
    record = (run / "run.json").read_text(encoding="utf-8")
    changed = json.loads(record.replace("made-up", name))
    changed["corpus"]["fingerprint"] = name
    (run / "run.json").write_text(json.dumps(changed), encoding="utf-8")
    return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two corpora with the same pipelines, but for one that one lacks."""
    root = tmp_path_factory.mktemp("runs")
    first = named(fabricate_run(root / "one", {**SKILLS, "only": 1.0}, flags=FLAGS, n_speakers=8), "one")
    second = named(fabricate_run(root / "two", SKILLS, flags=FLAGS, n_speakers=12, random_state=4), "two")
    return [first, second]


def corpus(rng: np.random.Generator, n: int, gap: float) -> dict[str, np.ndarray]:
    """Two pipelines whose recall on each speaker differs by `gap` and by chance."""
    base, found = rng.normal(0.6, 0.1, n), {}
    for name, more in (("a", gap), ("b", 0.0)):
        share = np.clip(base + more + rng.normal(0, 0.05, n), 0.05, 0.95)
        right = rng.binomial(6, share[:, None], (n, 4))
        found[name] = right[:, :, None] * np.eye(4) + (6 - right)[:, :, None] * np.roll(np.eye(4), 1, axis=1)
    return found


def rejected(sizes: tuple[int, ...], gap: float, *, repeats: int = 200) -> tuple[float, float]:
    """Share of simulations in which the combined test, and the best of the single ones, passes 0.05."""
    rng, both, single = np.random.default_rng(1), 0, np.zeros(len(sizes))
    for _ in range(repeats):
        drawn = {str(place): corpus(rng, n, gap) for place, n in enumerate(sizes)}
        both += combined_tests(drawn)[0].p <= 0.05
        single += [compare_pipelines(some)[0].p <= 0.05 for some in drawn.values()]
    return both / repeats, float(single.max()) / repeats


@pytest.mark.parametrize("sizes", [(3, 3, 3), (4, 10)])
def test_the_combined_test_keeps_its_level(sizes: tuple[int, ...]) -> None:
    assert rejected(sizes, 0.0)[0] <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)


def test_the_combined_test_shows_more_than_each_corpus() -> None:
    both, single = rejected((10, 8), 0.08)
    assert both > single + 0.15


def test_p_values_are_combined_as_stouffer_does_with_weights() -> None:
    expected = combine_pvalues([0.03, 0.2, 0.6], method="stouffer", weights=np.sqrt([10, 24, 4]))
    z, p = stouffer([0.03, 0.2, 0.6], [10, 24, 4])
    assert z == pytest.approx(expected.statistic)
    assert p == pytest.approx(2 * expected.pvalue)
    assert stouffer([0.97, 0.8, 0.4], [10, 24, 4])[1] == pytest.approx(p)  # the other side


def test_the_mean_over_corpora_is_surer_than_each() -> None:
    found = mean_interval([Interval(0.1, 0.0, 0.2, 0.95, 10), Interval(0.2, 0.1, 0.3, 0.95, 24)])
    assert found.estimate == pytest.approx(0.15)
    assert 0.07 < found.low < 0.10
    assert np.isnan(mean_interval([Interval(0.1, np.nan, np.nan, 0.95, 1)] * 2).low)


def test_ranks_are_tested_where_corpora_are_enough() -> None:
    rng = np.random.default_rng(0)
    assert rank_test(rng.random((4, 3))) is None
    found = rank_test(np.array([0.9, 0.8, 0.5]) + rng.normal(0, 0.02, (8, 3)))
    assert found is not None
    assert found.p < 0.01
    assert found.critical_difference == pytest.approx(2.343 * np.sqrt(3 * 4 / (6 * 8)), abs=0.01)


def test_families_are_ranked_apart_and_what_is_missing_is_said(runs: list[Path]) -> None:
    found = combine(runs)
    assert [set(group.ranks["pipeline"]) for group in found.families] == [
        {"svm", "xgboost", "weak"},
        {"svm:speaker", "weak:speaker"},
    ]
    assert set(found.left_out) == {
        "seen: not ranked on one (contaminated); not ranked on two (contaminated)",
        "only: not run on two",
    }
    ranks = found.families[0].ranks.set_index("pipeline")
    assert ranks.loc["weak", "rank"] == 3
    assert ranks["uar"].tolist() == pytest.approx(((ranks["one"] + ranks["two"]) / 2).tolist())
    table = combined_table(found)
    rows = table[(table["first"] == "svm") & (table["second"] == "weak")].set_index("corpus")
    assert list(rows.index) == ["all", "one", "two"]
    assert rows.loc["all", "difference"] == pytest.approx(rows.loc[["one", "two"], "difference"].mean())
    assert rows.loc["all", "verdict"] == str(Verdict.SHOWN)
    assert rows.loc["all", "p"] < rows.loc["one", "p"]


def test_one_corpus_twice_is_refused(runs: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="speakers would count twice"):
        combine([runs[0], runs[0]])
    with pytest.raises(ResultsError, match="two or more"):
        combine(runs[:1])
    lone = tmp_path / "elsewhere.csv"
    pd.read_csv(runs[0] / "predictions.csv", dtype=str).assign(corpus="other").to_csv(lone, index=False)
    with pytest.raises(ResultsError, match="speakers would count twice"):
        combine([runs[0], lone])


def test_the_command_prints_within_80_columns_and_draws(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*map(str, runs), "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.partition(str(tmp_path))[0].splitlines())) <= 80
    assert "left out: only: not run on two" in printed
    assert "Friedman and Nemenyi need 5" in printed
    assert len(pd.read_csv(tmp_path / "combined.csv")) == 3 * 3 + 3
    assert (tmp_path / "plots" / "ranks-1.svg").stat().st_size > 2000
    assert main([str(runs[0]), str(runs[0]), "--out", str(tmp_path)]) == 2
    assert "benchmarks.compare" in capsys.readouterr().err


def test_two_speakers_a_corpus_are_said_to_be_too_few(tmp_path: Path) -> None:
    runs = [named(fabricate_run(tmp_path / name, {"svm": 2.0, "knn": 1.0}, n_speakers=2), name) for name in ("a", "b")]
    said = " ".join(combined_text(combine(runs)).split())
    assert "With so few speakers no answers could show a difference between svm and knn." in said
