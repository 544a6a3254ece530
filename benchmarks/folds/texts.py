"""What is said in each utterance, which of it is held out together, and which labels the words alone tell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import FoldError

MOST_GROUPS = 5
"""So many groups of texts at most: each tests a fifth of what is said, and four fifths train."""


def words_of(table: pd.DataFrame) -> NDArray[np.object_]:
    """What is said in each utterance, without case, punctuation and space, so that one sentence has one spelling.

    Parameters
    ----------
    table : pandas.DataFrame
        Utterances with `text`.

    Returns
    -------
    ndarray of str of shape (n_utterances,)
        Empty where nothing is known.

    Examples
    --------
    >>> words_of(pd.DataFrame({"text": ["Das will sie am Mittwoch abgeben.", "das will sie, am Mittwoch abgeben", ""]}))
    array(['das will sie am mittwoch abgeben',
           'das will sie am mittwoch abgeben', ''], dtype=object)
    """
    known = {text: _normal(text) for text in table["text"].unique()}
    return table["text"].map(known).to_numpy(dtype=object)


def _normal(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold().replace("'", "").replace("’", "")
    return " ".join(re.findall(r"\w+", plain)) or plain.strip()


def held_together(table: pd.DataFrame) -> NDArray[np.object_]:
    """What of an utterance is tested together: the script that its words are from, or else the words.

    Parameters
    ----------
    table : pandas.DataFrame
        Utterances with `text` and, where a corpus has them, `script`.

    Returns
    -------
    ndarray of str of shape (n_utterances,)

    Raises
    ------
    FoldError
        If an utterance has neither.

    Examples
    --------
    >>> held_together(pd.DataFrame({"text": ["Yes.", "No."], "script": ["", "impro01"]})).tolist()
    ['yes', 'impro01']
    """
    units = words_of(table)
    if "script" in table:
        units = np.where(table["script"].to_numpy() != "", table["script"].to_numpy(dtype=object), units)
    without = np.flatnonzero(units == "")
    if len(without):
        raise FoldError(
            f"folds by text: {len(without)} of {len(table)} utterances have no text, the first "
            f"{table.index[without[0]][1]!r}; fill in the column text, or choose --folds speaker or a number"
        )
    return units


def text_groups(table: pd.DataFrame) -> NDArray[np.intp]:
    """Divide what is said into groups that are alike in size and labels, at most five.

    Texts are dealt out from the most to the least frequent, each to the group whose labels it brings nearest to equal
    shares. The result does not depend on a seed.

    Parameters
    ----------
    table : pandas.DataFrame
        Utterances with `label` and `text`.

    Returns
    -------
    ndarray of int of shape (n_utterances,)
        The group of each, from 0.

    Raises
    ------
    FoldError
        If an utterance has no text, or all have the same.

    Examples
    --------
    >>> table = pd.DataFrame({"text": ["a", "b", "c", "a", "b", "c"], "label": ["ang"] * 3 + ["sad"] * 3})
    >>> text_groups(table)
    array([0, 1, 2, 0, 1, 2])
    """
    units = held_together(table)
    counts = pd.crosstab(units, table["label"].to_numpy())
    n_groups = min(MOST_GROUPS, len(counts))
    if n_groups < 2:
        raise FoldError(
            f"folds by text: every utterance has the text {table['text'].iloc[0]!r}; expected two texts or more; "
            "choose --folds speaker or a number"
        )
    shares = counts.to_numpy(dtype=float) / counts.to_numpy().sum(axis=0)
    totals, group_of = np.zeros((n_groups, shares.shape[1])), {}
    for row in sorted(range(len(counts)), key=lambda row: (-counts.iloc[row].sum(), counts.index[row])):
        grown = ((totals + shares[row]) ** 2 - totals**2).sum(axis=1)
        group = int(np.lexsort((np.arange(n_groups), totals.sum(axis=1), grown.round(12)))[0])
        totals[group] += shares[row]
        group_of[counts.index[row]] = group
    return np.array([group_of[unit] for unit in units], dtype=np.intp)


def confounded_labels(table: pd.DataFrame) -> Mapping[str, float]:
    """Labels that the words alone tell: most of their utterances say what no utterance of another label says.

    A text that is said once tells nothing and is not counted.

    Parameters
    ----------
    table : pandas.DataFrame
        Utterances with `label` and `text`.

    Returns
    -------
    mapping of str to float
        Share of a label's utterances, over a half, whose text no other label has.

    Examples
    --------
    >>> table = pd.DataFrame({"text": ["a", "a", "b", "b", "b", "b"], "label": ["ang", "sad"] + ["sad"] * 4})
    >>> confounded_labels(table)
    {'sad': 0.8}
    """
    words = pd.Series(words_of(table))
    labels = pd.Series(table["label"].to_numpy())
    n_labels = labels.groupby(words).transform("nunique")
    repeated = (words.groupby(words).transform("size") > 1) & (words != "")
    shares = (repeated & (n_labels == 1)).groupby(labels).mean()
    return {str(label): float(share) for label, share in shares.items() if share > 0.5}


def notes_on_texts(table: pd.DataFrame) -> tuple[str, ...]:
    """What a reader of folds by text must know: the groups, and labels that are confounded with what is said.

    Parameters
    ----------
    table : pandas.DataFrame
        Utterances with `label` and `text`.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> table = pd.DataFrame({"text": ["a", "a", "b", "b"], "label": ["ang", "sad", "ang", "sad"]})
    >>> notes_on_texts(table)
    ('folds by text: 2 groups of 2 texts, 2 to 2 utterances each',)
    """
    groups, n_texts = text_groups(table), len(set(words_of(table)) - {""})
    sizes = np.bincount(groups)
    notes = [f"folds by text: {len(sizes)} groups of {n_texts} texts, {sizes.min()} to {sizes.max()} utterances each"]
    confounded = confounded_labels(table)
    if confounded:
        shares = ", ".join(f"{label} ({share:.0%})" for label, share in confounded.items())
        notes.append(
            f"labels confounded with the text: {shares} of their utterances say what no other label says, so that the "
            "words alone tell them; what folds by text cost here is not a matter of hearing the words"
        )
    return tuple(notes)
