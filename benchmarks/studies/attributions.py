"""Attributions: which features move a pipeline towards each emotion, on clips of speakers whom it never heard."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from benchmarks.evaluation.evaluate import evaluate
from benchmarks.evaluation.execute import extract_features, number_of_jobs, plan_jobs
from benchmarks.evaluation.job import Job, prepare, seen
from benchmarks.evaluation.overwrite import Overwrite
from benchmarks.evaluation.planning import make_plan
from benchmarks.evaluation.runs import write_table
from benchmarks.pipelines.flags import Flag
from benchmarks.reporting.lines import fitted
from benchmarks.reporting.plots import ReportPlot
from benchmarks.reporting.plots.attributions import attributions_figure
from benchmarks.reporting.sections import Section
from benchmarks.reporting.tables import Column, Table
from classical.attributions import attributions as attributions_of
from features.engines.engine import Lost, Piece, alone
from features.engines.local import processes_kept
from features.engines.registry import engine_of
from features.errors import PipelineError, ResultsError
from features.groups import group_of
from features.names import listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.corpora.corpus import Corpus
    from benchmarks.evaluation.plan import Plan
    from benchmarks.folds.fold import Fold
    from benchmarks.pipelines.options import PipelineOptions
    from benchmarks.reporting.ranking import Ranking
    from features.cache import FeatureCache
    from features.plotting import Plot

SHOWN = 4
"""So many features of each emotion stand in plot and sentences."""

_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class _Explained:
    """What one fold says of its test clips: a row a speaker and label.

    Attributes
    ----------
    rows : DataFrame
        `speaker, label, clips`.
    names : tuple of str
        Of the features.
    towards, levels : ndarray of shape (n_rows, n_features)
        Means over the clips: attribution towards their label, and the standardised feature.
    """

    rows: pd.DataFrame
    names: tuple[str, ...]
    towards: NDArray[np.float64]
    levels: NDArray[np.float64]


def emotion_attributions(
    corpus: Corpus,
    *,
    pipelines: Sequence[str] = ("svm",),
    folds: str | Sequence[Fold] | None = None,
    seeds: Sequence[int] = (0,),
    options: PipelineOptions | None = None,
    jobs: int | None = None,
    out: str | Path,
    overwrite: str = Overwrite.MISSING,
    cache: FeatureCache | None = None,
    allow_duplicates: bool = False,
    progress: bool = False,
    command: str = "",
) -> pd.DataFrame:
    """Run pipelines, and tell which features move them towards each emotion where they are tested.

    Every fold's model is trained as in the run, and each test clip's attributions towards its own label are taken
    (`classical.attributions`). They are averaged over a speaker's clips of the label, then over speakers, so that the
    speaker is the unit of the interval (Student's t).

    Parameters
    ----------
    corpus, folds, seeds, options, jobs, overwrite, cache, allow_duplicates, progress, command
        As for `benchmarks.evaluate`; models of the first seed are explained.
    pipelines : sequence of str, default=("svm",)
        Classical ones on numbers of their own, such as `svm`, `xgboost:speaker` or `logistic@prosodic`; no fusion.
    out : path
        Folder of the run, whose report gets a section.

    Returns
    -------
    DataFrame
        `pipeline, label, feature, group, attribution, attribution_low, attribution_high, level, speakers`, the largest
        attribution of each label first; units are of log probability, `level` is in deviations of the training side.
        The same lies in `OUT/attributions.csv`.

    Raises
    ------
    PipelineError
        If a pipeline is none that can be explained.
    ResultsError
        If a training fails.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> table = emotion_attributions(  # doctest: +SKIP
    ...     corpora.load("synthetic"), pipelines=["logistic@energy"], out="results/why", jobs=1
    ... )
    """
    plan = make_plan(
        corpus,
        pipelines=list(pipelines),
        folds=folds,
        seeds=tuple(seeds)[:1],
        options=options,
        allow_duplicates=allow_duplicates,
        cache=cache,
    )
    _check_explicable(plan)
    run = evaluate(
        corpus,
        pipelines=list(pipelines),
        folds=folds,
        seeds=seeds,
        options=options,
        jobs=jobs,
        out=out,
        overwrite=overwrite,
        cache=cache,
        allow_duplicates=allow_duplicates,
        progress=progress,
        command=command,
    )
    found: dict[str, list[_Explained]] = {}
    for name, explained in _explain(plan, n_jobs=number_of_jobs(jobs), cache=cache, progress=progress):
        found.setdefault(name, []).append(explained)
    table = pd.concat([_table(name, parts, corpus.labels) for name, parts in found.items()], ignore_index=True)
    write_table(run.folder / "attributions.csv", table, "%.6g")
    return table


def _check_explicable(plan: Plan) -> None:
    for pipeline in plan.available:
        if pipeline.parts or pipeline.package != "classical" or Flag.GUESSING in pipeline.flags:
            raise PipelineError(
                f"pipeline {pipeline.name!r} has no features to speak of; expected classical ones without a +, such as "
                "svm or xgboost:speaker"
            )
    if not plan.available:
        raise PipelineError("no pipeline is available here: python -m benchmarks.run --list says why")


def _explain(
    plan: Plan, *, n_jobs: int, cache: FeatureCache | None, progress: bool
) -> Iterator[tuple[str, _Explained]]:
    with tempfile.TemporaryDirectory(prefix="features-", ignore_cleanup_errors=True) as folder, processes_kept():
        files = extract_features(plan, Path(folder), cache=cache, n_jobs=n_jobs, progress=progress)
        jobs = plan_jobs(plan, files)
        pieces = [Piece((job, plan.corpus.utterances)) for job in jobs]
        for position, explained in engine_of(n_jobs).results(_explained_alone, pieces):
            if isinstance(explained, Lost):
                raise ResultsError(f"{jobs[position].pipeline} on {jobs[position].fold.name}: {explained.reason}")
            yield jobs[position].pipeline, explained


def _explained_alone(job: Job, table: pd.DataFrame) -> _Explained:
    return alone(_explained, job, table)


def _explained(job: Job, table: pd.DataFrame) -> _Explained:
    """Train on a fold and take the attributions of its test clips, some at a time."""
    with tempfile.TemporaryDirectory(prefix="job-", ignore_cleanup_errors=True) as own:
        estimator: Any = prepare(job, table.index.tolist(), Path(own))
        rows, truth = seen(table, job), table["label"].to_numpy().astype(str)
        estimator.fit(rows.iloc[job.fold.training], truth[job.fold.training])
        test = np.asarray(job.fold.test)
        speakers = table.index.get_level_values("speaker").to_numpy().astype(str)
        towards = np.zeros((len(test), len(estimator.feature_names_)))
        for start in range(0, len(test), _AT_ONCE):
            some = test[start : start + _AT_ONCE]
            values = attributions_of(estimator, rows.iloc[some], speakers=speakers[some])
            known = [(place, label) for place, label in enumerate(truth[some]) if label in set(estimator.classes_)]
            towards[[start + place for place, _ in known]] = values.loc[known].to_numpy()
        levels = np.asarray(estimator.standardise(rows.iloc[test], speakers=speakers[test]), dtype=float)
    keys = pd.DataFrame({"speaker": speakers[test], "label": truth[test]})
    groups = keys.groupby(["speaker", "label"], sort=True).indices
    return _Explained(
        pd.DataFrame([(*key, len(places)) for key, places in groups.items()], columns=["speaker", "label", "clips"]),
        tuple(map(str, estimator.feature_names_)),
        np.stack([towards[places].mean(axis=0) for places in groups.values()]),
        np.stack([levels[places].mean(axis=0) for places in groups.values()]),
    )


def _table(name: str, parts: Sequence[_Explained], labels: Sequence[str]) -> pd.DataFrame:
    """Means over speakers with their intervals, of every label and feature of one pipeline."""
    names = list(dict.fromkeys(feature for part in parts for feature in part.names))
    rows = pd.concat([part.rows for part in parts], ignore_index=True)
    towards, levels = (
        np.concatenate([_aligned(getattr(part, kind), part.names, names) for part in parts])
        for kind in ("towards", "levels")
    )
    tables = []
    for label in labels:
        own = np.flatnonzero(rows["label"] == label)
        of_speaker = [own[places] for places in rows.loc[own].groupby("speaker", sort=False).indices.values()]
        if not of_speaker:
            continue
        values = np.stack([towards[places].mean(axis=0) for places in of_speaker])
        mean, n = values.mean(axis=0), len(values)
        error = values.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.full(len(names), np.nan)
        half = student.ppf(0.975, n - 1) * error if n > 1 else error
        tables.append(
            pd.DataFrame(
                {
                    "pipeline": name,
                    "label": label,
                    "feature": names,
                    "group": [group_of(feature) for feature in names],
                    "attribution": mean,
                    "attribution_low": mean - half,
                    "attribution_high": mean + half,
                    "level": np.stack([levels[places].mean(axis=0) for places in of_speaker]).mean(axis=0),
                    "speakers": n,
                }
            ).sort_values("attribution", ascending=False, kind="stable")
        )
    return pd.concat(tables, ignore_index=True)


def _aligned(values: NDArray[np.float64], here: Sequence[str], names: Sequence[str]) -> NDArray[np.float64]:
    """Columns in the order of all names; 0 for a feature that a fold's model does not have."""
    return pd.DataFrame(values, columns=list(here)).reindex(columns=list(names), fill_value=0.0).to_numpy()


def loudest(table: pd.DataFrame, *, count: int = SHOWN) -> pd.DataFrame:
    """The features of each pipeline and label with the largest attribution, of those above 0.

    Examples
    --------
    >>> table = pd.DataFrame({"pipeline": "svm", "label": "ang", "feature": ["a", "b"], "attribution": [0.2, -0.1]})
    >>> loudest(table)["feature"].tolist()
    ['a']
    """
    ordered = table[table["attribution"] > 0].sort_values("attribution", ascending=False, kind="stable")
    chosen = ordered.groupby(["pipeline", "label"], sort=False).head(count)
    return table.loc[table.index.isin(chosen.index)]


def attributions_text(table: pd.DataFrame) -> str:
    """Write for a terminal which features move each pipeline towards each emotion."""
    return fitted(_sentences(table))


def _sentences(table: pd.DataFrame) -> list[str]:
    told = []
    for (name, label), rows in loudest(table).groupby(["pipeline", "label"], sort=False):
        parts = [f"{row['feature']} ({_level(row)}, {_span(row)})" for row in rows.to_dict("records")]
        told.append(f"{name} is moved towards {label} most by {listed(parts)}.")
    return told


def _level(row: dict[Any, Any]) -> str:
    return "higher than in training" if row["level"] > 0 else "lower than in training"


def _span(row: dict[Any, Any]) -> str:
    if np.isnan(row["attribution_low"]):
        return f"{row['attribution']:+.2f}"
    return f"{row['attribution']:+.2f} [{row['attribution_low']:+.2f}, {row['attribution_high']:+.2f}]"


def _table_of(ranking: Ranking) -> pd.DataFrame | None:
    return ranking.run.table("attributions")


def attributions_plot(ranking: Ranking) -> Plot | None:
    """The loudest features of each emotion; None where the study was not run."""
    table = _table_of(ranking)
    if table is None or table.empty:
        return None
    first = table[table["pipeline"] == table["pipeline"].iloc[0]]
    return attributions_figure(loudest(first), pipeline=str(first["pipeline"].iloc[0]))


def attributions_table(ranking: Ranking) -> Table:
    """The loudest features of each emotion by every pipeline, as a table; without rows where the study was not run."""
    table = _table_of(ranking)
    shown = loudest(table) if table is not None else pd.DataFrame()
    rows = tuple({**row, "interval": _span(row).partition(" ")[2].strip("[]")} for row in shown.to_dict("records"))
    columns = (
        Column("pipeline", "Pipeline"),
        Column("label", "Towards"),
        Column("feature", "Feature"),
        Column("attribution", "Log probability", "+.3f"),
        Column("interval", "95 % interval"),
        Column("level", "Level, deviations", "+.2f"),
    )
    caption = (
        "The features that move each pipeline most towards the emotion of a test clip: by how much the log probability "
        "is higher than with the feature at its training mean, over the classes' mean; level: the feature there, in "
        "deviations from its training mean. Intervals over speakers, of each row alone: rows were chosen as largest."
    )
    return Table("attributions", caption, columns, rows)


SECTIONS = (
    Section(
        "Which features speak for which emotion?",
        plots=(
            ReportPlot(
                "attributions",
                "What moves towards each emotion; the triangle points up where the feature is high there",
                attributions_plot,
            ),
        ),
        tables=(attributions_table,),
        sentences=lambda ranking: _sentences(table) if (table := _table_of(ranking)) is not None else (),
    ),
)
"""What the report of a run shows after `benchmarks.attributions`."""
