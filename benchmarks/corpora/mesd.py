"""MESD, the Mexican emotional speech database: single words by women, men and children, six emotions."""

from __future__ import annotations

from pathlib import Path

from benchmarks.corpora.base import Fact, Reading, Source
from benchmarks.corpora.filenames import read_named

LABELS = {
    "Anger": "ang",
    "Disgust": "dis",
    "Fear": "fea",
    "Happiness": "hap",
    "Neutral": "neu",
    "Sadness": "sad",
}
VOICES = {"F": ("women", "female"), "M": ("men", "male"), "C": ("children", "")}
VOICES_NOT_SPEAKERS = (
    "file names do not say which of 3 women, 2 men and 6 children speaks: the voices of a kind count as one speaker, "
    "so that a fold holds out a whole kind (no voice is in training and test), intervals rest on three groups, and "
    "normalisation per speaker mixes people"
)
MENDELEY = "https://data.mendeley.com/datasets/cy34mh68j9/5"


def read(root: Path) -> Reading:
    """Read `Anger_C_A_abajo.wav`: emotion, kind of voice, list of words, word."""
    reading = read_named(
        "mesd",
        root,
        pattern=rf"(?P<label>{'|'.join(LABELS)})_(?P<speaker>[FMC])_[AB]_(?P<text>.+)",
        example="Anger_C_A_abajo.wav",
        labels=LABELS,
        fields=lambda match: {
            "speaker": VOICES[match["speaker"]][0],
            "gender": VOICES[match["speaker"]][1],
            "text": match["text"].replace("_", " "),
        },
    )
    return Reading(reading.utterances, (*reading.notes, VOICES_NOT_SPEAKERS))


SOURCE = Source(
    name="mesd",
    title="Mexican Emotional Speech Database",
    labels=tuple(LABELS.values()),
    licence="CC BY 4.0",
    citation="Duville, Alonso-Valerdi, Ibarra-Zarate: Mexican Emotional Speech Database Based on Semantic, Frequency, "
    "Familiarity, Concreteness, and Cultural Shaping of Affective Prosody. Data 6(12), 2021",
    homepage=MENDELEY,
    obtain="free from the home page, version 5",
    layout="a folder with Anger_C_A_abajo.wav and 861 more",
    folds="speaker",
    read=read,
    counts={"ang": 143, "dis": 144, "fea": 144, "hap": 144, "neu": 143, "sad": 144},
    facts=(
        Fact("3 women, 2 men, 6 children; words of list A in every emotion, of list B by their ratings", MENDELEY),
        Fact(
            "862 recordings in version 5, 143 of anger and of neutral, 144 of each other emotion",
            "data/mesd/data.seg.wrd.freq of https://github.com/emo-box/EmoBox",
        ),
        Fact(
            "the paper says 864: a copy of another version needs --allow-partial",
            "Duville et al., EMBC 2021",
        ),
        Fact("CC BY 4.0", "https://www.kaggle.com/datasets/saurabhshahane/mexican-emotional-speech-database-mesd"),
    ),
)
