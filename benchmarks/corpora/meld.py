"""MELD: English, turns of the series Friends with the sound of the studio, seven emotions, video."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.corpora.base import Fact, Reading, Source
from benchmarks.corpora.corpus import utterances_table
from benchmarks.corpora.filenames import PUBLISHED, refuse_videos
from features.audio import sound_files
from features.errors import CorpusError
from features.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LABELS = {
    "anger": "ang",
    "disgust": "dis",
    "fear": "fea",
    "joy": "hap",
    "neutral": "neu",
    "sadness": "sad",
    "surprise": "sur",
}
PARTS = {"train": "train_splits", "dev": "dev_splits_complete", "test": "output_repeated_splits_test"}
"""The three parts of the corpus, and the folder of each."""

LEADS = {
    **dict.fromkeys(("Chandler", "Joey", "Ross"), "male"),
    **dict.fromkeys(("Monica", "Phoebe", "Rachel"), "female"),
}
SAME = {
    "Dr. Leedbetter": "Dr. Ledbetter",
    "Phoebe Sr": "Phoebe Sr.",
    "Rachel and Phoebe": "Phoebe and Rachel",
    "Ross and Joey": "Joey and Ross",
}
"""Names of one speaker that differ in more than their spelling's case."""

SEVERAL = (
    "the series's six leads speak in train, dev and test alike, so folds by speaker replace that partition; turns of "
    "'All' or of two people together are speakers of their own, though the voices are in others too; laughter and "
    "music are in the sound; gender is that of the six leads, of others unknown"
)
COLUMNS = ("Utterance", "Speaker", "Emotion", "Dialogue_ID", "Utterance_ID")
HOME = "https://affective-meld.github.io"
PAPER = "Poria et al.: MELD. ACL 2019, https://arxiv.org/abs/1810.02508"


def read(root: Path) -> Reading:
    """Read `train_sent_emo.csv` and its like; the sound of `dia0_utt0.mp4`, converted to `.wav` beside it."""
    if not root.is_dir():
        raise CorpusError(f"meld: {root} is not a folder; expected train_sent_emo.csv and its like; correct --root")
    tables = {part: _table(root, part) for part in PARTS}
    refuse_videos("meld", root, suffix=".mp4")
    sounds = {(path.parent.name, path.stem): path for path in sound_files(root) if path.suffix.lower() in PUBLISHED}
    return Reading(utterances_table(row for part in PARTS for row in _rows(tables[part], part, sounds)), (SEVERAL,))


def _table(root: Path, part: str) -> Path:
    found = sorted(root.rglob(f"{part}_sent_emo.csv"))
    if len(found) != 1:
        raise CorpusError(
            f"meld: {len(found)} files {part}_sent_emo.csv below {root}; expected one, with train, dev and test beside "
            "their folders of sound; correct --root"
        )
    return found[0]


def _rows(path: Path, part: str, sounds: Mapping[tuple[str, str], Path]) -> Iterator[dict[str, object]]:
    """The turns of a part; where a turn's sound is missing, the path is where it is expected."""
    table = read_table(path, required=COLUMNS, error=CorpusError)
    table.refuse("Emotion", ~table.rows["Emotion"].isin(LABELS), expected=f"one of {', '.join(LABELS)}")
    for row in table.rows.to_dict("records"):
        dialogue = f"dia{row['Dialogue_ID']}"
        name = f"{dialogue}_utt{row['Utterance_ID']}"
        speaker = SAME.get(row["Speaker"], row["Speaker"])
        yield {
            "speaker": speaker,
            "id": f"{part}_{name}",
            "path": str(sounds.get((PARTS[part], name), path.parent / PARTS[part] / f"{name}.wav")),
            "gender": LEADS.get(speaker, ""),
            "label": LABELS[row["Emotion"]],
            "text": row["Utterance"],
            "script": f"{part}_{dialogue}",
        }


SOURCE = Source(
    name="meld",
    title="Multimodal EmotionLines Dataset",
    labels=tuple(LABELS.values()),
    licence="GPL 3.0 (annotations); the series is its owner's",
    citation="Poria, Hazarika, Majumder, Naik, Cambria, Mihalcea: MELD: A Multimodal Multi-Party Dataset for Emotion "
    "Recognition in Conversations. ACL 2019",
    homepage=HOME,
    obtain="free from the home page: MELD.Raw.tar.gz, whose .mp4 files are converted with ffmpeg",
    layout="a folder with train_sent_emo.csv, train_splits/dia0_utt0.wav and its like, made of the .mp4 with ffmpeg",
    folds="5",
    read=read,
    counts={"ang": 1607, "dis": 361, "fea": 358, "hap": 2308, "neu": 6436, "sad": 1002, "sur": 1636},
    published_faults={
        "train_dia125_utt3": "published damaged",
        "dev_dia110_utt7": "published without its clip",
    },
    dialogues=True,
    facts=(
        Fact(
            "13,708 turns in train, dev and test: anger 1,109, 153 and 345, disgust 271, 22, 68, fear 268, 40, "
            "50, joy 1,743, 163, 402, neutral 4,710, 470, 1,256, sadness 683, 111, 208, surprise 1,205, 150, 281",
            PAPER,
        ),
        Fact("9,988, 1,108 and 2,610 of them with sound", "https://huggingface.co/datasets/ajyy/MELD_audio"),
        Fact(
            "train dia125_utt3 is damaged, dev dia110_utt7 has no clip",
            "datasets/MELD/process.py of https://github.com/Strong-AI-Lab/emotion",
        ),
        Fact(
            "names that are one speaker's: Dr. Leedbetter, Phoebe Sr",
            "data/meld/process_database.py of https://github.com/felixbur/nkululeko",
        ),
        Fact("GPL 3.0", "https://huggingface.co/datasets/declare-lab/MELD"),
    ),
)
