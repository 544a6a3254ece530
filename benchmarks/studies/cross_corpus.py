"""Across corpora: train on one, test on every other, with and without adaptation; and leave one corpus out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

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
from benchmarks.reporting.plots.crossing import crossing_plot
from benchmarks.scoring.intervals import speaker_confusions, speaker_interval
from classical.adaptation import COLUMN
from features.errors import PipelineError

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus

NONE = "none"
ADAPTATIONS = (NONE, "corpus", "speaker", "coral", "subspace")
"""What is known of the corpus that is tested: nothing, or its unlabelled clips, and how they are used."""

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
        Some of `ADAPTATIONS`, or `enrol-K`; deep pipelines know `none` alone.
    seeds, jobs, overwrite, options, cache, allow_duplicates, progress, command
        As for `benchmarks.evaluate`.
    out : path
        Folder; the figures go to `cross.csv`, the jobs to `jobs/` in it.

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
        outcome = how.carry_out(plan, [(seed, fold) for seed in plan.seeds for fold in folds], store)
        built = [pipeline.name for pipeline in plan.pipelines]
        rows = outcome.predictions().merge(
            pd.DataFrame([(name, base, kind) for name, (_, base, kind) in zip(built, names)], columns=_WHAT),
            left_on="pipeline",
            right_on="full",
        )
        table = cross_table(rows, merged.labels)
        write_table(store.folder / "cross.csv", table)
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
        for kind in adaptations:
            if kind == NONE or not deep:
                full = name if kind == NONE else with_normalisation(name, kind, models)
                result.append((full, name, kind))
    return result


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
        With `base`, `adaptation`, and folds and speakers that are named after the corpora.
    labels : sequence of str

    Returns
    -------
    DataFrame
        As of `cross_corpus`.
    """
    test = predictions["speaker"].str.partition("/")[0]
    train = predictions["fold"].map(_trained_on)
    rows = []
    keys = ["base", "adaptation", "train", "test"]
    for (base, kind, source, target), group in predictions.assign(train=train, test=test).groupby(keys, sort=False):
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


def draw_all(table: pd.DataFrame, folder: Path) -> list[Path]:
    """Draw the heat maps of all pipelines, `cross-1.svg` and so on in their order, and return where they lie.

    Parameters
    ----------
    table : DataFrame
        As of `cross_corpus`.
    folder : Path
        Made where it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, (pipeline, rows) in enumerate(table.groupby("pipeline", sort=False), start=1):
        paths.append(folder / f"cross-{number}.svg")
        crossing_plot(rows).with_title(f"{pipeline}: trained on one corpus, tested on another").save(paths[-1])
    return paths
