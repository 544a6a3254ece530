"""ESD, the emotional speech dataset: ten Mandarin and ten English speakers, 350 parallel sentences, five emotions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.corpora.base import Fact, Reading, Source
from benchmarks.corpora.filenames import read_named

if TYPE_CHECKING:
    import re

LABELS = {"Angry": "ang", "Happy": "hap", "Neutral": "neu", "Sad": "sad", "Surprise": "sur"}
MEN = frozenset({"0004", "0005", "0006", "0008", "0010", "0011", "0012", "0013", "0014", "0020"})
SENTENCES = 350
FIRST_ENGLISH = 11
README = "ReadMe.txt of the corpus, in https://github.com/HLTSingapore/Emotional-Speech-Data"


def _key(path: Path) -> str:
    """The file's name and the emotion of its folder, beneath which there may be train, evaluation and test."""
    emotion = next((part for part in reversed(path.parts[:-1]) if part in LABELS), path.parent.name)
    return f"{path.stem}_{emotion}"


def _fields(match: re.Match[str]) -> dict[str, object]:
    """Files count on through the emotions, 350 to each: the same sentences in the same order."""
    language = "en" if int(match["speaker"]) >= FIRST_ENGLISH else "zh"
    sentence = (int(match["number"]) - 1) % SENTENCES + 1
    return {
        "gender": "male" if match["speaker"] in MEN else "female",
        "language": language,
        "text": f"{language} {sentence:03d}",
    }


def read(root: Path) -> Reading:
    """Read `0011/Angry/0011_000351.wav`, or the same with `train`, `evaluation` and `test` beneath the emotion."""
    return read_named(
        "esd",
        root,
        pattern=rf"(?P<speaker>00(?:0[1-9]|1\d|20))_(?P<number>\d{{6}})_(?P<label>{'|'.join(LABELS)})",
        example="0011/Angry/0011_000351.wav",
        labels=LABELS,
        fields=_fields,
        key=_key,
    )


SOURCE = Source(
    name="esd",
    title="Emotional Speech Dataset",
    labels=tuple(LABELS.values()),
    licence="for research, on a signed licence",
    citation="Zhou, Sisman, Liu, Li: Emotional voice conversion: Theory, databases and ESD. Speech Comm. 137, 2022",
    homepage="https://github.com/HLTSingapore/Emotional-Speech-Data",
    obtain="on a signed licence, from the home page",
    layout="a folder with 0011/Angry/0011_000351.wav and 34,999 more, or the ten folders of one language",
    folds="5",
    read=read,
    counts=dict.fromkeys(LABELS.values(), 7000),
    facts=(
        Fact(
            "350 parallel utterances by ten Mandarin and ten English speakers in five emotions: 35,000",
            "https://github.com/HLTSingapore/Emotional-Speech-Data",
        ),
        Fact("35,000 files, 7,000 of each emotion", "https://huggingface.co/datasets/jspaulsen/esd"),
        Fact("0001 to 0010 Mandarin, 0011 to 0020 English, and each speaker's gender", README),
        Fact(
            "files of a speaker count on from emotion to emotion, 350 to each",
            "0011/0011.txt: 0011_000001 and 0011_000351, the first of Neutral and of Angry, are one sentence",
        ),
    ),
)
