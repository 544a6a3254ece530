"""RAVDESS speech: North American English, 24 actors, two sentences, eight emotions."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.corpora.base import Reading, Source
from benchmarks.corpora.download import Download
from benchmarks.corpora.filenames import read_named

LABELS = {
    "01": "neu",
    "02": "cal",
    "03": "hap",
    "04": "sad",
    "05": "ang",
    "06": "fea",
    "07": "dis",
    "08": "sur",
}
SENTENCES = {"01": "Kids are talking by the door.", "02": "Dogs are sitting by the door."}


def _fields(match: re.Match[str]) -> dict[str, object] | None:
    if match["channel"] == "02":
        return None
    gender = "female" if int(match["speaker"]) % 2 == 0 else "male"
    return {"gender": gender, "text": SENTENCES[match["text"]]}


def read(root: Path) -> Reading:
    """Read `Actor_01/03-01-EE-II-SS-RR-AA.wav` (or `.flac`); sung clips (`03-02-`) are left out and counted."""
    return read_named(
        "ravdess",
        root,
        pattern=r"03-(?P<channel>0[12])-(?P<label>0[1-8])-0[12]-(?P<text>0[12])-0[12]-(?P<speaker>\d\d)",
        example="Actor_01/03-01-05-01-01-01-01.wav",
        labels=LABELS,
        fields=_fields,
        left_out="sung clips (03-02-...)",
    )


SOURCE = Source(
    name="ravdess",
    title="Ryerson Audio-Visual Database of Emotional Speech and Song, speech",
    labels=tuple(LABELS.values()),
    licence="CC BY-NC-SA 4.0",
    citation="Livingstone, Russo: The Ryerson Audio-Visual Database of Emotional Speech and Song. PLoS ONE 13(5), 2018",
    homepage="https://zenodo.org/records/1188976",
    obtain="--download, or Audio_Speech_Actors_01-24.zip from the home page",
    layout="a folder with Actor_01/ to Actor_24/, 1,440 files such as Actor_01/03-01-05-01-01-01-01.wav (or .flac)",
    folds="6",
    read=read,
    counts={"neu": 96, "cal": 192, "hap": 192, "sad": 192, "ang": 192, "fea": 192, "dis": 192, "sur": 192},
    download=Download(
        url="https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip",
        checksum="md5:bc696df654c87fed845eb13823edef8a",
        size=208_468_073,
    ),
)
