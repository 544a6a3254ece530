"""The ranking of a run's pipelines: which is best, which cannot be told apart from it, and what a reader must know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmarks.pipelines.flags import Flag
from benchmarks.pipelines.names import flags_by_name
from benchmarks.scoring.confusion import recalls_of, uar_of
from benchmarks.scoring.significance import PairedTest, compare_pipelines
from benchmarks.scoring.status import Status

if TYPE_CHECKING:
    from benchmarks.evaluation.runs import Run

ALPHA = 0.05
"""Level of the paired tests, after correction for all pairs."""


@dataclass(frozen=True)
class Entry:
    """A pipeline's place in the ranking.

    Attributes
    ----------
    name : str
        The pipeline.
    status : Status
        Incomplete where some of its jobs failed.
    reason : str
        Why it was skipped or failed.
    flags : tuple of str
        What a reader must know beside the score: 'best', 'not distinguishable from best', and the values of `Flag`.
    scores : mapping
        Its row of the scores, empty where it has none.
    ranked : bool
        Whether it takes part in the ranking and the tests.
    description : str
        What it is, in words.

    Examples
    --------
    >>> Entry("svm", Status.DONE, "", ("best",), {"uar": 0.79}, ranked=True, description="").flags
    ('best',)
    """

    name: str
    status: Status
    reason: str
    flags: tuple[str, ...]
    scores: Mapping[str, Any]
    ranked: bool
    description: str


@dataclass(frozen=True)
class Ranking:
    """The pipelines of a run in order, and every test between two of them.

    Attributes
    ----------
    run : Run
        The run.
    entries : tuple of Entry
        Best first, then what is not ranked, then what has no score.
    tests : tuple of PairedTest
        Every pair of ranked pipelines.

    Examples
    --------
    >>> rank(Run.load("results/emodb")).best.name  # doctest: +SKIP
    'svm'
    """

    run: Run
    entries: tuple[Entry, ...]
    tests: tuple[PairedTest, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels of the corpus."""
        return self.run.labels

    @property
    def speakers(self) -> tuple[str, ...]:
        """All speakers that were tested."""
        return self.run.speakers

    @property
    def chance(self) -> float:
        """UAR of guessing."""
        return 1 / len(self.labels)

    @property
    def best(self) -> Entry | None:
        """The ranked pipeline with the highest UAR, or None where none is ranked."""
        return next((entry for entry in self.entries if entry.ranked), None)

    @property
    def scored(self) -> tuple[Entry, ...]:
        """The entries that have a score."""
        return tuple(entry for entry in self.entries if entry.scores)

    def recalls(self) -> pd.DataFrame:
        """Recall of every class (columns) by every scored pipeline (rows)."""
        rows = {entry.name: recalls_of(self.run.confusions[entry.name].sum(axis=0)) for entry in self.scored}
        return pd.DataFrame.from_dict(rows, orient="index", columns=list(self.labels))

    def speaker_uars(self) -> pd.DataFrame:
        """UAR of every speaker (rows) by every scored pipeline (columns), over the classes that the speaker has."""
        columns = {entry.name: uar_of(self.run.confusions[entry.name]) for entry in self.scored}
        return pd.DataFrame(columns, index=list(self.speakers))


def rank(run: Run, *, random_state: int = 0) -> Ranking:
    """Rank, test and flag the pipelines of a run.

    Contaminated pipelines (they have seen the test speakers), incomplete ones and those that only guess take no part in
    the ranking and the tests; they would only use up the correction for many pairs.

    Parameters
    ----------
    run : Run
        The run.
    random_state : int, default=0
        Seed of drawn swaps.

    Returns
    -------
    Ranking

    Examples
    --------
    >>> rank(Run.load("results/emodb")).tests  # doctest: +SKIP
    """
    scores = {str(row["pipeline"]): row.to_dict() for _, row in run.scores.iterrows()}
    records = {**{name: {"flags": flags_by_name(name)} for name in scores}, **run.record.get("pipelines", {})}
    tested = run.predictions.drop_duplicates(["seed", "speaker", "utterance"])
    n_utterances = tested["seed"].value_counts().max() if len(tested) else 0  # a seed may draw its own
    rows_per_seed = run.predictions.groupby("pipeline").size() / run.predictions.groupby("pipeline")["seed"].nunique()
    failed = run.jobs.loc[run.jobs["status"] == Status.FAILED, "pipeline"].value_counts()

    def status(name: str) -> Status:
        if name not in scores:
            return Status(records[name].get("status") or Status.SKIPPED)
        return Status.INCOMPLETE if name in failed or rows_per_seed[name] < n_utterances else Status.DONE

    ranked = [
        name for name in scores if status(name) is Status.DONE and not _UNRANKED & set(records[name].get("flags", ()))
    ]
    ranked.sort(key=lambda name: -scores[name]["uar"])
    tests = compare_pipelines({name: run.confusions[name] for name in ranked}, random_state=random_state)
    others = sorted((name for name in records if name not in ranked), key=lambda name: name not in scores)
    return Ranking(
        run,
        tuple(
            Entry(
                name=name,
                status=status(name),
                reason=str(records[name].get("reason") or _failures(failed.get(name, 0))),
                flags=_flags(
                    name, records[name].get("flags", ()), status(name), ranked, tests, synthetic=run.synthetic
                ),
                scores=scores.get(name, {}),
                ranked=name in ranked,
                description=str(records[name].get("description") or ""),
            )
            for name in (*ranked, *others)
        ),
        tests,
    )


def confident_errors(ranking: Ranking, *, count: int = 12) -> pd.DataFrame:
    """The wrong predictions of the best pipeline that had the highest probability, each utterance once.

    Parameters
    ----------
    ranking : Ranking
        Of a run.
    count : int, default=12
        How many at most.

    Returns
    -------
    DataFrame
        `utterance, speaker, fold, truth, prediction, confidence, p_truth`, highest confidence first; empty where there
        are no probabilities.

    Examples
    --------
    >>> confident_errors(rank(Run.load("results/emodb")))["confidence"].max()  # doctest: +SKIP
    """
    best, run = ranking.best, ranking.run
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


_UNRANKED = {Flag.CONTAMINATED, Flag.GUESSING, Flag.KNOWN_SPEAKERS}


def _failures(count: int) -> str:
    return f"{count} {'job' if count == 1 else 'jobs'} failed" if count else ""


def _flags(
    name: str,
    recorded: Sequence[str],
    status: Status,
    ranked: Sequence[str],
    tests: Sequence[PairedTest],
    *,
    synthetic: bool,
) -> tuple[str, ...]:
    flags: list[str] = [] if status is Status.DONE else [status]
    if name in ranked[:1] and len(ranked) > 1:
        flags.append("best")
    for test in tests:
        if [test.first, test.second] == [ranked[0], name] and test.verdict(ALPHA) != "difference":
            findable = test.can_be_found(ALPHA)
            flags.append("not distinguishable from best" if findable else "too few speakers to tell from best")
    flags.extend(recorded)
    if synthetic and status in (Status.DONE, Status.INCOMPLETE):
        flags.append(Flag.SYNTHETIC)
    return tuple(dict.fromkeys(map(str, flags)))
