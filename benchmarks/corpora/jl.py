"""JL corpus: New Zealand English, two women and two men, five primary and five secondary emotions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.corpora.base import Fact, LabelPolicy, Reading, Source
from benchmarks.corpora.filenames import read_named

if TYPE_CHECKING:
    import re

PRIMARY = {"angry": "ang", "happy": "hap", "excited": "exc", "sad": "sad", "neutral": "neu"}
SECONDARY = ("anxious", "apologetic", "assertive", "concerned", "encouraging")
FOLDER = "JL(wav+txt)"
LABELS = {**PRIMARY, **dict.fromkeys(SECONDARY)}
POLICIES = {
    "5": LabelPolicy("the five primary emotions", tuple(PRIMARY.values())),
    "4": LabelPolicy("four classes, excitement merged into happiness", tuple(PRIMARY.values()), {"exc": "hap"}),
    "10": LabelPolicy("primary and secondary emotions", (*PRIMARY.values(), *SECONDARY)),
}


def _fields(match: re.Match[str]) -> dict[str, object]:
    """The sentence: primary emotions share 15, each secondary one has its own; `a` and `b` are taken for takes."""
    label, number = match["label"], match["number"]
    return {"gender": match["speaker"][:-1], "text": number if label in PRIMARY else f"{label} {number}"}


def read(root: Path) -> Reading:
    """Read `female1_angry_10a_1.wav`: speaker, emotion, sentence with its take, session.

    Where the folder of all recordings is there, other copies beside it are not looked at.
    """
    return read_named(
        "jl",
        next(root.rglob(FOLDER), root),
        pattern=rf"(?P<speaker>(?:fe)?male[12])_(?P<label>{'|'.join(LABELS)})_(?P<number>\d{{1,2}})[ab]_[12]",
        example="female1_angry_10a_1.wav",
        labels={name: code or name for name, code in LABELS.items()},
        fields=_fields,
    )


SOURCE = Source(
    name="jl",
    title="JL corpus of New Zealand English",
    labels=(*PRIMARY.values(), *SECONDARY),
    licence="CC0 1.0",
    citation="James, Tian, Watson: An Open Source Emotional Speech Corpus for Human Robot Interaction Applications. "
    "Interspeech 2018",
    homepage="https://www.kaggle.com/datasets/tli725/jl-corpus",
    obtain="free from the home page, with an account",
    layout="a folder with JL(wav+txt)/female1_angry_10a_1.wav and 2,399 more",
    folds="speaker",
    read=read,
    counts=dict.fromkeys((*PRIMARY.values(), *SECONDARY), 240),
    policies=POLICIES,
    facts=(
        Fact(
            "15 sentences are common to the primary emotions, each secondary one has sentences of its own",
            "the corpus's README, in https://dagshub.com/hazalkl/JL-Corpus",
        ),
        Fact(
            "two women, two men; speaker, emotion, sentence, session in a file's name",
            "https://www.kaggle.com/datasets/tli725/jl-corpus",
        ),
        Fact(
            "2,400 recordings",
            "https://github.com/emo-box/EmoBox",
        ),
        Fact(
            "four speakers say 15 sentences in each of ten emotions four times: 240 of each",
            "data/jl/jl.csv of https://github.com/felixbur/nkululeko",
        ),
        Fact("CC0 1.0", "https://huggingface.co/datasets/mteb/jl_corpus_a2t"),
    ),
)
