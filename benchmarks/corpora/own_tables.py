"""What tables of anybody's data share: which column is which, how a gender is spelled, what is said of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from benchmarks.corpora.base import PEOPLE
from features.column_names import find_columns
from features.errors import CorpusError
from features.names import printable

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("path", "label", "speaker")
TIMES = ("start", "end")
RATINGS = ("valence", "arousal", "dominance")
OPTIONAL = ("id", *PEOPLE, "session", "text", *TIMES, *RATINGS)
"""Columns of a table of one's own: what each row needs, and what is used where it is there."""

REMEDY = "say which with --columns {0}=NAME (columns={{'{0}': 'NAME'}}), or rename one"

_GENDERS = {
    **dict.fromkeys(("female", "f", "w", "woman"), "female"),
    **dict.fromkeys(("male", "m", "man"), "male"),
    **dict.fromkeys(("", "unknown", "unk", "other", "child", "nan", "none", "na", "n/a", "-"), ""),
}


def own_columns(
    names: Sequence[str],
    chosen: Mapping[str, str],
    *,
    where: str,
    required: Sequence[str] = REQUIRED,
    known: Sequence[str] = (*REQUIRED, *OPTIONAL),
) -> dict[str, str]:
    """Find which of a table's columns stand for this toolkit's.

    Parameters
    ----------
    names : sequence of str
        The table's columns.
    chosen : mapping of str to str
        Columns that a user names, by this toolkit's names.
    where : str
        The table, for messages.
    required : sequence of str
        Columns without which it cannot be used.
    known : sequence of str
        Columns that are looked for.

    Returns
    -------
    dict of str to str
        The table's name of each column that was found, by this toolkit's.

    Raises
    ------
    CorpusError
        If two may be one, one that is chosen is not there, one that is required is not found, or one stands for two.

    Examples
    --------
    >>> own_columns(["file", "emotion", "spk"], {}, where="my.csv")
    {'path': 'file', 'label': 'emotion', 'speaker': 'spk'}
    """
    for ours in chosen:
        if ours not in known:
            raise CorpusError(f"--columns {ours}={chosen[ours]}: unknown column {ours!r}; expected {', '.join(known)}")
    found = {}
    for ours in known:
        remedy = REMEDY.format(ours)
        found.update(find_columns(names, [ours], where=where, error=CorpusError, chosen=chosen, remedy=remedy))
    absent = [ours for ours in required if ours not in found]
    if absent:
        listed = ", ".join(map(printable, names))
        raise CorpusError(
            f"{where} has no column {' and no column '.join(absent)} (found {listed}); expected at least "
            f"{', '.join(required)}, or names that stand for them such as file, emotion, spk; add {absent[0]}, or say "
            f"which it is with --columns {absent[0]}=NAME"
        )
    return found


def note_on_columns(found: Mapping[str, str]) -> str:
    """Which columns were taken for which; empty where all have this toolkit's names.

    Examples
    --------
    >>> note_on_columns({"path": "file", "speaker": "speaker"})
    'columns: file as path'
    """
    renamed = [f"{printable(theirs)} as {ours}" for ours, theirs in found.items() if theirs != ours]
    return f"columns: {', '.join(renamed)}" if renamed else ""


def genders(texts: pd.Series) -> tuple[pd.Series, str]:
    """Genders in this toolkit's spelling, missing where a text is none; and a note on those that are neither.

    Examples
    --------
    >>> import pandas as pd
    >>> genders(pd.Series(["F", "male", "child"]))[0].tolist()
    ['female', 'male', '']
    """
    plain = texts.astype(object).map(lambda text: str(text).strip().casefold())
    found = plain.map(_GENDERS.get)
    named = plain[~found.isin(["female", "male"]) & (plain != "")].value_counts()
    counts = ", ".join(f"{printable(name)} ({count})" for name, count in named.items())
    return found, f"gender is not known where the table says {counts}" if counts else ""
