"""Which labels of different corpora mean the same: declared here, and counted where something is left out."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.corpora.base import LABEL_NAMES
from features.names import normalise

SAME: Mapping[str, str] = {
    **{code: code for code in LABEL_NAMES},
    **{name: code for code, name in LABEL_NAMES.items()},
    "exc": "hap",
    "excitement": "hap",
    "excited": "hap",
    "angry": "ang",
    "happy": "hap",
    "joy": "hap",
    "enjoyment": "hap",
    "amused": "hap",
    "amusement": "hap",
    "afraid": "fea",
    "fearful": "fea",
    "anxiety": "fea",
    "disgusted": "dis",
    "surprised": "sur",
    "bored": "bor",
    "frustrated": "fru",
}
"""A corpus's label to the one of all corpora: the toolkit's codes, their names, adjectives, and two that are near.

Excitement is happiness, as four-class work on IEMOCAP has it (Kim, Lee & Provost 2013 and after); amusement and joy
are it too. Calm, boredom and frustration correspond to nothing else: whether calm is neutral is disputed, and RAVDESS,
which has both, keeps them apart. Nor do JL's secondary emotions, such as anxious and apologetic.
"""


def corresponding(label: str) -> str:
    """The label of all corpora that a corpus's label stands for; itself where none is declared.

    Parameters
    ----------
    label : str

    Examples
    --------
    >>> corresponding("exc"), corresponding("Anger"), corresponding("calling")
    ('hap', 'ang', 'calling')
    """
    return SAME.get(normalise(label).casefold(), label)
