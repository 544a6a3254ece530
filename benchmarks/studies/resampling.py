"""Pipelines as algorithms: speakers drawn anew to train and to test, and what their differences vary with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import pandas as pd

from benchmarks.evaluation.job_result import DIGITS
from benchmarks.evaluation.planning import copies_in
from benchmarks.evaluation.run_options import RunKeywords, RunOptions, check_tests_all
from benchmarks.evaluation.runs import write_table
from benchmarks.folds.fold import Fold
from benchmarks.reporting.lines import fill
from benchmarks.reporting.numbers import interval_text
from benchmarks.reporting.sections import Section
from benchmarks.reporting.tables import Column, Table
from benchmarks.scoring.intervals import seed_confusions
from benchmarks.scoring.retraining import Retrained, retrained_difference
from benchmarks.scoring.sign_flips import holm
from features.errors import FoldError, PipelineError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.corpora.corpus import Corpus
    from benchmarks.reporting.ranking import Ranking

UNITS = ("speaker", "session")
"""What is drawn whole: speakers, or sessions, whose dialogues two speakers share."""

_FEWEST, _TRIES = 4, 1000


def resampling(
    corpus: Corpus,
    *,
    pipelines: Sequence[Any] = ("svm", "xgboost"),
    folds: str | None = None,
    draws: int = 20,
    **run: Unpack[RunKeywords],
) -> pd.DataFrame:
    """Train pipelines on halves of the speakers, drawn many times, and compare them as algorithms.

    In every draw each half trains once and the other is tested, so that each utterance is tested in each draw.

    Parameters
    ----------
    corpus, pipelines, seeds, jobs, overwrite, options, cache, allow_duplicates, progress, command
        As for `benchmarks.evaluate`; two pipelines or more.
    folds : {"speaker", "session"}, optional
        What is drawn whole; sessions where the corpus's own folds are by session, speakers otherwise.
    draws : int, default=20
        How often the speakers are divided. More draws add to those that are stored.
    out : path
        Folder of a run: `resampling.csv`, and the jobs in `resampling/`.

    Returns
    -------
    DataFrame
        A row a pair, the higher score first: `first, second, difference`; `low, high` of the algorithms, `p, p_holm`;
        `models_low, models_high` of the models as trained; `speakers, training, seed, rest`, the standard deviations
        of `benchmarks.scoring.retraining.Spread`; `n_speakers, n_draws, n_seeds`.

    Raises
    ------
    SerError
        For what a user can cause: one pipeline, fewer than four speakers, another run in `out`, a job that failed.

    Examples
    --------
    >>> import benchmarks, benchmarks.corpora
    >>> corpus = benchmarks.corpora.load("synthetic")
    >>> benchmarks.resampling(corpus, pipelines=["svm", "xgboost"], out="results/mine")  # doctest: +SKIP
    """
    if len(set(map(str, pipelines))) < 2:
        raise PipelineError(f"{len(pipelines)} pipeline; expected two or more, which are compared")
    if draws < 2:
        raise FoldError(f"--draws {draws}: expected 2 or more; 20 or more tell the two intervals apart")
    how = RunOptions(**run)
    unit = folds or ("session" if corpus.default_scheme == "session" else "speaker")
    drawn = [draw_halves(corpus.utterances, unit, random_state=number) for number in range(draws)]
    plan = how.plan(corpus, pipelines=pipelines, folds=drawn[0])
    check_tests_all(plan)
    copies, _ = copies_in(corpus, cache=how.cache)
    for pair in drawn:
        how.check(pair, corpus, same_sound=copies)
    trials = tuple((seed, fold) for seed in plan.seeds for pair in drawn for fold in pair)
    with how.store("resampling") as store:
        answers = how.carry_out(plan, trials, store).predictions()
        units = pd.Series(corpus.utterances.reset_index()[unit].to_numpy(), index=corpus.utterances.index)
        drawn_whole = units.loc[pd.MultiIndex.from_frame(answers[["speaker", "utterance"]])].to_numpy()
        found = resampling_table(answers.assign(speaker=drawn_whole), corpus.labels)
        write_table(store.folder / "resampling" / "predictions.csv", answers, f"%.{DIGITS}f")
        write_table(store.folder / "resampling.csv", found)
    return found


def draw_halves(table: pd.DataFrame, unit: str, *, random_state: int) -> tuple[Fold, Fold]:
    """Divide the speakers of a corpus at random: each half trains and the other is tested.

    A quarter of those who train, one at least, validate what chooses an epoch. Halves of which one lacks a label that
    the corpus has are drawn anew.

    Parameters
    ----------
    table : DataFrame
        Utterances.
    unit : {"speaker", "session"}
        What is kept together.
    random_state : int
        Seed and number of the draw.

    Raises
    ------
    FoldError
        If there are fewer than four of them, or a label stands with one alone.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([list("abcd"), ["1", "2"]], names=["speaker", "id"])
    >>> table = pd.DataFrame({"label": ["ang", "sad"] * 4, "session": ""}, index=index)
    >>> one, other = draw_halves(table, "speaker", random_state=0)
    >>> set(one.test) == set(other.training), one.name, len(one.valid)
    (True, 'draw0a', 2)
    """
    if unit not in UNITS:
        raise FoldError(f"--folds {unit}: expected speaker or session, which are drawn whole")
    names = table.reset_index()[unit].to_numpy().astype(str)
    labels, everybody = table["label"].to_numpy(), np.unique(names)
    if len(everybody) < _FEWEST:
        raise FoldError(f"{len(everybody)} {unit}s; expected {_FEWEST} or more, of whom halves train and are tested")
    rng = np.random.default_rng(random_state)
    for _ in range(_TRIES):
        shuffled = rng.permutation(everybody)
        halves = shuffled[: len(shuffled) // 2], shuffled[len(shuffled) // 2 :]
        if all(set(labels[np.isin(names, half)]) == set(labels) for half in halves):
            one, other = (_trained_on(half, names, f"draw{random_state}{letter}") for half, letter in zip(halves, "ab"))
            return one, other
    alone = [str(label) for label in np.unique(labels) if len(set(names[labels == label])) < 2]
    why = f"{alone[0]} stands with one {unit}" if alone else f"none found in {_TRIES} draws"
    raise FoldError(f"no halves of the {unit}s that both have every label ({why}); leave rare ones out with --classes")


def _trained_on(half: NDArray[Any], names: NDArray[Any], name: str) -> Fold:
    validating = half[: max(len(half) // 4, 1)]
    train, valid = np.isin(names, half[len(validating) :]), np.isin(names, validating)
    return Fold(name, *(np.flatnonzero(rows) for rows in (train, valid, ~(train | valid))))


def resampling_table(predictions: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Compare every pair of pipelines by predictions whose folds are the halves of draws, `draw0a` and `draw0b`.

    Parameters
    ----------
    predictions : DataFrame
        With `pipeline, seed, fold, speaker, truth, prediction`.
    labels : sequence of str

    Returns
    -------
    DataFrame
        As `resampling` gives it.
    """
    draws = predictions["fold"].str[4:-1].astype(int)
    n_draws, speakers = int(draws.max()) + 1, sorted(predictions["speaker"].unique())
    tested = predictions.assign(draw=draws).drop_duplicates(["draw", "speaker"])
    halves = np.zeros((n_draws, len(speakers)), dtype=int)
    halves[tested["draw"], np.searchsorted(speakers, tested["speaker"])] = tested["fold"].str[-1] == "b"
    confusions = {
        str(name): np.stack([seed_confusions(some, labels, speakers) for _, some in rows.groupby(draws)])
        for name, rows in predictions.groupby("pipeline", sort=False)
    }
    found = [
        (first, second, retrained_difference(confusions[first], confusions[second], halves))
        for first, second in combinations(confusions, 2)
    ]
    n_seeds = next(iter(confusions.values())).shape[1]
    counts = {"n_speakers": len(speakers), "n_draws": n_draws, "n_seeds": n_seeds}
    table = pd.DataFrame([_row(*pair) | counts for pair in found])
    table.insert(table.columns.get_loc("p") + 1, "p_holm", holm(table["p"].to_numpy()))
    return table.sort_values("difference", ascending=False, kind="stable", ignore_index=True)


def _row(first: str, second: str, found: Retrained) -> dict[str, Any]:
    low, high = found.algorithms.low, found.algorithms.high
    models = (found.models.low, found.models.high)
    difference = found.algorithms.estimate
    if difference < 0:
        first, second, difference, low, high, models = second, first, -difference, -high, -low, (-models[1], -models[0])
    return {
        "first": first,
        "second": second,
        "difference": difference,
        "low": low,
        "high": high,
        "p": found.p,
        "models_low": models[0],
        "models_high": models[1],
        **asdict(found.spread),
    }


def resampling_text(table: pd.DataFrame) -> str:
    """Write the study for a terminal: of every pair both intervals, and what its difference varies with."""
    return "\n".join(
        [*(line for row in table.to_dict("records") for line in (*_lines(row), "")), *map(fill, EXPLAINED)]
    )


def _lines(row: dict[str, Any]) -> list[str]:
    algorithms = interval_text(row["low"], row["high"], sign="+")
    models = interval_text(row["models_low"], row["models_high"], sign="+")
    corrected = f" ({row['p_holm']:.3f} corrected)" if row["p_holm"] != row["p"] else ""
    spread = [(what, row[key]) for key, what in SPREADS.items() if not math.isnan(row[key])]
    return [
        f"{row['first']} against {row['second']}: {100 * row['difference']:+.1f} points of UAR",
        f"  as algorithms, trained anew on other speakers: {algorithms}, p = {row['p']:.3f}{corrected}",
        f"  as models trained here, other speakers tested: {models}",
        fill(
            "a speaker's difference varies, in points (standard deviation), with "
            + ", ".join(f"{what} {100 * value:.1f}" for what, value in spread),
            indent="  ",
        ),
    ]


SPREADS = {
    "speakers": "who is tested",
    "training": "who trains",
    "seed": "the seed",
    "rest": "the rest (who by whom, few clips)",
}

EXPLAINED = (
    "The first interval is about the pipelines: what they would differ by, trained anew on half as many speakers as "
    "there are here, drawn anew, and met by others again. Which speakers trained is in it.",
    "The second is about these models alone, met by other speakers. It is the shorter one, and too short for a claim "
    "about the pipelines.",
)
"""What each of the two intervals is about."""


def resampling_shown(ranking: Ranking) -> Table:
    """The study as a table of the report; without rows where the run's folder has none."""
    stored = ranking.run.table("resampling")
    rows = [] if stored is None else stored.to_dict("records")
    shown = [
        {
            **row,
            "algorithms": interval_text(row["low"], row["high"], sign="+"),
            "models": interval_text(row["models_low"], row["models_high"], sign="+"),
        }
        for row in rows
    ]
    columns = (
        Column("first", "First"),
        Column("second", "Second"),
        Column("difference", "Difference", "+.3f"),
        Column("algorithms", "Trained anew"),
        Column("p", "p", ".3f"),
        Column("p_holm", "p (Holm)", ".3f"),
        Column("models", "As trained"),
        Column("speakers", "Who is tested", ".3f"),
        Column("training", "Who trains", ".3f"),
        Column("seed", "Seed", ".3f"),
        Column("rest", "Rest", ".3f"),
    )
    caption = (
        "Difference of UAR, trained on half the speakers; 95 % intervals over speakers who train and are tested "
        "(trained anew) and who are tested alone (as trained); standard deviations of a speaker's difference by what "
        "it varies with."
    )
    return Table("resampling", caption, columns, tuple(shown))


SECTIONS = (
    Section(
        "Would the pipelines, trained on others, differ too?",
        tables=(resampling_shown,),
        sentences=lambda ranking: () if ranking.run.table("resampling") is None else EXPLAINED,
    ),
)
"""What the report of a run shows of this study in its folder."""
