"""What every reader of a row must know about its pipeline, in a word and in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
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
    HEARD_SOUND = "heard the sound"
    MAY_HAVE_HEARD = "may have heard"
    RANDOM_INIT = "random init"
    SYNTHETIC_PRETRAINING = "synthetic pretraining"
    ADAPTED = "adapted"
    SYNTHETIC = "synthetic"
    GUESSING = "guessing"
    KNOWN_SPEAKERS = "known speakers"
    BROUGHT = "brought"

    @property
    def explanation(self) -> str:
        """The caveat in a sentence."""
        return _EXPLANATIONS[self]


UNRANKED = frozenset({Flag.CONTAMINATED, Flag.HEARD_SOUND, Flag.GUESSING, Flag.KNOWN_SPEAKERS})
"""Flags of pipelines that are shown for reference: neither ranked nor tested."""

_EXPLANATIONS = {
    Flag.BROUGHT: "predictions of another tool, on the same utterances: how they came about is not known here",
    Flag.TRANSDUCTIVE: "each speaker is standardised by their own unlabelled clips, so that a clip's prediction needs "
    "the others",
    Flag.ENROLLED: "each speaker is standardised by K unlabelled clips of their own, which must be there before the "
    "first answer; they are drawn at random and never scored",
    Flag.ADAPTED: "the clips that are tested are standardised together, by all of them without labels, so that a "
    "clip's prediction needs the others",
    Flag.CONTAMINATED: "the model has seen these speakers in its own training: not a test result, kept out of every "
    "ranking",
    Flag.HEARD_SOUND: "the model was trained on this corpus's sound, without its labels: not a test on people whom it "
    "never heard, kept out of every ranking",
    Flag.MAY_HAVE_HEARD: "no source says whether the model was trained on this corpus: python -m benchmarks.heard says "
    "what was searched, benchmarks.run --heard tells what is known",
    Flag.RANDOM_INIT: "no pretrained weights: demonstrates the pipeline, not representative of a pretrained model",
    Flag.SYNTHETIC_PRETRAINING: "the encoder has heard synthetic speech alone: shows what pretraining is worth on "
    "speech of the same synthesiser, no substitute for one pretrained on people",
    Flag.SYNTHETIC: "the speech is made by a program: a score says nothing about real speech",
    Flag.GUESSING: "predicts from the labels' shares alone: shows what guessing scores, kept out of every ranking",
    Flag.KNOWN_SPEAKERS: "those who test also train, with other clips: says nothing of people whom it never heard, "
    "kept out of every ranking",
}


class Family(StrEnum):
    """Pipelines that answer the same question, and so are ranked and tested among themselves only.

    Examples
    --------
    >>> Family("no other clip of the speaker") is Family.UNSEEN
    True
    """

    UNSEEN = "no other clip of the speaker"
    """A clip of a speaker from whom nothing was heard before."""
    OTHER_CLIPS = "other clips of the speaker"
    """A clip of a speaker of whom other clips are there, unlabelled: transductive, enrolled and adapted pipelines."""


def family_of(flags: Iterable[str]) -> Family | None:
    """The family of a pipeline with these flags; None where it takes part in no ranking.

    Examples
    --------
    >>> family_of(["enrolled"]), family_of([]), family_of(["guessing"])
    (<Family.OTHER_CLIPS: 'other clips of the speaker'>, <Family.UNSEEN: 'no other clip of the speaker'>, None)
    """
    flags = set(flags)
    if flags & UNRANKED:
        return None
    return Family.OTHER_CLIPS if flags & {Flag.TRANSDUCTIVE, Flag.ENROLLED, Flag.ADAPTED} else Family.UNSEEN


def flags_by_normalisation(normalise: str) -> tuple[Flag, ...]:
    """Flags of a way to normalise: whether other clips of the speaker are needed, and which.

    Examples
    --------
    >>> flags_by_normalisation("enrol-3"), flags_by_normalisation("global")
    ((<Flag.ENROLLED: 'enrolled'>,), ())
    """
    if normalise == "speaker":
        return (Flag.TRANSDUCTIVE,)
    if normalise in ("corpus", "coral", "subspace"):
        return (Flag.ADAPTED,)
    return (Flag.ENROLLED,) if normalise.startswith("enrol-") else ()
