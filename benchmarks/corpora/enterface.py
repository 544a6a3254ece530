"""eNTERFACE'05: English by speakers of fourteen nations, reactions to six stories, six emotions, video."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.corpora.base import Fact, Reading, Source
from benchmarks.corpora.filenames import read_named, refuse_videos

LABELS = {"anger": "ang", "disgust": "dis", "fear": "fea", "happiness": "hap", "sadness": "sad", "surprise": "sur"}
UNCUT = "6"
CONFOUNDED = (
    "each emotion has five sentences of its own: the words alone tell the label, and the corpus does not say what the "
    "voice tells; no gender is published"
)
HOME = "https://enterface.net/enterface05/emotion.html"
ESPNET = "README of the eNTERFACE'05 recipe of https://github.com/espnet/espnet"


def _key(path: Path) -> str:
    """The path from the subject's folder on: names of files hold slips, folders do not."""
    start = next((i for i, part in enumerate(path.parts) if re.fullmatch(r"subject \d+", part)), len(path.parts) - 1)
    return "/".join((*path.parts[start:-1], path.stem))


def _fields(match: re.Match[str]) -> dict[str, object] | None:
    """None for a subject whose recordings are published uncut, a whole session in each file."""
    if match["speaker"] == UNCUT:
        return None
    return {"text": f"{match['label']} {match['sentence']}"}


def read(root: Path) -> Reading:
    """Read the sound of `subject 1/anger/sentence 1/s1_an_1.avi`, converted to `.wav` beside it."""
    refuse_videos("enterface", root, suffix=".avi")
    reading = read_named(
        "enterface",
        root,
        pattern=rf"subject (?P<speaker>\d+)/(?P<label>{'|'.join(LABELS)})/(?:sentence (?P<sentence>[1-5])/)?[^/]+",
        example="subject 1/anger/sentence 1/s1_an_1.wav",
        labels=LABELS,
        fields=_fields,
        key=_key,
        left_out="recordings of subject 6, which are published uncut",
    )
    return Reading(reading.utterances, (*reading.notes, CONFOUNDED))


SOURCE = Source(
    name="enterface",
    title="eNTERFACE'05 audio-visual emotion database",
    labels=tuple(LABELS.values()),
    licence="MIT",
    citation="Martin, Kotsia, Macq, Pitas: The eNTERFACE'05 Audio-Visual Emotion Database. ICDE Workshops, 2006",
    homepage=HOME,
    obtain="free from the home page: project2_database.zip, whose .avi files are converted with ffmpeg",
    layout="a folder with subject 1/anger/sentence 1/s1_an_1.wav and its like, made of the .avi files with ffmpeg",
    folds="5",
    read=read,
    counts={"ang": 215, "dis": 215, "fea": 215, "hap": 212, "sad": 215, "sur": 215},
    facts=(
        Fact("42 subjects of 14 nations, 81 % men, who react to six stories; two experts kept what was clear", HOME),
        Fact("44 folders: 42 with 30 recordings, subject 23 with three less, subject 6 uncut", ESPNET),
        Fact(
            "the three that are missing are of happiness: 1,287 recordings without subject 6",
            "data/enterface/data.seg.wrd.freq of https://github.com/emo-box/EmoBox, which counts subject 6's six and "
            "lacks the 30 of subject 11, whose files bear the names of subject 12's",
        ),
        Fact("folders, not names, say who speaks: subject 11's files are named s12", ESPNET),
        Fact("MIT licence", HOME),
    ),
)
