"""Learning curve: how the score grows with the number of training speakers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import pandas as pd

from benchmarks.evaluation.job_result import DIGITS
from benchmarks.evaluation.run_options import RunKeywords, RunOptions
from benchmarks.evaluation.runs import write_table
from benchmarks.folds.fold import Fold, speakers_of
from benchmarks.folds.splitters import shares_speakers
from benchmarks.reporting.plots import ReportPlot
from benchmarks.reporting.plots.learning import learning_plot
from benchmarks.reporting.sections import Section
from benchmarks.scoring.confusion import uar_of
from benchmarks.scoring.intervals import seed_confusions, speaker_confusions, speaker_interval
from features.errors import FoldError

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus


def learning_curve(
    corpus: Corpus,
    *,
    pipelines: Sequence[Any] = ("svm",),
    sizes: Sequence[int] = (),
    folds: str | Sequence[Fold] | None = None,
    **run: Unpack[RunKeywords],
) -> pd.DataFrame:
    """Train on few of the training speakers of every fold, then on more, and test on the same utterances each time.

    Parameters
    ----------
    corpus, pipelines, folds, seeds, jobs, overwrite, options, cache, allow_duplicates, progress, command
        As for `benchmarks.evaluate`. Every seed draws its own speakers; a larger size keeps those of a smaller one.
    sizes : sequence of int, default=()
        Numbers of training speakers; powers of two and all of them when empty.
    out : path
        Folder of the run; the curve goes to `learning.csv`, the jobs to `learning/` in it.

    Returns
    -------
    DataFrame
        `pipeline, speakers, uar, uar_low, uar_high, draws, uar_std`: intervals over test speakers, of models of these
        training speakers; the deviation over `draws` of other training speakers, one a seed, NaN with one.

    Raises
    ------
    SerError
        For what a user can cause; a ResultsError if `out` holds another run, or if a job failed.

    Examples
    --------
    >>> import benchmarks, benchmarks.corpora
    >>> corpus = benchmarks.corpora.load("manifest", "my.csv")  # doctest: +SKIP
    >>> benchmarks.learning_curve(  # doctest: +SKIP
    ...     corpus, pipelines=["logistic@timing"], sizes=(2,), folds="3", jobs=1, out="results/mine"
    ... )
    """
    if isinstance(folds, str) and shares_speakers(folds):
        raise FoldError(f"--folds {folds}: who tests trains too; a learning curve draws other speakers, as by speaker")
    how = RunOptions(**run)
    whole = how.plan(corpus, pipelines=pipelines, folds=folds)
    most = min(len(speakers_of(corpus.utterances, fold.training)) for fold in whole.folds)
    size_of: dict[Fold, int] = {}
    trials = []
    for size in choose_sizes(sizes, most):
        for seed in whole.seeds:
            whole_folds = [fold for own, fold in whole.trials if own == seed]
            small = [thinned(fold, corpus.utterances, size, random_state=seed) for fold in whole_folds]
            how.check(small, corpus)
            trials += [(seed, fold) for fold in small]
            size_of |= dict.fromkeys(small, size)
    with how.store("learning") as store:
        outcome = how.carry_out(whole, trials, store)
        predictions = outcome.predictions().assign(speakers=outcome.of_folds(size_of))
        curve = curve_table(predictions, corpus.labels)
        write_table(store.folder / "learning" / "predictions.csv", predictions, f"%.{DIGITS}f")
        write_table(store.folder / "learning.csv", curve)
    return curve


def thinned(fold: Fold, table: pd.DataFrame, size: int, *, random_state: int) -> Fold:
    """Keep some of a fold's training speakers, women and men in turn; the test utterances stay as they are.

    Parameters
    ----------
    fold : Fold
        To be thinned.
    table : DataFrame
        The utterances that it points into.
    size : int
        How many training speakers remain, at least two: one of them validates.
    random_state : int
        Seed of the draw. A smaller size keeps some of those that a larger one keeps.
    """
    genders = table["gender"].groupby(level="speaker").first()
    rng = np.random.default_rng(random_state)
    drawn = [str(name) for name in rng.permutation(speakers_of(table, fold.training))]
    turn = {name: sum(genders[other] == genders[name] for other in drawn[:rank]) for rank, name in enumerate(drawn)}
    remaining = sorted(drawn, key=lambda name: turn[name])[:size]
    validating = [name for name in remaining if name in set(speakers_of(table, fold.valid))]
    if len(validating) in (0, len(remaining)):
        validating = remaining[-1:]
    rows = fold.training
    speakers = table.index.get_level_values("speaker")[rows]
    used, valid = np.isin(speakers, remaining), np.isin(speakers, validating)
    return replace(fold, train=rows[used & ~valid], valid=rows[valid], aside=None)


def curve_table(predictions: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Score predictions that carry the number of training `speakers`, with intervals over the test speakers."""
    rows = []
    for (pipeline, size), group in predictions.groupby(["pipeline", "speakers"], sort=False):
        interval = speaker_interval(speaker_confusions(group, labels)[1])
        row = {"pipeline": pipeline, "speakers": size, **interval.columns("uar")}
        drawn = uar_of(seed_confusions(group, labels, sorted(group["speaker"].unique())).sum(axis=1))
        rows.append({**row, "draws": len(drawn), "uar_std": drawn.std(ddof=1) if len(drawn) > 1 else math.nan})
    return pd.DataFrame(rows).sort_values(["pipeline", "speakers"], kind="stable", ignore_index=True)


def choose_sizes(sizes: Sequence[int], most: int) -> list[int]:
    """Numbers of training speakers: those asked for, or powers of two and all speakers.

    Raises
    ------
    FoldError
        If one is less than 2, or more than there are.

    Examples
    --------
    >>> choose_sizes((), 9)
    [2, 4, 8, 9]
    """
    wrong = [size for size in sizes if not 2 <= size <= most]
    if wrong:
        raise FoldError(f"--sizes {wrong[0]}: expected 2 to {most}, the training speakers of the smallest fold")
    powers = [2**power for power in range(1, most.bit_length()) if 2**power < most]
    return sorted(set(sizes)) or [*powers, most]


def curve_text(curve: pd.DataFrame) -> str:
    """Write the curve for a terminal."""
    lines = [f"{'pipeline':<24}{'speakers':>8}{'UAR':>8}   95 % interval   ± draws"]
    lines += [
        f"{row.pipeline:<24}{row.speakers:>8}{row.uar:>8.3f}   {row.uar_low:.2f} to {row.uar_high:.2f}"
        + (f"      {row.uar_std:.3f}" if row.draws > 1 else "")
        for row in curve.itertuples()
    ]
    return "\n".join([*lines, INTERVALS])


INTERVALS = (
    "Intervals are over test speakers, of models of these training speakers; which were drawn is not in them. "
    "--seeds 0 1 2 draws others: ± draws is the deviation over seeds."
)


SECTIONS = (
    Section(
        "Would more speakers help?",
        plots=(ReportPlot("learning", "UAR with more training speakers", learning_plot),),
        sentences=lambda ranking: () if ranking.run.learning is None else (INTERVALS,),
    ),
)
"""What the report of a run shows of a learning curve in its folder."""
