"""Known sentences: how much of a score is that the test's sentences were trained on, said by other speakers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import pandas as pd

from benchmarks.evaluation.run_options import RunKeywords, RunOptions, check_tests_all
from benchmarks.evaluation.runs import write_table
from benchmarks.folds.splitters import make_folds, uses_text
from benchmarks.folds.texts import notes_on_texts
from benchmarks.reporting.gains import gains_table, gains_text
from benchmarks.reporting.lines import fill
from benchmarks.reporting.sections import Findings, FolderSection
from benchmarks.reporting.tables import Column
from benchmarks.scoring.intervals import difference_interval, speaker_confusions, speaker_interval
from features.errors import FoldError

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus
    from benchmarks.folds.fold import Fold

WHOLE, FEWER, UNKNOWN = "known", "known, as few clips", "unknown"
"""What is known of the test's sentences: all training clips of other speakers; as few of them as the third; none."""


def known_sentences(
    corpus: Corpus,
    *,
    pipelines: Sequence[Any] = ("svm",),
    folds: str | None = None,
    draws: int = 3,
    **run: Unpack[RunKeywords],
) -> pd.DataFrame:
    """Train with and without the test's sentences, on equally many clips, and test on the same utterances each time.

    Three trainings of every pipeline: on the folds of a scheme of speakers; on the same folds with no sentence of the
    test in the training; and, so that fewer clips are not taken for the sentence's worth, on clips that are drawn from
    the first down to as many of each speaker and label as the second has.

    Parameters
    ----------
    corpus, pipelines, seeds, jobs, overwrite, options, cache, allow_duplicates, progress, command
        As for `benchmarks.evaluate`.
    folds : str, optional
        A scheme of speakers, `speaker`, `session` or a number; by default the corpus's own.
    draws : int, default=3
        How often clips are drawn for the third; its scores are means over them.
    out : path
        Folder of the study: `sentences.csv`, and the jobs in `sentences/`.

    Returns
    -------
    DataFrame
        `pipeline, sentences` (known; known, as few clips; unknown), `clips`, the mean number that trains, `uar,
        uar_low, uar_high`, and what it is ahead of unknown sentences: `gain, gain_low, gain_high`. Intervals over
        speakers.

    Raises
    ------
    SerError
        For what a user can cause: no texts, a scheme of texts, another run in `out`, a job that failed.

    Examples
    --------
    >>> import benchmarks, benchmarks.corpora
    >>> corpus = benchmarks.corpora.load("synthetic")
    >>> benchmarks.known_sentences(corpus, pipelines=["majority"], draws=1, jobs=1, out="mine")  # doctest: +SKIP
    """
    scheme = folds or corpus.default_scheme
    if uses_text(scheme):
        raise FoldError(
            f"--folds {scheme}: expected a scheme of speakers, such as speaker; texts are taken apart besides"
        )
    if draws < 1:
        raise FoldError(f"--draws {draws}: expected 1 or more")
    table, how = corpus.utterances, RunOptions(**run)
    apart = make_folds(table, f"{scheme}-x-text")
    plan = how.plan(corpus, pipelines=pipelines, folds=scheme)
    check_tests_all(plan)
    drawn = {draw: [as_few(fold, table, random_state=draw) for fold in apart] for draw in range(draws)}
    for some in (apart, *drawn.values()):
        how.check(some, corpus)
    sets = [(WHOLE, 0, plan.folds), (UNKNOWN, 0, apart), *((FEWER, draw, some) for draw, some in drawn.items())]
    places = {fold: (name, draw) for name, draw, some in sets for fold in some}
    trials = tuple((seed, fold) for seed in plan.seeds for _, _, some in sets for fold in some)
    with how.store("sentences") as store:
        outcome = how.carry_out(plan, trials, store)
        answers = outcome.predictions()
        answers["sentences"], drawn_as = zip(*outcome.of_folds(places))
        answers["seed"] = [f"{seed}.{draw}" for seed, draw in zip(answers["seed"], drawn_as)]
        clips = {
            name: float(np.mean([len(fold.training) for fold in places if places[fold][0] == name])) for name in NAMES
        }
        worth = sentences_table(answers, corpus.labels, clips)
        write_table(store.folder / "sentences.csv", worth)
    return worth


NAMES = (WHOLE, FEWER, UNKNOWN)


def as_few(fold: Fold, table: pd.DataFrame, *, random_state: int) -> Fold:
    """A fold with as many training clips of each speaker and label, drawn from all that these speakers say.

    Parameters
    ----------
    fold : Fold
        No training clip of which says what its test says.
    table : DataFrame
        The utterances that it points into.
    random_state : int
        Seed of the draw.

    Returns
    -------
    Fold
        With the same test, and as many clips of each speaker and label in each subset.

    Examples
    --------
    >>> from benchmarks.folds.fold import Fold
    >>> index = pd.MultiIndex.from_tuples([("a", "1"), ("b", "2"), ("b", "3"), ("c", "4")], names=["speaker", "id"])
    >>> fold = Fold("a-text1", np.array([2]), np.array([3]), np.array([0]))
    >>> few = as_few(fold, pd.DataFrame({"label": "ang"}, index=index), random_state=1)
    >>> few.valid, len(few.train), few.train[0] in (1, 2)
    (array([3]), 1, True)
    """
    rng = np.random.default_rng(random_state)
    cells = pd.Series(list(zip(table.index.get_level_values("speaker"), table["label"], strict=True)))
    aside = np.array([], dtype=int) if fold.aside is None else fold.aside
    own = {"train": fold.train, "valid": fold.valid, "aside": aside}
    taken: dict[str, list[np.ndarray]] = {name: [] for name in own}
    members = {cell: positions.to_numpy() for cell, positions in cells.groupby(cells).groups.items()}
    for cell in sorted(set(cells.iloc[fold.training])):
        shuffled = rng.permutation(members[cell])
        for name, positions in own.items():
            count = int((cells.iloc[positions] == cell).sum())
            taken[name].append(shuffled[:count])
            shuffled = shuffled[count:]
    drawn = {name: np.sort(np.concatenate(parts)) for name, parts in taken.items()}
    return replace(
        fold, train=drawn["train"], valid=drawn["valid"], aside=None if fold.aside is None else drawn["aside"]
    )


def sentences_table(predictions: pd.DataFrame, labels: Sequence[str], clips: Mapping[str, float]) -> pd.DataFrame:
    """Score predictions that carry what is known of `sentences`, each beside those that know none of them.

    Parameters
    ----------
    predictions : DataFrame
        With `pipeline, sentences, seed, speaker, truth, prediction`; a draw is a seed of its own.
    labels : sequence of str
    clips : mapping of str to float
        Mean number of training clips, by what is known.

    Returns
    -------
    DataFrame
        As `known_sentences` gives it.
    """
    rows = []
    for pipeline, group in predictions.groupby("pipeline", sort=False):
        confusions = {name: speaker_confusions(group[group["sentences"] == name], labels)[1] for name in NAMES}
        for name in NAMES:
            interval = speaker_interval(confusions[name])
            row = {"pipeline": pipeline, "sentences": name, "clips": clips[name], **interval.columns("uar")}
            if name != UNKNOWN:
                row |= difference_interval(confusions[name], confusions[UNKNOWN]).columns("gain")
            rows.append(row)
    columns = ["pipeline", "sentences", "clips", "uar", "uar_low", "uar_high", "gain", "gain_low", "gain_high"]
    return pd.DataFrame(rows, columns=columns)


def sentences_text(worth: pd.DataFrame, corpus: Corpus) -> str:
    """Write the study for a terminal: a table, a sentence for each pipeline, and what must be known of the texts."""
    notes = [f"note: {note}" for note in notes_on_texts(corpus.utterances)]
    table = gains_text(worth, places=["sentences"], against="unknown")
    return "\n".join([table, "", *map(fill, (*_sentences_of(worth), *notes))])


def _sentences_of(worth: pd.DataFrame) -> list[str]:
    """What knowing the sentence is worth to every pipeline, in words."""
    found = []
    for row in worth[worth["sentences"] == FEWER].to_dict("records"):
        points, low, high = (100 * row[key] for key in ("gain", "gain_low", "gain_high"))
        end = "." if low > 0 or high < 0 else "; the interval holds 0: it may be worth nothing."
        found.append(
            f"{row['pipeline']}: that the test's sentences were trained on, said by others, is worth {points:+.1f} "
            f"points of UAR on as many clips (95 % interval {low:+.1f} to {high:+.1f}){end}"
        )
    return found


def _findings(tables: Mapping[str, pd.DataFrame], _record: Mapping[str, Any]) -> Findings:
    table = tables["sentences"]
    caption = "UAR by whether the test's sentences were trained on, said by other speakers; intervals over speakers."
    places = (Column("sentences", "Sentences"),)
    shown = gains_table("sentences", caption, table, places=places, against="unknown")
    return Findings(tuple(_sentences_of(table)), (), (shown,))


SECTIONS = (FolderSection("Does training know the sentences?", ("sentences",), _findings, part="sentences"),)
"""What a report shows of a folder in which `python -m benchmarks.sentences` was run."""
