"""Comparison: the pipelines of two runs or more, made here, elsewhere or by another tool, on the same utterances."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from benchmarks.evaluation.runs import Run
from benchmarks.pipelines.names import flags_by_name
from benchmarks.reporting.lines import fill
from benchmarks.reporting.numbers import signed
from benchmarks.reporting.ranking import Ranking, rank
from benchmarks.reporting.summary import caveats, summarise
from benchmarks.reporting.tables import pairs_table, verdict_text
from benchmarks.reporting.terminal import scores_text, signs_text
from benchmarks.scoring.predictions import labels_of, respelled
from features.errors import ResultsError
from features.matching import match_ids
from features.names import alike

if TYPE_CHECKING:
    from benchmarks.scoring.significance import PairedTest


def compare(
    first: str | Path,
    second: str | Path,
    *others: str | Path,
    pipelines: Sequence[str] = (),
    join_names: bool = False,
    random_state: int = 0,
    rope: float | None = None,
) -> Ranking:
    """Put the pipelines of two runs or more side by side.

    Parameters
    ----------
    first, second, *others : path
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
        Pipelines named as in their runs; where two have one of the same name, the run's folder stands behind it.

    Raises
    ------
    ResultsError
        If the runs were not tested on the same utterances with the same speakers and true labels, or a pipeline is
        in none.

    Examples
    --------
    >>> import benchmarks
    >>> benchmarks.compare("results/emodb", "elsewhere/predictions.csv").tests  # doctest: +SKIP
    """
    paths = tuple(map(Path, (first, second, *others)))
    runs = [Run.load(path, join_names=join_names) for path in paths]
    return compare_runs(runs, paths, pipelines=pipelines, join_names=join_names, random_state=random_state, rope=rope)


def compare_runs(
    runs: Sequence[Run],
    paths: Sequence[Path],
    *,
    pipelines: Sequence[str] = (),
    join_names: bool = False,
    random_state: int = 0,
    rope: float | None = None,
) -> Ranking:
    """Put the pipelines of runs that are read already side by side.

    Parameters
    ----------
    runs : sequence of Run
        Two or more.
    paths : sequence of Path
        What each was read from.
    pipelines, join_names, random_state, rope
        As for `compare`.

    Returns
    -------
    Ranking
        As of `compare`.

    Raises
    ------
    ResultsError
        As of `compare`.

    Examples
    --------
    >>> paths = [Path("results/emodb"), Path("elsewhere")]
    >>> compare_runs([Run.load(path) for path in paths], paths).tests  # doctest: +SKIP
    """
    start, *rest = runs
    runs = [start, *(_under_names_of(start, run, join_names=join_names) for run in rest)]
    for run, path in zip(runs[1:], paths[1:]):
        check_same_utterances(start.predictions, run.predictions, names=(str(paths[0]), str(path)))
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
    """Write the comparison for a terminal of 80 columns, in percent: the scores, the pairs, and the summary.

    Examples
    --------
    >>> print(comparison_text(compare("results/emodb", "elsewhere")))  # doctest: +SKIP
    """
    record = ranking.run.record
    pairs = [_pair_text(test, ranking) for family in ranking.families for test in ranking.tests_of(family)]
    notes = [f"note: {note}" for note in record.get("notes", ())]
    said = [fill(text) for text in (*summarise(ranking)[:2], *caveats(ranking), *notes)]
    by_name = ranking.run.scores.set_index("pipeline", drop=False)
    scores = [scores_text(record, by_name.loc[[entry.name for entry in ranking.scored]]), *signs_text(record)]
    return "\n".join([*scores, *(["", *pairs, fill(pairs_table(ranking).caption)] if pairs else []), "", *said])


def _pair_text(test: PairedTest, ranking: Ranking) -> str:
    span, power = test.difference, ranking.powers[test.first, test.second]
    words = [
        f"{test.first} against {test.second}: {signed(100 * span.estimate, 1)} points of UAR "
        f"[{signed(100 * span.low, 1)}, {signed(100 * span.high, 1)}], p {test.p:.2g}"
        + (f", corrected {test.p_holm:.2g}" if test.n_pairs > 1 else "")
        + f": {verdict_text(test)}"
    ]
    if ranking.rope is not None:
        words.append(f"{power.practical} within ±{100 * ranking.rope:g}")
    if not math.isnan(power.least):
        words.append(f"least shown {100 * power.least:.1f}")
    if power.speakers is not None:
        words.append(f"speakers to show {power.speakers:,.0f}")
    return fill("; ".join(words), hang="  ")


def _distinct_names(runs: Sequence[Run], paths: Sequence[Path]) -> list[dict[str, str]]:
    """For each run, new names of the pipelines that another one has too: the run's name stands behind."""
    counts = Counter(name for run in runs for name in set(run.predictions["pipeline"]))
    ordinals = [("first", "second", "third")[n] if n < 3 else f"run {n + 1}" for n in range(len(runs))]
    choices = ([path.stem if path.suffix == ".csv" else path.name for path in paths], [*map(str, paths)], ordinals)
    suffixes = next(choice for choice in choices if len(set(choice)) == len(runs))
    return [
        {name: f"{name} ({suffix})" for name in set(run.predictions["pipeline"]) if counts[name] > 1}
        for run, suffix in zip(runs, suffixes)
    ]


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
        raise ResultsError(f"pipelines {missing} are in no run; expected some of {sorted(plain)}")
    selected = {name for name, bare in plain.items() if name in pipelines or bare in pipelines}
    rows = predictions[predictions["pipeline"].isin(selected)].reset_index(drop=True)
    return rows, {name: record for name, record in records.items() if name in selected}
