"""Robustness: pipelines that trained on clips as they are, tested under noise, in rooms, over telephones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import pandas as pd

from benchmarks.conditions.condition import CLEAN, Condition
from benchmarks.conditions.registry import conditions
from benchmarks.evaluation.run_options import RunKeywords, RunOptions
from benchmarks.evaluation.runs import write_table
from benchmarks.pipelines.flags import family_of
from benchmarks.pipelines.names import flags_by_name
from benchmarks.reporting.lines import fill
from benchmarks.reporting.numbers import signed, with_intervals
from benchmarks.reporting.plots.robustness import robustness_plot
from benchmarks.reporting.sections import Findings, FolderSection, NamedPlot
from benchmarks.reporting.tables import Column, Table
from benchmarks.scoring.confusion import uar_of
from benchmarks.scoring.intervals import difference_interval, speaker_interval
from benchmarks.studies.answers_under import answers_under, by_condition, condition_rows
from benchmarks.studies.under_conditions import PLAIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.corpora.corpus import Corpus
    from benchmarks.folds.fold import Fold

_CHEAPER = 1.2
"""How many times a pipeline's time another has to take before it counts as slower: times of one run vary by less."""


def robustness(
    corpus: Corpus,
    *,
    pipelines: Sequence[Any] = ("svm",),
    kinds: Sequence[str] = (),
    augment: bool = False,
    folds: str | Sequence[Fold] | None = None,
    **run: Unpack[RunKeywords],
) -> pd.DataFrame:
    """Test every pipeline on clips under conditions that it was not trained for.

    A pipeline is trained once a fold, on clips as they are, and answers the test clips as they are and under each
    condition. What is standardised by a speaker's own clips is so within each condition. Disturbances of a clip are
    drawn from its id, the condition and the first seed; babble is made of other speakers.

    Parameters
    ----------
    corpus, pipelines, folds, seeds, jobs, overwrite, options, cache, allow_duplicates, progress, command
        As for `benchmarks.evaluate`.
    kinds : sequence of str
        Some of `benchmarks.conditions.registry.KINDS`; all that can be had here unless given.
    augment : bool, default=False
        Train every pipeline a second time, with a copy of each training clip under a drawn condition beside it.
    out : path
        Folder; the figures go to `robustness.csv`, where a cheaper pipeline comes out ahead to `overtaking.csv`, the
        jobs to `jobs/` in it.

    Returns
    -------
    DataFrame
        `pipeline, training, kind, condition, level, uar, uar_low, uar_high, drop, drop_low, drop_high, ms_per_clip`;
        `drop` is clean minus this, paired, with its interval over speakers. Rows of the kind `all` hold the mean over
        conditions, each kind weighing the same: the area under the curves.

    Raises
    ------
    SerError
        For what a user can cause; a ResultsError if a job failed.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> robustness(  # doctest: +SKIP
    ...     corpora.load("synthetic"), pipelines=["majority"], kinds=["attenuation"], jobs=1, out="results/rooms"
    ... )
    """
    tried, how = conditions(kinds), RunOptions(**run)
    plan = how.plan(corpus, pipelines=pipelines, folds=folds)
    with how.store() as store:
        outcome = answers_under(plan, tried, store, how, augment=augment)
        table = robustness_table(outcome.predictions(), corpus.labels, tried, outcome.ms_per_clip())
        write_table(store.folder / "robustness.csv", table)
        write_table(store.folder / "overtaking.csv", overtaking(table))
    return table


def robustness_table(
    predictions: pd.DataFrame, labels: Sequence[str], tried: Sequence[Condition], times: Mapping[str, float]
) -> pd.DataFrame:
    """Score predictions by pipeline, training and condition.

    Parameters
    ----------
    predictions : DataFrame
        Speakers are named after their condition, folds after what trained.
    labels : sequence of str
    tried : sequence of Condition
    times : mapping of str to float
        Milliseconds a clip.

    Returns
    -------
    DataFrame
        As of `robustness`.
    """
    rows = []
    for pipeline, training, counts in by_condition(predictions, labels):
        about = {"pipeline": pipeline, "training": training, "ms_per_clip": times.get(pipeline, np.nan)}
        rows += [{**about, **row} for row in (*condition_rows(counts, tried), _mean_row(counts, tried))]
    order = ["pipeline", "training", "kind", "condition", "level", "uar", "uar_low", "uar_high"]
    return pd.DataFrame(rows)[[*order, "drop", "drop_low", "drop_high", "ms_per_clip"]]


def _mean_row(counts: Mapping[str, NDArray[np.float64]], tried: Sequence[Condition]) -> dict[str, Any]:
    """The mean over kinds of the mean over their levels, and how far it lies below the clean score."""
    kinds = [condition.kind for condition in tried]
    shares = np.array([1 / kinds.count(kind) for kind in kinds]) / len(set(kinds))
    stacked = np.stack([counts[str(condition)] for condition in tried], axis=1)
    clean = np.broadcast_to(counts[str(CLEAN)][:, None], stacked.shape)

    def mean(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(uar_of(matrices) @ shares)

    return {
        "kind": "all",
        "condition": "mean of all kinds",
        "level": np.nan,
        **speaker_interval(stacked, statistic=mean).columns("uar"),
        **difference_interval(clean, stacked, statistic=mean).columns("drop"),
    }


def overtaking(table: pd.DataFrame) -> pd.DataFrame:
    """Where a pipeline that takes less time a clip, and is behind on clean clips, is ahead by the estimates.

    Only pipelines of one family are set against each other: what hears other clips of the speaker answers another
    question.

    Parameters
    ----------
    table : DataFrame
        As of `robustness`.

    Returns
    -------
    DataFrame
        `cheaper, slower, kind, condition`, the mildest of the kind, and both scores there, `cheaper_uar, slower_uar`.
    """
    plain = table[(table["training"] == PLAIN) & (table["kind"] != "all")]
    values = plain.pivot_table(index="condition", columns="pipeline", values="uar", sort=False)
    cost = plain.groupby("pipeline", sort=False)["ms_per_clip"].first()
    kinds = plain.drop_duplicates("condition").set_index("condition")["kind"]
    family = {name: family_of(flags_by_name(name)) for name in values}
    found = []
    for cheap, dear in permutations(values, 2):
        slower = _CHEAPER * cost[cheap] < cost[dear]
        better = values.loc[str(CLEAN), cheap] < values.loc[str(CLEAN), dear]
        if slower and better and family[cheap] is family[dear]:
            ahead = kinds.index[values.loc[kinds.index, cheap] > values.loc[kinds.index, dear]]
            for kind, name in {kinds[name]: name for name in reversed(ahead)}.items():
                found.append((cheap, dear, kind, name, values.loc[name, cheap], values.loc[name, dear]))
    columns = ["cheaper", "slower", "kind", "condition", "cheaper_uar", "slower_uar"]
    return pd.DataFrame(found, columns=columns)


def robustness_text(table: pd.DataFrame) -> str:
    """Write UAR of every pipeline under every condition for a terminal, and where a cheaper one comes out ahead."""
    lines = ["UAR % [95 % interval over speakers], and points lost against clean, paired"]
    for (pipeline, training), rows in table.groupby(["pipeline", "training"], sort=False):
        lines += ["", f"{pipeline}, trained {training}"]
        for row in rows.itertuples():
            interval = f"{100 * row.uar:.1f} [{100 * row.uar_low:.0f}, {100 * row.uar_high:.0f}]"
            lost = (
                ""
                if row.kind == CLEAN.kind
                else f"{-100 * row.drop:+.1f} [{-100 * row.drop_high:+.0f}, {-100 * row.drop_low:+.0f}]"
            )
            lines.append(f"  {row.condition:<26}{interval:>18}{lost:>20}")
    return "\n".join([*lines, "", *map(fill, _overtaking_sentences(table))]).rstrip()


def robustness_sentences(table: pd.DataFrame) -> list[str]:
    """What every pipeline loses over all conditions, and where a cheaper one comes out ahead.

    Examples
    --------
    >>> row = {"pipeline": "svm", "training": PLAIN, "kind": "all", "condition": "mean of all kinds", "uar": 0.5}
    >>> drop = {"drop": 0.3, "drop_low": 0.25, "drop_high": 0.35, "ms_per_clip": 9.0}
    >>> robustness_sentences(pd.DataFrame([row | drop, row | drop | {"kind": "clean", "condition": "clean"}]))[0]
    'svm, trained as recorded: −30.0 points of UAR over all kinds of conditions (95 % interval −35.0 to −25.0).'
    """
    lost = [
        f"{row.pipeline}, trained {row.training}: {signed(-100 * row.drop, 1)} points of UAR over all kinds of "
        f"conditions (95 % interval {signed(-100 * row.drop_high, 1)} to {signed(-100 * row.drop_low, 1)})"
        f"{'.' if row.drop_low > 0 or row.drop_high < 0 else '; no loss is shown.'}"
        for row in table[table["kind"] == "all"].itertuples()
    ]
    return [*lost, *(f"{sentence}." for sentence in _overtaking_sentences(table))]


def _overtaking_sentences(table: pd.DataFrame) -> list[str]:
    return [
        f"{row.cheaper} is ahead of the slower {row.slower} from {row.condition} on, by the estimates"
        for row in overtaking(table).itertuples()
    ]


def _findings(tables: Mapping[str, pd.DataFrame], record: Mapping[str, Any]) -> Findings:
    table = tables["robustness"]
    chance = 1 / len(record["corpus"]["labels"])
    plots = [
        NamedPlot(
            "robustness" if training == PLAIN else f"robustness-{training}",
            f"UAR under disturbances, trained {training}",
            robustness_plot(rows, chance=chance),
        )
        for training, rows in table.groupby("training", sort=False)
    ]
    columns = (
        Column("pipeline", "Pipeline"),
        *([Column("training", "Trained")] if len(plots) > 1 else []),
        Column("condition", "Condition"),
        Column("uar", "UAR", ".3f"),
        Column("uar_interval", "95 % interval"),
        Column("drop", "Lost", "+.3f"),
        Column("drop_interval", "95 % interval"),
    )
    rows = with_intervals(table.to_dict("records"), "uar", "drop", signed_names=("drop",))
    caption = "UAR under each condition, and what is lost against clean clips, paired; intervals over speakers."
    shown = Table("robustness", caption, columns, rows)
    return Findings(tuple(robustness_sentences(table)), tuple(plots), (shown,))


SECTIONS = (FolderSection("What do noise, rooms and telephones do?", ("robustness",), _findings),)
"""What a report shows of a folder in which `python -m benchmarks.robustness` was run."""
