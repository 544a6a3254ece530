"""How much a table of features says: a tuned RBF SVM, nested leave-one-speaker-out, one Gram matrix a gamma."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GAMMAS = (0.1, 0.3, 1.0)
COSTS = (0.1, 1.0, 10.0, 100.0)
_INNER_FOLDS = 4
_OUTER_FOLDS = 10
_FARTHEST = 10.0


@dataclass(frozen=True)
class Verdict:
    """Unweighted average recall and accuracy of predictions pooled over the folds."""

    uar: float
    wa: float


def judge(values: np.ndarray, labels: np.ndarray, speakers: np.ndarray, *, per_speaker: bool) -> Verdict:
    """Judge a table of features.

    Folds leave one speaker out, or groups of speakers where there are more than ten. Gamma (over the number of
    features) and C are chosen on four inner folds of speakers.

    Parameters
    ----------
    values : np.ndarray
        [shape=(n_utterances, n_features)]; NaN is replaced by the training fold's median.
    labels, speakers : np.ndarray
        [shape=(n_utterances,)]
    per_speaker : bool
        Standardise every speaker's clips by that speaker's own mean and deviation first (transductive).
    """
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import GroupKFold

    values = np.asarray(values, dtype=np.float64)
    if per_speaker:
        values = _by_speaker(values, speakers)
    predicted = np.empty(len(labels), dtype=labels.dtype)
    n_folds = min(len(np.unique(speakers)), _OUTER_FOLDS)
    for train, test in GroupKFold(n_folds).split(values, labels, speakers):
        predicted[test] = _fold(values, labels, speakers, train, test)
    return Verdict(float(balanced_accuracy_score(labels, predicted)), float((labels == predicted).mean()))


def _by_speaker(values: np.ndarray, speakers: np.ndarray) -> np.ndarray:
    result = values.copy()
    for speaker in np.unique(speakers):
        rows = speakers == speaker
        with np.errstate(invalid="ignore"):
            deviation = np.nanstd(values[rows], axis=0)
            result[rows] = (values[rows] - np.nanmean(values[rows], axis=0)) / np.where(deviation > 0, deviation, 1)
    return result


def _fold(
    values: np.ndarray, labels: np.ndarray, speakers: np.ndarray, train: np.ndarray, test: np.ndarray
) -> np.ndarray:
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.metrics.pairwise import euclidean_distances
    from sklearn.model_selection import GroupKFold
    from sklearn.svm import SVC

    scaled = _scaled(values, train)
    squares = euclidean_distances(scaled, squared=True) / scaled.shape[1]
    inner = list(GroupKFold(_INNER_FOLDS).split(train, labels[train], speakers[train]))
    best, chosen = -1.0, (GAMMAS[0], COSTS[0])
    for gamma in GAMMAS:
        gram = np.exp(-gamma * squares[np.ix_(train, train)])
        for cost in COSTS:
            guesses = np.empty(len(train), dtype=labels.dtype)
            for fit, held in inner:
                machine = SVC(C=cost, kernel="precomputed").fit(gram[np.ix_(fit, fit)], labels[train][fit])
                guesses[held] = machine.predict(gram[np.ix_(held, fit)])
            score = balanced_accuracy_score(labels[train], guesses)
            if score > best:
                best, chosen = score, (gamma, cost)
    gram = np.exp(-chosen[0] * squares)
    machine = SVC(C=chosen[1], kernel="precomputed").fit(gram[np.ix_(train, train)], labels[train])
    return machine.predict(gram[np.ix_(test, train)])


def _scaled(values: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Imputed by medians and standardised, both of the training fold; constant columns left out."""
    kept = np.isfinite(values[train]).any(axis=0)
    values = values[:, kept]
    filled = np.where(np.isfinite(values), values, np.nanmedian(values[train], axis=0))
    deviation = filled[train].std(axis=0)
    varying = deviation > 1e-12
    scaled = (filled[:, varying] - filled[train][:, varying].mean(axis=0)) / deviation[varying]
    return np.clip(scaled, -_FARTHEST, _FARTHEST)
