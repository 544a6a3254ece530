"""Enrolment curve: how the score grows from no clip of a speaker, over a few that enrol, to all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import pandas as pd

from benchmarks.evaluation.evaluate import evaluate
from benchmarks.evaluation.runs import Run, write_table
from benchmarks.pipelines.names import NORMALISE, parse, with_normalisation
from benchmarks.pipelines.registry import known_models
from benchmarks.reporting.numbers import interval_text
from benchmarks.reporting.plots import ReportPlot
from benchmarks.reporting.plots.enrolment import enrolment_figure
from benchmarks.reporting.sections import Section
from benchmarks.reporting.tables import Column, Table
from benchmarks.scoring.intervals import difference_interval
from features.errors import PipelineError, ResultsError

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus
    from benchmarks.evaluation.run_options import RunKeywords
    from benchmarks.folds.fold import Fold
    from benchmarks.reporting.ranking import Ranking
    from features.plotting import Plot

CLIPS: Mapping[str, str] = {
    "global": "none",
    **{name: name.removeprefix("enrol-") for name in NORMALISE if name.startswith("enrol-")},
    "speaker": "all",
}
"""Every normalisation, in the order of the curve, and how many clips of a test speaker it sees."""


def enrolment_curve(
    corpus: Corpus,
    *,
    pipelines: Sequence[str] = ("svm",),
    folds: str | Sequence[Fold] | None = None,
    **run: Unpack[RunKeywords],
) -> pd.DataFrame:
    """Run pipelines under every normalisation, all tested on the same clips, of which none enrols.

    Parameters
    ----------
    corpus, folds, seeds, jobs, overwrite, options, cache, allow_duplicates, progress, command
        As for `benchmarks.evaluate`. Every seed draws its own clips; a larger K keeps those of a smaller one.
    pipelines : sequence of str, default=("svm",)
        Pipelines without a normalisation, such as `svm`, `svm@prosodic` or `svm+xgboost`.
    out : path
        Folder of the run, which holds all of them; the curve goes to `enrolment.csv` in it.

    Returns
    -------
    DataFrame
        As `curve_table` gives it.

    Raises
    ------
    SerError
        For what a user can cause; a ResultsError if `out` holds another run, or if a job failed.

    Examples
    --------
    >>> import benchmarks, benchmarks.corpora
    >>> corpus = benchmarks.corpora.load("manifest", "my.csv")  # doctest: +SKIP
    >>> benchmarks.enrolment_curve(  # doctest: +SKIP
    ...     corpus, pipelines=["logistic@timing"], folds="3", jobs=1, out="results/enrolled"
    ... )
    """
    models = known_models()
    for name in pipelines:
        if any(part.normalise != "global" for part in parse(name, models)):
            raise PipelineError(f"{name!r}: expected a pipeline without :normalise, such as svm or svm@prosodic")
    found = evaluate(
        corpus,
        pipelines=[with_normalisation(name, normalise, models) for name in pipelines for normalise in CLIPS],
        folds=folds,
        **run,
    )
    if found.failed:
        first = found.failed[0]
        raise ResultsError(
            f"{len(found.failed)} jobs failed, the first {first['pipeline']} on {first['fold']}: {first['reason']}; "
            "run again to retry them"
        )
    curve = curve_table(found)
    write_table(found.folder / "enrolment.csv", curve)
    return curve


def curve_table(run: Run) -> pd.DataFrame:
    """The curve of every pipeline that a run has with clips that enrol, beside none and all.

    Parameters
    ----------
    run : Run

    Returns
    -------
    DataFrame
        `pipeline` without its normalisation, `clips` (none, 1, 3, 5, 10, all), `uar, uar_low, uar_high`, and what it is
        ahead of none: `gain, gain_low, gain_high`. Intervals over speakers; means over seeds. Empty without enrolment.
    """
    scores = run.scores.set_index("pipeline") if len(run.scores) else run.scores
    places = {name: place for name in scores.index if (place := _place(str(name))) is not None}
    enrolling = {plain for plain, normalise in places.values() if normalise.startswith("enrol-")}
    by_place = {place: name for name, place in places.items() if place[0] in enrolling}
    rows = []
    for plain in dict.fromkeys(plain for plain, _ in by_place):
        without = by_place.get((plain, "global"))
        for normalise, clips in CLIPS.items():
            name = by_place.get((plain, normalise))
            if name is None:
                continue
            score = scores.loc[name]
            row = {"pipeline": plain, "clips": clips, **{key: score[key] for key in ("uar", "uar_low", "uar_high")}}
            if without is not None and name != without:
                gain = difference_interval(run.confusions[name], run.confusions[without])
                row |= gain.columns("gain")
            rows.append(row)
    columns = ["pipeline", "clips", "uar", "uar_low", "uar_high", "gain", "gain_low", "gain_high"]
    return pd.DataFrame(rows, columns=columns)


def _place(name: str) -> tuple[str, str] | None:
    """A pipeline's name without its normalisation, and that; None where its parts differ in it, or it is no name."""
    models = known_models()
    try:
        found = {part.normalise for part in parse(name, models)}
        return (with_normalisation(name, "global", models), found.pop()) if len(found) == 1 else None
    except PipelineError:
        return None


def curve_text(curve: pd.DataFrame) -> str:
    """Write the curve for a terminal."""
    lines = [f"{'pipeline':<24}{'clips':>6}{'UAR':>7}   95 % interval   ahead of none"]
    for row in curve.to_dict("records"):
        gain = f"{row['gain']:+.3f}, {_gain_interval(row)}" if row["gain"] == row["gain"] else ""
        interval = interval_text(row["uar_low"], row["uar_high"]) or ""
        lines.append(f"{row['pipeline']:<24}{row['clips']:>6}{row['uar']:>7.3f}   {interval:<16}{gain}".rstrip())
    return "\n".join([*lines, "", *_sentences_of(curve)])


def _gain_interval(row: Mapping[Any, Any]) -> str:
    return interval_text(row["gain_low"], row["gain_high"], sign="+") or ""


def _sentences_of(curve: pd.DataFrame) -> list[str]:
    """Every pipeline's curve in a sentence."""
    found = []
    for plain, rows in curve.groupby("pipeline", sort=False):
        steps = [f"{row['uar']:.3f} by {row['clips']}" for row in rows.to_dict("records")]
        found.append(f"{plain}, by how many clips of a speaker it standardises the speaker: UAR {', '.join(steps)}.")
    return found


def enrolment_plot(ranking: Ranking) -> Plot | None:
    """The curve as a plot; None where no pipeline of the run enrols speakers."""
    return enrolment_figure(curve_table(ranking.run), chance=ranking.chance)


def enrolment_table(ranking: Ranking) -> Table:
    """The curve as a table; without rows where no pipeline of the run enrols speakers."""
    rows = []
    for row in curve_table(ranking.run).to_dict("records"):
        known = row["gain"] == row["gain"]
        intervals = {
            "interval": interval_text(row["uar_low"], row["uar_high"]),
            "gain_interval": _gain_interval(row) if known else "",
        }
        rows.append({**{str(key): value for key, value in row.items()}, **intervals})
    columns = (
        Column("pipeline", "Pipeline"),
        Column("clips", "Clips"),
        Column("uar", "UAR", ".3f"),
        Column("interval", "95 % interval"),
        Column("gain", "Ahead of none", "+.3f"),
        Column("gain_interval", "95 % interval"),
    )
    caption = (
        "Unlabelled clips of each test speaker that a pipeline standardises the speaker by; every row is scored on the "
        "same other clips, and 'all' sees these too. Intervals over speakers."
    )
    return Table("enrolment", caption, columns, tuple(rows))


SECTIONS = (
    Section(
        "How many clips of a speaker are enough?",
        plots=(ReportPlot("enrolment", "UAR with clips that enrol", enrolment_plot),),
        tables=(enrolment_table,),
        sentences=lambda ranking: _sentences_of(curve_table(ranking.run)),
    ),
)
"""What the report of a run shows where a pipeline enrols speakers."""
