"""Fine-tuned on one corpus, then on another: deep pipelines that go on from what they learnt elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from benchmarks.evaluation.fingerprint import estimator_identity, job_key
from benchmarks.evaluation.provenance import code_of

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.evaluation.plan import Plan
    from benchmarks.folds.fold import Fold
    from benchmarks.pipelines.pipeline import Pipeline


@dataclass(frozen=True)
class Learnt:
    """A pipeline that starts from what it learnt on one corpus.

    Attributes
    ----------
    pipeline : Pipeline
        Named as the pipeline that it goes on from; its head is new.
    seed : int
        Of both trainings.
    """

    pipeline: Pipeline
    seed: int


def can_go_on(pipeline: Pipeline) -> bool:
    """Whether a pipeline is an encoder that is fine-tuned, which another encoder can take the place of.

    Examples
    --------
    >>> from benchmarks.pipelines import PipelineOptions, build
    >>> can_go_on(build("svm", labels=["ang", "sad"], corpus="emodb", options=PipelineOptions()))
    False
    """
    estimator = pipeline.estimator
    return (
        pipeline.package == "deep"
        and hasattr(estimator, "fit")
        and {"encoder", "epochs"} <= set(_parameters(estimator))
    )


def _parameters(estimator: Any) -> dict[str, Any]:
    return estimator.get_params() if hasattr(estimator, "get_params") else {}


def learnt_on(fold: Fold, plan: Plan, pipelines: Sequence[Pipeline], folder: Path) -> Iterator[Learnt]:
    """Fine-tune pipelines on all of one corpus, once a seed, and go on from there.

    Parameters
    ----------
    fold : Fold
        What trains, and what selects the epoch; nothing is tested.
    plan : Plan
        In whose corpus and for whose seeds.
    pipelines : sequence of Pipeline
        Those for which `can_go_on` holds.
    folder : Path
        Where what was learnt is kept: one folder each, named after all that determines it, so that a command that was
        stopped goes on.

    Yields
    ------
    Learnt

    Raises
    ------
    SerError
        If the encoder is not here, sound cannot be read, or the disk refuses.
    """
    for pipeline in pipelines:
        for seed in plan.seeds:
            key = job_key(
                fingerprint=plan.corpus.fingerprint,
                table=plan.corpus.utterances,
                fold=fold,
                labels=plan.corpus.labels,
                seed=seed,
                identity=f"{pipeline.identity} {code_of('deep')} {estimator_identity(pipeline.estimator)}",
            )
            kept = folder / key
            if not kept.is_dir():
                _learn(pipeline.estimator, fold, plan, seed, kept)
            estimator = clone(pipeline.estimator).set_params(encoder=str(kept))
            yield Learnt(replace(pipeline, estimator=estimator, identity=f"{pipeline.identity} after {key}"), seed)


def _learn(estimator: Any, fold: Fold, plan: Plan, seed: int, folder: Path) -> None:
    from deep.persistence import save

    rows = np.sort(fold.training)
    table = plan.corpus.utterances.iloc[rows]
    given = {"random_state": seed, "n_jobs": 1, "work_dir": folder.with_name(f"{folder.name}-work")}
    trained = clone(estimator).set_params(**given)
    trained.fit(table, table["label"].to_numpy().astype(str), valid=np.isin(rows, fold.valid))
    folder.parent.mkdir(parents=True, exist_ok=True)
    save(trained, folder, about={"corpus": fold.name})
