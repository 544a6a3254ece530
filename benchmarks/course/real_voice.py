"""A sentence that a person reads, shipped with its phones, so that the course can begin with a real voice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import numpy as np

from features.audio import load
from features.compute import features_and_contours

if TYPE_CHECKING:
    import pandas as pd

FRAME = 0.01
VOWELS = frozenset(["aa", "ae", "ah", "ao", "aw", "ax", "ay", "eh", "er", "ey", "ih", "iy", "ow", "oy", "uh", "uw"])
VOICELESS = frozenset(["ch", "f", "hh", "k", "p", "s", "sh", "t", "th"])


@dataclass(frozen=True)
class ReadSentence:
    """A sentence that somebody read.

    Attributes
    ----------
    text : str
        The words.
    about : str
        Who reads them, for whom, and under which licence, in a line.
    waveform : float32 ndarray of shape (n_samples,)
        16 kHz.
    phones : DataFrame
        Its sounds in order: `start` and `end` in seconds, `phone` in ARPAbet, as a machine aligned them.
    """

    text: str
    about: str
    waveform: np.ndarray
    phones: pd.DataFrame

    def voiced_shares(self) -> Mapping[str, float]:
        """In which share of the frames of each kind of sound F0 was found, 0 to 1.

        A frame, 10 ms, belongs to the phone that is spoken at its middle.

        Examples
        --------
        >>> shares = real_voice().voiced_shares()
        >>> shares["vowels"] > 0.9 > 0.5 > shares["voiceless consonants"]
        True
        """
        f0 = features_and_contours(self.waveform, ("pitch",))[1][0]
        middles = FRAME * np.arange(len(f0))
        own = self.phones["start"].searchsorted(middles, side="right") - 1
        kinds = self.phones["phone"].map(kind_of).to_numpy()[own]
        names = ("vowels", "voiced consonants", "voiceless consonants", "pauses")
        return {name: float(np.isfinite(f0[kinds == name]).mean()) for name in names if (kinds == name).any()}


def kind_of(phone: str) -> str:
    """What kind of sound a phone of ARPAbet is.

    Examples
    --------
    >>> [kind_of(phone) for phone in ("iy", "n", "sh", "sil")]
    ['vowels', 'voiced consonants', 'voiceless consonants', 'pauses']
    """
    if phone in ("sil", "pau"):
        return "pauses"
    if phone in VOWELS:
        return "vowels"
    return "voiceless consonants" if phone in VOICELESS else "voiced consonants"


def real_voice() -> ReadSentence:
    """A woman's neutral reading of one sentence, 3 s, from CMU ARCTIC.

    References
    ----------
    Kominek and Black (2004), The CMU Arctic speech databases, 5th ISCA Speech Synthesis Workshop.

    Examples
    --------
    >>> real_voice().text
    'He turned sharply, and faced Gregson across the table.'
    """
    import pandas as pd

    shipped = files("benchmarks.course") / "shipped"
    with as_file(shipped / "arctic_a0009.flac") as sound, as_file(shipped / "arctic_a0009.csv") as phones:
        return ReadSentence(
            text="He turned sharply, and faced Gregson across the table.",
            about="CMU ARCTIC (Kominek, Black 2004), speaker slt, neutral; free for any purpose, see COPYING beside it",
            waveform=load(sound),
            phones=pd.read_csv(phones),
        )
