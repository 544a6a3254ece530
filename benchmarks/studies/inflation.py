"""Inflation: by how much folds of any origin raise a score over folds whose test speakers never train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.evaluation.execute import answers_once
from benchmarks.evaluation.planning import make_plan
from benchmarks.folds.drawing import as_many
from benchmarks.folds.leakage import check_folds
from benchmarks.folds.splitters import make_folds
from benchmarks.reporting.tables import Column, Table
from benchmarks.scoring.intervals import Interval, difference_interval, speaker_confusions, speaker_interval
from features.errors import FoldError, ResultsError

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus
    from benchmarks.folds.fold import Fold
    from features.cache import FeatureCache

GIVEN, CLEAN = "as given", "no speaker shared"
DRAWS = 10


@dataclass(frozen=True)
class Inflation:
    """What one pipeline scores on folds as they are given, and on as many that share no speaker.

    Attributes
    ----------
    pipeline : str
    given, clean : Interval
        UAR of the utterances that the given folds test, its interval over speakers.
    difference : Interval
        Given minus clean, paired over speakers.
    clips : float
        Mean number of training utterances of a fold, the same on both sides.
    draws : int
        How often the training sides were drawn.
    """

    pipeline: str
    given: Interval
    clean: Interval
    difference: Interval
    clips: float
    draws: int


def inflation(
    corpus: Corpus,
    folds: Sequence[Fold],
    *,
    pipeline: str = "svm",
    draws: int = DRAWS,
    jobs: int | None = None,
    cache: FeatureCache | None = None,
    allow_duplicates: bool = False,
    progress: bool = False,
) -> Inflation:
    """Train the same pipeline on folds as they are given and on as many clean ones, on equally many clips.

    Each given fold is set beside a fold of speakers; both training sides are drawn down to as many utterances of each
    label, ten times. The scores are those of the same utterances, so that what differs is who is heard in training.

    Parameters
    ----------
    corpus : Corpus
    folds : sequence of Fold
        Of any origin; speakers may stand on both sides, an utterance tests at most once.
    pipeline : str, default="svm"
    draws : int, default=10
        How often training sides are drawn; scores are means over the draws.
    jobs, cache, allow_duplicates, progress
        As for `benchmarks.evaluate`.

    Returns
    -------
    Inflation

    Raises
    ------
    SerError
        If the folds cannot be used, there are fewer speakers than folds, or a training fails.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> from benchmarks.folds.splitters import make_folds
    >>> corpus = corpora.load("synthetic")
    >>> folds = make_folds(corpus.utterances, "text")
    >>> inflation(corpus, folds, pipeline="majority", draws=2).difference.estimate  # doctest: +SKIP
    """
    table = corpus.utterances
    if draws < 1:
        raise FoldError(f"{draws} draws; expected 1 or more")
    if len(corpus.speakers) < max(len(folds), 2):
        raise FoldError(
            f"{len(folds)} folds of {len(corpus.speakers)} speakers: as many folds of speakers are not to be had"
        )
    clean = make_folds(table, str(max(len(folds), 2)))
    plan = make_plan(
        corpus,
        pipelines=[pipeline],
        folds=folds,
        allow_duplicates=allow_duplicates,
        allow_shared_speakers=True,
        cache=cache,
    )
    check_folds(clean, table, corpus.audio_keys.tolist(), allow_duplicates=allow_duplicates)
    trials: list[tuple[int, Fold]] = []
    for draw in range(draws):
        for number, own in enumerate(clean):
            beside = folds[number % len(folds)]
            trials += [
                (draw, replace(some, name=f"{kind}: {some.name}"))
                for kind, some in zip((GIVEN, CLEAN), as_many(beside, own, table, random_state=draw))
            ]
    predicted = answers_once(plan, trials, jobs=jobs, cache=cache, progress=progress)
    kinds = predicted["fold"].str.partition(": ")[0]
    tested = set(predicted.loc[kinds == GIVEN, "utterance"])
    both = {kind: predicted[(kinds == kind) & predicted["utterance"].isin(tested)] for kind in (GIVEN, CLEAN)}
    matrices = {kind: speaker_confusions(some, corpus.labels)[1] for kind, some in both.items()}
    if matrices[GIVEN].sum() != matrices[CLEAN].sum():
        raise ResultsError("the given folds test an utterance more than once; expected each at most once")
    return Inflation(
        pipeline,
        speaker_interval(matrices[GIVEN]),
        speaker_interval(matrices[CLEAN]),
        difference_interval(matrices[GIVEN], matrices[CLEAN]),
        float(np.mean([len(fold.training) for _, fold in trials])),
        draws,
    )


def inflation_sentence(found: Inflation) -> str:
    """Say it in a sentence.

    Examples
    --------
    >>> from benchmarks.scoring.intervals import Interval
    >>> clean, given = Interval(0.8, 0.7, 0.9, 0.95, 10), Interval(0.9, 0.85, 0.95, 0.95, 10)
    >>> more = Interval(0.1, 0.05, 0.15, 0.95, 10)
    >>> inflation_sentence(Inflation("svm", given, clean, more, 416.0, 10))
    'The folds as given are worth +10.0 points of UAR [+5.0, +15.0] to svm over as many that share no speaker.'
    """
    verdict = "" if _shown(found) else ": no inflation is shown"
    return (
        f"The folds as given are worth {_points(found)} of UAR {_span(found)} to {found.pipeline} over as many that "
        f"share no speaker{verdict}."
    )


def inflation_table(found: Inflation) -> Table:
    """It as a table: the folds as given, those that share no speaker, and what lies between them."""
    rows = [
        {"folds": name, "uar": f"{100 * one.estimate:.1f}", "interval": f"{100 * one.low:.1f} to {100 * one.high:.1f}"}
        for name, one in (("folds as given", found.given), (CLEAN, found.clean))
    ]
    rows.append({"folds": "inflation", "uar": _points(found), "interval": _span(found)[1:-1].replace(",", " to")})
    caption = (
        f"UAR % of {found.pipeline} on the same utterances, trained on {found.clips:.0f} utterances a fold with as "
        f"many of each label, mean of {found.draws} draws; 95 % intervals over speakers."
    )
    columns = (Column("folds", "Folds"), Column("uar", "UAR %"), Column("interval", "95 % interval"))
    return Table("inflation", caption, columns, tuple(rows))


def _shown(found: Inflation) -> bool:
    """Whether the interval leaves out 0."""
    return found.difference.low > 0 or found.difference.high < 0


def _points(found: Inflation) -> str:
    return f"{100 * found.difference.estimate:+.1f} points"


def _span(found: Inflation) -> str:
    return f"[{100 * found.difference.low:+.1f}, {100 * found.difference.high:+.1f}]"


def inflation_text(found: Inflation) -> str:
    """Say it in words, for a terminal."""
    rows = [
        f"  {name:<22}{100 * one.estimate:5.1f} [{100 * one.low:.1f}, {100 * one.high:.1f}]"
        for name, one in (("folds as given", found.given), (CLEAN, found.clean))
    ]
    verdict = "" if _shown(found) else "; no inflation is shown"
    return "\n".join(
        [
            f"What the folds are worth to {found.pipeline}: UAR % of the same utterances, trained on",
            f"{found.clips:.0f} utterances a fold with as many of each label, mean of {found.draws} draws; intervals",
            "over speakers",
            *rows,
            f"  {'inflation':<21} {_points(found):>12} {_span(found)}{verdict}",
        ]
    )
