"""Known clips: what a score gains where the test's very clips were trained on, and where only their speakers were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.evaluation.execute import answers_once
from benchmarks.evaluation.planning import make_plan
from benchmarks.folds.drawing import as_many, shuffled_folds
from benchmarks.reporting.plots.style import FAINT, SERIES, interval_bar, name_rows, new_figure, style
from benchmarks.reporting.tables import Column, Table
from benchmarks.scoring.intervals import Interval, difference_interval, speaker_confusions, speaker_interval
from features.errors import FoldError
from features.plotting import Plot

if TYPE_CHECKING:
    from benchmarks.corpora.corpus import Corpus
    from benchmarks.folds.fold import Fold
    from features.cache import FeatureCache

CLIPS, MOST, SPEAKERS, NEITHER = "same clips", "most of the clips", "same speakers", "neither"
"""What of the test was trained on: every clip; all but a part of them, as of a published model that was trained on a
random part of the corpus; other clips of its speakers; nothing."""

KINDS = (CLIPS, MOST, SPEAKERS, NEITHER)


@dataclass(frozen=True, eq=False)
class _Training:
    """One training of the study.

    Attributes
    ----------
    draw : int
    fold : Fold
        Of a name of its own. A shuffled one is asked about everything.
    held_out : ndarray of int
        Positions that a shuffled fold tests; none where speakers are apart.
    """

    draw: int
    fold: Fold
    held_out: np.ndarray


@dataclass(frozen=True)
class KnownClips:
    """What one pipeline scores by what of the test it was trained on, on equally many clips each time.

    Attributes
    ----------
    pipeline : str
    scores : mapping of str to Interval
        UAR by kind, `KINDS`; intervals over speakers.
    gains : mapping of str to Interval
        What each kind is ahead of `neither`, paired over speakers.
    clips : float
        Mean number of training utterances of a fold.
    share : float
        Of `most of the clips`, the share that was trained on.
    draws : int
        How often utterances were shuffled.
    """

    pipeline: str
    scores: Mapping[str, Interval]
    gains: Mapping[str, Interval]
    clips: float
    share: float
    draws: int


def known_clips(
    corpus: Corpus,
    *,
    pipeline: str = "svm",
    folds: int = 5,
    draws: int = 3,
    jobs: int | None = None,
    cache: FeatureCache | None = None,
    allow_duplicates: bool = False,
    progress: bool = False,
) -> KnownClips:
    """Test one pipeline on clips that it was trained on, on other clips of the same speakers, and on neither.

    Utterances are shuffled and cut into as many folds as there are groups of speakers. A model that was trained on all
    folds but one answers for those (the same clips), and for the one (other clips of the same speakers); beside it a
    model of as many clips of each label answers for speakers whom it never heard. Every utterance is answered for in
    each way, so that what differs is what was heard in training.

    Parameters
    ----------
    corpus : Corpus
    pipeline : str, default="svm"
    folds : int, default=5
        At least 2 and no more than there are speakers.
    draws : int, default=3
        How often utterances are shuffled; scores are means over the draws.
    jobs, cache, allow_duplicates, progress
        As for `benchmarks.evaluate`.

    Returns
    -------
    KnownClips

    Raises
    ------
    SerError
        If there are too few speakers or clips for so many folds, or a training fails.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> found = known_clips(corpora.load("synthetic"), pipeline="logistic@energy", folds=2, draws=1, jobs=1)
    >>> list(found.scores)
    ['same clips', 'most of the clips', 'same speakers', 'neither']
    >>> found.clips, found.share
    (120.0, 0.5)
    """
    table = corpus.utterances
    if draws < 1:
        raise FoldError(f"{draws} draws; expected 1 or more")
    plan = make_plan(corpus, pipelines=[pipeline], folds=str(folds), allow_duplicates=allow_duplicates, cache=cache)
    trainings = [training for draw in range(draws) for training in _trainings(table, plan.folds, draw)]
    trials = [(training.draw, training.fold) for training in trainings]
    predicted = answers_once(plan, trials, jobs=jobs, cache=cache, progress=progress)
    matrices = {
        kind: speaker_confusions(rows, corpus.labels, speakers=corpus.speakers)[1]
        for kind, rows in _by_kind(predicted, trainings, table.index.get_level_values("id").to_numpy()).items()
    }
    clips = float(np.mean([len(fold.training) for _, fold in trials]))
    return KnownClips(
        pipeline,
        {kind: speaker_interval(matrix) for kind, matrix in matrices.items()},
        {kind: difference_interval(matrices[kind], matrices[NEITHER]) for kind in KINDS if kind != NEITHER},
        clips,
        clips / len(table),
        draws,
    )


def _trainings(table: pd.DataFrame, apart: Sequence[Fold], draw: int) -> Iterator[_Training]:
    """The trainings of one draw: each shuffled fold, and the fold of speakers beside it, on as many of each label."""
    for number, (shuffled, own) in enumerate(zip(shuffled_folds(table, len(apart), random_state=draw), apart)):
        heard, unheard = as_many(shuffled, own, table, random_state=draw)
        everything = replace(heard, name=f"shuffled {draw}.{number}", test=np.arange(len(table)))
        yield _Training(draw, everything, shuffled.test)
        yield _Training(draw, replace(unheard, name=f"apart {draw}.{number}"), np.array([], dtype=int))


def _by_kind(predicted: pd.DataFrame, trainings: Sequence[_Training], ids: np.ndarray) -> dict[str, pd.DataFrame]:
    """The answers of each kind, every utterance once a seed; each model that was trained on most is a seed."""
    learnt = {training.fold.name: set(ids[training.fold.training]) for training in trainings}
    held_out = {training.fold.name: set(ids[training.held_out]) for training in trainings}
    asked = list(zip(predicted["fold"], predicted["utterance"]))
    trained = np.array([utterance in learnt[fold] for fold, utterance in asked])
    left = np.array([utterance in held_out[fold] for fold, utterance in asked])
    shuffled = np.array([bool(held_out[fold]) for fold, _ in asked])
    return {
        CLIPS: predicted[shuffled & trained].drop_duplicates(["seed", "utterance"]),
        MOST: predicted[shuffled].assign(seed=predicted.loc[shuffled, "fold"]),
        SPEAKERS: predicted[left],
        NEITHER: predicted[~shuffled],
    }


def known_clips_table(found: KnownClips) -> Table:
    """It as a table: what the score is by what of the test was trained on, and how far that is ahead of nothing.

    Examples
    --------
    >>> one, more = Interval(0.7, 0.6, 0.8, 0.95, 10), Interval(0.1, 0.02, 0.18, 0.95, 10)
    >>> scores, gains = dict.fromkeys(KINDS, one), dict.fromkeys(KINDS[:-1], more)
    >>> known_clips_table(KnownClips("svm", scores, gains, 192.0, 0.8, 3)).rows[2]
    {'trained': 'same speakers', 'uar': '70.0', 'interval': '60.0 to 80.0', 'ahead': '+10.0, +2.0 to +18.0'}
    """
    rows = [
        {
            "trained": kind,
            "uar": f"{100 * score.estimate:.1f}",
            "interval": f"{100 * score.low:.1f} to {100 * score.high:.1f}",
            "ahead": _ahead(found.gains[kind]) if kind in found.gains else "",
        }
        for kind, score in found.scores.items()
    ]
    columns = (
        Column("trained", "Trained on"),
        Column("uar", "UAR %"),
        Column("interval", "95 % interval"),
        Column("ahead", "Ahead of neither"),
    )
    caption = (
        f"UAR % of {found.pipeline} on the same utterances by what of them was trained on, from {found.clips:.0f} "
        f"utterances a fold, mean of {found.draws} draws; most of the clips is {100 * found.share:.0f} % of them; 95 % "
        "intervals over speakers, differences paired."
    )
    return Table("known_clips", caption, columns, tuple(rows))


def known_clips_sentences(found: KnownClips) -> list[str]:
    """Say of each kind what it is worth, and of one whose interval holds 0 that nothing is shown.

    Examples
    --------
    >>> one, more = Interval(0.7, 0.6, 0.8, 0.95, 10), Interval(0.1, -0.02, 0.22, 0.95, 10)
    >>> scores, gains = dict.fromkeys(KINDS, one), dict.fromkeys(KINDS[:-1], more)
    >>> known_clips_sentences(KnownClips("svm", scores, gains, 192.0, 0.8, 3))[2]
    'same speakers: +10.0 points of UAR [-2.0, +22.0], so no gain is shown.'
    """
    return [
        f"{kind}: {100 * gain.estimate:+.1f} points of UAR [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"
        + ("." if gain.low > 0 or gain.high < 0 else ", so no gain is shown.")
        for kind, gain in found.gains.items()
    ]


def _ahead(gain: Interval) -> str:
    return f"{100 * gain.estimate:+.1f}, {100 * gain.low:+.1f} to {100 * gain.high:+.1f}"


def known_clips_plot(found: KnownClips) -> Plot:
    """UAR by what of the test was trained on, with 95 % intervals over speakers.

    Examples
    --------
    >>> one, more = Interval(0.7, 0.6, 0.8, 0.95, 10), Interval(0.1, 0.02, 0.18, 0.95, 10)
    >>> scores, gains = dict.fromkeys(KINDS, one), dict.fromkeys(KINDS[:-1], more)
    >>> known_clips_plot(KnownClips("svm", scores, gains, 192.0, 0.8, 3)).alt_text.partition(";")[0]
    'UAR of svm by what of the test was trained on: same clips 0.70 (0.60 to 0.80)'
    """
    with style():
        figure, axes = new_figure(4.6, 1.05 + 0.34 * len(found.scores))
        for row, (kind, score) in enumerate(found.scores.items()):
            interval_bar(axes, row, score.low, score.high, SERIES[0] if kind == NEITHER else FAINT)
            axes.plot(score.estimate, row, "o", markersize=6, color=SERIES[0] if kind == NEITHER else FAINT)
        name_rows(axes, list(found.scores), "UAR, all clips, by what was trained on")
        axes.set_xlim(0, 1.0)
    parts = [f"{kind} {one.estimate:.2f} ({one.low:.2f} to {one.high:.2f})" for kind, one in found.scores.items()]
    return Plot(figure, f"UAR of {found.pipeline} by what of the test was trained on: {'; '.join(parts)}.")
