"""The published numbers of IEMOCAP's labels, and the check that a copy has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from features.errors import CorpusError

if TYPE_CHECKING:
    from benchmarks.corpora.iemocap import Turn

TOTALS = {
    "xxx": 2507,
    "fru": 1849,
    "neu": 1708,
    "ang": 1103,
    "sad": 1084,
    "exc": 1041,
    "hap": 595,
    "sur": 107,
    "fea": 40,
    "oth": 3,
    "dis": 2,
}
"""All 10,039 majority labels."""

FIVE = ("ang", "hap", "exc", "sad", "neu")

SPEAKERS = {
    "Ses01F": (147, 69, 63, 78, 171),
    "Ses01M": (82, 66, 80, 116, 213),
    "Ses02F": (67, 70, 96, 113, 135),
    "Ses02M": (70, 47, 114, 84, 227),
    "Ses03F": (92, 80, 48, 172, 130),
    "Ses03M": (148, 55, 103, 133, 190),
    "Ses04F": (205, 31, 154, 62, 76),
    "Ses04M": (122, 34, 84, 81, 182),
    "Ses05F": (78, 77, 82, 132, 221),
    "Ses05M": (92, 66, 217, 113, 163),
}
"""Per speaker, in the order of `FIVE`."""

IMPROVISED = dict(zip(FIVE, (289, 284, 663, 608, 1099), strict=True))


def _compare(where: str, found: Counter[str], expected: dict[str, int]) -> None:
    for label, count in expected.items():
        if found[label] != count:
            raise CorpusError(
                f"iemocap: {where}, label {label}: expected {count} as published, found {found[label]}; restore the "
                "release, or allow a deliberate subset with --allow-partial (allow_partial=True)"
            )


def check(turns: Sequence[Turn]) -> None:
    """Compare per session and speaker, improvised, and in total with the published counts.

    Raises
    ------
    CorpusError
        Naming session, label, expected and found.
    """
    for speaker, expected in SPEAKERS.items():
        found = Counter(turn.label for turn in turns if turn.speaker == speaker)
        _compare(
            f"session {speaker[3:5].lstrip('0')}, speaker {speaker}", found, dict(zip(FIVE, expected, strict=True))
        )
    _compare("improvised dialogues", Counter(turn.label for turn in turns if turn.improvised), IMPROVISED)
    _compare("all sessions", Counter(turn.label for turn in turns), TOTALS)
