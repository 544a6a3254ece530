"""Comparison: the pipelines of two runs, made here, elsewhere or by another tool, on the same utterances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from benchmarks.evaluation.runs import Run
from benchmarks.reporting.ranking import Ranking, rank
from benchmarks.reporting.summary import caveats, summarise
from benchmarks.reporting.tables import pairs_table, scores_table
from benchmarks.scoring.metrics import METRICS
from benchmarks.scoring.predictions import labels_of
from features.errors import ResultsError


def compare(first: str | Path, second: str | Path, *, pipelines: Sequence[str] = (), random_state: int = 0) -> Ranking:
    """Put the pipelines of two runs side by side.

    Parameters
    ----------
    first, second : path
        Folders of runs, or files `predictions.csv`.
    pipelines : sequence of str, default=()
        Only these, by the name that they have in their run; all when empty.
    random_state : int, default=0
        Seed of drawn swaps.

    Returns
    -------
    Ranking
        Pipelines named as in their runs; where both have one of the same name, the run's folder stands behind it.

    Raises
    ------
    ResultsError
        If the runs were not tested on the same utterances with the same speakers and true labels, or a pipeline is
        in neither.

    Examples
    --------
    >>> import benchmarks
    >>> benchmarks.compare("results/emodb", "elsewhere/predictions.csv").tests  # doctest: +SKIP
    """
    paths = (Path(first), Path(second))
    runs = [Run.load(path) for path in paths]
    check_same_utterances(runs[0].predictions, runs[1].predictions, names=(str(first), str(second)))
    runs = [_renamed(run, names) for run, names in zip(runs, _distinct_names(runs, paths), strict=True)]
    predictions = pd.concat([run.predictions for run in runs], ignore_index=True)
    records = {name: entry for run in runs for name, entry in run.record.get("pipelines", {}).items()}
    if pipelines:
        predictions, records = _only(predictions, records, pipelines)
    merged = replace(
        runs[0],
        record={**runs[0].record, "pipelines": records},
        predictions=predictions,
        labels=tuple(dict.fromkeys(label for run in runs for label in labels_of(run.predictions))),
        jobs=pd.concat([run.jobs for run in runs], ignore_index=True),
    )
    return rank(merged, random_state=random_state)


def check_same_utterances(first: pd.DataFrame, second: pd.DataFrame, *, names: tuple[str, str]) -> None:
    """Check that two tables of predictions are about the same utterances, speakers and true labels.

    Raises
    ------
    ResultsError
        If they are not; it names the first that differs.
    """
    keys = ["utterance", "speaker", "truth"]
    one, other = ({tuple(row) for row in table[keys].drop_duplicates().to_numpy()} for table in (first, second))
    if one == other:
        return
    only = [sorted(one - other), sorted(other - one)]
    parts = [
        f"{len(rows)} only in {name}: utterance {rows[0][0]!r} of speaker {rows[0][1]!r} labelled {rows[0][2]!r}"
        for name, rows in zip(names, only)
        if rows
    ]
    raise ResultsError(f"the runs were not tested on the same utterances: {'; '.join(parts)}; only equal ones compare")


def comparison_text(ranking: Ranking) -> str:
    """Write the comparison for a terminal: the scores, the pairs, and the summary."""
    metrics = [name for name, metric in METRICS.items() if name != "uar" and not metric.probabilistic]
    lines = [scores_table(ranking).text(("pipeline", "uar", "interval", *metrics, "n", "flags")), ""]
    if ranking.tests:
        pairs = ("first", "second", "difference", "interval", "p", "p_holm", "verdict")
        lines += [pairs_table(ranking).text(pairs), ""]
    return "\n".join([*lines, *summarise(ranking)[:2], *caveats(ranking)])


def _distinct_names(runs: Sequence[Run], paths: tuple[Path, Path]) -> list[dict[str, str]]:
    """For each run, new names of the pipelines that both have: the run's name stands behind."""
    both = set.intersection(*(set(run.predictions["pipeline"]) for run in runs))
    suffixes = [path.stem if path.suffix == ".csv" else path.name for path in paths]
    if suffixes[0] == suffixes[1]:
        suffixes = [str(path) for path in paths]
    if suffixes[0] == suffixes[1]:
        suffixes = ["first", "second"]
    return [{name: f"{name} ({suffix})" for name in both} for suffix in suffixes]


def _renamed(run: Run, names: dict[str, str]) -> Run:
    """The run with other names of pipelines, and without those that have no predictions."""
    scored = set(run.predictions["pipeline"])
    entries = run.record.get("pipelines", {}).items()
    return replace(
        run,
        record={**run.record, "pipelines": {names.get(name, name): entry for name, entry in entries if name in scored}},
        predictions=run.predictions.assign(pipeline=run.predictions["pipeline"].replace(names)),
        jobs=run.jobs.assign(pipeline=run.jobs["pipeline"].replace(names)),
    )


def _only(
    predictions: pd.DataFrame, records: dict[str, dict], pipelines: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, dict]]:
    plain = {name: name.rpartition(" (")[0] or name for name in predictions["pipeline"].unique()}
    missing = [name for name in pipelines if name not in {*plain, *plain.values()}]
    if missing:
        raise ResultsError(f"pipelines {missing} are in neither run; expected some of {sorted(plain)}")
    selected = {name for name, bare in plain.items() if name in pipelines or bare in pipelines}
    rows = predictions[predictions["pipeline"].isin(selected)].reset_index(drop=True)
    return rows, {name: record for name, record in records.items() if name in selected}
