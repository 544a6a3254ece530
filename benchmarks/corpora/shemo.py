"""ShEMO, the Sharif emotional speech database: Persian, 87 speakers of radio plays, six emotions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.corpora.base import Fact, Reading, Source
from benchmarks.corpora.filenames import read_named
from features.errors import CorpusError

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

LABELS = {"A": "ang", "F": "fea", "H": "hap", "N": "neu", "S": "sad", "W": "sur"}
GENDERS = {"F": "female", "M": "male"}
DISPUTED = (
    "labels are those of the file names; where the transcripts of 163 files name another one, later work takes the "
    "transcripts' (see docs/corpora.md)"
)
README = "https://github.com/pariajm/sharif-emotional-speech-database"


def read(root: Path) -> Reading:
    """Read `female/F14A09.wav`: gender, speaker, emotion's letter, number; texts from `shemo.json` beside."""
    texts = _texts(root)

    def fields(match: re.Match[str]) -> dict[str, object]:
        return {"gender": GENDERS[match["speaker"][0]], "text": texts.get(match.string, "")}

    reading = read_named(
        "shemo",
        root,
        pattern=rf"(?P<speaker>[FM]\d\d)(?P<label>[{''.join(LABELS)}])\d+",
        example="female/F14A09.wav",
        labels=LABELS,
        fields=fields,
    )
    silent = () if texts else ("no shemo.json beside the sounds: texts unknown",)
    return Reading(reading.utterances, (*reading.notes, DISPUTED, *silent))


def _texts(root: Path) -> Mapping[str, str]:
    """Transcripts by id, from the publisher's JSON in the folder or the one above it."""
    path = next((path for path in (root / "shemo.json", root.parent / "shemo.json") if path.is_file()), None)
    if path is None:
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise CorpusError(f"shemo: {path} cannot be read as JSON ({error}); fetch it again or move it away") from error
    listed = content if isinstance(content, list) else []
    entries = content.items() if isinstance(content, dict) else ((None, row) for row in listed)
    rows = [(name, row) for name, row in entries if isinstance(row, dict)]
    return {Path(str(name or row.get("id", ""))).stem: str(row.get("transcript", "")) for name, row in rows}


SOURCE = Source(
    name="shemo",
    title="Sharif Emotional Speech Database",
    labels=tuple(LABELS.values()),
    licence="free for academic purposes",
    citation="Mohamad Nezami, Jamshid Lou, Karami: ShEMO: a large-scale validated database for Persian speech emotion "
    "detection. Language Resources and Evaluation 53(1), 2019",
    homepage=README,
    obtain="free from the home page: female.zip, male.zip and shemo.json",
    layout="a folder with female/F14A09.wav, male/M02F01.wav and their like, 3,000 files, and shemo.json",
    folds="5",
    read=read,
    more_counts=lambda utterances: [("all utterances", len(utterances), 3000)],
    facts=(
        Fact("3,000 utterances, 87 speakers, 31 women and 56 men", README),
        Fact("F14A09: gender, speaker, emotion's letter (A F H N S W), number", README),
        Fact(
            "no numbers by emotion of all 3,000 were found, and none are asserted; EmoBox counts 2,838 of them",
            "data/shemo/data.seg.wrd.freq of https://github.com/emo-box/EmoBox",
        ),
        Fact(
            "163 file names and transcripts name different emotions",
            "README of the modified ShEMO (A. Yazdani, Shahid Beheshti University)",
        ),
        Fact("free of charge for academic purposes", "https://arxiv.org/abs/1906.01155"),
    ),
)
