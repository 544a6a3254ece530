"""Run pipelines over the folds of a corpus, cell by cell, and keep every result."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError
from sklearn.base import clone

from benchmarks.corpora.corpus import Corpus
from benchmarks.evaluation import outputs
from benchmarks.evaluation.fusion import fuse
from benchmarks.evaluation.job import Cell, cell_key, estimator_identity, run_cell
from benchmarks.evaluation.provenance import code_digest, machine, revision, versions
from benchmarks.evaluation.runs import check_same_run
from benchmarks.evaluation.store import ResultsStore
from benchmarks.folds.fold import Fold
from benchmarks.folds.leakage import check_folds
from benchmarks.folds.splitters import make_folds
from benchmarks.pipelines import Pipeline, build, wrap
from benchmarks.pipelines.feature_sets import TableFeatures, extract, find_feature_set
from benchmarks.pipelines.options import PipelineOptions
from benchmarks.report import write_report
from benchmarks.scoring.scores import CELL_COLUMNS, score_table
from features.cache import FeatureCache
from features.errors import PipelineError, ResultsError
from features.extractors.table import FeatureTable

OVERWRITE = ("missing", "all")
CONTRIBUTING = ("features", "classical", "deep")


@dataclass(frozen=True)
class Result:
    """What a run found; everything in it also lies in its folder.

    Attributes
    ----------
    folder : path
    predictions : pandas.DataFrame
        `corpus, folds, pipeline, seed, fold, utterance, speaker, truth, prediction, p_<label>...`
    scores : pandas.DataFrame
        One row a pipeline.
    run : dict
        Command, versions, corpus, folds, what became of every pipeline and cell.
    """

    folder: Path
    predictions: pd.DataFrame
    scores: pd.DataFrame
    run: dict[str, Any]
    _temporary: Any = field(default=None, repr=False, compare=False)

    @property
    def failed(self) -> list[dict[str, Any]]:
        """Cells that failed, each with pipeline, seed, fold and reason."""
        return [cell for cell in self.run["cells"] if cell["status"] == "failed"]

    def report(self, path: str | Path) -> Path:
        """Write the report of this run as one HTML file and return its path."""
        return write_report(self.folder, out=Path(path))


@dataclass(frozen=True)
class Plan:
    """A run before it starts: what is asked of which data."""

    corpus: Corpus
    scheme: str
    folds: tuple[Fold, ...]
    notes: tuple[str, ...]
    pipelines: tuple[Pipeline, ...]
    seeds: tuple[int, ...]
    options: PipelineOptions

    @property
    def runnable(self) -> list[Pipeline]:
        """Pipelines that train: those asked for and the parts of fusions, each once."""
        single = [part for p in self.pipelines if not p.reason for part in (p.parts or (p,))]
        return list({pipeline.name: pipeline for pipeline in single}.values())


def evaluate(
    corpus: Corpus,
    *,
    pipelines: Sequence[Any] = ("svm",),
    folds: str | Sequence[Fold] | None = None,
    seeds: Sequence[int] = (0,),
    jobs: int | None = None,
    out: str | Path | None = None,
    overwrite: str = "missing",
    options: PipelineOptions | None = None,
    cache: FeatureCache | None = None,
    allow_duplicates: bool = False,
    progress: bool = False,
    command: str = "",
) -> Result:
    """Compare pipelines over the same speaker-independent folds of a corpus.

    Parameters
    ----------
    corpus : Corpus
        From `benchmarks.corpora.load`.
    pipelines : sequence
        Names such as `svm`, `xgboost:speaker`, `svm+xgboost`; or `(name, estimator)` pairs of any scikit-learn
        classifier on the utterances table; or such an estimator, named after its class.
    folds : str or sequence of Fold, optional
        A scheme (`session`, `speaker`, `speaker-811`, a number), or folds; the corpus's default scheme unless told.
    seeds : sequence of int
        Each pipeline is trained once a fold and seed.
    jobs : int, optional
        Cells at a time, each on one thread; all cores unless told. It changes no result.
    out : path, optional
        Where results are kept, and looked up by a later run; a temporary folder unless told.
    overwrite : str
        `missing` computes only cells that are not in `out` yet, `all` computes all again.
    options : PipelineOptions, optional
        Encoder, device and the like.
    cache : FeatureCache, optional
        Where features are kept between runs; not kept unless told.
    allow_duplicates : bool
        Accept byte-identical audio on both sides of a fold.
    progress : bool
        Draw bars on stderr.
    command : str
        The command line, for `run.json`.

    Returns
    -------
    Result

    Raises
    ------
    SerError
        For what a user can cause: unknown pipelines, folds that leak, audio that cannot be read. A pipeline that fails
        on a fold raises nothing: it is recorded, see `Result.failed`.

    Examples
    --------
    >>> import benchmarks, benchmarks.corpora
    >>> corpus = benchmarks.corpora.load("synthetic")
    >>> result = benchmarks.evaluate(corpus, pipelines=["svm"])  # doctest: +SKIP
    """
    if overwrite not in OVERWRITE:
        raise PipelineError(f"overwrite={overwrite!r}; expected {' or '.join(OVERWRITE)}")
    plan = make_plan(
        corpus,
        pipelines=pipelines,
        folds=folds,
        seeds=seeds,
        options=options or PipelineOptions(),
        allow_duplicates=allow_duplicates,
    )
    if jobs is not None and jobs < 1:
        raise PipelineError(f"jobs={jobs}; expected 1 or more, or None for all cores")
    n_jobs = jobs if jobs is not None else joblib.cpu_count()
    temporary = tempfile.TemporaryDirectory(prefix="benchmarks-") if out is None else None
    store = ResultsStore(Path(temporary.name if temporary else str(out)))
    with store.lock():
        check_same_run(store.folder, corpus=corpus.fingerprint, scheme=plan.scheme)
        tables = extract_tables(plan, cache=cache, n_jobs=n_jobs, progress=progress)
        cells = plan_cells(plan, tables)
        run_cells(cells, plan, store, n_jobs=n_jobs, again=overwrite == "all", progress=progress)
        records = collect(plan, cells, store)
        predictions, scores, run = write_run(plan, records, store, tables, command)
    return Result(store.folder, predictions, scores, run, temporary)


def make_plan(
    corpus: Corpus,
    *,
    pipelines: Sequence[Any],
    folds: str | Sequence[Fold] | None,
    seeds: Sequence[int],
    options: PipelineOptions,
    allow_duplicates: bool,
) -> Plan:
    """Resolve names, make folds and check them for leaks, before anything is computed; see `evaluate`."""
    if not pipelines:
        raise PipelineError("no pipelines; expected at least one, such as svm")
    if len(corpus.labels) < 2:
        raise PipelineError(
            f"the corpus has one label ({', '.join(corpus.labels)}), at least two are needed: check --classes"
        )
    if not seeds or len(set(seeds)) < len(seeds):
        raise PipelineError(f"seeds {list(seeds)}; expected at least one, each once")
    built = [_pipeline(item, corpus, options) for item in pipelines]
    scheme = folds if isinstance(folds, str) else corpus.source.folds if folds is None else "given"
    made = tuple(folds) if folds is not None and not isinstance(folds, str) else make_folds(corpus.utterances, scheme)
    notes = check_folds(made, corpus.utterances, corpus.audio_keys.tolist(), allow_duplicates=allow_duplicates)
    unique = tuple({pipeline.name: pipeline for pipeline in built}.values())
    return Plan(corpus, scheme, made, notes, unique, tuple(int(seed) for seed in seeds), options)


def _pipeline(item: Any, corpus: Corpus, options: PipelineOptions) -> Pipeline:
    if isinstance(item, str):
        return build(item, labels=corpus.labels, corpus=corpus.name, options=options)
    name, estimator = item if isinstance(item, tuple) else (type(item).__name__, item)
    return wrap(str(name), estimator)


def extract_tables(
    plan: Plan, *, cache: FeatureCache | None, n_jobs: int, progress: bool
) -> dict[str, tuple[FeatureTable, str]]:
    """Every feature set that the pipelines look up, with what determines its values; each extracted once."""
    tables: dict[str, tuple[FeatureTable, str]] = {}
    wholes: dict[str, tuple[FeatureTable, str]] = {}
    for text in dict.fromkeys(pipeline.features for pipeline in plan.runnable if pipeline.features):
        features = find_feature_set(text, plan.options)
        whole = features.superset
        if whole not in wholes:
            with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
                wholes[whole] = extract(
                    text, plan.corpus.utterances, options=plan.options, cache=cache, n_jobs=n_jobs, progress=progress
                )
        table, identity = wholes[whole]
        tables[text] = (features.select(table), f"{identity} {features.name}")
    return tables


def plan_cells(plan: Plan, tables: Mapping[str, tuple[FeatureTable, str]]) -> list[Cell]:
    """All cells that train, pipeline by pipeline, seed by seed, fold by fold."""
    cells = []
    index = plan.corpus.utterances.index.tolist()
    for pipeline in plan.runnable:
        bare, seconds, identity = pipeline.estimator, None, f"{pipeline.identity} {code_digest(pipeline.package)}"
        if pipeline.features:
            table, made = tables[pipeline.features]
            identity, seconds = f"{identity} {made}", table.seconds
            bare = clone(pipeline.estimator).set_params(features=None)
        identity = f"{identity} {estimator_identity(bare)}"
        estimator = clone(bare).set_params(features=TableFeatures(table, index)) if pipeline.features else bare
        for seed in plan.seeds:
            for fold in plan.folds:
                key = cell_key(
                    fingerprint=plan.corpus.fingerprint,
                    table=plan.corpus.utterances,
                    fold=fold,
                    labels=plan.corpus.labels,
                    seed=seed,
                    identity=identity,
                )
                cells.append(
                    Cell(pipeline.name, estimator, seed, fold, plan.corpus.labels, key, seconds, pipeline.package)
                )
    return cells


def run_cells(
    cells: Sequence[Cell], plan: Plan, store: ResultsStore, *, n_jobs: int, again: bool, progress: bool
) -> None:
    """Compute the cells that are not stored yet, or all of them; cells that failed before are tried again."""
    from tqdm import tqdm

    todo = [cell for cell in cells if again or not _done(store.read(address(cell)))]
    todo.sort(key=lambda cell: cell.room != "deep")  # the longest first, so that the short ones fill the end
    on_gpu, gpus = spread_over_gpus([cell for cell in todo if cell.room == "deep"], plan.options.device)
    with tqdm(total=len(todo), desc="cells", disable=not progress or not todo) as bar:
        _work_off([cell for cell in todo if cell.room != "deep" or not gpus], plan, store, n_jobs, bar)
        _work_off(on_gpu, plan, store, gpus, bar)


def spread_over_gpus(cells: Sequence[Cell], device: str) -> tuple[list[Cell], int]:
    """Deep cells dealt out over the visible GPUs, and how many there are; nothing where they run on the CPU."""
    if not cells or device not in ("auto", "cuda"):
        return [], 0
    from deep.runtime import visible

    gpus = [name for name in visible() if name != "cpu"]
    return [replace(cell, device=gpus[place % len(gpus)]) for place, cell in enumerate(cells) if gpus], len(gpus)


def _work_off(cells: Sequence[Cell], plan: Plan, store: ResultsStore, n_jobs: int, bar: Any) -> None:
    if not cells:
        return
    tasks = (joblib.delayed(run_cell)(cell, plan.corpus.utterances, store) for cell in cells)
    # loky ends a worker that has grown since its first task; those that extracted features would all end after their
    # first deep cell, and import torch and compile kernels once more
    get_reusable_executor().shutdown(wait=True)
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1), warnings.catch_warnings():
        # loky replaces a worker whose memory has grown; its cells are not lost, so nobody need be told
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
        try:
            for _ in joblib.Parallel(n_jobs=min(n_jobs, len(cells)), return_as="generator_unordered")(tasks):
                bar.update()
        except TerminatedWorkerError as error:
            raise ResultsError(
                f"a process that was working on a cell was killed, often for want of memory ({n_jobs} at a time); "
                "what is done is kept: run the same command again to go on, with a smaller --jobs"
            ) from error


def address(cell: Cell) -> dict[str, Any]:
    """What a cell is found by in the store."""
    return {"key": cell.key, "pipeline": cell.pipeline, "seed": cell.seed, "fold": cell.fold.name}


def _done(record: Mapping[str, Any] | None) -> bool:
    return record is not None and record["status"] == "done"


def collect(plan: Plan, cells: Sequence[Cell], store: ResultsStore) -> list[dict[str, Any]]:
    """Records of all cells of the pipelines asked for, in their order; fusions are computed from their parts here."""
    features = {pipeline.name: pipeline.features for pipeline in plan.runnable}
    stored = {}
    for cell in cells:
        record = store.read(address(cell))
        if record is None:
            raise PipelineError(
                f"cell {address(cell)} was not stored; the worker that ran it was killed, run again to go on"
            )
        stored[cell.pipeline, cell.seed, cell.fold.name] = {**record, "features": features[cell.pipeline]}
    truth = plan.corpus.utterances["label"].to_numpy().astype(str)
    records = []
    for pipeline in plan.pipelines:
        if pipeline.reason:
            continue
        for seed in plan.seeds:
            for fold in plan.folds:
                if not pipeline.parts:
                    records.append(stored[pipeline.name, seed, fold.name])
                    continue
                parts = [stored[part.name, seed, fold.name] for part in pipeline.parts]
                base = {"key": "", "pipeline": pipeline.name, "seed": seed, "fold": fold.name}
                records.append(fuse(base, parts, truth=truth[fold.training_side], labels=plan.corpus.labels))
    return records


def write_run(
    plan: Plan,
    records: Sequence[Mapping[str, Any]],
    store: ResultsStore,
    tables: Mapping[str, tuple[FeatureTable, str]],
    command: str,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Write predictions, scores, `run.json`, utterances and pictures.

    A pipeline with a failed cell has no row among the predictions and scores: pooled over the folds that are left it
    would not be comparable.
    """
    broken = {record["pipeline"] for record in records if record["status"] != "done"}
    whole = [record for record in records if record["pipeline"] not in broken]
    predictions = outputs.predictions_table(plan.corpus, plan.scheme, plan.folds, whole)
    scores = score_table(predictions, outputs.cells_table(whole), list(plan.corpus.labels)) if whole else pd.DataFrame()
    run = describe_run(plan, records, tables, command)
    outputs.write_predictions(store.folder / "predictions.csv", predictions)
    outputs.write_scores(store.folder / "scores.csv", scores)
    outputs.write_utterances(store.folder / "utterances.csv", plan.corpus)
    outputs.write_json(store.folder / "run.json", run)
    if whole:
        write_report(store.folder)
    return predictions, scores, run


def describe_run(
    plan: Plan, records: Sequence[Mapping[str, Any]], tables: Mapping[str, tuple[FeatureTable, str]], command: str
) -> dict[str, Any]:
    """Everything about a run that is no score: what `run.json` holds."""
    shown = ("pipeline", "seed", "fold", "status", "reason", "traceback", "key", "chosen", "notes", "history")
    costs = [name for name in CELL_COLUMNS if name not in shown]
    broken = {record["pipeline"]: record["reason"] for record in records if record["status"] != "done"}
    return {
        "command": command,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seeds": list(plan.seeds),
        "options": dict(plan.options.__dict__),
        "versions": versions(),
        "revision": revision(),
        "code": {room: code_digest(room) for room in CONTRIBUTING},
        "machine": machine(),
        "corpus": outputs.describe_corpus(plan.corpus),
        "folds": outputs.describe_folds(plan.scheme, plan.folds, plan.corpus.utterances, plan.notes),
        "pipelines": {
            pipeline.name: {
                "status": "skipped" if pipeline.reason else "failed" if pipeline.name in broken else "done",
                "reason": pipeline.reason or broken.get(pipeline.name),
                "marks": list(pipeline.flags),
                "description": pipeline.description,
                "features": pipeline.features,
                "n_features": len(tables[pipeline.features][0].names) if pipeline.features in tables else None,
            }
            for pipeline in plan.pipelines
        },
        "cells": [{name: record[name] for name in (*shown, *costs) if name in record} for record in records],
    }
