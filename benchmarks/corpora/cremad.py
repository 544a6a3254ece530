"""CREMA-D: English, 91 actors, twelve sentences, six emotions."""

from __future__ import annotations

from pathlib import Path

from benchmarks.corpora.base import Reading, Source
from benchmarks.corpora.filenames import read_named, read_table_beside

LABELS = {"ANG": "ang", "DIS": "dis", "FEA": "fea", "HAP": "hap", "NEU": "neu", "SAD": "sad"}


def read(root: Path) -> Reading:
    """Read `AudioWAV/1001_DFA_ANG_XX.wav`: actor, sentence, emotion, intensity."""
    actors = read_table_beside(root, "VideoDemographics.csv", required=("ActorID", "Sex"))
    genders = {} if actors is None else dict(zip(actors["ActorID"], actors["Sex"].str.lower(), strict=True))
    reading = read_named(
        "crema-d",
        root,
        pattern=rf"(?P<speaker>\d{{4}})_(?P<text>[A-Z]{{3}})_(?P<label>{'|'.join(LABELS)})_[A-Z]{{1,2}}",
        example="AudioWAV/1001_DFA_ANG_XX.wav",
        labels=LABELS,
        fields=lambda match: {"gender": genders.get(match["speaker"], "")},
    )
    if genders:
        return reading
    note = "no VideoDemographics.csv beside the sounds: gender unknown, folds are balanced by label only"
    return Reading(reading.utterances, (*reading.notes, note))


SOURCE = Source(
    name="crema-d",
    title="Crowd-sourced Emotional Multimodal Actors Dataset",
    labels=tuple(LABELS.values()),
    licence="Open Database License (ODbL) 1.0",
    citation="Cao et al.: CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset. IEEE Trans. Aff. Comp., 2014",
    homepage="https://github.com/CheyneyComputerScience/CREMA-D",
    obtain="free from the home page (git with large files): the folder AudioWAV and VideoDemographics.csv",
    layout="a folder with AudioWAV/1001_DFA_ANG_XX.wav and 7,441 more, and VideoDemographics.csv",
    folds="5",
    read=read,
    counts={"ang": 1271, "dis": 1271, "fea": 1271, "hap": 1271, "neu": 1087, "sad": 1271},
    published_faults={
        "1076_MTI_SAD_XX": "published without sound",
        "1064_IEO_DIS_MD": "a minute with several emotions",
    },
)
