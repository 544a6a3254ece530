"""Berlin Database of Emotional Speech (EmoDB): German, ten actors, ten sentences, seven emotions."""

from __future__ import annotations

from pathlib import Path

from benchmarks.corpora.base import Reading, Source
from benchmarks.corpora.filenames import read_named

LABELS = {"W": "ang", "L": "bor", "E": "dis", "A": "fea", "F": "hap", "T": "sad", "N": "neu"}
MEN = ("03", "10", "11", "12", "15")
AGES = {
    **{"03": 31, "08": 34, "09": 21, "10": 32, "11": 26},
    **{"12": 30, "13": 32, "14": 35, "15": 25, "16": 31},
}
"""In years, as the publisher's page says (http://emodb.bilderbar.info/index-1280.html)."""
SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}


def read(root: Path) -> Reading:
    """Read `wav/03a01Fa.wav` and its like: speaker, sentence, emotion's letter, version."""
    return read_named(
        "emodb",
        root,
        pattern=r"(?P<speaker>\d\d)(?P<text>[ab]\d\d)(?P<label>[WLEAFTN])[a-z]?",
        example="03a01Fa.wav",
        labels=LABELS,
        fields=lambda match: {
            "gender": "male" if match["speaker"] in MEN else "female",
            "age": str(AGES.get(match["speaker"], "")),
            "text": SENTENCES.get(match["text"], match["text"]),
        },
    )


SOURCE = Source(
    name="emodb",
    title="Berlin Database of Emotional Speech",
    labels=tuple(LABELS.values()),
    licence="CC0 1.0",
    citation="Burkhardt, Paeschke, Rolfes, Sendlmeier, Weiss: A database of German emotional speech. Interspeech 2005",
    homepage="http://emodb.bilderbar.info/",
    obtain="free from the home page or from Zenodo (record 7447302)",
    layout="a folder with wav/03a01Fa.wav and 534 more",
    folds="speaker",
    read=read,
    counts={"ang": 127, "bor": 81, "neu": 79, "hap": 71, "fea": 69, "sad": 62, "dis": 46},
    embed_audio=True,
)
