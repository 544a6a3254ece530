"""Whether a stored run is what it says: scores follow from predictions, folds hold, jobs give the same bytes again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.evaluation.check import Check, carried_out_again, check_versions
from benchmarks.evaluation.job_result import JobResult
from benchmarks.evaluation.runs import Run
from benchmarks.evaluation.study_verification import study_folders, verify_study
from benchmarks.pipelines.flags import Flag
from features.errors import ResultsError

TOLERANCE = 1e-5
"""Scores are stored with six digits."""


REPEATABLE = ("benchmarks.run", "benchmarks.ablation", "benchmarks.enrolment")
"""Commands that leave `run.json` with their command line. Of an ablation, its run is drawn from, not its subsets."""


def verify(folder: Path, *, rerun: int = 0, random_state: int = 0) -> tuple[Check, ...]:
    """Check a folder of a run, of studies, or of both.

    Parameters
    ----------
    folder : Path
        Where they lie.
    rerun : int, default=0
        So many stored jobs, drawn at random, are trained anew by the command that stored them, and compared.
    random_state : int, default=0
        Seed of the draw.

    Returns
    -------
    tuple of Check

    Raises
    ------
    ResultsError
        If it holds neither.

    Examples
    --------
    >>> all(check.holds for check in verify(Path("results/emodb")))  # doctest: +SKIP
    """
    parts = study_folders(folder)
    of_studies = [
        check for part in parts for check in verify_study(folder, part, rerun=rerun, random_state=random_state)
    ]
    if of_studies and not (folder / "predictions.csv").exists():
        return tuple(of_studies)
    run = Run.load(folder)
    if not run.record:
        raise ResultsError(
            f"{folder}: holds neither run.json nor study.json; expected the folder of a run or of a study: predictions "
            "alone do not say how they came about"
        )
    checks = [_scores(run), _answers(run), _folds(run), _tested(run), check_versions(run.record)]
    if rerun:
        checks.append(_rerun(run, checks[-1], rerun, random_state))
    return (*checks, *of_studies)


def _scores(run: Run) -> Check:
    file = run.folder / "scores.csv"
    if not file.is_file():
        return Check("scores", False, "scores.csv is missing")
    stored, own = pd.read_csv(file), run.scores
    wrong = []
    if stored["pipeline"].tolist() != own["pipeline"].tolist():
        return Check("scores", False, "scores.csv has other pipelines than predictions.csv")
    for column in own.columns.drop("pipeline").intersection(stored.columns):
        one, other = (pd.to_numeric(table[column]).to_numpy(dtype=float) for table in (stored, own))
        if not np.allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
            wrong.append(column)
    if wrong:
        return Check("scores", False, f"{', '.join(wrong)} in scores.csv do not follow from predictions.csv")
    return Check("scores", True, f"{len(own)} rows follow from {len(run.predictions)} predictions")


def _stored(run: Run) -> Iterator[tuple[Path, JobResult]]:
    for path in sorted((run.folder / "jobs").glob("*.json")):
        yield path, JobResult.from_json(path.read_bytes())


def _answers(run: Run) -> Check:
    """Predictions against the stored answers of the jobs that the record names."""
    keys = {job["key"] for job in run.record.get("jobs", ()) if job.get("key")}
    columns, compared = [f"p_{label}" for label in run.labels], 0
    groups = dict(iter(run.predictions.groupby(["pipeline", "seed", "fold"], sort=False)))
    for path, result in _stored(run):
        rows = groups.get((result.pipeline, result.seed, result.fold))
        if result.key not in keys or rows is None or result.probability is None:
            continue
        compared += 1
        values = rows[columns].to_numpy(dtype=float)
        if values.shape != result.probability.shape or not np.allclose(values, result.probability, atol=1e-7):
            return Check("answers", False, f"predictions.csv is not what {path.name} answered")
        told = np.asarray(run.labels)[values.argmax(axis=1)]
        if (told != rows["prediction"].to_numpy()).any():
            return Check("answers", False, f"a prediction of {result.pipeline} is not its most probable label")
    return Check("answers", True, f"{compared} stored jobs are what predictions.csv holds")


def _folds(run: Run) -> Check:
    shares = any(Flag.KNOWN_SPEAKERS in (entry.get("flags") or ()) for entry in run.record["pipelines"].values())
    folds = run.record.get("folds", {}).get("folds", ())
    for fold in folds:
        shared = {*fold.get("train", ()), *fold.get("valid", ())} & set(fold.get("test", ()))
        if shared and not shares:
            return Check("folds", False, f"{fold['name']}: {', '.join(sorted(shared))} trains and is tested")
        told = run.predictions.loc[run.predictions["fold"] == fold["name"], "speaker"]
        if set(told) - set(fold.get("test", ())):
            return Check("folds", False, f"{fold['name']}: predictions are of speakers that it does not test")
    return Check("folds", True, f"{len(folds)} folds, {'marked as sharing' if shares else 'none shares'} speakers")


def _tested(run: Run) -> Check:
    known = run.utterances
    if known is None:
        return Check("utterances", False, "utterances.csv is missing")
    truth = {(row.speaker, row.utterance): row.label for row in known.itertuples()}
    rows = run.predictions.drop_duplicates(["speaker", "utterance"])
    wrong = [row.utterance for row in rows.itertuples() if truth.get((row.speaker, row.utterance)) != row.truth]
    if wrong:
        return Check("utterances", False, f"{len(wrong)} have another speaker or label than the corpus, as {wrong[0]}")
    return Check("utterances", True, f"{len(rows)} tested, each as the corpus labels it")


def _rerun(run: Run, same_code: Check, count: int, random_state: int) -> Check:
    """Train some jobs anew: by the run's own command, in a copy of its folder that lacks them."""
    words = shlex.split(run.record.get("command") or "")
    keys = {job["key"] for job in run.record.get("jobs", ()) if job.get("key")}
    paths = [path for path, result in _stored(run) if result.key in keys]
    drawn = [paths[place] for place in np.random.default_rng(random_state).permutation(len(paths))[:count]]
    # the record and the predictions go too, so that neither is taken for what the command left
    without = [*drawn, run.folder / "run.json", run.folder / "predictions.csv"]
    with carried_out_again(run.folder, words, without, same_code, repeatable=REPEATABLE) as copy:
        if isinstance(copy, Check):
            return copy
        same = (copy / "predictions.csv").read_bytes() == (run.folder / "predictions.csv").read_bytes()
    names = ", ".join(path.name.rpartition("--")[0] for path in drawn)
    said = "the same bytes" if same else "other predictions"
    return Check("rerun", same, f"{len(drawn)} jobs trained anew give {said} ({names})")
