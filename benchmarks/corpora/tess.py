"""TESS, the Toronto emotional speech set: English, two women, 200 words, seven emotions."""

from __future__ import annotations

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


def read(root: Path) -> Reading:
    """Read `OAF_angry/OAF_back_angry.wav`; the published `OA_bite_neutral.wav` is speaker OAF's too."""
    return read_named(
        "tess",
        root,
        pattern=rf"(?P<speaker>OAF|YAF|OA)_(?P<text>\w+)_(?P<label>(?i:{'|'.join(LABELS)}))",
        example="OAF_angry/OAF_back_angry.wav",
        labels=LABELS,
        fields=lambda match: {
            "speaker": f"{match['speaker'][:2]}F",
            "label": match["label"].lower(),
            "gender": "female",
            "text": f"Say the word {match['text'].lower()}.",
        },
    )


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
