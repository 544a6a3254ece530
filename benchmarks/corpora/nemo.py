"""nEMO: Polish, nine actors, six emotions."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from benchmarks.corpora.base import Reading, Source
from benchmarks.corpora.filenames import read_named
from features.errors import CorpusError

LABELS = {
    "anger": "ang",
    "fear": "fea",
    "happiness": "hap",
    "neutral": "neu",
    "sadness": "sad",
    "surprised": "sur",
    "surprise": "sur",
}


def _attributes(root: Path) -> dict[str, dict[str, str]]:
    """Rows of `data.tsv` by file id; empty where the file is not there."""
    for folder in (root, root.parent):
        path = folder / "data.tsv"
        if path.is_file():
            with path.open(newline="", encoding="utf-8-sig") as file:
                rows = csv.DictReader(file, delimiter="\t")
                if not {"file_id", "gender", "raw_text"} <= set(rows.fieldnames or ()):
                    raise CorpusError(
                        f"nemo: {path} has no columns file_id, gender, raw_text; restore the published file"
                    )
                return {Path(row["file_id"]).stem: row for row in rows}
    return {}


def read(root: Path) -> Reading:
    """Read `samples/SPEAKER_EMOTION_SENTENCE.wav`; gender and text from `data.tsv` beside the folder."""
    attributes = _attributes(root)

    def row(match: re.Match[str], path: Path) -> dict[str, object]:
        known = attributes.get(path.stem, {})
        return {
            "speaker": match.group(1),
            "label": LABELS[match.group(2)],
            "gender": known.get("gender", ""),
            "text": known.get("raw_text", match.group(3)),
        }

    pattern = rf"([A-Za-z0-9]+)_({'|'.join(LABELS)})_(\w+)"
    reading = read_named("nemo", root, pattern=pattern, example="samples/SK1_anger_1.wav", row=row)
    if attributes:
        return reading
    return Reading(reading.utterances, (*reading.notes, "no data.tsv beside samples/: gender and text unknown"))


SOURCE = Source(
    name="nemo",
    title="nEMO, emotional speech in Polish",
    labels=("ang", "fea", "hap", "neu", "sad", "sur"),
    licence="CC BY-NC-SA 4.0",
    citation="Christop: nEMO: Dataset of Emotional Speech in Polish. LREC-COLING 2024",
    homepage="https://github.com/amu-cai/nEMO",
    obtain="free from the home page (git): the folder samples and data.tsv",
    layout="a folder with data.tsv and samples/SPEAKER_EMOTION_SENTENCE.wav, 4,481 files",
    folds="speaker",
    read=read,
    more_counts=lambda utterances: [("all utterances", len(utterances), 4481)],
)
