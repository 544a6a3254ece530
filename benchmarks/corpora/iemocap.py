"""IEMOCAP: English, ten actors in five sessions, improvised and scripted dialogues.

The corpus needs a licence and nothing of it is shipped here but the published counts, which `iemocap_counts` holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpora.base import Options, Reading, Source
from benchmarks.corpora.corpus import utterances_table
from benchmarks.corpora.iemocap_counts import check
from features.errors import CorpusError

LABELS = ("ang", "hap", "sad", "neu", "fea", "dis", "sur", "fru", "exc", "oth", "xxx")
POLICIES = {
    "4": "four classes, excitement merged into happiness",
    "4-no-exc": "four classes, excitement left out",
    "5": "five classes: the four with excitement merged into happiness, and frustration",
    "6": "six classes: excitement and frustration apart",
    "9": "nine classes: all but 'other' and no majority",
    "all": "all majority labels as they are",
}
KEPT = {
    "4": ("ang", "hap", "exc", "sad", "neu"),
    "4-no-exc": ("ang", "hap", "sad", "neu"),
    "5": ("ang", "hap", "exc", "sad", "neu", "fru"),
    "6": ("ang", "hap", "exc", "sad", "neu", "fru"),
    "9": ("ang", "hap", "sad", "neu", "fea", "dis", "sur", "fru", "exc"),
    "all": tuple(label for label in LABELS if label != "xxx"),
}
MERGED = ("4", "5")

_DIALOG = r"Ses0[1-5][FM]_(?:impro\d\d[ab]?|script\d\d_\d[ab]?)"
_TURN = re.compile(r"(?P<dialog>(?P<session>Ses0[1-5])[FM]_(?P<kind>impro|script)\w+)_(?P<speaker>[FM])\d+")
_LINE = re.compile(r"\[\s*[\d.]+\s*-\s*[\d.]+\s*\]\s+(\S+)\s+(\S+)\s+\[([^\]]*)\]\s*")
_SPOKEN = re.compile(r"(\S+)\s+\[[\d. -]+\]:\s*(.*)")


@dataclass(frozen=True)
class Turn:
    """One labelled turn: who says what in which session, and how it was judged."""

    id: str
    session: str
    dialog: str
    speaker: str
    gender: str
    improvised: bool
    label: str
    ratings: tuple[float, float, float]


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
        improvised=match["kind"] == "impro",
        label=label,
        ratings=ratings,
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
        if match is None or len(ratings) != 3:
            raise CorpusError(
                f"iemocap: {path}, line {number}: cannot read {line[:60]!r}; expected "
                "'[START - END] TURN LABEL [V, A, D]'; restore the published file"
            )
        yield parse_turn(match[1], label=match[2], ratings=(ratings[0], ratings[1], ratings[2]), file=path)


def read_transcript(path: Path) -> dict[str, str]:
    """What is said in each turn of one `transcriptions/<dialog>.txt`; none where the file is not there."""
    if not path.is_file():
        return {}
    found = (_SPOKEN.match(line) for line in _text(path).splitlines())
    return {match[1]: match[2].strip() for match in found if match}


def _release(root: Path) -> Path:
    """The folder that holds `Session1` and its like: `root`, or `IEMOCAP_full_release` in it."""
    for folder in (root, root / "IEMOCAP_full_release"):
        if any(folder.glob("Session[1-5]")):
            return folder
    raise CorpusError(
        f"iemocap: no Session1 to Session5 in {root}; expected the folder IEMOCAP_full_release; mend --root "
        "(the licence: https://sail.usc.edu/iemocap/)"
    )


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


def read(root: Path | None, options: Options) -> Reading:
    """Read the majority labels of every dialogue; the audio is located, not read."""
    assert root is not None
    turns = list(read_turns(_release(root)))
    if not options.allow_partial:
        check([turn for turn, _, _ in turns])
    labels = KEPT[options.policy]
    rename = {"exc": "hap"} if options.policy in MERGED else {}
    rows, absent = [], []
    for turn, folder, text in turns:
        if turn.label not in labels or (options.improvised and not turn.improvised):
            continue
        path = folder / "sentences" / "wav" / turn.dialog / f"{turn.id}.wav"
        if options.allow_partial and not path.is_file():
            absent.append(turn.id)
            continue
        rows.append(
            {
                "speaker": turn.speaker,
                "id": turn.id,
                "path": str(path),
                "gender": turn.gender,
                "session": turn.session,
                "label": rename.get(turn.label, turn.label),
                "text": text,
                **dict(zip(("valence", "arousal", "dominance"), turn.ratings, strict=True)),
            }
        )
    notes = [f"partial: {len(rows)} utterances; counts are not the published ones"] if options.allow_partial else []
    if absent:
        notes.append(f"partial: left out {len(absent)} labelled turns without audio, the first {absent[0]}")
    return Reading(utterances_table(rows), tuple(notes))


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
    policies=POLICIES,
    improvised=True,
)
