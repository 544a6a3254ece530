"""Ablation: every subset of the groups of features, run like any other pipelines, and what each group is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.evaluation.evaluate import run_of
from benchmarks.evaluation.execute import execute
from benchmarks.evaluation.job_result import DIGITS
from benchmarks.evaluation.overwrite import Overwrite
from benchmarks.evaluation.planning import make_plan
from benchmarks.evaluation.runs import write_table
from benchmarks.evaluation.store import ResultsStore
from benchmarks.reporting.lines import fill
from benchmarks.reporting.numbers import interval_text
from benchmarks.reporting.plots import ReportPlot
from benchmarks.reporting.plots.ablation import emotions_plot, pairs_plot, shapley_plot, subset_name, subsets_plot
from benchmarks.reporting.sections import Section
from benchmarks.reporting.summary import summarise_ablation
from benchmarks.reporting.tables import Column, Table
from benchmarks.scoring.confusion import recalls_of
from benchmarks.scoring.intervals import difference_interval, speaker_confusions, speaker_interval
from benchmarks.scoring.shapley import CONTRAST, TargetKind, block_weights, contrast_p, share, subsets, targets, weights
from benchmarks.scoring.significance import holm, paired_permutation_test
from features.errors import PipelineError, ResultsError
from features.groups import GROUPS, PRESETS

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus
    from benchmarks.folds.fold import Fold
    from benchmarks.reporting.ranking import Ranking
    from features.cache import FeatureCache

BLOCKS = {"prosodic": PRESETS["prosodic"], "voice": ("voice",), "spectral": PRESETS["spectral"]}
"""Blocks of groups, each a player of its own in a second game; voice quality is neither prosodic nor spectral."""


@dataclass(frozen=True)
class Ablation:
    """What an ablation found.

    Attributes
    ----------
    folder
        Where its tables and its report lie.
    subsets
        A row a model and subset of groups: `ablation.csv`.
    shapley
        A row a model, target and group: `shapley.csv`.
    """

    folder: Path
    subsets: pd.DataFrame
    shapley: pd.DataFrame


def spell(model: str, groups: Sequence[str]) -> str:
    """Name the pipeline of a model on some groups: `svm:speaker` on pitch and voice is `svm@pitch,voice:speaker`.

    Raises
    ------
    PipelineError
        If the model already names its features, or is a fusion.
    """
    if "@" in model or "+" in model:
        raise PipelineError(f"{model!r}: expected a model without features, such as svm or xgboost:speaker")
    name, colon, normalise = model.partition(":")
    return f"{name}@{','.join(groups)}{colon}{normalise}"


def ablate(
    corpus: Corpus,
    *,
    models: Sequence[str] = ("svm",),
    folds: str | Sequence[Fold] | None = None,
    seeds: Sequence[int] = (0,),
    jobs: int | None = None,
    out: str | Path,
    overwrite: str = Overwrite.MISSING,
    cache: FeatureCache | None = None,
    allow_duplicates: bool = False,
    progress: bool = False,
    command: str = "",
) -> Ablation:
    """Run models on every subset of the groups, and share their score among the groups.

    Features are extracted once. What is stored already is not computed again. Where `out` holds no run, the models on
    all features and on the two presets are run there first, so that the report has a run to stand in.

    Parameters
    ----------
    corpus, folds, seeds, jobs, overwrite, cache, allow_duplicates, progress, command
        As for `benchmarks.evaluate`.
    models : sequence of str, default=("svm",)
        Pipelines without features, such as `svm` or `xgboost:speaker`.
    out : path
        Folder of the run, for `ablation.csv` and `shapley.csv`; the jobs and predictions of the subsets go to
        `ablation/` in it.

    Raises
    ------
    SerError
        For what a user can cause; a ResultsError if `out` holds another run, or if a job failed.

    Examples
    --------
    >>> import benchmarks, benchmarks.corpora
    >>> corpus = benchmarks.corpora.load("synthetic")  # doctest: +SKIP
    >>> benchmarks.ablate(corpus, models=["svm"], out="results/synthetic").shapley  # minutes  # doctest: +SKIP
    """
    models, store = tuple(dict.fromkeys(models)), ResultsStore(Path(out))
    shared: dict[str, Any] = {"folds": folds, "seeds": seeds, "allow_duplicates": allow_duplicates, "cache": cache}
    how: dict[str, Any] = {"jobs": jobs, "cache": cache, "overwrite": overwrite, "progress": progress}
    names = [spell(model, groups) for model in models for groups in subsets(GROUPS)[1:]]
    plan = make_plan(corpus, pipelines=names, **shared)
    with store.lock():
        if not (store.folder / "run.json").is_file():
            presets = [
                name for model in models for name in (model, spell(model, ("prosodic",)), spell(model, ("spectral",)))
            ]
            whole = execute(make_plan(corpus, pipelines=presets, **shared), store, **how)
            run_of(whole, store.folder, command=command).save()
        outcome = execute(plan, store.within("ablation"), **how)
        outcome.check_complete()
        predictions = outcome.predictions()
        labels = list(corpus.labels)
        found = Ablation(
            folder=store.folder,
            subsets=pd.concat([subset_table(predictions, model, labels) for model in models], ignore_index=True),
            shapley=pd.concat([shapley_values(predictions, model, labels) for model in models], ignore_index=True),
        )
        write_table(store.folder / "ablation" / "predictions.csv", predictions, f"%.{DIGITS}f")
        write_table(store.folder / "ablation.csv", found.subsets)
        write_table(store.folder / "shapley.csv", found.shapley)
    return found


def subset_table(
    predictions: pd.DataFrame, model: str, labels: Sequence[str], *, random_state: int = 0
) -> pd.DataFrame:
    """Score every subset of the groups, and compare those with a role to all groups together.

    Returns
    -------
    pandas.DataFrame
        `model, groups, role` ('alone', 'left out', a preset's name, or empty), `uar, uar_low, uar_high`; for the rows
        with a role `difference` to all groups with `difference_low, difference_high`, the paired test's `p` and
        `p_holm` over these rows; `recall_<label>...`.
    """
    by_name = dict(iter(predictions.groupby("pipeline", sort=False)))
    speakers = tuple(sorted(predictions["speaker"].unique()))
    rows, tested = [], []
    whole = _confusions(by_name, model, GROUPS, labels, speakers)
    for groups in subsets(GROUPS)[1:]:
        own = _confusions(by_name, model, groups, labels, speakers)
        interval, role = speaker_interval(own), role_of(groups)
        row: dict[str, Any] = {"model": model, "groups": ",".join(groups), "role": role, **interval.columns("uar")}
        if role not in ("", "all"):
            difference = difference_interval(own, whole)
            p = paired_permutation_test(own, whole, random_state=random_state)[0]
            row |= {**difference.columns("difference"), "p": p}
            tested.append(row)
        row |= {f"recall_{label}": value for label, value in zip(labels, recalls_of(own.sum(axis=0)))}
        rows.append(row)
    for row, corrected in zip(tested, holm([row["p"] for row in tested])):
        row["p_holm"] = float(corrected)
    order = ["model", "groups", "role", "uar", "uar_low", "uar_high", "difference", "difference_low", "difference_high"]
    return pd.DataFrame(rows, columns=[*order, "p", "p_holm", *(f"recall_{label}" for label in labels)])


def shapley_values(predictions: pd.DataFrame, model: str, labels: Sequence[str]) -> pd.DataFrame:
    """Share the UAR, every recall and every decision between two emotions among the groups.

    Returns
    -------
    pandas.DataFrame
        `model, target, label, other, players, group, value, low, high, p, n_speakers`; `target` is 'uar', 'recall' (of
        `label`) or 'pair' (the decision between `label` and `other`).
        With 'groups' as `players` the six groups share what all of them add to guessing; with 'blocks' prosodic, voice
        and spectral features do, as wholes, and 'spectral - prosodic' is the paired difference, the only rows that have
        a `p`. The row 'all' is the sum of either.
    """
    columns = [f"p_{label}" for label in labels]
    rows = _aligned(predictions, model, columns)
    stacked = np.stack([row[columns].to_numpy(dtype=float) for row in rows])
    clips = rows[0]
    groups, blocks = dict(zip(GROUPS, weights(GROUPS))), block_weights(GROUPS, BLOCKS)
    blocks |= {CONTRAST: blocks["spectral"] - blocks["prosodic"]}
    groups |= {"all": weights(GROUPS).sum(axis=0)}
    found = []
    for target in targets(clips["truth"].tolist(), clips["speaker"].tolist(), stacked, labels):
        for players, combinations in (("groups", groups), ("blocks", blocks)):
            for group, combination in combinations.items():
                result = share(target, combination)
                row: dict[str, Any] = {"model": model, "target": target.kind, "label": target.label}
                row |= {"other": target.other, "players": players, "group": group}
                row |= {"value": result.value, "low": result.low, "high": result.high}
                row |= {"p": contrast_p(target, combination) if group == CONTRAST else float("nan")}
                found.append({**row, "n_speakers": len(target.totals)})
    return pd.DataFrame(found)


def role_of(groups: Sequence[str]) -> str:
    """Say what a subset is in the ablation: 'alone', 'left out', a preset's name, or nothing."""
    for name, preset in PRESETS.items():
        if tuple(groups) == preset:
            return name
    if len(groups) == 1:
        return "alone"
    return "left out" if len(groups) == len(GROUPS) - 1 else ""


def _confusions(
    by_name: Mapping[str, pd.DataFrame],
    model: str,
    groups: Sequence[str],
    labels: Sequence[str],
    speakers: Sequence[str],
) -> np.ndarray:
    return speaker_confusions(by_name[spell(model, groups)], labels, speakers=speakers)[1]


def _aligned(predictions: pd.DataFrame, model: str, columns: Sequence[str]) -> list[pd.DataFrame]:
    """Rows of every subset, the same clips in the same order."""
    keys, by_name = ["seed", "speaker", "utterance"], dict(iter(predictions.groupby("pipeline", sort=False)))
    rows = [by_name[spell(model, groups)].sort_values(keys) for groups in subsets(GROUPS)[1:]]
    first = rows[0][keys].to_numpy()
    if any(len(row) != len(first) or (row[keys].to_numpy() != first).any() for row in rows):
        raise ResultsError(f"the subsets of {model} were not tested on the same clips; run the ablation again")
    return [row[[*keys, "truth", *columns]] for row in rows]


def ablation_text(found: Ablation) -> str:
    """Write the Shapley values of the UAR as a table for a terminal, and what they say in words."""
    rows = found.shapley[found.shapley["target"] == TargetKind.UAR]
    lines = [f"{'model':<18}{'players':<9}{'':<22}{'adds to UAR':>12}   95 % interval"]
    lines += [
        f"{row.model:<18}{row.players:<9}{row.group:<22}{row.value:>+12.3f}   {row.low:+.3f} to {row.high:+.3f}"
        for row in rows.itertuples()
    ]
    sentences = [
        sentence for model in rows["model"].unique() for sentence in summarise_ablation(found.shapley, str(model))
    ]
    return "\n".join([*lines, "", *map(fill, sentences), f"tables and report: {found.folder}"])


def _sentences(ranking: Ranking) -> tuple[str, ...]:
    table = ranking.run.shapley
    models = [] if table is None else table["model"].unique()
    return tuple(sentence for model in models for sentence in summarise_ablation(table, str(model)))


def _shapley_rows(ranking: Ranking) -> Table:
    table = ranking.run.shapley
    rows = [] if table is None else table[table["target"] == TargetKind.UAR].to_dict("records")
    columns = (
        Column("model", "Model"),
        Column("players", "Players"),
        Column("group", "Player"),
        Column("value", "Adds to UAR", "+.3f"),
        Column("interval", "95 % interval"),
        Column("p", "p", ".2g"),
    )
    caption = (
        "Shapley values for UAR of the six groups, from all 64 subsets, and of whole blocks; intervals over speakers, "
        "each by itself. p: the paired test of the one difference of blocks, not corrected."
    )
    return Table("shapley", caption, columns, tuple({**r, "interval": _signed_interval(r)} for r in rows))


def _subset_rows(ranking: Ranking) -> Table:
    table = ranking.run.ablation
    rows = [] if table is None else table.dropna(subset=["role"]).to_dict("records")
    columns = (
        Column("model", "Model"),
        Column("subset", "Groups"),
        Column("uar", "UAR", ".3f"),
        Column("interval", "95 % interval"),
        Column("difference", "Against all", "+.3f"),
        Column("p_holm", "p, Holm", ".2g"),
    )
    count = sum(row["role"] != "all" for row in rows)
    caption = (
        "Every group alone and left out, and the presets, against all groups by the paired test that swaps speakers; "
        f"p is Holm-corrected over each model's {count // max(len({row['model'] for row in rows}), 1)} rows, intervals "
        "are of each row alone."
    )
    written = [
        {**r, "subset": subset_name(r["role"], r["groups"]), "interval": interval_text(r["uar_low"], r["uar_high"])}
        for r in rows
    ]
    return Table("ablation", caption, columns, tuple(written))


def _signed_interval(row: Mapping[Any, Any]) -> str | None:
    return interval_text(row["low"], row["high"], sign="+")


SECTIONS = (
    Section(
        "Which features carry it?",
        plots=(
            ReportPlot("shapley", "What every group adds", shapley_plot),
            ReportPlot("subsets", "Groups alone and left out", subsets_plot),
            ReportPlot("emotions", "What every group adds to the recall of every emotion", emotions_plot),
            ReportPlot(
                "pairs_of_emotions",
                "Which block tells two emotions apart; in colour what the test shows after correction for all pairs, "
                "intervals of each pair alone",
                pairs_plot,
            ),
        ),
        tables=(_shapley_rows, _subset_rows),
        sentences=_sentences,
    ),
)
"""What the report of a run shows of an ablation in its folder."""
