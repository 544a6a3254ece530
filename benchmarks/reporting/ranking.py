"""What a run found: a ranking that knows what it cannot tell apart, its marks, and its surest errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.evaluation.runs import Run
from benchmarks.pipelines.flags import Flag
from benchmarks.scoring.confusion import recalls_of, uar_of
from benchmarks.scoring.intervals import speaker_confusions
from benchmarks.scoring.significance import PairedTest, compare_pipelines

CHANCE = ("majority", "random")
"""Pipelines that show what guessing scores; they are no rivals, and would only use up the correction for many pairs."""

ALPHA = 0.05


@dataclass(frozen=True)
class Standing:
    """A pipeline in the table.

    Attributes
    ----------
    name
        The pipeline.
    status
        'done', 'incomplete' (some jobs failed), 'failed' or 'skipped'.
    reason
        Why it was skipped or failed.
    marks
        What a reader must know beside the score: 'best', 'not distinguishable from best', 'contaminated',
        'transductive', 'synthetic' and others.
    scores
        Its row of the scores, empty where it has none.
    ranked
        Whether it takes part in the ranking and the tests.
    description
        What it is, in words.
    """

    name: str
    status: str
    reason: str
    marks: tuple[str, ...]
    scores: Mapping[str, Any]
    ranked: bool
    description: str


@dataclass(frozen=True)
class Findings:
    """A run with all that is derived from it.

    Attributes
    ----------
    run
        The stored run.
    standings
        Best first, then what is not ranked, then what has no score.
    tests
        Every pair of ranked pipelines.
    speakers
        Names, n of them.
    confusions
        Pipeline to matrices of shape (n, k, k), a mean over seeds.
    """

    run: Run
    standings: tuple[Standing, ...]
    tests: tuple[PairedTest, ...]
    speakers: tuple[str, ...]
    confusions: Mapping[str, NDArray[np.float64]]

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels of the corpus."""
        return self.run.labels

    @property
    def chance(self) -> float:
        """UAR of guessing."""
        return 1 / len(self.labels)

    @property
    def best(self) -> Standing | None:
        """The ranked pipeline with the highest UAR, or None where none is ranked."""
        return next((standing for standing in self.standings if standing.ranked), None)

    @property
    def scored(self) -> tuple[Standing, ...]:
        """The standings that have a score."""
        return tuple(standing for standing in self.standings if standing.scores)

    def recalls(self) -> pd.DataFrame:
        """Recall of every class (columns) by every scored pipeline (rows)."""
        rows = {standing.name: recalls_of(self.confusions[standing.name].sum(axis=0)) for standing in self.scored}
        return pd.DataFrame.from_dict(rows, orient="index", columns=list(self.labels))

    def speaker_uars(self) -> pd.DataFrame:
        """UAR of every speaker (rows) by every scored pipeline (columns), over the classes that the speaker has."""
        rows = {standing.name: uar_of(self.confusions[standing.name]) for standing in self.scored}
        return pd.DataFrame(rows, index=list(self.speakers))


def find(run: Run, *, random_state: int = 0) -> Findings:
    """Rank, test and mark the pipelines of a run.

    Contaminated pipelines (they have seen the test speakers), incomplete ones and those that only guess take no part in
    the ranking and the tests.
    """
    by_name = {str(name): rows for name, rows in run.predictions.groupby("pipeline", sort=False)}
    speakers = tuple(sorted(run.predictions["speaker"].unique()))
    confusions = {name: speaker_confusions(rows, run.labels, speakers=speakers)[1] for name, rows in by_name.items()}
    records = {**{name: {} for name in by_name}, **run.record.get("pipelines", {})}
    scores = {str(row["pipeline"]): row.to_dict() for _, row in run.scores.iterrows()}
    status = {name: _status(name, record, run, by_name) for name, record in records.items()}
    ranked = [name for name in by_name if _is_ranked(name, status[name], records[name])]
    ranked.sort(key=lambda name: -scores[name]["uar"])
    tests = compare_pipelines({name: confusions[name] for name in ranked}, random_state=random_state)
    order = ranked + sorted((name for name in records if name not in ranked), key=lambda name: name not in by_name)
    standings = tuple(
        Standing(
            name=name,
            status=status[name],
            reason=_reason(name, records[name], run),
            marks=_marks(name, records[name], status[name], ranked, tests, run),
            scores=scores.get(name, {}),
            ranked=name in ranked,
            description=str(records[name].get("description") or ""),
        )
        for name in order
    )
    return Findings(run=run, standings=standings, tests=tests, speakers=speakers, confusions=confusions)


def confident_errors(findings: Findings, *, count: int = 12) -> pd.DataFrame:
    """The wrong predictions of the best pipeline that it was surest of, each utterance once, surest first.

    Returns
    -------
    pandas.DataFrame
        `utterance, speaker, fold, truth, prediction, confidence, p_truth`; empty where there are no probabilities.
    """
    best, run = findings.best, findings.run
    columns = [f"p_{label}" for label in run.labels]
    if best is None or not set(columns) <= set(run.predictions.columns):
        return pd.DataFrame()
    rows = run.predictions[run.predictions["pipeline"] == best.name]
    wrong = rows[rows["truth"] != rows["prediction"]].dropna(subset=columns)
    table = wrong[["utterance", "speaker", "fold", "truth", "prediction"]].assign(
        confidence=wrong[columns].max(axis=1),
        p_truth=[row[f"p_{row['truth']}"] for _, row in wrong.iterrows()],
    )
    order = table.sort_values(["confidence", "speaker", "utterance"], ascending=[False, True, True])
    return order.drop_duplicates(["speaker", "utterance"]).head(count).reset_index(drop=True)


def _is_ranked(name: str, status: str, record: Mapping[str, Any]) -> bool:
    guessing = name.split("@")[0].split(":")[0] in CHANCE
    return status == "done" and not guessing and Flag.CONTAMINATED not in record.get("flags", ())


def _status(name: str, record: Mapping[str, Any], run: Run, by_name: Mapping[str, pd.DataFrame]) -> str:
    if name not in by_name:
        return "failed" if record.get("status") == "failed" else str(record.get("status") or "skipped")
    rows = by_name[name]
    expected = len(run.predictions[["speaker", "utterance"]].drop_duplicates()) * rows["seed"].nunique()
    failed = (run.jobs.loc[run.jobs["pipeline"] == name, "status"] == "failed").any()
    return "incomplete" if failed or len(rows) < expected else "done"


def _reason(name: str, record: Mapping[str, Any], run: Run) -> str:
    failed = int((run.jobs.loc[run.jobs["pipeline"] == name, "status"] == "failed").sum())
    counted = f"{failed} {'job' if failed == 1 else 'jobs'} failed" if failed else ""
    return str(record.get("reason") or counted)


def _marks(
    name: str,
    record: Mapping[str, Any],
    status: str,
    ranked: Sequence[str],
    tests: Sequence[PairedTest],
    run: Run,
) -> tuple[str, ...]:
    marks = [] if status == "done" else [status]
    if ranked and name == ranked[0] and len(ranked) > 1:
        marks.append("best")
    for test in tests:
        if ranked and (test.first, test.second) == (ranked[0], name) and test.verdict(ALPHA) != "difference":
            found = test.can_be_found(ALPHA)
            marks.append("not distinguishable from best" if found else "too few speakers to tell from best")
    marks.extend(mark for mark in record.get("flags", ()) if mark not in marks)
    if run.synthetic and status in ("done", "incomplete") and "synthetic" not in marks:
        marks.append("synthetic")
    return tuple(marks)
