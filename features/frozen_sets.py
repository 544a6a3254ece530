"""Frozen feature sets: names such as `speech-1`, behind which values never change.

What changes a value makes a new set with a new number. A test holds the values of each set on the embedded corpus, and
the hash of these stands wherever the set was used.
"""

from __future__ import annotations

from dataclasses import dataclass

PRESET, SOUND = "preset", "sound"
"""Columns of an extracted file: the frozen set, its hash and the toolkit's version; the hash of each clip's sound."""


@dataclass(frozen=True)
class FrozenSet:
    """A feature set whose values stay.

    Attributes
    ----------
    name : str
    parts : tuple of str
        What it is made of, as `features.groups.parts_of` names it.
    n_features : int
    values : str
        Hash of its values on clips of the embedded corpus.
    """

    name: str
    parts: tuple[str, ...]
    n_features: int
    values: str

    @property
    def title(self) -> str:
        """Name and hash, as they stand in tables and files.

        Examples
        --------
        >>> FROZEN["speech-1"].title.startswith("speech-1 (")
        True
        """
        return f"{self.name} ({self.values})"


FROZEN: dict[str, FrozenSet] = {
    frozen.name: frozen
    for frozen in (
        FrozenSet(
            "speech-1",
            (
                *("pitch", "energy", "timing", "voice", "mfcc", "spectrum"),
                *("pitch.covariance", "energy.covariance", "mfcc.covariance"),
                *("pitch.shape", "energy.shape", "voice.shape", "mfcc.shape", "spectrum.shape"),
            ),
            3241,
            "19c9a6f776d64560",
        ),
    )
}
