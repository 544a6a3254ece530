"""The ranking of a run's pipelines: which is best, which cannot be told apart from it, and what a reader must know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmarks.pipelines.flags import Family, Flag, family_of
from benchmarks.pipelines.names import flags_by_name
from benchmarks.scoring.confusion import recalls_of, uar_of
from benchmarks.scoring.power import Power, powers
from benchmarks.scoring.significance import PairedTest, Verdict, compare_pipelines
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
        What a reader must know beside the score: 'best', 'no difference to the best shown', and the values of `Flag`.
    scores : mapping
        Its row of the scores, empty where it has none.
    family : Family or None
        The pipelines among which it is ranked and tested; None where it takes no part in that.
    description : str
        What it is, in words.

    Examples
    --------
    >>> Entry("svm", Status.DONE, "", ("best",), {"uar": 0.79}, family=Family.UNSEEN, description="").ranked
    True
    """

    name: str
    status: Status
    reason: str
    flags: tuple[str, ...]
    scores: Mapping[str, Any]
    family: Family | None
    description: str

    @property
    def ranked(self) -> bool:
        """Whether it takes part in a ranking and its tests."""
        return self.family is not None


@dataclass(frozen=True)
class Ranking:
    """The pipelines of a run in order, and every test between two of them.

    Attributes
    ----------
    run : Run
        The run.
    entries : tuple of Entry
        Family by family, the best of each first, then what is not ranked, then what has no score.
    tests : tuple of PairedTest
        Every pair of pipelines of one family, corrected for the pairs of that family.
    powers : mapping of (str, str) to Power
        What the speakers could have shown, by the names of each tested pair.
    rope : float or None
        Half the width of the region of practical equivalence; None where none was given.

    Examples
    --------
    >>> rank(Run.load("results/emodb")).best.name  # doctest: +SKIP
    'svm'
    """

    run: Run
    entries: tuple[Entry, ...]
    tests: tuple[PairedTest, ...]
    powers: Mapping[tuple[str, str], Power]
    rope: float | None = None

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
    def enrolment_note(self) -> str:
        """The sentence, after a space, on the clips that enrol and are never scored; empty where none do."""
        enrolment = self.run.record.get("enrolment")
        if not enrolment:
            return ""
        return f" {enrolment['clips']} clips of each speaker enrol and are scored for no pipeline."

    @property
    def best(self) -> Entry | None:
        """The best of the first family that has an entry, or None where nothing is ranked."""
        return next((entry for entry in self.entries if entry.ranked), None)

    @property
    def families(self) -> dict[Family, tuple[Entry, ...]]:
        """The ranked entries of every family that has some, best first."""
        members = {family: tuple(entry for entry in self.entries if entry.family is family) for family in Family}
        return {family: entries for family, entries in members.items() if entries}

    def tests_of(self, family: Family) -> tuple[PairedTest, ...]:
        """The tests between the pipelines of a family."""
        names = {entry.name for entry in self.families.get(family, ())}
        return tuple(test for test in self.tests if test.first in names)

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


def rank(run: Run, *, random_state: int = 0, rope: float | None = None) -> Ranking:
    """Rank, test and flag the pipelines of a run.

    Those that use other clips of the test speaker (transductive, enrolled) answer another question than those that do
    not: each family is ranked, tested and corrected by itself. Contaminated pipelines (they have seen the test
    speakers), incomplete ones and those that only guess take no part at all.

    Parameters
    ----------
    run : Run
        The run.
    random_state : int, default=0
        Seed of drawn swaps.
    rope : float, optional
        Half the width of the region of practical equivalence; what `run.json` says unless given.

    Returns
    -------
    Ranking

    Examples
    --------
    >>> rank(Run.load("results/emodb")).tests  # doctest: +SKIP
    """
    rope = run.record.get("rope") if rope is None else rope
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

    family = {name: family_of(records[name].get("flags", ())) for name in scores if status(name) is Status.DONE}
    ranked = {
        one: sorted((name for name in family if family[name] is one), key=lambda name: -scores[name]["uar"])
        for one in Family
    }
    tests = {
        one: compare_pipelines({name: run.confusions[name] for name in names}, random_state=random_state)
        for one, names in ranked.items()
    }
    others = sorted((name for name in records if family.get(name) is None), key=lambda name: name not in scores)
    several = sum(map(bool, ranked.values())) > 1

    def place(name: str) -> tuple[str, ...]:
        one = family.get(name)
        return () if one is None else _place(name, ranked[one], tests[one], one if several else None)

    return Ranking(
        run,
        tuple(
            Entry(
                name=name,
                status=status(name),
                reason=str(records[name].get("reason") or _failures(failed.get(name, 0))),
                flags=_flags(place(name), records[name].get("flags", ()), status(name), synthetic=run.synthetic),
                scores=scores.get(name, {}),
                family=family.get(name),
                description=str(records[name].get("description") or ""),
            )
            for name in (*(name for names in ranked.values() for name in names), *others)
        ),
        tuple(test for some in tests.values() for test in some),
        {pair: power for some in tests.values() for pair, power in powers(some, run.confusions, rope=rope).items()},
        rope,
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


def _failures(count: int) -> str:
    return f"{count} {'job' if count == 1 else 'jobs'} failed" if count else ""


def _place(name: str, ranked: Sequence[str], tests: Sequence[PairedTest], family: Family | None) -> tuple[str, ...]:
    """What the tests say of a pipeline's place in its family, which is named where there is another one."""
    best = f"best with {family}" if family is Family.OTHER_CLIPS else "best"
    if name == ranked[0]:
        return (best,) if len(ranked) > 1 else ()
    test = next(test for test in tests if (test.first, test.second) == (ranked[0], name))
    if test.verdict(ALPHA) is Verdict.SHOWN:
        return ()
    return ("no difference to the best shown" if test.can_be_found(ALPHA) else "too few speakers to tell from best",)


def _flags(place: Sequence[str], recorded: Sequence[str], status: Status, *, synthetic: bool) -> tuple[str, ...]:
    flags: list[str] = [] if status is Status.DONE else [status]
    flags += [*place, *recorded]
    if synthetic and status in (Status.DONE, Status.INCOMPLETE):
        flags.append(Flag.SYNTHETIC)
    return tuple(dict.fromkeys(map(str, flags)))
