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
    CONTAMINATED = "contaminated"
    RANDOM_INIT = "random init"
    SYNTHETIC = "synthetic"
    GUESSING = "guessing"

    @property
    def explanation(self) -> str:
        """The caveat in a sentence."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    Flag.TRANSDUCTIVE: "each speaker is standardised by their own unlabelled clips, so that a clip's prediction needs "
    "the others",
    Flag.CONTAMINATED: "the model has seen these speakers in its own training: not a test result, kept out of every "
    "ranking",
    Flag.RANDOM_INIT: "no pretrained weights: demonstrates the pipeline, not representative of a pretrained model",
    Flag.SYNTHETIC: "the speech is made by a program: a score says nothing about real speech",
    Flag.GUESSING: "predicts from the labels' shares alone: shows what guessing scores, kept out of every ranking",
}
