"""What every reader of a row must know about its pipeline, in a word and in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

TRANSDUCTIVE = "transductive"
CONTAMINATED = "contaminated"
RANDOM_START = "random start"
MARKS: Mapping[str, str] = {
    TRANSDUCTIVE: "each speaker is standardised by their own unlabelled clips, so a clip's answer needs the others",
    CONTAMINATED: "the model has seen these speakers in its own training: not a test result, kept out of every ranking",
    RANDOM_START: "no pretrained weights: shows the road, not what such a model can do",
}
