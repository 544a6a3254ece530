"""Compare pipelines over the same folds of a corpus, and keep every result."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmarks.corpora.base import PEOPLE
from benchmarks.evaluation.brought import with_brought
from benchmarks.evaluation.execute import Outcome, execute
from benchmarks.evaluation.overwrite import Overwrite
from benchmarks.evaluation.planning import make_plan
from benchmarks.evaluation.record import describe_run
from benchmarks.evaluation.runs import Run, job_table, read_record
from benchmarks.evaluation.store import ResultsStore
from benchmarks.scoring.status import Status
from features.errors import Note

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus
    from benchmarks.folds.fold import Fold
    from benchmarks.pipelines.options import PipelineOptions
    from features.cache import FeatureCache


def evaluate(
    corpus: Corpus,
    *,
    pipelines: Sequence[Any] = ("svm",),
    folds: str | Sequence[Fold] | None = None,
    seeds: Sequence[int] = (0,),
    jobs: int | None = None,
    out: str | Path | None = None,
    overwrite: str = Overwrite.MISSING,
    options: PipelineOptions | None = None,
    cache: FeatureCache | None = None,
    allow_duplicates: bool = False,
    allow_shared_speakers: bool = False,
    reveal: Sequence[str] = (),
    rope: float | None = None,
    add: Mapping[str, str | Path | pd.DataFrame] | None = None,
    progress: bool = False,
    command: str = "",
) -> Run:
    """Compare pipelines over the same speaker-independent folds of a corpus.

    Parameters
    ----------
    corpus : Corpus
        From `benchmarks.corpora.load`.
    pipelines : sequence
        Names such as `svm`, `xgboost:speaker`, `svm+xgboost`; or `(name, estimator)` pairs of any scikit-learn
        classifier on the utterances table; or such an estimator, named after its class.
    folds : str or sequence of Fold, optional
        A scheme (`session`, `speaker`, `speaker-811`, a number; these with `-x-text` behind them; `text`), or folds; by
        default the corpus's own scheme.
    seeds : sequence of int, default=(0,)
        Each pipeline is trained once per fold and seed.
    jobs : int, optional
        Number of processes, each on one thread; by default all cores. It changes no result.
    out : path, optional
        Where results are kept, and looked up by a later run; by default a temporary folder.
    overwrite : {"missing", "all"}, default="missing"
        Whether to compute only jobs that are not in `out` yet, or all again.
    options : PipelineOptions, optional
        Encoder, device and the like.
    cache : FeatureCache, optional
        Where features are kept between runs; by default they are not kept.
    allow_duplicates : bool, default=False
        Accept the same sound in training and test of a fold: equal bytes, or one sound cut, shifted, coded or
        resampled.
    reveal : sequence of {"id", "path", "gender", "session", "text"}, default=()
        What estimators of your own are shown beside sound, start and end: without it numbers stand for speakers and
        ids, and links with random names for paths, as names of files often tell the label. The report says so.
    rope : float, optional
        A difference of UAR that does not matter, such as 0.02: of every pair the report then says whether one is better
        or worse by more, the same, or cannot be told.
    add : mapping of str to path or DataFrame, optional
        Predictions of other tools as rows beside these, by name: `utterance, prediction`, and where known `p_<label>,
        speaker, truth, fold`. They are audited as folds are, and marked as brought.
    allow_shared_speakers : bool, default=False
        Accept folds in which speakers train and test: every row is marked *known speakers* and none is ranked.
    progress : bool, default=False
        Draw bars on stderr.
    command : str, default=""
        The command line, for `run.json`.

    Returns
    -------
    Run
        Saved in `out`, without a report.

    Raises
    ------
    SerError
        For what a user can cause: unknown pipelines, folds that leak, audio that cannot be read. A pipeline that fails
        on a fold raises nothing: it is recorded, see `Run.failed`.

    Examples
    --------
    >>> import benchmarks, benchmarks.corpora
    >>> corpus = benchmarks.corpora.load("manifest", "my.csv")  # doctest: +SKIP
    >>> run = benchmarks.evaluate(corpus, pipelines=["logistic@timing"], folds="3", jobs=1)  # doctest: +SKIP
    >>> run.scores[["pipeline", "uar", "uar_low", "uar_high"]]  # doctest: +SKIP
    """
    plan = make_plan(
        corpus,
        pipelines=pipelines,
        folds=folds,
        seeds=seeds,
        options=options,
        allow_duplicates=allow_duplicates,
        allow_shared_speakers=allow_shared_speakers,
        reveal=reveal,
        cache=cache,
    )
    temporary = tempfile.TemporaryDirectory(prefix="benchmarks-") if out is None else None
    store = ResultsStore(Path(temporary.name if temporary else str(out)))
    with store.lock():
        outcome = execute(plan, store, jobs=jobs, cache=cache, overwrite=overwrite, progress=progress)
        run = run_of(outcome, store.folder, command=command, temporary=temporary)
        if add:
            run = with_brought(run, add, corpus=corpus, allow_duplicates=allow_duplicates, cache=cache)
        if rope is not None:
            run = replace(run, record={**run.record, "rope": rope})
        if loses_nothing(run):
            run.save()
        else:
            message = f"{store.folder} keeps the run that was there: this one has fewer pipelines with scores"
            warnings.warn(Note(message), stacklevel=2)
    return run


def loses_nothing(run: Run) -> bool:
    """Whether a run has scores of every pipeline that the one in its folder has, or is the first there.

    Parameters
    ----------
    run : Run
        Not saved yet.

    Returns
    -------
    bool
        False where pipelines were asked for that could not be scored, and saving would lose what was there before.
    """
    if not (run.folder / "predictions.csv").is_file():
        return True
    incomplete = any(pipeline["status"] != Status.DONE for pipeline in run.record["pipelines"].values())
    if not incomplete:
        return True
    before = {
        name for name, entry in read_record(run.folder).get("pipelines", {}).items() if entry["status"] == Status.DONE
    }
    return before <= set(run.predictions.get("pipeline", ()))


def run_of(outcome: Outcome, folder: Path, *, command: str = "", temporary: Any = None) -> Run:
    """Make a run from the results of its plan; nothing is written.

    Parameters
    ----------
    outcome : Outcome
    folder : Path
        Where it will lie.
    command : str, default=""
        The command line that made it.
    temporary : object, optional
        The temporary folder, kept for as long as the run is.
    """
    corpus, predictions, record = outcome.plan.corpus, outcome.predictions(), describe_run(outcome, command)
    table = corpus.utterances
    known = [name for name in PEOPLE if name == "gender" or (name in table and (table[name] != "").any())]
    told = ["path", "start", "end", *known, "session", "label"]
    table, columns = table[told].reset_index(), ["utterance", "speaker", *told]
    utterances = table.rename(columns={"id": "utterance"})[columns]
    jobs = job_table(record, predictions)
    return Run(folder, record, predictions, corpus.labels, jobs, utterances, temporary)
