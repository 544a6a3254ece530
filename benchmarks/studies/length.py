"""Length: how the score grows with the seconds of a clip that are heard, and what that asks of a window."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import pandas as pd

from benchmarks.conditions.condition import Condition
from benchmarks.conditions.registry import KINDS
from benchmarks.conditions.timing import sounding
from benchmarks.evaluation.run_options import RunKeywords, RunOptions
from benchmarks.evaluation.runs import write_table
from benchmarks.reporting.lines import fitted
from benchmarks.reporting.numbers import with_intervals
from benchmarks.reporting.plots.length import length_figure
from benchmarks.reporting.sections import Findings, FolderSection, NamedPlot
from benchmarks.reporting.tables import Column, Table
from benchmarks.studies.answers_under import answers_under, by_condition, condition_rows
from features.clips import clips_from
from features.errors import InputError
from features.sampling import RATE

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus
    from benchmarks.evaluation.execute import Outcome
    from benchmarks.folds.fold import Fold

SECONDS = (0.5, 1.0, 1.5, 2.0, 3.0)
_KIND = "beginning"
_WINDOWS = "python -m classical.predict --window {} with a hop of {} s"


def length_curve(
    corpus: Corpus,
    *,
    pipelines: Sequence[Any] = ("svm",),
    seconds: Sequence[float] = SECONDS,
    folds: str | Sequence[Fold] | None = None,
    **run: Unpack[RunKeywords],
) -> pd.DataFrame:
    """Train on whole clips, and test on their first seconds.

    Parameters
    ----------
    corpus, pipelines, folds, seeds, jobs, out, overwrite, options, cache, allow_duplicates, progress, command
        As for `benchmarks.evaluate`; the figures go to `OUT/length.csv`.
    seconds : sequence of float
        How much of a clip is heard, each above 0, from its first sample that is not 0. A clip that is no longer is
        heard whole.

    Returns
    -------
    DataFrame
        `pipeline, seconds, longer, uar, uar_low, uar_high, drop, drop_low, drop_high, ms_per_clip`: a row for each of
        the seconds and one for whole clips (seconds NaN). `longer` is the share of clips that are cut, `drop` what is
        lost against whole clips, paired, with its interval over speakers.

    Raises
    ------
    InputError
        If seconds are not above 0, or named twice.
    SerError
        For what else a user can cause; a ResultsError if a job failed.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> length_curve(  # doctest: +SKIP
    ...     corpora.load("synthetic"), pipelines=["majority"], seconds=[1.0], jobs=1, out="results/short"
    ... )
    """
    if not seconds or min(seconds) <= 0 or len(set(seconds)) < len(seconds):
        raise InputError(f"seconds {list(seconds)}; expected one or more above 0, each once")
    kind, how = KINDS[_KIND], RunOptions(**run)
    tried = [Condition(_KIND, level, kind.title, kind.unit) for level in sorted(seconds)]
    plan = how.plan(corpus, pipelines=pipelines, folds=folds)
    with how.store() as store:
        outcome = answers_under(plan, tried, store, how, augment=False)
        table = length_table(outcome, corpus, tried)
        write_table(store.folder / "length.csv", table)
    return table


def length_table(outcome: Outcome, corpus: Corpus, tried: Sequence[Condition]) -> pd.DataFrame:
    """Score answers to whole clips and to their first seconds; see `length_curve`."""
    times, rows = outcome.ms_per_clip(), []
    lengths = pd.Series([len(sounding(clip.recorded())) / RATE for clip in clips_from(corpus.utterances)])
    for pipeline, _, counts in by_condition(outcome.predictions(), corpus.labels):
        for row in condition_rows(counts, tried):
            whole = row.pop("kind") != _KIND
            level = float("nan") if whole else row["level"]
            longer = 0.0 if whole else float((lengths > level).mean())
            about = {"pipeline": pipeline, "seconds": level, "longer": longer}
            rows.append({**about, **row, "ms_per_clip": times.get(pipeline, float("nan"))})
    table = pd.DataFrame(rows).drop(columns=["condition", "level"])
    return table.sort_values(["pipeline", "seconds"], kind="stable", ignore_index=True)


def length_text(table: pd.DataFrame) -> str:
    """Write the curve for a terminal, and what each length asks of who waits for an answer."""
    lines = ["UAR % [95 % interval over speakers], and points lost against whole clips, paired"]
    for name, rows in table.groupby("pipeline", sort=False):
        lines += ["", str(name)]
        for row in rows.to_dict("records"):
            heard = "whole clips" if row["seconds"] != row["seconds"] else f"first {row['seconds']:g} s"
            lost = "" if heard == "whole clips" else _lost(row)
            cut = "" if heard == "whole clips" else f"{100 * row['longer']:.0f} % of clips cut"
            interval = f"{100 * row['uar']:.1f} [{100 * row['uar_low']:.0f}, {100 * row['uar_high']:.0f}]"
            lines.append(f"  {heard:<14}{interval:>18}{lost:>20}   {cut}".rstrip())
    return fitted([*lines, "", *length_sentences(table)])


def _lost(row: Mapping[Any, Any]) -> str:
    return f"{-100 * row['drop']:+.1f} [{-100 * row['drop_high']:+.0f}, {-100 * row['drop_low']:+.0f}]"


def length_sentences(table: pd.DataFrame) -> list[str]:
    """The shortest window of each pipeline at which no loss is shown, with what may be lost, and how long it takes.

    Examples
    --------
    >>> row = {"pipeline": "svm", "longer": 0.6, "drop": 0.01, "drop_low": -0.01, "drop_high": 0.03, "ms_per_clip": 9.0}
    >>> print(length_sentences(pd.DataFrame([row | {"seconds": 2.0}]))[0][:60])
    svm: the shortest window at which no loss against whole clip
    """
    told = []
    for name, rows in table.dropna(subset=["seconds"]).groupby("pipeline", sort=False):
        enough = rows[rows["drop_low"] <= 0].sort_values("seconds")
        if enough.empty:
            told.append(f"{name}: every window tried loses against whole clips; take longer ones.")
            continue
        row = enough.iloc[0]
        window, hop = f"{row['seconds']:g}", f"{row['seconds'] / 2:g}"
        command = _WINDOWS.format(window, hop)
        told.append(
            f"{name}: the shortest window at which no loss against whole clips is shown is {window} s (it may lose up "
            f"to {100 * row['drop_high']:.1f} points). {command} has a first answer after {window} s of sound and "
            f"{row['ms_per_clip']:.0f} ms at most, another every {hop} s."
        )
    return told


def _findings(tables: Mapping[str, pd.DataFrame], record: Mapping[str, Any]) -> Findings:
    table = tables["length"]
    rows = with_intervals(table.to_dict("records"), "uar", "drop", signed_names=("drop",))
    heard = [{**row, "heard": "whole" if math.isnan(row["seconds"]) else f"{row['seconds']:g} s"} for row in rows]
    columns = (
        Column("pipeline", "Pipeline"),
        Column("heard", "Heard"),
        Column("longer", "Clips cut", ".2f"),
        Column("uar", "UAR", ".3f"),
        Column("uar_interval", "95 % interval"),
        Column("drop", "Lost", "+.3f"),
        Column("drop_interval", "95 % interval"),
        Column("ms_per_clip", "ms a clip", ".0f"),
    )
    caption = "UAR on the first seconds of every clip, and what is lost against whole clips, paired; over speakers."
    chance = 1 / len(record["corpus"]["labels"])
    plot = NamedPlot("length", "UAR against seconds heard", length_figure(table, chance=chance))
    return Findings(tuple(length_sentences(table)), (plot,), (Table("length", caption, columns, tuple(heard)),))


SECTIONS = (FolderSection("How many seconds are enough?", ("length",), _findings),)
"""What a report shows of a folder in which `python -m benchmarks.length` was run."""
