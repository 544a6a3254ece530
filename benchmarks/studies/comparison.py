"""Comparison: the pipelines of two runs, made here, elsewhere or by another tool, on the same utterances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from benchmarks.evaluation.runs import Run
from benchmarks.pipelines.names import flags_by_name
from benchmarks.reporting.ranking import Ranking, rank
from benchmarks.reporting.summary import caveats, summarise
from benchmarks.reporting.tables import pairs_table, scores_table
from benchmarks.scoring.metrics import METRICS
from benchmarks.scoring.predictions import labels_of, respelled
from features.errors import ResultsError
from features.matching import match_ids
from features.names import alike


def compare(
    first: str | Path,
    second: str | Path,
    *,
    pipelines: Sequence[str] = (),
    join_names: bool = False,
    random_state: int = 0,
    rope: float | None = None,
) -> Ranking:
    """Put the pipelines of two runs side by side.

    Parameters
    ----------
    first, second : path
        Folders of runs, or files `predictions.csv`.
    pipelines : sequence of str, default=()
        Only these, by the name that they have in their run; all when empty.
    join_names : bool, default=False
        Take utterances, speakers and labels that differ only in case, space or leading zeros (`03` and `3`, as pandas
        reads it) for the same, under the names of the first run.
    random_state : int, default=0
        Seed of drawn swaps.
    rope : float, optional
        As for `benchmarks.evaluate`.

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
    runs = [Run.load(path, join_names=join_names) for path in paths]
    runs[1] = _under_names_of(runs[0], runs[1], join_names=join_names)
    check_same_utterances(runs[0].predictions, runs[1].predictions, names=(str(first), str(second)))
    runs = [_renamed(run, names) for run, names in zip(runs, _distinct_names(runs, paths), strict=True)]
    predictions = pd.concat([run.predictions for run in runs], ignore_index=True)
    records = {name: entry for run in runs for name, entry in run.record.get("pipelines", {}).items()}
    if pipelines:
        predictions, records = _only(predictions, records, pipelines)
    notes = [note for run in runs for note in run.record.get("notes", ())]
    merged = replace(
        runs[0],
        record={**runs[0].record, "pipelines": records, "notes": notes},
        predictions=predictions,
        labels=tuple(dict.fromkeys(label for run in runs for label in labels_of(run.predictions))),
        jobs=pd.concat([run.jobs for run in runs], ignore_index=True),
    )
    return rank(merged, random_state=random_state, rope=rope)


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
    alike_rows = {tuple(map(alike, row)) for row in only[0]} & {tuple(map(alike, row)) for row in only[1]}
    remedy = (
        f"; {len(alike_rows)} of them differ in their spelling only: take them for the same with --join-names "
        "(join_names=True)"
        if alike_rows
        else ""
    )
    raise ResultsError(
        f"the runs were not tested on the same utterances: {'; '.join(parts)}; only equal ones compare{remedy}"
    )


def _under_names_of(first: Run, second: Run, *, join_names: bool) -> Run:
    """The second run with its utterances named as in the first: by stem, or across spellings where that is asked."""
    here, there = ([str(name) for name in run.predictions["utterance"].unique()] for run in (first, second))
    matching = match_ids(here, there, join_names=join_names)
    names = {there[row]: name for name, row in zip(here, matching.positions) if row >= 0 and there[row] != name}
    table = second.predictions.assign(utterance=second.predictions["utterance"].replace(names))
    labels: tuple[str, ...] = second.labels
    if join_names:
        speakers = _across_spellings(first.speakers, second.speakers)
        renamed = _across_spellings(first.labels, second.labels)
        table = respelled(table, speakers=speakers, labels=renamed)
        labels = tuple(renamed.get(label, label) for label in labels)
    record = second.record
    notes = matching.notes(second.folder.name)
    if notes:
        record = {**record, "notes": [*record.get("notes", ()), *notes]}
    return replace(second, predictions=table, labels=labels, record=record)


def _across_spellings(here: Sequence[str], there: Sequence[str]) -> dict[str, str]:
    """Names of the second run to those of the first that look like another spelling of them."""
    known = {alike(name): name for name in here}
    return {name: known[alike(name)] for name in there if name not in here and alike(name) in known}


def comparison_text(ranking: Ranking) -> str:
    """Write the comparison for a terminal: the scores, the pairs, and the summary."""
    metrics = [name for name, metric in METRICS.items() if name != "uar" and not metric.probabilistic]
    lines = [scores_table(ranking).text(("pipeline", "uar", "interval", *metrics, "n", "flags")), ""]
    if ranking.tests:
        pairs = ("first", "second", "difference", "interval", "p", "p_holm", "verdict", "practical", "least", "needed")
        lines += [pairs_table(ranking).text(pairs), ""]
    notes = [f"note: {note}" for note in ranking.run.record.get("notes", ())]
    return "\n".join([*lines, *summarise(ranking)[:2], *caveats(ranking), *notes])


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
    known = {names.get(name, name): entry for name, entry in entries if name in scored}
    # What a name alone tells is read before it is renamed: predictions may come without a record.
    told = {names.get(name, name): {"flags": flags_by_name(name)} for name in scored}
    return replace(
        run,
        record={**run.record, "pipelines": {**told, **known}},
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
