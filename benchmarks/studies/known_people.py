"""Known people: how much of a score is that training held speakers like the one who is tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import pandas as pd

from benchmarks.evaluation.run_options import RunKeywords, RunOptions
from benchmarks.evaluation.runs import write_table
from benchmarks.folds.fold import Fold
from benchmarks.reporting.gains import gains_table, gains_text
from benchmarks.reporting.sections import Findings, FolderSection
from benchmarks.reporting.tables import Column
from benchmarks.scoring.intervals import difference_interval, speaker_confusions, speaker_interval
from features.errors import FoldError

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus

SAME, MIXED, OTHER = "same", "mixed", "other"
TRAINED = (SAME, MIXED, OTHER)
"""Whom training held: speakers of the tested one's group, of both by halves, or of the others."""


def known_people(
    corpus: Corpus,
    *,
    by: str = "gender",
    pipelines: Sequence[Any] = ("svm",),
    folds: str | None = None,
    draws: int = 1,
    **run: Unpack[RunKeywords],
) -> pd.DataFrame:
    """Train on one group of speakers and test on it, on the others, and from both, on equally many speakers and clips.

    Parameters
    ----------
    corpus, pipelines, folds, seeds, jobs, overwrite, options, cache, allow_duplicates, progress, command
        As for `benchmarks.evaluate`.
    by : str, default="gender"
        Column of the corpus that groups speakers.
    draws : int, default=1
        How often training speakers and clips are drawn; scores are means over them.
    out : path
        Folder of the study: `known_people.csv`, and the jobs in `known_people/`.

    Returns
    -------
    DataFrame
        `pipeline, tested` (a group, or all), `trained` (same, mixed, other), `clips`, the mean number that trains,
        `uar, uar_low, uar_high`, and what it is ahead of training on the others: `gain, gain_low, gain_high`.

    Raises
    ------
    SerError
        For what a user can cause, such as a corpus that does not tell the groups, or too few speakers of one.

    Examples
    --------
    >>> import benchmarks, benchmarks.corpora
    >>> corpus = benchmarks.corpora.load("synthetic")
    >>> benchmarks.known_people(corpus, pipelines=["majority"], jobs=1, out="mine")  # doctest: +SKIP
    """
    if draws < 1:
        raise FoldError(f"--draws {draws}: expected 1 or more")
    table, how = corpus.utterances, RunOptions(**run)
    plan = how.plan(corpus, pipelines=pipelines, folds=folds)
    groups = _groups(table, by)
    places: dict[Fold, tuple[str, int]] = {}
    for draw in range(draws):
        made = [one for fold in plan.folds for one in training_folds(fold, table, groups, random_state=draw)]
        for trained in TRAINED:
            some = [fold for name, fold in made if name == trained]
            how.check(some, corpus)
            places |= dict.fromkeys(some, (trained, draw))
    trials = tuple((seed, fold) for seed in plan.seeds for fold in places)
    with how.store("known_people") as store:
        outcome = how.carry_out(plan, trials, store)
        answers = outcome.predictions()
        answers["trained"], drawn = zip(*outcome.of_folds(places))
        answers["seed"] = [f"{seed}.{draw}" for seed, draw in zip(answers["seed"], drawn)]
        answers["tested"] = answers["speaker"].map(dict(zip(table.index.get_level_values("speaker"), groups)))
        clips = {name: float(np.mean([len(f.training) for f in places if places[f][0] == name])) for name in TRAINED}
        found = known_table(answers, corpus.labels).assign(clips=lambda rows: rows["trained"].map(clips))
        write_table(store.folder / "known_people.csv", found)
    return found


def _groups(table: pd.DataFrame, by: str) -> pd.Series:
    """The group of every utterance's speaker."""
    groups = table[by].astype(str) if by in table else pd.Series("", index=table.index)
    names = sorted(set(groups) - {""})
    if len(names) < 2 or (groups == "").any():
        raise FoldError(
            f"--by {by}: {len(names)} groups, {int((groups == '').sum())} clips without one; expected a column of the "
            "corpus with two groups or more that knows every speaker, such as gender"
        )
    return groups


def training_folds(fold: Fold, table: pd.DataFrame, groups: pd.Series, *, random_state: int) -> list[tuple[str, Fold]]:
    """A fold as one for each group that it tests and each way to train, on as many speakers and clips of each label.

    One of the speakers validates, for models that choose on such.

    Raises
    ------
    FoldError
        If fewer than two speakers of a group are left to train.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([list("abcdef"), list("12")], names=["speaker", "id"])
    >>> table = pd.DataFrame({"label": ["ang", "sad"] * 6}, index=index)
    >>> groups = pd.Series(["f"] * 6 + ["m"] * 6, index=index)
    >>> fold = Fold("a", np.arange(2, 12), np.array([], dtype=int), np.arange(2))
    >>> [(name, len(one.training)) for name, one in training_folds(fold, table, groups, random_state=0)]
    [('same', 4), ('mixed', 4), ('other', 4)]
    """
    rng = np.random.default_rng(random_state)
    speakers, values = table.index.get_level_values("speaker").to_numpy(), groups.to_numpy()
    pool = {name: sorted(set(speakers[fold.training][values[fold.training] == name])) for name in sorted(set(values))}
    found = []
    for group in sorted(set(values[fold.test])):
        own = list(rng.permutation(pool[group]))
        rest = list(rng.permutation([name for other, names in pool.items() if other != group for name in names]))
        count = min(len(own), len(rest))
        if count < 2:
            raise FoldError(
                f"fold {fold.name}: {count} speakers to train on beside those who test {group}; expected 2 of each "
                "group"
            )
        half = count // 2
        chosen = {SAME: own[:count], MIXED: own[:half] + rest[: count - half], OTHER: rest[:count]}
        positions = {name: fold.training[np.isin(speakers[fold.training], who)] for name, who in chosen.items()}
        test = fold.test[values[fold.test] == group]
        for name, few in _equal(positions, table["label"].to_numpy(), rng).items():
            validates = speakers[few] == chosen[name][-1]
            found.append((name, Fold(f"{fold.name}-{group}-{name}", few[~validates], few[validates], test)))
    return found


def _equal(positions: dict[str, np.ndarray], labels: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """As many clips of each label for each way to train, drawn from those that there are."""
    taken: dict[str, list[np.ndarray]] = {name: [] for name in positions}
    for label in sorted(set(labels)):
        own = {name: some[labels[some] == label] for name, some in positions.items()}
        count = min(map(len, own.values()))
        for name, some in own.items():
            taken[name].append(rng.permutation(some)[:count])
    return {name: np.sort(np.concatenate(parts)) for name, parts in taken.items()}


def known_table(predictions: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Score predictions that carry whom training held; as `known_people` gives it, without `clips`."""
    rows = []
    for pipeline, own in predictions.groupby("pipeline", sort=False):
        for tested in (*sorted(own["tested"].unique()), "all"):
            some = own if tested == "all" else own[own["tested"] == tested]
            confusions = {name: speaker_confusions(some[some["trained"] == name], labels)[1] for name in TRAINED}
            for name in TRAINED:
                gain = difference_interval(confusions[name], confusions[OTHER])
                row = {"pipeline": pipeline, "tested": tested, "trained": name}
                row |= speaker_interval(confusions[name]).columns("uar")
                rows.append({**row, **(gain.columns("gain") if name != OTHER else {})})
    return pd.DataFrame(rows)


def known_text(found: pd.DataFrame) -> str:
    """Write the study for a terminal."""
    return gains_text(found, places=["tested", "trained"], against="other")


def people_sentences(found: pd.DataFrame) -> list[str]:
    """What training on speakers like the tested ones is worth to every pipeline, over all who are tested.

    Examples
    --------
    >>> gain = {"gain": 0.1, "gain_low": 0.05, "gain_high": 0.15}
    >>> people_sentences(pd.DataFrame([{"pipeline": "svm", "tested": "all", "trained": SAME} | gain]))[0][:64]
    'svm: training on the own group instead of the other is worth +10'
    """
    told = []
    for row in found[(found["tested"] == "all") & (found["trained"] == SAME)].to_dict("records"):
        points, low, high = (100 * row[key] for key in ("gain", "gain_low", "gain_high"))
        end = "." if low > 0 or high < 0 else "; the interval holds 0."
        told.append(
            f"{row['pipeline']}: training on the own group instead of the other is worth {points:+.1f} points of UAR "
            f"on as many clips (95 % interval {low:+.1f} to {high:+.1f}){end}"
        )
    return told


def _findings(tables: Mapping[str, pd.DataFrame], _record: Mapping[str, Any]) -> Findings:
    table = tables["known_people"]
    caption = "UAR by whom training held, on equally many speakers and clips; intervals over speakers."
    places = (Column("tested", "Tested"), Column("trained", "Trained"))
    shown = gains_table("known_people", caption, table, places=places, against="other")
    return Findings(tuple(people_sentences(table)), (), (shown,))


SECTIONS = (
    FolderSection("Does training know people like the tested ones?", ("known_people",), _findings, part="known_people"),
)
"""What a report shows of a folder in which `python -m benchmarks.known_people` was run."""
