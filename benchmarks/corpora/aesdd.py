"""AESDD, the acted emotional speech dynamic database: Greek, six actors so far, five emotions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.corpora.base import Fact, Reading, Source
from benchmarks.corpora.filenames import read_named

if TYPE_CHECKING:
    import re

LABELS = {"a": "ang", "d": "dis", "f": "fea", "h": "hap", "s": "sad"}
IMPROVISED = "20"
GROWS = "the database grows with its actors and publishes no number of recordings: none is asserted; gender unknown"
AUTH = "http://m3c.web.auth.gr/research/aesdd-speech-emotion-recognition"
README = "https://huggingface.co/datasets/EdwardLin2023/AESDD"


def _fields(match: re.Match[str]) -> dict[str, object]:
    """The utterance: 19 are shared by all, the twentieth each actor made up in each emotion."""
    speaker = match["speaker"].lstrip("0")  # some names have (01)
    shared = match["text"] != IMPROVISED
    text = match["text"] if shared else f"{match['text']}, {match['label']}, speaker {speaker}"
    return {"speaker": speaker, "text": text}


def read(root: Path) -> Reading:
    """Read `anger/a01 (1).wav`: emotion's letter, utterance, speaker, and a letter where there are more takes."""
    reading = read_named(
        "aesdd",
        root,
        pattern=rf"(?P<label>[{''.join(LABELS)}])\s?(?P<text>\d\d)\s?\((?P<speaker>\d+)\)\s?[a-z]?",
        example="anger/a01 (1).wav",
        labels=LABELS,
        fields=_fields,
    )
    return Reading(reading.utterances, (*reading.notes, GROWS))


SOURCE = Source(
    name="aesdd",
    title="Acted Emotional Speech Dynamic Database",
    labels=tuple(LABELS.values()),
    licence="free for research",
    citation="Vryzas, Kotsakis, Liatsou, Dimoulas, Kalliris: Speech Emotion Recognition for Performance Interaction. "
    "Journal of the Audio Engineering Society 66(6), 2018",
    homepage=AUTH,
    obtain="free from the home page",
    layout="a folder with anger/a01 (1).wav and its like",
    folds="speaker",
    read=read,
    published_faults={"s05 (3)": "published damaged"},
    facts=(
        Fact(
            "version 1.0: five actors, 3 women and 2 men, 19 utterances and an improvised twentieth",
            README,
        ),
        Fact("xAA (B): emotion, utterance, speaker; some in several takes; actors are still added", README),
        Fact(
            "who of them is a woman is not published (to take odd numbers for men finds three men)",
            README,
        ),
        Fact(
            "six speakers, 1 to 6; the first is (01) in some names",
            "data/aesdd/aesdd_train.csv of https://github.com/felixbur/nkululeko",
        ),
        Fact(
            "s05 (3) is damaged",
            "data/aesdd/process_database.py of https://github.com/felixbur/nkululeko, which leaves it out",
        ),
    ),
)
