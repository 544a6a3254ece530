"""What every reader of a row must know about its pipeline, in a word and in a sentence."""

from __future__ import annotations

from enum import StrEnum


class Flag(StrEnum):
    """A caveat on a pipeline's row; its value is the word that tables show.

    Examples
    --------
    >>> Flag("random init").explanation
    'no pretrained weights: demonstrates the pipeline, not representative of a pretrained model'
    """

    TRANSDUCTIVE = "transductive"
    ENROLLED = "enrolled"
    CONTAMINATED = "contaminated"
    RANDOM_INIT = "random init"
    SYNTHETIC = "synthetic"
    GUESSING = "guessing"
    KNOWN_SPEAKERS = "known speakers"

    @property
    def explanation(self) -> str:
        """The caveat in a sentence."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    Flag.TRANSDUCTIVE: "each speaker is standardised by their own unlabelled clips, so that a clip's prediction needs "
    "the others",
    Flag.ENROLLED: "each speaker is standardised by K unlabelled clips of their own, which must be there before the "
    "first answer; they are drawn at random and never scored",
    Flag.CONTAMINATED: "the model has seen these speakers in its own training: not a test result, kept out of every "
    "ranking",
    Flag.RANDOM_INIT: "no pretrained weights: demonstrates the pipeline, not representative of a pretrained model",
    Flag.SYNTHETIC: "the speech is made by a program: a score says nothing about real speech",
    Flag.GUESSING: "predicts from the labels' shares alone: shows what guessing scores, kept out of every ranking",
    Flag.KNOWN_SPEAKERS: "those who test also train, with other clips: says nothing of people whom it never heard, "
    "kept out of every ranking",
}


def flags_by_normalisation(normalise: str) -> tuple[Flag, ...]:
    """Flags of a way to normalise: whether other clips of the speaker are needed, and which.

    Examples
    --------
    >>> flags_by_normalisation("enrol-3"), flags_by_normalisation("global")
    ((<Flag.ENROLLED: 'enrolled'>,), ())
    """
    if normalise == "speaker":
        return (Flag.TRANSDUCTIVE,)
    return (Flag.ENROLLED,) if normalise.startswith("enrol-") else ()
