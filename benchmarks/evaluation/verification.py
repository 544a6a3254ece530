"""Whether a stored run is what it says: scores follow from predictions, folds hold, jobs give the same bytes again."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.evaluation.job_result import JobResult
from benchmarks.evaluation.provenance import CONTRIBUTING, code_of, versions
from benchmarks.evaluation.runs import Run
from benchmarks.pipelines.flags import Flag
from features.errors import ResultsError

TOLERANCE = 1e-5
"""Scores are stored with six digits."""


REPEATABLE = ("benchmarks.run", "benchmarks.ablation", "benchmarks.enrolment")
"""Commands that leave `run.json` with their command line. Of an ablation, its run is drawn from, not its subsets."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    what : str
        The thing.
    holds : bool
        Whether it is as the run says.
    said : str
        What was found.

    Examples
    --------
    >>> str(Check("scores", True, "8 rows"))
    'ok    scores: 8 rows'
    """

    what: str
    holds: bool
    said: str

    def __str__(self) -> str:
        return f"{'ok   ' if self.holds else 'WRONG'} {self.what}: {self.said}"


def verify(folder: Path, *, rerun: int = 0, random_state: int = 0) -> tuple[Check, ...]:
    """Check a run's folder.

    Parameters
    ----------
    folder : Path
        Of a run.
    rerun : int, default=0
        So many stored jobs, drawn at random, are trained anew by the run's own command, and compared.
    random_state : int, default=0
        Seed of the draw.

    Returns
    -------
    tuple of Check

    Raises
    ------
    ResultsError
        If it is no run.

    Examples
    --------
    >>> all(check.holds for check in verify(Path("results/emodb")))  # doctest: +SKIP
    """
    run = Run.load(folder)
    if not run.record:
        raise ResultsError(
            f"{folder}: holds no run.json; expected the folder of benchmarks.run, ablation or enrolment: predictions "
            "alone and the studies learning, resampling, sentences, cross and robustness keep no record of their "
            "command, so the same command with --overwrite all into another --out is what checks them"
        )
    checks = [_scores(run), _answers(run), _folds(run), _tested(run), _versions(run)]
    if rerun:
        checks.append(_rerun(run, checks[-1], rerun, random_state))
    return tuple(checks)


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


def _versions(run: Run) -> Check:
    now, then = versions(), run.record.get("versions", {})
    other = [f"{name} {then[name]}, here {now.get(name, 'none')}" for name in then if now.get(name) != then[name]]
    code = [name for name in CONTRIBUTING if run.record.get("code", {}).get(name) != code_of(name)]
    if other or code:
        parts = [*other, *(f"code of {name}" for name in code)]
        return Check("versions", False, f"not those that made it ({'; '.join(parts)}): another result is no proof")
    return Check("versions", True, "libraries and code are those that made it")


def _rerun(run: Run, same_code: Check, count: int, random_state: int) -> Check:
    """Train some jobs anew: by the run's own command, in a copy of its folder that lacks them."""
    words = shlex.split(run.record.get("command") or "")
    if words[:2] != ["python", "-m"] or words[2] not in REPEATABLE:
        said = f"made by {' '.join(words[:3]) or 'no command'}: only what {', '.join(REPEATABLE)} made can be repeated"
        return Check("rerun", False, said)
    if not same_code.holds:
        return Check("rerun", False, "not tried: with other versions or code every job would be another")
    keys = {job["key"] for job in run.record.get("jobs", ()) if job.get("key")}
    paths = [path for path, result in _stored(run) if result.key in keys]
    drawn = np.random.default_rng(random_state).permutation(len(paths))[:count]
    with tempfile.TemporaryDirectory(prefix="verify-") as temporary:
        copy = Path(temporary) / "run"
        shutil.copytree(run.folder, copy)
        for place in drawn:
            (copy / "jobs" / paths[place].name).unlink()
        for name in ("run.json", "predictions.csv"):  # so that neither is taken for what the command left
            (copy / name).unlink()
        command = [sys.executable, *words[1:], "--out", str(copy), "--overwrite", "missing"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no message"]
            return Check("rerun", False, f"its command ended with {done.returncode}: {lines[-1]}")
        same = (copy / "predictions.csv").read_bytes() == (run.folder / "predictions.csv").read_bytes()
    names = ", ".join(paths[place].name.rpartition("--")[0] for place in drawn)
    said = "the same bytes" if same else "other predictions"
    return Check("rerun", same, f"{len(drawn)} jobs trained anew give {said} ({names})")
