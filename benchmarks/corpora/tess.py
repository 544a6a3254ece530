"""TESS, the Toronto emotional speech set: English, two women, 200 words, seven emotions."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.corpora.base import Reading, Source
from benchmarks.corpora.filenames import read_named

LABELS = {
    "angry": "ang",
    "disgust": "dis",
    "fear": "fea",
    "happy": "hap",
    "neutral": "neu",
    "ps": "sur",
    "sad": "sad",
}


def _row(match: re.Match[str], _: Path) -> dict[str, object]:
    speaker, word, emotion = match.group(1, 2, 3)
    text = f"Say the word {word.lower()}."
    return {"speaker": f"{speaker[:2]}F", "label": LABELS[emotion.lower()], "gender": "female", "text": text}


def read(root: Path) -> Reading:
    """Read `OAF_angry/OAF_back_angry.wav`; the published `OA_bite_neutral.wav` is speaker OAF's too."""
    pattern = rf"(OAF|YAF|OA)_(\w+)_((?i:{'|'.join(LABELS)}))"
    return read_named("tess", root, pattern=pattern, example="OAF_angry/OAF_back_angry.wav", row=_row)


SOURCE = Source(
    name="tess",
    title="Toronto emotional speech set",
    labels=tuple(LABELS.values()),
    licence="CC BY-NC-ND 4.0",
    citation="Pichora-Fuller, Dupuis: Toronto emotional speech set (TESS). Scholars Portal Dataverse, 2020",
    homepage="https://doi.org/10.5683/SP2/E8H2MF",
    obtain="free from the home page",
    layout="a folder with OAF_angry/OAF_back_angry.wav and 2,799 more",
    folds="speaker",
    read=read,
    counts=dict.fromkeys(LABELS.values(), 400),
)
