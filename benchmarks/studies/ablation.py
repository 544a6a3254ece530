"""Ablation: every subset of the groups of features, run like any other pipelines, and what each group is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.scoring.metrics import recalls_of
from benchmarks.scoring.shapley import share, side_weights, subsets, targets, weights
from benchmarks.scoring.significance import (
    difference_interval,
    holm,
    paired_permutation_test,
    speaker_confusions,
    speaker_interval,
)
from features.errors import PipelineError, ResultsError
from features.groups import GROUPS, PRESETS

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus
    from benchmarks.folds.fold import Fold
    from features.cache import FeatureCache

SIDES = {"prosodic": PRESETS["prosodic"], "voice": ("voice",), "spectral": PRESETS["spectral"]}
"""The sides of the question, each a player of its own in a second game; voice quality belongs to neither of the two."""

CONTRAST = "spectral - prosodic"


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
    out: Path,
    overwrite: str = "missing",
    cache: FeatureCache | None = None,
    allow_duplicates: bool = False,
    progress: bool = False,
    command: str = "",
) -> Ablation:
    """Run models on every subset of the groups, and share their score among the groups.

    Features are extracted once. What is stored already is not computed again. Where `out` holds a run of the same
    corpus and folds, its report gets a section; where it holds none, the models on all features and on the two presets
    are run there first.

    Parameters
    ----------
    corpus, folds, seeds, jobs, overwrite, cache, allow_duplicates, progress, command
        As `benchmarks.evaluate`.
    models
        Pipelines without features, such as `svm` or `xgboost:speaker`.
    out
        Folder of the run; the subsets' cells and predictions go to `ablation/` in it.

    Raises
    ------
    SerError
        For what a user can cause; a ResultsError if `out` holds another run, or if a cell failed.
    """
    from benchmarks.evaluation import evaluate as harness
    from benchmarks.evaluation.runs import check_same_run
    from benchmarks.report import write_report

    models = tuple(dict.fromkeys(models))
    shared: dict[str, Any] = {"folds": folds, "seeds": seeds, "allow_duplicates": allow_duplicates}
    names = [spell(model, groups) for model in models for groups in subsets(GROUPS)[1:]]
    plan = harness.make_plan(corpus, pipelines=names, options=harness.PipelineOptions(), **shared)
    check_same_run(out, corpus=corpus.fingerprint, scheme=plan.scheme)
    if not (out / "run.json").is_file():
        wholes = [
            spec for model in models for spec in (model, *(_preset(model, side) for side in ("prosodic", "spectral")))
        ]
        rest: dict[str, Any] = {"jobs": jobs, "out": out, "cache": cache, "progress": progress, "command": command}
        harness.evaluate(corpus, pipelines=wholes, overwrite=overwrite, **shared, **rest)
    predictions = _run_subsets(
        plan, out / "ablation", jobs=jobs, again=overwrite == "all", cache=cache, progress=progress
    )
    labels = list(corpus.labels)
    found = Ablation(
        folder=out,
        subsets=pd.concat([subset_table(predictions, model, labels) for model in models], ignore_index=True),
        shapley=pd.concat([shapley_table(predictions, model, labels) for model in models], ignore_index=True),
    )
    _write(found)
    write_report(out)
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
        row: dict[str, Any] = {"model": model, "groups": ",".join(groups), "role": role, "uar": interval.estimate}
        row |= {"uar_low": interval.low, "uar_high": interval.high}
        if role not in ("", "all"):
            difference = difference_interval(own, whole)
            row |= {"difference": difference.estimate, "difference_low": difference.low}
            row |= {"difference_high": difference.high}
            row["p"] = paired_permutation_test(own, whole, random_state=random_state)[0]
            tested.append(row)
        row |= {f"recall_{label}": value for label, value in zip(labels, recalls_of(own.sum(axis=0)))}
        rows.append(row)
    for row, corrected in zip(tested, holm([row["p"] for row in tested])):
        row["p_holm"] = float(corrected)
    order = ["model", "groups", "role", "uar", "uar_low", "uar_high", "difference", "difference_low", "difference_high"]
    return pd.DataFrame(rows, columns=[*order, "p", "p_holm", *(f"recall_{label}" for label in labels)])


def shapley_table(predictions: pd.DataFrame, model: str, labels: Sequence[str]) -> pd.DataFrame:
    """Share the UAR, every recall and every decision between two emotions among the groups.

    Returns
    -------
    pandas.DataFrame
        `model, target, players, group, value, low, high, n_speakers`.
        With 'groups' as `players` the six groups share what all of them add to guessing; with 'sides' prosodic, voice
        and spectral features do, as wholes, and 'spectral - prosodic' is the paired difference. The row 'all' is the
        sum of either.
    """
    columns = [f"p_{label}" for label in labels]
    rows = _aligned(predictions, model, columns)
    stacked = np.stack([row[columns].to_numpy(dtype=float) for row in rows])
    clips = rows[0]
    groups, sides = dict(zip(GROUPS, weights(GROUPS))), side_weights(GROUPS, SIDES)
    sides |= {CONTRAST: sides["spectral"] - sides["prosodic"]}
    groups |= {"all": weights(GROUPS).sum(axis=0)}
    found = []
    for target in targets(clips["truth"].tolist(), clips["speaker"].tolist(), stacked, labels):
        for players, combinations in (("groups", groups), ("sides", sides)):
            for group, combination in combinations.items():
                result = share(target, combination)
                row: dict[str, Any] = {"model": model, "target": target.name, "players": players, "group": group}
                row |= {"value": result.value, "low": result.low, "high": result.high}
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


def _run_subsets(
    plan: Any, folder: Path, *, jobs: int | None, again: bool, cache: FeatureCache | None, progress: bool
) -> pd.DataFrame:
    """Compute what is not stored yet, and leave `predictions.csv` in the folder."""
    import joblib

    from benchmarks.evaluation import evaluate as harness
    from benchmarks.evaluation import outputs
    from benchmarks.evaluation.store import ResultsStore

    n_jobs = jobs if jobs is not None else joblib.cpu_count()
    store = ResultsStore(folder)
    with store.lock():
        tables = harness.extract_tables(plan, cache=cache, n_jobs=n_jobs, progress=progress)
        cells = harness.plan_cells(plan, tables)
        harness.run_cells(cells, plan, store, n_jobs=n_jobs, again=again, progress=progress)
        records = harness.collect(plan, cells, store)
        failed = [record for record in records if record["status"] != "done"]
        if failed:
            first = failed[0]
            raise ResultsError(
                f"{len(failed)} of {len(records)} cells failed, the first {first['pipeline']} on {first['fold']}: "
                f"{first['reason']}; run again to retry them"
            )
        predictions = outputs.predictions_table(plan.corpus, plan.scheme, plan.folds, records)
        outputs.write_predictions(folder / "predictions.csv", predictions)
    return predictions


def _preset(model: str, side: str) -> str:
    return spell(model, (side,))


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


def _write(found: Ablation) -> None:
    from benchmarks.evaluation.store import write_atomically

    for name, table in (("ablation", found.subsets), ("shapley", found.shapley)):
        text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
        write_atomically(found.folder / f"{name}.csv", text.encode())
