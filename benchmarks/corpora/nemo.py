"""nEMO: Polish, nine actors, six emotions."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.corpora.base import Reading, Source
from benchmarks.corpora.filenames import read_named, read_table_beside

LABELS = {
    "anger": "ang",
    "fear": "fea",
    "happiness": "hap",
    "neutral": "neu",
    "sadness": "sad",
    "surprised": "sur",
    "surprise": "sur",
}


def read(root: Path) -> Reading:
    """Read `samples/SPEAKER_EMOTION_SENTENCE.wav`; gender and text from `data.tsv` beside the folder."""
    table = read_table_beside(root, "data.tsv", required=("file_id", "gender", "raw_text"))
    rows = {} if table is None else {Path(row["file_id"]).stem: row for row in table.to_dict("records")}

    def fields(match: re.Match[str]) -> dict[str, object]:
        row = rows.get(match.string, {})
        return {"gender": row.get("gender", ""), "text": row.get("raw_text", match["text"])}

    reading = read_named(
        "nemo",
        root,
        pattern=rf"(?P<speaker>[A-Za-z0-9]+)_(?P<label>{'|'.join(LABELS)})_(?P<text>\w+)",
        example="samples/SK1_anger_1.wav",
        labels=LABELS,
        fields=fields,
    )
    if rows:
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
