"""IEMOCAP: English, ten actors in five sessions, improvised and scripted dialogues.

The corpus needs a licence and nothing of it is shipped here but the published counts.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.corpora.base import LabelPolicy, Reading, Source
from benchmarks.corpora.corpus import utterances_table
from features.errors import CorpusError

if TYPE_CHECKING:
    import pandas as pd

LABELS = ("ang", "hap", "sad", "neu", "fea", "dis", "sur", "fru", "exc", "oth", "xxx")
FOUR = ("ang", "hap", "exc", "sad", "neu")
INTO_HAPPINESS = {"exc": "hap"}
POLICIES = {
    "4": LabelPolicy("four classes, excitement merged into happiness", FOUR, INTO_HAPPINESS),
    "4-no-exc": LabelPolicy("four classes, excitement left out", ("ang", "hap", "sad", "neu")),
    "5": LabelPolicy(
        "five classes: the four with excitement merged into happiness, and frustration", (*FOUR, "fru"), INTO_HAPPINESS
    ),
    "6": LabelPolicy("six classes: excitement and frustration apart", (*FOUR, "fru")),
    "9": LabelPolicy("nine classes: all but 'other' and no majority", LABELS[:9]),
    "all": LabelPolicy("all majority labels as they are", LABELS[:10]),
}

COUNTS = {
    "xxx": 2507,
    "fru": 1849,
    "neu": 1708,
    "ang": 1103,
    "sad": 1084,
    "exc": 1041,
    "hap": 595,
    "sur": 107,
    "fea": 40,
    "oth": 3,
    "dis": 2,
}
"""All 10,039 majority labels, as published."""

SPEAKER_COUNTS = {
    "Ses01F": (147, 69, 63, 78, 171),
    "Ses01M": (82, 66, 80, 116, 213),
    "Ses02F": (67, 70, 96, 113, 135),
    "Ses02M": (70, 47, 114, 84, 227),
    "Ses03F": (92, 80, 48, 172, 130),
    "Ses03M": (148, 55, 103, 133, 190),
    "Ses04F": (205, 31, 154, 62, 76),
    "Ses04M": (122, 34, 84, 81, 182),
    "Ses05F": (78, 77, 82, 132, 221),
    "Ses05M": (92, 66, 217, 113, 163),
}
"""Per speaker, in the order of `FOUR`."""

IMPROVISED = "_impro"
IMPROVISED_COUNTS = dict(zip(FOUR, (289, 284, 663, 608, 1099), strict=True))

_DIALOG = r"Ses0[1-5][FM]_(?:impro\d\d[ab]?|script\d\d_\d[ab]?)"
_TURN = re.compile(r"(?P<dialog>(?P<session>Ses0[1-5])[FM]_(?:impro|script)\w+)_(?P<speaker>[FM])\d+", re.ASCII)
_LINE = re.compile(r"\[\s*[\d.]+\s*-\s*[\d.]+\s*\]\s+(\S+)\s+(\S+)\s+\[([^\]]*)\]\s*")
_SPOKEN = re.compile(r"(\S+)\s+\[[\d. -]+\]:\s*(.*)")


@dataclass(frozen=True)
class Turn:
    """One labelled turn: who speaks in which dialogue, and how it was rated."""

    id: str
    session: str
    dialog: str
    speaker: str
    gender: str
    label: str
    valence: float
    arousal: float
    dominance: float


def parse_turn(name: str, *, label: str, ratings: tuple[float, float, float], file: Path) -> Turn:
    """Identity of a turn from its name: the speaker is the letter of the LAST field.

    Parameters
    ----------
    name : str
        Such as `Ses01F_impro01_M000`: session 1, markers on the woman, the man speaks.
    label : str
        Majority label.
    ratings : tuple of float
        Valence, arousal, dominance, 1 to 5.
    file : path
        Where the name stands, for the message.

    Raises
    ------
    CorpusError
        If the name is not a turn's, or the label unknown.
    """
    match = _TURN.fullmatch(name)
    if match is None:
        raise CorpusError(f"iemocap: {file}: {name!r} is not a turn's name, expected such as Ses01F_impro01_F000")
    if label not in LABELS:
        raise CorpusError(
            f"iemocap: {file}: {name} has the unknown label {label!r}; expected one of {', '.join(LABELS)}"
        )
    return Turn(
        id=name,
        session=match["session"],
        dialog=match["dialog"],
        speaker=match["session"] + match["speaker"],
        gender="female" if match["speaker"] == "F" else "male",
        label=label,
        valence=ratings[0],
        arousal=ratings[1],
        dominance=ratings[2],
    )


def _text(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def read_labels(path: Path) -> Iterator[Turn]:
    """The labelled turns of one `EmoEvaluation/<dialog>.txt`; lines of single evaluators are passed over.

    Raises
    ------
    CorpusError
        If a line that begins a turn cannot be read.
    """
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.startswith("["):
            continue
        match = _LINE.fullmatch(line)
        values = match[3].split(",") if match else []
        try:
            ratings = tuple(float(value) for value in values)
        except ValueError:
            ratings = ()
        if match is None or len(ratings) != 3 or not all(map(math.isfinite, ratings)):
            raise CorpusError(
                f"iemocap: {path}, line {number}: cannot read {line[:60]!r}; expected "
                "'[START - END] TURN LABEL [V, A, D]' with three numbers; restore the published file"
            )
        yield parse_turn(match[1], label=match[2], ratings=(ratings[0], ratings[1], ratings[2]), file=path)


def read_transcript(path: Path) -> dict[str, str]:
    """The text of each turn of one `transcriptions/<dialog>.txt`; empty where there is no such file."""
    if not path.is_file():
        return {}
    matches = (_SPOKEN.match(line) for line in _text(path).splitlines())
    return {match[1]: match[2].strip() for match in matches if match}


def _release(root: Path) -> Path:
    """The folder that holds `Session1` and its like: `root`, or `IEMOCAP_full_release` in it."""
    for folder in (root, root / "IEMOCAP_full_release"):
        if any(folder.glob("Session[1-5]")):
            return folder
    raise CorpusError(
        f"iemocap: no Session1 to Session5 in {root}; expected the folder IEMOCAP_full_release; correct --root "
        "(the licence: https://sail.usc.edu/iemocap/)"
    )


def script_of(dialog: str) -> str:
    """The script or the scenario of a dialogue, without session and take: they recur in every session.

    Examples
    --------
    >>> script_of("Ses05M_script01_1b"), script_of("Ses03M_impro05a")
    ('script01_1', 'impro05')
    """
    return dialog.partition("_")[2].rstrip("ab")


def read_turns(release: Path) -> Iterator[tuple[Turn, Path, str]]:
    """All labelled turns below the release, each with its session's folder and its text."""
    files = sorted(release.glob("Session[1-5]/dialog/EmoEvaluation/*.txt"))
    for path in files:
        if path.name.startswith("."):
            continue
        if re.fullmatch(_DIALOG, path.stem) is None:
            raise CorpusError(
                f"iemocap: {path} is not named as a dialogue, expected such as Ses01F_impro01.txt; remove it"
            )
        folder = path.parents[2]
        spoken = read_transcript(folder / "dialog" / "transcriptions" / path.name)
        for turn in read_labels(path):
            yield turn, folder, spoken.get(turn.id, "")


def read(root: Path) -> Reading:
    """Read the majority labels of every dialogue; the audio is located, not read."""
    rows = [
        {
            **vars(turn),
            "path": folder / "sentences" / "wav" / turn.dialog / f"{turn.id}.wav",
            "text": text,
            "script": script_of(turn.dialog),
        }
        for turn, folder, text in read_turns(_release(root))
    ]
    return Reading(utterances_table(rows))


def _more_counts(utterances: pd.DataFrame) -> Iterator[tuple[str, int, int]]:
    """The published counts of each speaker, and of improvised dialogues."""
    by_speaker = Counter(zip(utterances.index.get_level_values("speaker"), utterances["label"], strict=True))
    for speaker, counts in SPEAKER_COUNTS.items():
        for label, count in zip(FOUR, counts, strict=True):
            yield f"session {int(speaker[3:5])}, speaker {speaker}, label {label}", by_speaker[speaker, label], count
    improvised = utterances[utterances.index.get_level_values("id").str.contains(IMPROVISED)]["label"]
    for label, count in IMPROVISED_COUNTS.items():
        yield f"improvised dialogues, label {label}", int((improvised == label).sum()), count


SOURCE = Source(
    name="iemocap",
    title="Interactive Emotional Dyadic Motion Capture database",
    labels=LABELS,
    licence="USC, on request, for research; not to be passed on",
    citation="Busso et al.: IEMOCAP: interactive emotional dyadic motion capture database. Lang. Res. & Eval. 42, 2008",
    homepage="https://sail.usc.edu/iemocap/",
    obtain="ask USC for the licence on the home page",
    layout="the folder IEMOCAP_full_release with Session1 to Session5",
    folds="session",
    read=read,
    counts=COUNTS,
    more_counts=_more_counts,
    policies=POLICIES,
    improvised=IMPROVISED,
    dialogues=True,
)
