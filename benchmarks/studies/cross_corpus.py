"""Across corpora: train on one, test on every other, with and without adaptation; and leave one corpus out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import pandas as pd

from benchmarks.corpora.merged import merge
from benchmarks.evaluation.run_options import RunKeywords, RunOptions
from benchmarks.evaluation.runs import write_table
from benchmarks.folds.fold import Fold
from benchmarks.folds.splitters import make_folds, validation_speakers
from benchmarks.pipelines import deep_models
from benchmarks.pipelines.names import parse, with_normalisation
from benchmarks.pipelines.registry import known_models
from benchmarks.reporting.numbers import with_intervals
from benchmarks.reporting.plots.crossing import crossing_plot
from benchmarks.reporting.sections import Findings, FolderSection, NamedPlot
from benchmarks.reporting.tables import Column, Table
from benchmarks.scoring.intervals import difference_interval, speaker_confusions, speaker_interval
from benchmarks.studies.fine_tuning import can_go_on, learnt_on
from classical.adaptation import COLUMN
from features.errors import PipelineError

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus
    from benchmarks.evaluation.plan import Plan
    from benchmarks.evaluation.store import ResultsStore

NONE, FINE_TUNED = "none", "fine-tuned"
ADAPTATIONS = (NONE, "corpus", "speaker", "coral", "subspace", FINE_TUNED)
"""What is known of the corpus that is tested: nothing; its unlabelled clips, and how they are used (classical pipelines
and frozen encoders); or the labels of other speakers of it, on which a deep pipeline goes on training."""

THE_OTHERS = "all others"
"""What a row of leave one corpus out was trained on."""


def cross_corpus(
    corpora: Mapping[str, Corpus],
    *,
    pipelines: Sequence[str] = ("svm",),
    adaptations: Sequence[str] = ADAPTATIONS,
    **run: Unpack[RunKeywords],
) -> pd.DataFrame:
    """Score pipelines on corpora that they were not trained on, beside the corpus's own folds on the same labels.

    Parameters
    ----------
    corpora : mapping of str to Corpus
        Two or more, by name. The labels are those that all have, see `benchmarks.corpora.correspondence`.
    pipelines : sequence of str
        As `benchmarks.evaluate` takes them, without `:normalise`.
    adaptations : sequence of str
        Some of `ADAPTATIONS`, or `enrol-K`. Deep pipelines know `none` and `fine-tuned` alone: trained on one corpus,
        then on the training folds of the other, with their labels.
    seeds, jobs, overwrite, options, cache, allow_duplicates, progress, command
        As for `benchmarks.evaluate`.
    out : path
        Folder; the figures go to `cross.csv`, what each adaptation gains to `gains.csv`, the jobs to `jobs/` in it.

    Returns
    -------
    DataFrame
        `train, test, pipeline, adaptation, uar, uar_low, uar_high, n, speakers, labels`, intervals over test speakers.
        Where `train` is `test`, the corpus's own folds; with three corpora or more, `train` is also `all others`.

    Raises
    ------
    SerError
        For what a user can cause; a ResultsError if a job failed.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> both = {"one": corpora.load("synthetic"), "two": corpora.load("synthetic", seed=1)}
    >>> cross_corpus(  # doctest: +SKIP
    ...     both, pipelines=["majority"], adaptations=["none"], jobs=1, out="results/cross"
    ... )
    """
    merged, how = merge(corpora), RunOptions(**run)
    names = _names(pipelines, adaptations)
    own = [fold for name in corpora for fold in _own_folds(merged.utterances, name, corpora[name].default_scheme)]
    plan = how.plan(merged, pipelines=[full for full, _, _ in names], folds=own)
    crossing = list(_crossing(merged.utterances, corpora))
    for group in crossing:
        how.check(group, merged)
    folds = [*own, *(fold for group in crossing for fold in group)]
    with how.store() as store:
        tuned = list(_fine_tuned(plan, corpora, store, how)) if FINE_TUNED in adaptations else []
        outcome = how.carry_out(plan, [(seed, fold) for seed in plan.seeds for fold in folds], store)
        built = [pipeline.name for pipeline in plan.pipelines]
        rows = outcome.predictions().merge(
            pd.DataFrame([(name, base, kind) for name, (_, base, kind) in zip(built, names)], columns=_WHAT),
            left_on="pipeline",
            right_on="full",
        )
        rows = pd.concat([_by_place(rows), *tuned], ignore_index=True)
        table = cross_table(rows, merged.labels)
        write_table(store.folder / "cross.csv", table)
        write_table(store.folder / "gains.csv", cross_gains(rows, merged.labels))
    return table


_WHAT = ["full", "base", "adaptation"]


def _names(pipelines: Sequence[str], adaptations: Sequence[str]) -> list[tuple[str, str, str]]:
    """Full name, name without adaptation, and adaptation of every row."""
    models, result = known_models(), []
    for name in pipelines:
        parts = parse(name, models)
        if any(part.normalise != "global" for part in parts):
            raise PipelineError(f"pipeline {name!r}: give it without :normalise, and choose it with --adaptations")
        deep = any(part.model in deep_models.names() for part in parts)
        for kind in dict.fromkeys(NONE if deep and kind == FINE_TUNED else kind for kind in adaptations):
            if kind == NONE or not (deep or kind == FINE_TUNED):
                full = name if kind == NONE else with_normalisation(name, kind, models)
                result.append((full, name, kind))
    if not result:
        raise PipelineError(
            f"--adaptations {' '.join(adaptations)}: {FINE_TUNED} is for deep pipelines, the others for those on "
            f"features; none fits {', '.join(pipelines)}; add none"
        )
    return result


def _fine_tuned(
    plan: Plan, corpora: Mapping[str, Corpus], store: ResultsStore, how: RunOptions
) -> Iterator[pd.DataFrame]:
    """Predictions of deep pipelines that trained on one corpus first, then on the training folds of another."""
    table = plan.corpus.utterances
    deep = [pipeline for pipeline in plan.available if can_go_on(pipeline)]
    for name, corpus in corpora.items():
        whole = _fold(f"all of {name}", table, {name: corpus}, np.array([], dtype=int))
        others = [fold for fold in plan.folds if not fold.name.startswith(f"{name}: ")]
        for learnt in learnt_on(whole, plan, deep, store.folder / "fine_tuned"):
            own = replace(plan, pipelines=(learnt.pipeline,), seeds=(learnt.seed,))
            rows = how.carry_out(own, [(learnt.seed, fold) for fold in others], store).predictions()
            yield _by_place(rows).assign(train=name, base=learnt.pipeline.name, adaptation=FINE_TUNED)


def _own_folds(table: pd.DataFrame, name: str, scheme: str) -> Iterator[Fold]:
    """The folds of one corpus, as positions in the table of all."""
    rows = np.flatnonzero(table[COLUMN] == name)
    for fold in make_folds(table.iloc[rows], scheme):
        aside = None if fold.aside is None else rows[fold.aside]
        yield Fold(f"{name}: {fold.name}", rows[fold.train], rows[fold.valid], rows[fold.test], aside=aside)


def _crossing(table: pd.DataFrame, corpora: Mapping[str, Corpus]) -> Iterator[list[Fold]]:
    """Folds that train on one corpus and test all others, then those that leave one out; none of a group overlap."""
    for name, corpus in corpora.items():
        rows = np.flatnonzero(table[COLUMN] == name)
        yield [_fold(f"{name} to others", table, {name: corpus}, np.setdiff1d(np.arange(len(table)), rows))]
    if len(corpora) > 2:
        yield [
            _fold(
                f"others to {name}",
                table,
                {other: corpus for other, corpus in corpora.items() if other != name},
                np.flatnonzero(table[COLUMN] == name),
            )
            for name in corpora
        ]


def _fold(name: str, table: pd.DataFrame, training: Mapping[str, Corpus], test: np.ndarray) -> Fold:
    speakers = table.index.get_level_values("speaker")
    validating = [
        speaker
        for own, corpus in training.items()
        for speaker in validation_speakers(table[table[COLUMN] == own], corpus.default_scheme)
    ]
    used, valid = table[COLUMN].isin(list(training)).to_numpy(), np.isin(speakers, validating)
    return Fold(name, np.flatnonzero(used & ~valid), np.flatnonzero(used & valid), test)


def cross_table(predictions: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Score predictions by the corpus that trained, the one that tests, pipeline and adaptation.

    Parameters
    ----------
    predictions : DataFrame
        With `base`, `adaptation`, `train` and `test` beside what `Outcome.predictions` gives.
    labels : sequence of str

    Returns
    -------
    DataFrame
        As of `cross_corpus`.
    """
    rows = []
    keys = ["base", "adaptation", "train", "test"]
    for (base, kind, source, target), group in predictions.groupby(keys, sort=False):
        interval = speaker_interval(speaker_confusions(group, labels)[1])
        rows.append(
            {
                "train": source,
                "test": target,
                "pipeline": base,
                "adaptation": kind,
                **interval.columns("uar"),
                "n": group["utterance"].nunique(),
                "speakers": interval.n_speakers,
                "labels": " ".join(labels),
            }
        )
    return pd.DataFrame(rows)


def _by_place(predictions: pd.DataFrame) -> pd.DataFrame:
    """Predictions with the corpus that trained, and the one that tests, after which folds and speakers are named."""
    test = predictions["speaker"].str.partition("/")[0]
    return predictions.assign(train=predictions["fold"].map(_trained_on), test=test)


def _trained_on(fold: str) -> str:
    """What a fold's name says that it is trained on."""
    if fold.startswith("others to "):
        return THE_OTHERS
    name, mark, _ = fold.partition(": ")
    return name if mark else fold.removesuffix(" to others")


def cross_text(table: pd.DataFrame) -> str:
    """Write the matrix of every pipeline and adaptation for a terminal: percent, and how far the interval reaches."""
    tests = list(dict.fromkeys(table["test"]))
    lines = [
        f"labels {table['labels'].iloc[0]}; UAR % with its 95 % interval over test speakers;",
        "a row is trained on, a column tested",
    ]
    for (pipeline, kind), group in table.groupby(["pipeline", "adaptation"], sort=False):
        lines += ["", f"{pipeline}, adaptation {kind}"]
        for first in range(0, len(tests), _ACROSS):
            lines += _block(group, tests[first : first + _ACROSS])
    return "\n".join(lines)


_FIRST, _WIDTH, _ACROSS = 12, 17, 4


def _block(group: pd.DataFrame, tests: Sequence[str]) -> Iterator[str]:
    yield " " * _FIRST + "".join(f"{name[: _WIDTH - 1]:>{_WIDTH}}" for name in tests)
    for source, cells in group.groupby("train", sort=False):
        shown = {row.test: _cell(row.uar, row.uar_low, row.uar_high) for row in cells.itertuples()}
        start = f"{str(source)[: _FIRST - 1]:<{_FIRST}}"
        yield start + "".join(f"{shown.get(name, '-'):>{_WIDTH}}" for name in tests)


def _cell(uar: float, low: float, high: float) -> str:
    return f"{100 * uar:.1f} [{100 * low:.0f}, {100 * high:.0f}]"


def cross_gains(predictions: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """What each adaptation gains on every pair of corpora, against none, paired.

    Parameters
    ----------
    predictions, labels
        As for `cross_table`.

    Returns
    -------
    DataFrame
        `train, test, pipeline, adaptation, gain, gain_low, gain_high`, intervals over test speakers; empty without
        rows of no adaptation.
    """
    columns = ["train", "test", "pipeline", "adaptation", "gain", "gain_low", "gain_high"]
    rows = []
    for (base, source, target), group in predictions.groupby(["base", "train", "test"], sort=False):
        counts = {kind: speaker_confusions(some, labels)[1] for kind, some in group.groupby("adaptation", sort=False)}
        for kind in counts:
            if kind != NONE and NONE in counts:
                gain = difference_interval(counts[kind], counts[NONE]).columns("gain")
                rows.append({"train": source, "test": target, "pipeline": base, "adaptation": kind, **gain})
    return pd.DataFrame(rows, columns=columns)


def cross_sentences(table: pd.DataFrame) -> list[str]:
    """What each pipeline scores on a corpus by the corpus's own folds, and trained on others, without adaptation.

    Examples
    --------
    >>> rows = [("a", "a", 0.8, 0.7, 0.9), ("b", "a", 0.5, 0.4, 0.6)]
    >>> table = pd.DataFrame(rows, columns=["train", "test", "uar", "uar_low", "uar_high"])
    >>> cross_sentences(table.assign(pipeline="svm", adaptation="none"))
    ['svm on a: UAR 80.0 % [70, 90] by its own folds; 50.0 [40, 60] trained on b.']
    """
    told = []
    for (pipeline, target), rows in table[table["adaptation"] == NONE].groupby(["pipeline", "test"], sort=False):
        scores = {row.train: (row.uar, row.uar_low, row.uar_high) for row in rows.itertuples()}
        own = scores.pop(target, None)
        first = "" if own is None else f" {_cell(*own).replace(' [', ' % [')} by its own folds;"
        others = ", ".join(f"{_cell(*score)} trained on {source}" for source, score in scores.items())
        told.append(f"{pipeline} on {target}: UAR{first} {others}.")
    return told


def gains_sentences(gains: pd.DataFrame) -> list[str]:
    """How often each adaptation of a pipeline is shown to help, and to harm, on corpora that did not train.

    Examples
    --------
    >>> row = {"train": "a", "test": "b", "pipeline": "svm", "adaptation": "coral", "gain": 0.1, "gain_low": 0.02}
    >>> print(gains_sentences(pd.DataFrame([row | {"gain_high": 0.2}]))[0])
    svm, coral: ahead of no adaptation in 1 of 1 corpora tested, behind in 0 (95 % intervals, of each by itself).
    """
    told = []
    across = gains[(gains["train"] != gains["test"])]
    for (pipeline, kind), rows in across.groupby(["pipeline", "adaptation"], sort=False):
        ahead, behind = int((rows["gain_low"] > 0).sum()), int((rows["gain_high"] < 0).sum())
        told.append(
            f"{pipeline}, {kind}: ahead of no adaptation in {ahead} of {len(rows)} corpora tested, behind in {behind} "
            "(95 % intervals, of each by itself)."
        )
    return told


def _findings(tables: Mapping[str, pd.DataFrame], _record: Mapping[str, Any]) -> Findings:
    table, gains = tables["cross"], tables["gains"]
    plots = tuple(
        NamedPlot(f"cross-{number}", f"{pipeline}: trained on one corpus, tested on another", crossing_plot(rows))
        for number, (pipeline, rows) in enumerate(table.groupby("pipeline", sort=False), start=1)
    )
    place = (Column("pipeline", "Pipeline"), Column("adaptation", "Adaptation"), Column("train", "Trained on"))
    columns = (
        *place,
        Column("test", "Tested on"),
        Column("uar", "UAR", ".3f"),
        Column("uar_interval", "95 % interval"),
        Column("n", "Clips", ".0f"),
        Column("speakers", "Speakers", ".0f"),
    )
    gained = (
        *place,
        Column("test", "Tested on"),
        Column("gain", "Gain", "+.3f"),
        Column("gain_interval", "95 % interval"),
    )
    shown = (
        Table(
            "cross",
            f"UAR on {table['labels'].iloc[0]}, trained on one corpus and tested on another; intervals over speakers.",
            columns,
            with_intervals(table.to_dict("records"), "uar"),
        ),
        Table(
            "gains",
            "What each adaptation gains against none, paired; intervals over speakers.",
            gained,
            with_intervals(gains.to_dict("records"), "gain", signed_names=("gain",)),
        ),
    )
    sentences = (*cross_sentences(table), *gains_sentences(gains))
    return Findings(sentences, plots, tuple(each for each in shown if each.rows))


SECTIONS = (FolderSection("Trained on one corpus, tested on another", ("cross", "gains"), _findings),)
"""What a report shows of a folder in which `python -m benchmarks.cross` was run."""
