"""CaFE: Canadian French, six women and six men, six sentences, seven emotions in two intensities."""

from __future__ import annotations

from pathlib import Path

from benchmarks.corpora.base import Fact, Reading, Source
from benchmarks.corpora.filenames import read_named

LABELS = {"C": "ang", "D": "dis", "J": "hap", "N": "neu", "P": "fea", "S": "sur", "T": "sad"}
AGES = dict(enumerate((46, 64, 18, 50, 22, 34, 15, 25, 42, 20, 35, 37), start=1))
SENTENCES = {
    "1": "Un cheval fou dans mon jardin.",
    "2": "Deux ânes aigris au pelage brun.",
    "3": "Trois cygnes aveugles au bord du lac.",
    "4": "Quatre vieilles truies éléphantesques.",
    "5": "Cinq pumas fiers et passionnés.",
    "6": "Six ours aimants domestiqués.",
}
ZENODO = "https://zenodo.org/records/1478765"


def read(root: Path) -> Reading:
    """Read `Joie/Fort/04-J-2-1.wav`: actor, emotion's letter, intensity, sentence; odd actors are men."""
    return read_named(
        "cafe",
        root,
        pattern=rf"(?P<speaker>0[1-9]|1[0-2])-(?P<label>[{''.join(LABELS)}])-\d-(?P<text>[1-6])",
        example="Joie/Fort/04-J-2-1.wav",
        labels=LABELS,
        fields=lambda match: {
            "age": str(AGES[int(match["speaker"])]),
            "gender": "male" if int(match["speaker"]) % 2 else "female",
            "text": SENTENCES[match["text"]],
        },
    )


SOURCE = Source(
    name="cafe",
    title="Canadian French Emotional speech dataset",
    labels=("ang", "dis", "fea", "hap", "neu", "sad", "sur"),
    licence="CC BY-NC-SA 4.0",
    citation="Gournay, Lahaie, Lefebvre: A Canadian French Emotional Speech Dataset. ACM Multimedia Systems, 2018",
    homepage=ZENODO,
    obtain="free from the home page: CaFE_48k.zip, or CaFE_192k in two parts",
    layout="a folder with Joie/Fort/04-J-2-1.wav (or .aiff) and 935 more",
    folds="6",
    read=read,
    counts={"ang": 144, "dis": 144, "fea": 144, "hap": 144, "neu": 72, "sad": 144, "sur": 144},
    facts=(
        Fact("six sentences, six women, six men, six emotions in two intensities and neutral: 936 recordings", ZENODO),
        Fact(
            "72 of neutral and 144 of each other emotion",
            "data/cafe/data.seg.wrd.freq of https://github.com/emo-box/EmoBox",
        ),
        Fact(
            "actors of odd numbers are men, the actors' ages, the sentences' words",
            "the corpus's Readme, as read by datasets/CaFE/process.py of https://github.com/Strong-AI-Lab/emotion",
        ),
        Fact("CC BY-NC-SA 4.0", ZENODO),
    ),
)
