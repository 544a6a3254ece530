"""SAVEE: British English, four men, seven emotions."""

from __future__ import annotations

from pathlib import Path

from benchmarks.corpora.base import Reading, Source
from benchmarks.corpora.filenames import read_named

LABELS = {"a": "ang", "d": "dis", "f": "fea", "h": "hap", "n": "neu", "sa": "sad", "su": "sur"}
SPEAKERS = ("DC", "JE", "JK", "KL")
CONFOUNDED = (
    "of an emotion's 15 sentences 3 are said in every emotion, 2 more in neutral, 10 in no other: the words alone tell "
    "most labels; names do not say which are the same, so that folds by text hold out sentences of one number together"
)


def _key(path: Path) -> str:
    return path.stem if path.stem[:2] in SPEAKERS else f"{path.parent.name}_{path.stem}"


def read(root: Path) -> Reading:
    """Read `AudioData/DC/a01.wav`, or the same flat as `DC_a01.wav`."""
    reading = read_named(
        "savee",
        root,
        pattern=rf"(?P<speaker>{'|'.join(SPEAKERS)})_(?P<text>(?P<label>sa|su|[adfhn])(?P<script>\d\d))",
        example="AudioData/DC/a01.wav",
        labels=LABELS,
        fields=lambda _: {"gender": "male"},
        key=_key,
    )
    return Reading(reading.utterances, (*reading.notes, CONFOUNDED))


SOURCE = Source(
    name="savee",
    title="Surrey Audio-Visual Expressed Emotion",
    labels=tuple(LABELS.values()),
    licence="free for research, on registration",
    citation="Haq, Jackson: Multimodal emotion recognition. In: Machine Audition, IGI Global 2010",
    homepage="http://kahlan.eps.surrey.ac.uk/savee/",
    obtain="on registration, from the home page",
    layout="a folder with AudioData/DC/a01.wav, or DC_a01.wav, 480 files",
    folds="speaker",
    read=read,
    counts={"ang": 60, "dis": 60, "fea": 60, "hap": 60, "neu": 120, "sad": 60, "sur": 60},
)
