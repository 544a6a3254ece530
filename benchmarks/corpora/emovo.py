"""EMOVO: Italian, three women and three men, fourteen sentences, seven emotions."""

from __future__ import annotations

from pathlib import Path

from benchmarks.corpora.base import Reading, Source
from benchmarks.corpora.filenames import read_named

LABELS = {"dis": "dis", "gio": "hap", "neu": "neu", "pau": "fea", "rab": "ang", "sor": "sur", "tri": "sad"}


def read(root: Path) -> Reading:
    """Read `f1/dis-f1-b1.wav`: emotion, speaker, sentence."""
    return read_named(
        "emovo",
        root,
        pattern=rf"(?P<label>{'|'.join(LABELS)})-(?P<speaker>[fm][123])-(?P<text>[a-z]\d)",
        example="f1/dis-f1-b1.wav",
        labels=LABELS,
        fields=lambda match: {"gender": "female" if match["speaker"].startswith("f") else "male"},
    )


SOURCE = Source(
    name="emovo",
    title="EMOVO, Italian emotional speech",
    labels=tuple(LABELS.values()),
    licence="free for research",
    citation="Costantini, Iaderola, Paoloni, Todisco: EMOVO Corpus: an Italian Emotional Speech Database. LREC 2014",
    homepage="http://voice.fub.it/activities/corpora/emovo/index.html",
    obtain="free from the home page",
    layout="a folder with f1/dis-f1-b1.wav and 587 more",
    folds="speaker",
    read=read,
    counts=dict.fromkeys(LABELS.values(), 84),
)
