"""A control for any run: with labels permuted within every speaker nothing can be learnt, so every row must guess."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtr

from benchmarks.scoring.confusion import codes
from benchmarks.scoring.sign_flips import holm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.corpora.corpus import Corpus

LEVEL = 0.01
"""Chance is said not to hold where the p of a row, corrected over all rows, is not above it."""


@dataclass(frozen=True)
class ChanceRow:
    """One row of a run on permuted labels.

    Attributes
    ----------
    name : str
        The pipeline.
    uar : float
        What it scored.
    expected : float
        What its answers score on average over all permutations of the test labels within speakers.
    p : float
        Two-sided, of a score that far from it; not corrected.

    Examples
    --------
    >>> ChanceRow("svm", 0.26, 0.25, 0.4).name
    'svm'
    """

    name: str
    uar: float
    expected: float
    p: float


@dataclass(frozen=True)
class ChanceCheck:
    """Whether chance holds for every row of a run on permuted labels.

    Attributes
    ----------
    rows : tuple of ChanceRow
    departing : tuple of str
        Names of the rows for which it does not.

    Examples
    --------
    >>> ChanceCheck((), ()).holds
    True
    """

    rows: tuple[ChanceRow, ...]
    departing: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether it holds for all rows."""
        return not self.departing

    def text(self) -> str:
        """The check for a terminal."""
        lines = [f"{row.name}: UAR {row.uar:.3f}, by chance {row.expected:.3f} (p {row.p:.2g})" for row in self.rows]
        if self.holds:
            verdict = f"Control with permuted labels: chance holds for each of {len(self.rows)} rows."
        else:
            verdict = (
                f"Control with permuted labels: CHANCE DOES NOT HOLD for {', '.join(self.departing)}: something that "
                "trained knows the labels of the test; do not quote a score of this set-up."
            )
        return "\n".join([*lines, verdict])


def permuted(corpus: Corpus, *, random_state: int = 0) -> Corpus:
    """The corpus with the labels of every speaker's utterances permuted.

    Parameters
    ----------
    corpus : Corpus
    random_state : int, default=0
        Seed of the permutation.

    Returns
    -------
    Corpus
        Each speaker has as many utterances of each label as before. Its fingerprint is another, so that no stored
        result of true labels is taken for one of these.

    Examples
    --------
    >>> from benchmarks import corpora
    >>> corpus = corpora.load("synthetic")
    >>> control = permuted(corpus)
    >>> control.counts().equals(corpus.counts()), control.fingerprint == corpus.fingerprint
    (True, False)
    """
    rng = np.random.default_rng(random_state)
    labels = corpus.utterances["label"].to_numpy().copy()
    speakers = corpus.utterances.index.get_level_values("speaker")
    for speaker in speakers.unique():
        own = np.flatnonzero(speakers == speaker)
        labels[own] = labels[rng.permutation(own)]
    note = f"control: labels are permuted within every speaker (seed {random_state}), so every score should be chance"
    policy = f"{corpus.policy}, permuted labels" if corpus.policy else "permuted labels"
    table = corpus.utterances.assign(label=labels)
    return replace(corpus, utterances=table, policy=policy, notes=(*corpus.notes, note), control="permuted")


def check_chance(predictions: pd.DataFrame, labels: Sequence[str], *, by: Sequence[str] = ("pipeline",)) -> ChanceCheck:
    """Check that every row of a run on permuted labels scores what guessing does.

    Within a speaker every order of the true labels was as likely, whatever was answered. That gives the mean and the
    variance of each speaker's part of the UAR exactly (W. Hoeffding, "A combinatorial central limit theorem", 1951).

    Parameters
    ----------
    predictions : DataFrame
        As stored.
    labels : sequence of str
        All labels.
    by : sequence of str, default=("pipeline",)
        Columns that tell rows apart.

    Returns
    -------
    ChanceCheck

    Examples
    --------
    >>> rows = pd.DataFrame({"pipeline": "svm", "seed": 0, "speaker": np.repeat(["a", "b"], 20), "utterance": range(40),
    ...                      "truth": ["ang", "sad"] * 20, "prediction": ["ang", "sad"] * 20})
    >>> check_chance(rows, ["ang", "sad"]).departing
    ('svm',)
    """
    rows = []
    for key, own in predictions.groupby(list(by), sort=False):
        rows.append(_row(", ".join(map(str, key)) if isinstance(key, tuple) else str(key), own, labels))
    corrected = holm([row.p for row in rows])
    departing = tuple(row.name for row, p in zip(rows, corrected) if p <= LEVEL)
    return ChanceCheck(tuple(rows), departing)


def _row(name: str, rows: pd.DataFrame, labels: Sequence[str]) -> ChanceRow:
    shares = pd.get_dummies(pd.Categorical(rows["prediction"], categories=list(labels))).to_numpy(dtype=float)
    keys = pd.MultiIndex.from_frame(rows[["speaker", "utterance", "truth"]])
    table = pd.DataFrame(shares, index=keys).groupby(level=[0, 1, 2], sort=False).mean()
    truth = codes(table.index.get_level_values(2), labels)
    counts = np.bincount(truth, minlength=len(labels)).astype(float)
    weight = 1 / np.where(counts > 0, counts, np.inf) / (counts > 0).sum()
    speakers, values = table.index.get_level_values(0), table.to_numpy() * weight
    seen = mean = variance = 0.0
    for speaker in speakers.unique():
        own = speakers == speaker
        each = values[own][:, truth[own]]  # what answer i adds where label j is its true one
        seen += float(np.trace(each))
        mean += float(each.mean() * len(each))
        if len(each) > 1:
            rest = each - each.mean(axis=0) - each.mean(axis=1, keepdims=True) + each.mean()
            variance += float((rest**2).sum() / (len(each) - 1))
    p = 1.0 if variance < 1e-18 else float(2 * ndtr(-abs(seen - mean) / math.sqrt(variance)))
    return ChanceRow(name, seen, mean, p)
