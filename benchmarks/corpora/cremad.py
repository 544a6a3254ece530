"""CREMA-D: English, 91 actors, twelve sentences, six emotions."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from benchmarks.corpora.base import Reading, Source
from benchmarks.corpora.filenames import read_named
from features.errors import CorpusError

LABELS = {"ANG": "ang", "DIS": "dis", "FEA": "fea", "HAP": "hap", "NEU": "neu", "SAD": "sad"}


def _genders(root: Path) -> dict[str, str]:
    """Gender of every actor from `VideoDemographics.csv`, beside or above the sounds; empty where it is not there."""
    for folder in (root, root.parent):
        path = folder / "VideoDemographics.csv"
        if path.is_file():
            with path.open(newline="", encoding="utf-8-sig") as file:
                rows = csv.DictReader(file)
                if not {"ActorID", "Sex"} <= set(rows.fieldnames or ()):
                    raise CorpusError(f"crema-d: {path} has no columns ActorID and Sex; restore the published file")
                return {row["ActorID"].strip(): row["Sex"].strip().lower() for row in rows}
    return {}


def read(root: Path) -> Reading:
    """Read `AudioWAV/1001_DFA_ANG_XX.wav`: actor, sentence, emotion, intensity."""
    genders = _genders(root)

    def row(match: re.Match[str], _: Path) -> dict[str, object]:
        actor, sentence, emotion = match.group(1, 2, 3)
        return {"speaker": actor, "label": LABELS[emotion], "gender": genders.get(actor, ""), "text": sentence}

    pattern = rf"(\d{{4}})_([A-Z]{{3}})_({'|'.join(LABELS)})_([A-Z]{{1,2}})"
    reading = read_named("crema-d", root, pattern=pattern, example="AudioWAV/1001_DFA_ANG_XX.wav", row=row)
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
)
