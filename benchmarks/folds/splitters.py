"""Folds by session, by speaker, or k groups of speakers, of which no speaker stands on both sides; and by text."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.folds.crossed import Sides, crossed_folds, text_folds
from benchmarks.folds.fold import Fold, speakers_of
from features.errors import FoldError

SCHEMES = {
    "session": "one session tests, the next one in order validates",
    "speaker": "one speaker tests, the next one in order validates",
    "speaker-811": "one speaker tests, the session's other speaker validates (Antoniou et al. 2023)",
    "<k>": "k groups of speakers, balanced in gender and label; one tests, the next one validates",
    "speaker-x-text": "one speaker tests on a group of sentences that nobody trains on; so session-x-text, <k>-x-text",
    "text": "a group of sentences tests, said by speakers who train too: rows are marked and not ranked",
}

BY_TEXT = "text"
_AND_TEXT = "-x-text"


def uses_text(scheme: str) -> bool:
    """Whether a scheme keeps sentences apart.

    Examples
    --------
    >>> uses_text("6-x-text"), uses_text("text"), uses_text("speaker")
    (True, True, False)
    """
    return scheme == BY_TEXT or scheme.endswith(_AND_TEXT)


def shares_speakers(scheme: str) -> bool:
    """Whether those who test train too.

    Examples
    --------
    >>> shares_speakers("text"), shares_speakers("speaker-x-text")
    (True, False)
    """
    return scheme == BY_TEXT


def make_folds(table: pd.DataFrame, scheme: str) -> tuple[Fold, ...]:
    """Make the folds of a corpus; what validates always comes from what does not test.

    Parameters
    ----------
    table : pandas.DataFrame
        Utterances with `label`, `gender`, `session`; index `(speaker, id)`.
    scheme : str
        `session`, `speaker`, `speaker-811`, or a number of groups of speakers; any of these with `-x-text` behind it,
        or `text`.

    Returns
    -------
    tuple of Fold
        Each utterance tests once.

    Raises
    ------
    FoldError
        If the corpus cannot be split so.

    Examples
    --------
    >>> from benchmarks import corpora, make_folds
    >>> [fold.name for fold in make_folds(corpora.load("synthetic").utterances, "4")]
    ['fold1', 'fold2', 'fold3', 'fold4']
    """
    if scheme == BY_TEXT:
        return text_folds(table)
    if scheme.endswith(_AND_TEXT):
        return crossed_folds(table, _sides(table, scheme.removesuffix(_AND_TEXT)))
    groups = _test_groups(table, scheme)
    speakers = np.asarray(table.index.get_level_values("speaker"))
    folds = []
    for name, test in groups.items():
        train = np.setdiff1d(np.arange(len(table)), test)
        valid = _validation_speakers(table, scheme, groups, name)
        if valid:
            validates = np.isin(speakers[train], valid)
        else:
            validates = _validation_clips(name, table["label"].to_numpy()[train])
        folds.append(Fold(name, train[~validates], train[validates], test))
    return tuple(folds)


def _sides(table: pd.DataFrame, scheme: str) -> dict[str, Sides]:
    """Who tests, who may train and who validates, by the name of each fold of a scheme of speakers."""
    groups, everything = _test_groups(table, scheme), np.arange(len(table))
    return {
        name: Sides(tested, np.setdiff1d(everything, tested), tuple(_validation_speakers(table, scheme, groups, name)))
        for name, tested in groups.items()
    }


def validation_speakers(table: pd.DataFrame, scheme: str, fold: str | None = None) -> list[str]:
    """Choose the speakers on which a model's epoch is chosen, by the rule of every fold.

    The speakers that the next fold in order tests validate; under `speaker-811` it is the other speaker of the
    session. Where nobody tests, as for the final model, those of the first fold validate. Where no other speaker would
    be left to train, the first fifth of them validates.

    Parameters
    ----------
    table : pandas.DataFrame
        Utterances with `label`, `gender`, `session`; index `(speaker, id)`.
    scheme : str
        As in `make_folds`; of one with text, by its speakers.
    fold : str, optional
        Name of the fold whose speakers test; None where all utterances train.

    Returns
    -------
    list of str
        Sorted. Empty where only one speaker trains; then every fifth of its clips validates.

    Raises
    ------
    FoldError
        If the corpus cannot be split so.

    Examples
    --------
    >>> import pandas as pd
    >>> index = pd.MultiIndex.from_product([["s1", "s2", "s3"], ["a", "b"]], names=["speaker", "id"])
    >>> table = pd.DataFrame({"label": "ang", "gender": "female", "session": ""}, index=index)
    >>> validation_speakers(table, "speaker", "s1"), validation_speakers(table, "speaker")
    (['s2'], ['s1'])
    """
    scheme = "speaker" if scheme == BY_TEXT else scheme.removesuffix(_AND_TEXT)
    return _validation_speakers(table, scheme, _test_groups(table, scheme), fold)


def _validation_speakers(
    table: pd.DataFrame, scheme: str, groups: dict[str, np.ndarray], fold: str | None
) -> list[str]:
    names = list(groups)
    tested = groups[fold] if fold is not None else np.array([], dtype=int)
    training = speakers_of(table, np.setdiff1d(np.arange(len(table)), tested))
    if len(training) == 1:
        return []
    if fold is None:
        valid = speakers_of(table, groups[names[0]])
    elif scheme == "speaker-811":
        valid = [_session_mate(table, fold)]
    else:
        valid = speakers_of(table, groups[names[(names.index(fold) + 1) % len(names)]])
    return training[: max(1, len(training) // 5)] if set(training) <= set(valid) else valid


def _session_mate(table: pd.DataFrame, speaker: str) -> str:
    """The other speaker of a speaker's session; without sessions, the next speaker in order."""
    speakers = np.asarray(table.index.get_level_values("speaker"))
    sessions = table["session"].to_numpy()
    session = sessions[speakers == speaker][0]
    mates = sorted(set(speakers[sessions == session])) if session else []
    ring = mates if len(mates) > 1 else sorted(set(speakers))
    return ring[(ring.index(speaker) + 1) % len(ring)]


def _validation_clips(name: str, labels: np.ndarray) -> np.ndarray:
    """Which clips of the only training speaker validate: every fifth, stratified by label."""
    from sklearn.model_selection import StratifiedShuffleSplit

    rare = pd.Series(labels).value_counts().min() < 2
    if rare or len(labels) < 5 * len(set(labels)):
        raise FoldError(
            f"fold {name}: one training speaker with {len(labels)} clips cannot be cut for validation; add speakers"
        )
    _, valid = next(StratifiedShuffleSplit(n_splits=1, test_size=0.2, random_state=0).split(labels, labels))
    return np.isin(np.arange(len(labels)), valid)


def _test_groups(table: pd.DataFrame, scheme: str) -> dict[str, np.ndarray]:
    """The name and the test positions of each fold, in order."""
    speakers = np.asarray(table.index.get_level_values("speaker"))
    if scheme.isdecimal() and int(scheme) >= 2:
        assigned = balanced_speaker_groups(table, int(scheme))
        groups = np.array([assigned[speaker] for speaker in speakers])
        return {f"fold{number + 1}": np.flatnonzero(groups == number) for number in range(int(scheme))}
    if scheme not in ("session", "speaker", "speaker-811"):
        raise FoldError(
            f"unknown folds {scheme!r}; expected session, speaker, speaker-811 or a number of 2 or more, with -x-text "
            "behind it where no sentence may be shared either, or text"
        )
    by_session = scheme == "session"
    units = table["session"].to_numpy() if by_session else speakers
    if by_session and (units == "").any():
        raise FoldError("folds by session: this corpus has no sessions; choose --folds speaker or a number")
    _check_several(units, "session" if by_session else "speaker")
    return {str(unit): np.flatnonzero(units == unit) for unit in sorted(set(units))}


def _check_several(units: np.ndarray, unit: str) -> None:
    """Check that a corpus has two speakers, or two sessions, at least."""
    if len(set(units)) < 2:
        other = ", choose --folds speaker" if unit == "session" else ""
        raise FoldError(
            f"only {unit} {units[0]}; speaker-independent folds need 2 or more; add {unit}s{other}, or keep a model "
            "without scores with benchmarks.train --no-scores"
        )


def balanced_speaker_groups(table: pd.DataFrame, n_groups: int) -> dict[str, int]:
    """Divide speakers into groups that are alike in gender and in labels.

    Speakers of each gender are dealt out in turn, so that groups differ by one speaker at most, in number and in each
    gender; then two speakers of one gender change places for as long as that brings the groups' labels nearer to equal
    shares. The result does not depend on a seed.

    Parameters
    ----------
    table : pandas.DataFrame
        Utterances with `label` and `gender`; index `(speaker, id)`.
    n_groups : int
        At least 2.

    Returns
    -------
    dict
        The group of each speaker, 0 to `n_groups - 1`.

    Raises
    ------
    FoldError
        If there are fewer speakers than groups.

    Examples
    --------
    >>> import pandas as pd
    >>> index = pd.MultiIndex.from_product([["s1", "s2", "s3", "s4"], ["a"]], names=["speaker", "id"])
    >>> table = pd.DataFrame({"label": "ang", "gender": ["female", "female", "male", "male"]}, index=index)
    >>> balanced_speaker_groups(table, 2)
    {'s1': 0, 's2': 1, 's3': 0, 's4': 1}
    """
    speakers = np.asarray(table.index.get_level_values("speaker"))
    counts = pd.crosstab(speakers, table["label"].to_numpy())
    _check_several(speakers, "speaker")
    if not 2 <= n_groups <= len(counts):
        raise FoldError(f"--folds {n_groups}: the corpus has {len(counts)} speakers; expected 2 to {len(counts)} folds")
    gender = dict(zip(speakers, table["gender"], strict=True))
    order = sorted(counts.index, key=lambda speaker: (gender[speaker], speaker))
    groups = np.arange(len(order)) % n_groups
    _exchange(groups, counts.loc[order].to_numpy(dtype=float), np.array([gender[speaker] for speaker in order]))
    return {speaker: int(group) for speaker, group in zip(order, groups, strict=True)}


def _exchange(groups: np.ndarray, counts: np.ndarray, genders: np.ndarray) -> None:
    """Let pairs of speakers change groups, the best pair first, until no pair is left that helps; in place.

    Parameters
    ----------
    groups : ndarray of shape (n_speakers,)
        The group of each speaker.
    counts : ndarray of shape (n_speakers, n_labels)
        Utterances of each speaker with each label.
    genders : ndarray of shape (n_speakers,)
    """
    counts = counts * (1.0 / np.maximum(counts.sum(axis=0), 1.0))
    first, second = np.triu_indices(len(groups), k=1)
    alike = genders[first] == genders[second]
    first, second = first[alike], second[alike]
    moved = counts[second] - counts[first]
    while len(first):
        totals = np.zeros((groups.max() + 1, counts.shape[1]))
        np.add.at(totals, groups, counts)
        ahead = totals[groups[first]] - totals[groups[second]]
        gain = np.where(groups[first] != groups[second], 2.0 * (moved * (ahead + moved)).sum(axis=1), 0.0)
        best = int(gain.argmin())
        if gain[best] > -1e-12:
            return
        groups[[first[best], second[best]]] = groups[[second[best], first[best]]]
