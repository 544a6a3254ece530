"""How the trainings of a study are carried out and where their results are kept: what all studies share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Required, TypedDict

from benchmarks.evaluation.enrolment import has_enrolment
from benchmarks.evaluation.execute import execute
from benchmarks.evaluation.overwrite import Overwrite
from benchmarks.evaluation.planning import make_plan
from benchmarks.evaluation.record import describe_study, write_study_record
from benchmarks.evaluation.store import ResultsStore
from benchmarks.folds.leakage import check_folds
from features.errors import PipelineError

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus
    from benchmarks.evaluation.execute import Outcome
    from benchmarks.evaluation.plan import Plan
    from benchmarks.folds.fold import Fold
    from benchmarks.folds.same_sound import SameSound
    from benchmarks.pipelines.options import PipelineOptions
    from features.cache import FeatureCache


class RunKeywords(TypedDict, total=False):
    """The fields of `RunOptions` as the keywords that a study takes."""

    out: Required[str | Path]
    seeds: Sequence[int]
    jobs: int | None
    overwrite: str
    options: PipelineOptions | None
    cache: FeatureCache | None
    allow_duplicates: bool
    progress: bool
    command: str


@dataclass(frozen=True)
class RunOptions:
    """How trainings are carried out, and where their results are kept.

    Attributes
    ----------
    out : path
        Folder of the study.
    seeds, jobs, overwrite, options, cache, allow_duplicates, progress, command
        As for `benchmarks.evaluate`.

    Examples
    --------
    >>> RunOptions(out="results/mine", jobs=1).seeds
    (0,)
    """

    out: str | Path
    seeds: Sequence[int] = (0,)
    jobs: int | None = None
    overwrite: str = Overwrite.MISSING
    options: PipelineOptions | None = None
    cache: FeatureCache | None = None
    allow_duplicates: bool = False
    progress: bool = False
    command: str = ""

    def plan(self, corpus: Corpus, *, pipelines: Sequence[Any], folds: str | Sequence[Fold] | None) -> Plan:
        """Plan the trainings of a run, its folds checked for leaks; see `make_plan`."""
        return make_plan(
            corpus,
            pipelines=pipelines,
            folds=folds,
            seeds=self.seeds,
            options=self.options,
            allow_duplicates=self.allow_duplicates,
            cache=self.cache,
        )

    def check(self, folds: Sequence[Fold], corpus: Corpus, *, same_sound: Sequence[SameSound] = ()) -> None:
        """Check folds that a study made for leaks; see `check_folds`."""
        check_folds(
            folds,
            corpus.utterances,
            corpus.audio_keys.tolist(),
            same_sound=same_sound,
            allow_duplicates=self.allow_duplicates,
        )

    @contextmanager
    def store(self, part: str = "") -> Iterator[ResultsStore]:
        """Hold the folder for one command.

        Parameters
        ----------
        part : str
            Folder in it for the jobs of a study that may stand beside a run; empty for a study on its own.
        """
        store = ResultsStore(Path(self.out), part)
        with store.lock():
            yield store

    def carry_out(
        self, plan: Plan, trials: Sequence[tuple[int, Fold]], store: ResultsStore, *, heard: Corpus | None = None
    ) -> Outcome:
        """Train every pipeline of a plan in other trials than its own, all of which have to succeed.

        Beside the jobs lies `study.json` then: how they came about, as `run.json` says it of a run.

        Parameters
        ----------
        plan : Plan
        trials : sequence of (int, Fold)
            Seed and fold of each training, in order.
        store : ResultsStore
            Held by the caller, as `store` gives it.
        heard : Corpus, optional
            What trains and is tested in place of the plan's corpus, such as its clips under conditions.

        Raises
        ------
        ResultsError
            If a job failed, or the folder holds a run of another corpus or other folds.
        SerError
            If features cannot be extracted.
        """
        outcome = execute(
            replace(plan, corpus=heard or plan.corpus, trials=tuple(trials)),
            store,
            jobs=self.jobs,
            cache=self.cache,
            overwrite=self.overwrite,
            progress=self.progress,
        )
        outcome.check_complete()
        write_study_record(store, describe_study(replace(outcome, plan=plan), self.command))
        return outcome


def check_tests_all(plan: Plan) -> None:
    """Check that every pipeline of a plan can run here, and is tested on all clips of its folds.

    Raises
    ------
    PipelineError
        If one cannot, or sets clips of the test speakers aside to enrol them.
    """
    for pipeline in plan.pipelines:
        if pipeline.reason:
            raise PipelineError(f"{pipeline.name}: {pipeline.reason}")
    if has_enrolment(plan.pipelines):
        raise PipelineError("a pipeline with :enrol-K tests on fewer clips; expected :global or :speaker")
