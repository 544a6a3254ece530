"""Carry out a plan: extract features once, run the jobs that are not stored yet, and collect all results."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone

from benchmarks.evaluation.fingerprint import estimator_identity, job_key
from benchmarks.evaluation.fusion import fuse
from benchmarks.evaluation.job import FeatureFile, Job, failed, run_job
from benchmarks.evaluation.job_result import jsonable
from benchmarks.evaluation.overwrite import Overwrite
from benchmarks.evaluation.provenance import code_of
from benchmarks.evaluation.runs import check_same_run, job_table
from benchmarks.evaluation.speech import note_on, without_speech
from benchmarks.evaluation.store import ResultsStore
from benchmarks.pipelines.feature_sets import extract, find_feature_set
from benchmarks.pipelines.names import RELEASED
from benchmarks.scoring.scores import costs
from benchmarks.scoring.status import Status
from features.engines.engine import Lost, Piece
from features.engines.local import LocalEngine, processes_kept
from features.engines.registry import engine_of
from features.errors import InputError, PipelineError, ResultsError
from features.names import printable
from features.progress import finished

if TYPE_CHECKING:
    from benchmarks.evaluation.job_result import JobResult
    from benchmarks.evaluation.plan import Plan
    from benchmarks.folds.fold import Fold
    from features.cache import FeatureCache
    from features.engines.engine import Engine
    from features.extractors.table import FeatureTable


T = TypeVar("T")

_SHOWN = {"": " anonymous", "deep": " train without valid"}
"""What changed in how a job of a package is computed here, so that results of before are not taken for those of now."""


@dataclass(frozen=True)
class Outcome:
    """The results of a plan.

    Attributes
    ----------
    plan : Plan
    results : tuple of (Fold, JobResult)
        Pipeline by pipeline, trial by trial, fusions included; pipelines that cannot run here have none.
    n_features : mapping
        Number of columns of each feature set, by its name.
    notes : tuple of str
        What a user should know of the features.
    no_speech : tuple of str
        Ids of the utterances that hold no speech.
    """

    plan: Plan
    results: tuple[tuple[Fold, JobResult], ...]
    n_features: Mapping[str, int]
    notes: tuple[str, ...] = ()
    no_speech: tuple[str, ...] = ()

    @property
    def failed(self) -> dict[str, JobResult]:
        """A job that failed of each pipeline that has one."""
        return {result.pipeline: result for _, result in self.results if result.status is not Status.DONE}

    def predictions(self) -> pd.DataFrame:
        """Test predictions of every pipeline of which all jobs are done.

        A pipeline with a failed job has no rows: pooled over the folds that are left it would not be comparable.

        Returns
        -------
        DataFrame
            `corpus, folds, pipeline, seed, fold, utterance, speaker, truth, prediction, p_<label>...`, in the order
            of the results and of the utterances in each fold; `prediction` is the label with the highest stored
            probability, the first in the corpus's order where several have it.
        """
        failed = self.failed
        parts = [self._rows(fold, result) for fold, result in self.results if result.pipeline not in failed]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def _rows(self, fold: Fold, result: JobResult) -> pd.DataFrame:
        corpus, values = self.plan.corpus, np.asarray(result.probability)
        rows = corpus.utterances.iloc[fold.test]
        return pd.DataFrame(
            {
                "corpus": corpus.name,
                "folds": self.plan.scheme,
                "pipeline": result.pipeline,
                "seed": result.seed,
                "fold": result.fold,
                "utterance": rows.index.get_level_values("id"),
                "speaker": rows.index.get_level_values("speaker"),
                "truth": rows["label"].to_numpy(),
                "prediction": np.asarray(corpus.labels)[values.argmax(axis=1)],
                **{f"p_{label}": values[:, column] for column, label in enumerate(corpus.labels)},
            }
        )

    def ms_per_clip(self) -> dict[str, float]:
        """Milliseconds that extraction and prediction of a test clip took, by pipeline."""
        jobs = job_table({"jobs": [jsonable(result.summary()) for _, result in self.results]}, pd.DataFrame())
        return {str(name): costs(own)["ms_per_utterance"] for name, own in jobs.groupby("pipeline", sort=False)}

    def of_folds(self, values: Mapping[Fold, T]) -> list[T]:
        """What stands for its fold, for every row of `predictions`, in their order."""
        failed = self.failed
        done = [(fold, result) for fold, result in self.results if result.pipeline not in failed]
        return [values[fold] for fold, result in done for _ in range(result.n_test)]

    def check_complete(self) -> None:
        """Check that no job failed, as a study needs it.

        Raises
        ------
        ResultsError
            If one did; it names the first and its reason.
        """
        failed = [result for _, result in self.results if result.status is not Status.DONE]
        if failed:
            first = failed[0]
            raise ResultsError(
                f"{len(failed)} of {len(self.results)} jobs failed, the first {first.pipeline} on {first.fold}: "
                f"{first.reason}; run again to retry them"
            )


def execute(
    plan: Plan,
    store: ResultsStore,
    *,
    jobs: int | None = None,
    cache: FeatureCache | None = None,
    overwrite: str = Overwrite.MISSING,
    progress: bool = False,
) -> Outcome:
    """Compute every job of a plan that is not stored yet, and return the results of all.

    The caller holds the lock of the store. Equal plans give equal results for any number of processes.

    Parameters
    ----------
    plan : Plan
    store : ResultsStore
        Where results are looked up and kept.
    jobs, cache, overwrite, progress
        As for `benchmarks.evaluate`.

    Raises
    ------
    ResultsError
        If the folder holds a run of another corpus or other folds, or a process was killed.
    SerError
        If features cannot be extracted.
    """
    if overwrite not in list(Overwrite):
        raise PipelineError(f"overwrite={overwrite!r}; expected {' or '.join(Overwrite)}")
    n_jobs = number_of_jobs(jobs)
    check_same_run(store.folder, corpus=plan.corpus.fingerprint, scheme=plan.scheme)
    with tempfile.TemporaryDirectory(prefix="features-", ignore_cleanup_errors=True) as folder, processes_kept():
        files = extract_features(plan, Path(folder), cache=cache, n_jobs=n_jobs, progress=progress)
        tables = (file.table() for file, _ in files.values())
        no_speech = without_speech(plan.corpus.utterances, plan.trained, tables, cache=cache, n_jobs=n_jobs)
        planned = plan_jobs(plan, files, cache=cache)
        run_jobs(planned, plan, store, n_jobs=n_jobs, overwrite=overwrite, progress=progress)
    results = collect(plan, planned, store)
    widths = {text: len(file.names) for (text, _), (file, _) in files.items()}
    notes = dict.fromkeys(note for file, _ in files.values() for note in file.notes)
    note = note_on(no_speech, len(plan.corpus.utterances))
    return Outcome(plan, tuple(results), widths, (*notes, *([note] if note else [])), no_speech)


def number_of_jobs(jobs: int | None) -> int:
    """The number of processes that `jobs` stands for: all cores where it is None.

    Raises
    ------
    PipelineError
        If it is less than 1.

    Examples
    --------
    >>> number_of_jobs(3)
    3
    """
    if jobs is not None and jobs < 1:
        raise PipelineError(f"jobs={jobs}; expected 1 or more, or None for all cores")
    return jobs if jobs is not None else int(joblib.cpu_count())


def extract_features(
    plan: Plan, folder: Path, *, cache: FeatureCache | None, n_jobs: int, progress: bool
) -> dict[tuple[str, int], tuple[FeatureFile, str]]:
    """Extract the feature sets that the pipelines look up into files of a folder, each once.

    A set that depends on the seed, as one of random weights does, is extracted once per seed.

    Returns
    -------
    dict
        Name of the set and seed to its file and to the text that determines its values; sets that do not depend on
        the seed have one file for all.
    """
    files: dict[tuple[str, int], tuple[FeatureFile, str]] = {}
    supersets: dict[tuple[str, int], tuple[FeatureTable, str]] = {}
    for text in dict.fromkeys(pipeline.features for pipeline in plan.trained if pipeline.features):
        features = find_feature_set(text, plan.options)
        seeds = plan.seeds if features.depends_on_seed else (0,)
        for seed in seeds:
            superset = (features.superset, seed)
            if superset not in supersets:
                supersets[superset] = extract(
                    text,
                    plan.corpus.utterances,
                    options=plan.options,
                    seed=seed,
                    cache=cache,
                    n_jobs=n_jobs,
                    progress=progress,
                )
            table, identity = supersets[superset]
            file = FeatureFile.save(features.select(table), folder / f"{len(files)}.npy")
            files[text, seed] = (file, f"{identity} {features.name}")
        if not features.depends_on_seed:
            files |= {(text, seed): files[text, 0] for seed in plan.seeds}
    return files


def plan_jobs(
    plan: Plan, files: Mapping[tuple[str, int], tuple[FeatureFile, str]], *, cache: FeatureCache | None = None
) -> list[Job]:
    """All jobs that train, pipeline by pipeline and trial by trial."""
    jobs = []
    for pipeline in plan.trained:
        estimator = clone(pipeline.estimator).set_params(features=None) if pipeline.features else pipeline.estimator
        code = f"{pipeline.identity} {code_of(pipeline.package)}{_SHOWN.get(pipeline.package, '')}"
        code += " no train" if pipeline.name == RELEASED else ""  # results of before have such a score
        code += f" {' '.join(plan.reveal)}" if plan.reveal and not pipeline.package else ""
        parameters = estimator_identity(estimator)
        for seed, fold in plan.trials:
            file, values = files[pipeline.features, seed] if pipeline.features else (None, "")
            key = job_key(
                fingerprint=plan.corpus.fingerprint,
                table=plan.corpus.utterances,
                fold=fold,
                labels=plan.corpus.labels,
                seed=seed,
                identity=f"{code} {values} {parameters}",
            )
            jobs.append(
                Job(
                    pipeline.name,
                    estimator,
                    seed,
                    fold,
                    plan.corpus.labels,
                    key,
                    file,
                    package=pipeline.package,
                    reveal=plan.reveal if not pipeline.package else (),
                    cache=cache if pipeline.package == "deep" else None,
                )
            )
    return jobs


def run_jobs(
    jobs: Sequence[Job], plan: Plan, store: ResultsStore, *, n_jobs: int, overwrite: str, progress: bool
) -> None:
    """Compute the jobs that are not stored yet, or all of them; jobs that failed before are tried again."""
    from tqdm import tqdm

    waiting = [job for job in jobs if overwrite == Overwrite.ALL or not _is_done(store.read(job))]
    number = count(1)
    with tqdm(total=len(waiting), desc="jobs", disable=not progress or not waiting) as bar:
        for engine, some in _handed_out(waiting, engine_of(n_jobs), device=plan.options.device):
            for result in _results(some, plan.corpus.utterances, store.work, engine):
                store.write(result)
                bar.update()
                finished.info("%d of %d jobs: %s", next(number), len(waiting), _outcome_of(result))


def _outcome_of(result: JobResult) -> str:
    """What a job came to, in a line."""
    seconds = "" if result.fit_seconds is None else f" in {result.fit_seconds:.1f} s"
    status = f"{result.status}{seconds}" if result.status is Status.DONE else f"{result.status}: {result.reason}"
    return printable(f"{result.pipeline} on {result.fold}, seed {result.seed}: {status}")


def _is_done(result: JobResult | None) -> bool:
    return result is not None and result.status is Status.DONE


def partition(jobs: Sequence[Job], device: str) -> tuple[list[Job], list[Job], int]:
    """Divide jobs into those for the CPU and those for GPUs.

    Returns
    -------
    cpu : list of Job
        The longest first, so that short ones fill the end.
    gpu : list of Job
        Deep jobs, each with one of the GPUs in turn; empty where there is none, or another device is asked for.
    n_gpus : int
        How many there are.
    """
    deep = [job for job in jobs if job.package == "deep"]
    rest = [job for job in jobs if job.package != "deep"]
    gpus: list[str] = []
    if deep and device in ("auto", "cuda"):
        from deep.runtime import visible

        gpus = [name for name in visible() if name != "cpu"]
    if not gpus:
        return deep + rest, [], 0
    return rest, [replace(job, device=gpus[number % len(gpus)]) for number, job in enumerate(deep)], len(gpus)


def _handed_out(jobs: Sequence[Job], engine: Engine, *, device: str) -> list[tuple[Engine, list[Job]]]:
    """Which engine does which jobs: graphics cards of this machine have one of their own."""
    if not engine.same_files:  # not this machine: its workers know which cards they have
        return [(engine, sorted(jobs, key=lambda job: job.package != "deep"))]
    cpu, gpu, n_gpus = partition(jobs, device)
    return [(engine, cpu), (LocalEngine(n_gpus), gpu)]


def _results(jobs: Sequence[Job], table: pd.DataFrame, folder: Path, engine: Engine) -> Iterator[JobResult]:
    """Results of jobs as they come; the utterances and each table of features are sent once.

    Raises
    ------
    ResultsError
        If a process was killed.
    """
    utterances = engine.share(table)
    shared: dict[Path | None, Any] = {None: None}
    for job in jobs:
        if isinstance(job.features, FeatureFile) and job.features.path not in shared:
            held = job.features if engine.same_files else job.features.loaded()
            shared[job.features.path] = engine.share(held)
    pieces = [
        Piece(
            (replace(job, features=None), utterances, shared[_path_of(job)], folder),
            gpu=job.package == "deep",
        )
        for job in jobs
    ]
    try:
        for position, result in engine.results(run_job, pieces):
            yield failed(jobs[position], result.reason) if isinstance(result, Lost) else result
    except InputError as error:
        raise ResultsError(str(error)) from error


def _path_of(job: Job) -> Path | None:
    return job.features.path if isinstance(job.features, FeatureFile) else None


def collect(plan: Plan, jobs: Sequence[Job], store: ResultsStore) -> list[tuple[Fold, JobResult]]:
    """Results of all jobs of the pipelines asked for, in their order; fusions are computed from their parts here."""
    stored: dict[tuple[str, int, Fold], JobResult] = {}
    for job in jobs:
        result = store.read(job)
        if result is None:
            raise ResultsError(
                f"{store.path(job)} was not stored; the process that worked on it was killed, run again to go on"
            )
        stored[job.pipeline, job.seed, job.fold] = result
    truth = plan.corpus.utterances["label"].to_numpy().astype(str)
    results = []
    for pipeline in plan.available:
        for seed, fold in plan.trials:
            if pipeline.parts:
                parts = [(part.features, stored[part.name, seed, fold]) for part in pipeline.parts]
                result = fuse(pipeline.name, parts, truth=truth[fold.training], labels=plan.corpus.labels)
            else:
                result = stored[pipeline.name, seed, fold]
            results.append((fold, result))
    return results


def answers_once(
    plan: Plan,
    trials: Sequence[tuple[int, Fold]],
    *,
    jobs: int | None = None,
    cache: FeatureCache | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Train a plan's pipelines on other trials than its own, and read what they answer; nothing is kept.

    Parameters
    ----------
    plan : Plan
    trials : sequence of (int, Fold)
        Seed and fold of each training. What the study wants to know of a fold was checked before.
    jobs, cache, progress
        As for `benchmarks.evaluate`.

    Returns
    -------
    DataFrame
        As `Outcome.predictions` gives it.

    Raises
    ------
    ResultsError
        If a training fails.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> from benchmarks.evaluation.planning import make_plan
    >>> plan = make_plan(corpora.load("synthetic"), pipelines=["majority"], folds="2")
    >>> len(answers_once(plan, plan.trials, jobs=1))
    240
    """
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        store = ResultsStore(Path(folder))
        own = replace(plan, trials=tuple(trials), seeds=tuple(sorted({seed for seed, _ in trials})))
        with store.lock():
            outcome = execute(own, store, jobs=jobs, cache=cache, progress=progress)
            outcome.check_complete()
            return outcome.predictions()
