"""Robustness: pipelines that trained on clips as they are, tested under noise, in rooms, over telephones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.conditions.condition import CLEAN, Condition
from benchmarks.conditions.registry import conditions
from benchmarks.evaluation.execute import execute
from benchmarks.evaluation.overwrite import Overwrite
from benchmarks.evaluation.planning import make_plan
from benchmarks.evaluation.runs import write_table
from benchmarks.evaluation.store import ResultsStore
from benchmarks.pipelines.flags import family_of
from benchmarks.pipelines.names import flags_by_name
from benchmarks.reporting.plots.robustness import robustness_plot
from benchmarks.scoring.confusion import uar_of
from benchmarks.scoring.intervals import Interval, jackknife_interval, speaker_confusions, speaker_interval
from benchmarks.studies.under_conditions import AUGMENTED, PLAIN, remove_sounds, tested, under_conditions

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus
    from benchmarks.folds.fold import Fold
    from benchmarks.pipelines.options import PipelineOptions
    from features.cache import FeatureCache

_CHEAPER = 1.2
"""How many times a pipeline's time another has to take before it counts as slower: times of one run vary by less."""


def robustness(
    corpus: Corpus,
    *,
    pipelines: Sequence[Any] = ("svm",),
    kinds: Sequence[str] = (),
    augment: bool = False,
    folds: str | Sequence[Fold] | None = None,
    seeds: Sequence[int] = (0,),
    jobs: int | None = None,
    out: str | Path,
    overwrite: str = Overwrite.MISSING,
    options: PipelineOptions | None = None,
    cache: FeatureCache | None = None,
    allow_duplicates: bool = False,
    progress: bool = False,
) -> pd.DataFrame:
    """Test every pipeline on clips under conditions that it was not trained for.

    A pipeline is trained once a fold, on clips as they are, and answers the test clips as they are and under each
    condition. What is standardised by a speaker's own clips is so within each condition. Disturbances of a clip are
    drawn from its id, the condition and the first seed; babble is made of other speakers.

    Parameters
    ----------
    corpus, pipelines, folds, seeds, jobs, overwrite, options, cache, allow_duplicates, progress
        As for `benchmarks.evaluate`.
    kinds : sequence of str
        Some of `benchmarks.conditions.registry.KINDS`; all that can be had here unless given.
    augment : bool, default=False
        Train every pipeline a second time, with a copy of each training clip under a drawn condition beside it.
    out : path
        Folder; the figures go to `robustness.csv`, the jobs to `jobs/` in it.

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
    table = scores_under(
        corpus,
        conditions(kinds),
        pipelines=pipelines,
        augment=augment,
        folds=folds,
        seeds=seeds,
        jobs=jobs,
        out=out,
        overwrite=overwrite,
        options=options,
        cache=cache,
        allow_duplicates=allow_duplicates,
        progress=progress,
    )
    write_table(Path(out) / "robustness.csv", table)
    return table


def scores_under(
    corpus: Corpus,
    tried: Sequence[Condition],
    *,
    pipelines: Sequence[Any],
    augment: bool = False,
    folds: str | Sequence[Fold] | None = None,
    seeds: Sequence[int] = (0,),
    jobs: int | None = None,
    out: str | Path,
    overwrite: str = Overwrite.MISSING,
    options: PipelineOptions | None = None,
    cache: FeatureCache | None = None,
    allow_duplicates: bool = False,
    progress: bool = False,
) -> pd.DataFrame:
    """Train every pipeline on clips as they are, and score it on the test clips as they are and under conditions.

    Parameters
    ----------
    corpus, pipelines, augment, folds, seeds, jobs, out, overwrite, options, cache, allow_duplicates, progress
        As for `robustness`.
    tried : sequence of Condition

    Returns
    -------
    DataFrame
        As of `robustness`; nothing is written but the jobs.

    Raises
    ------
    SerError
        As for `robustness`.
    """
    plan = make_plan(
        corpus,
        pipelines=pipelines,
        folds=folds,
        seeds=seeds,
        options=options,
        allow_duplicates=allow_duplicates,
        cache=cache,
    )
    store = ResultsStore(Path(out))
    with store.lock():
        sounds = store.folder / "sounds"
        heard = under_conditions(
            corpus, tried, sounds, augment=augment, seed=plan.seeds[0], jobs=jobs, progress=progress
        )
        trainings = (PLAIN, AUGMENTED) if augment else (PLAIN,)
        crossed = [(seed, tested(fold, heard, training)) for seed, fold in plan.trials for training in trainings]
        try:
            outcome = execute(
                replace(plan, corpus=heard, trials=tuple(crossed)),
                store,
                jobs=jobs,
                cache=cache,
                overwrite=overwrite,
                progress=progress,
            )
        finally:
            remove_sounds(sounds)
        outcome.check_complete()
        times = _times(outcome.results)
        return robustness_table(outcome.predictions(), corpus.labels, tried, times)


def _times(results: Iterable[tuple[Fold, Any]]) -> dict[str, float]:
    """Milliseconds a clip of each pipeline, extraction and prediction."""
    spent: dict[str, list[tuple[float, int]]] = {}
    for _, result in results:
        seconds = (result.extract_seconds or 0.0) + (result.predict_seconds or 0.0)
        spent.setdefault(result.pipeline, []).append((seconds, result.n_test))
    return {
        name: 1000 * sum(seconds for seconds, _ in parts) / max(sum(count for _, count in parts), 1)
        for name, parts in spent.items()
    }


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
    parts = predictions["speaker"].str.rpartition("@")
    named = predictions.assign(
        speaker=parts[0], condition=parts[2], training=predictions["fold"].str.rpartition(", ")[2]
    )
    speakers, rows = sorted(named["speaker"].unique()), []
    for (pipeline, training), group in named.groupby(["pipeline", "training"], sort=False):
        counts = {
            condition: speaker_confusions(some, labels, speakers=speakers)[1]
            for condition, some in group.groupby("condition", sort=False)
        }
        about = {"pipeline": pipeline, "training": training, "ms_per_clip": times.get(str(pipeline), np.nan)}
        rows += [{**about, **row} for row in _scored(counts, tried)]
    order = ["pipeline", "training", "kind", "condition", "level", "uar", "uar_low", "uar_high"]
    return pd.DataFrame(rows)[[*order, "drop", "drop_low", "drop_high", "ms_per_clip"]]


def _scored(counts: Mapping[str, np.ndarray], tried: Sequence[Condition]) -> Iterator[dict[str, Any]]:
    clean = counts[str(CLEAN)]
    for condition in (CLEAN, *tried):
        yield {
            "kind": condition.kind,
            "condition": str(condition),
            "level": condition.level,
            **speaker_interval(counts[str(condition)]).columns("uar"),
            **_kinds_interval([[counts[str(condition)]]], clean=clean).columns("drop"),
        }
    by_kind = [[counts[str(one)] for one in tried if one.kind == kind] for kind in dict.fromkeys(c.kind for c in tried)]
    yield {
        "kind": "all",
        "condition": "mean of all kinds",
        "level": np.nan,
        **_kinds_interval(by_kind).columns("uar"),
        **_kinds_interval(by_kind, clean=clean).columns("drop"),
    }


def _kinds_interval(by_kind: Sequence[Sequence[np.ndarray]], *, clean: np.ndarray | None = None) -> Interval:
    """Mean UAR over kinds of the mean over their levels, or how far it lies below the clean one; over speakers."""

    def score(leave_out: int | None) -> float:
        def of(matrices: np.ndarray) -> float:
            rest = matrices.sum(axis=0) - (0 if leave_out is None else matrices[leave_out])
            return float(uar_of(rest))

        mean = float(np.mean([np.mean([of(matrices) for matrices in levels]) for levels in by_kind]))
        return mean if clean is None else of(clean) - mean

    first = by_kind[0][0]
    return jackknife_interval(
        score(None),
        [score(i) for i in range(len(first))],
        n_utterances=float(first.sum()),
        n_labels=first.shape[-1],
        bounds=(0.0, 1.0) if clean is None else (-1.0, 1.0),
    )


def overtaking(table: pd.DataFrame) -> list[str]:
    """Where a pipeline that takes less time a clip, and is behind on clean clips, is ahead: one sentence a kind.

    Only pipelines of one family are set against each other: what hears other clips of the speaker answers another
    question.

    Parameters
    ----------
    table : DataFrame
        As of `robustness`.

    Returns
    -------
    list of str
    """
    plain = table[(table["training"] == PLAIN) & (table["kind"] != "all")]
    values = plain.pivot_table(index="condition", columns="pipeline", values="uar", sort=False)
    cost = plain.groupby("pipeline", sort=False)["ms_per_clip"].first()
    kinds = plain.drop_duplicates("condition").set_index("condition")["kind"]
    found = []
    family = {name: family_of(flags_by_name(name)) for name in values}
    for cheap in values:
        for dear in values:
            slower = _CHEAPER * cost[cheap] < cost[dear]
            better = values.loc[str(CLEAN), cheap] < values.loc[str(CLEAN), dear]
            if not (slower and better and family[cheap] is family[dear]):
                continue
            for kind in dict.fromkeys(kinds):
                ahead = [
                    name for name in kinds.index[kinds == kind] if values.loc[name, cheap] > values.loc[name, dear]
                ]
                if ahead:
                    found.append(f"{cheap} is ahead of the slower {dear} from {ahead[0]} on, by the estimates")
    return found


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
    return "\n".join([*lines, "", *overtaking(table)]).rstrip()


def draw_curves(table: pd.DataFrame, folder: Path, *, chance: float) -> Path:
    """Draw the curves of what trained on clips as they are, and return where the picture lies.

    Parameters
    ----------
    table : DataFrame
        As of `robustness`.
    folder : Path
        Made where it is missing.
    chance : float
        UAR of guessing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "robustness.svg"
    robustness_plot(table[table["training"] == PLAIN], chance=chance).save(path)
    return path
