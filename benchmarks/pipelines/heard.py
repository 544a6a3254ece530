"""What published models have heard of the corpora: a register with sources, and the marks that follow from it.

The register is `heard.csv` beside this file, a line per model and corpus; `*` stands for every corpus that has no line
of its own. What a model was fine-tuned from stands in `base`, and is inherited.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmarks.pipelines.flags import Flag
from deep.hub import SHIPPED
from features.errors import PipelineError

REGISTER = Path(__file__).with_name("heard.csv")
COLUMNS = ("model", "base", "corpus", "heard", "source", "says")
EVERY = "*"
CORPORA = (
    *("iemocap", "emodb", "ravdess", "crema-d", "savee", "tess", "emovo", "nemo"),
    *("shemo", "jl", "mesd", "cafe", "aesdd", "esd", "meld", "enterface"),
)
"""Published corpora, which the register is about; of any other, such as a table of one's own, it says nothing."""
_CLASSIFIES = re.compile("ForSequenceClassification|ForAudioFrameClassification|ForSpeechClassification")
_BASE = re.compile(r"^base_model:((?:.*\n)(?:[ \t]*-.*\n)*)", re.MULTILINE)


class Heard(StrEnum):
    """What a model has heard of a corpus, from the least to the most.

    Examples
    --------
    >>> max([Heard.UNKNOWN, Heard.LABELS], key=list(Heard).index)
    <Heard.LABELS: 'labels'>
    """

    NO = "no"
    UNKNOWN = "unknown"
    SOUND = "sound"
    LABELS = "labels"


FLAGS: Mapping[Heard, Flag] = {
    Heard.UNKNOWN: Flag.MAY_HAVE_HEARD,
    Heard.SOUND: Flag.HEARD_SOUND,
    Heard.LABELS: Flag.CONTAMINATED,
}
"""The mark of a row on a model that has heard so much; none where it has heard nothing."""


@dataclass(frozen=True)
class Entry:
    """A line of the register.

    Attributes
    ----------
    model : str
        Hub name.
    base : str
        Hub name of what it was fine-tuned from; empty where it was trained from the beginning.
    corpus : str
        A corpus's name on the command line, or `*` for every corpus without a line of its own.
    heard : Heard
    source : str
        Address of what was read.
    says : str
        What it says; where nothing is known, what was searched too.
    """

    model: str
    base: str
    corpus: str
    heard: Heard
    source: str
    says: str


@dataclass(frozen=True)
class Finding:
    """What a model has heard of one corpus, and how that is known.

    Attributes
    ----------
    heard : Heard
    model : str
        Where it is known from: the model itself or one that it was fine-tuned from; empty where nothing is known.
    source, says : str
        As in `Entry`.
    """

    heard: Heard
    model: str = ""
    source: str = ""
    says: str = ""


@lru_cache(maxsize=1)
def entries() -> tuple[Entry, ...]:
    """The lines of the register, in its order.

    Examples
    --------
    >>> len(entries()) > 25
    True
    """
    with REGISTER.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        Entry(row["model"], row["base"], row["corpus"], Heard(row["heard"]), row["source"], row["says"]) for row in rows
    )


def models() -> tuple[str, ...]:
    """Names of all models of the register, in its order.

    Examples
    --------
    >>> "openai/whisper-tiny" in models()
    True
    """
    return tuple(dict.fromkeys(entry.model for entry in entries()))


def heard(model: str | Path, corpus: str) -> Finding:
    """Look up what a model has heard of a corpus, itself or what it was fine-tuned from.

    Parameters
    ----------
    model : str or Path
        Hub name or local folder. A folder is known by the name in its `config.json`, the `base_model` of its
        `README.md`, or what this toolkit wrote into its `model.json`.
    corpus : str
        Name on the command line, or names with `+` between them.

    Returns
    -------
    Finding
        Unknown where the register has no such model, and for a corpus that is none of `CORPORA`; never `no` for want of
        a line. Of several corpora, what was heard most of any.

    Examples
    --------
    >>> heard("superb/hubert-large-superb-er", "iemocap").heard, heard("openai/whisper-tiny", "emodb").heard
    (<Heard.LABELS: 'labels'>, <Heard.UNKNOWN: 'unknown'>)
    >>> heard("somebody/their-model", "emodb")
    Finding(heard=<Heard.UNKNOWN: 'unknown'>, model='', source='', says='')
    """
    if model in SHIPPED:
        return Finding(Heard.NO, str(model), "", "comes with the toolkit: pretrained on synthetic voices alone")
    folder = Path(model).expanduser()
    if not folder.is_dir():
        return _most([_by_name(str(model), name) for name in corpus.split("+")])
    return _most([finding for name in corpus.split("+") for finding in _in_folder(folder, name)])


def _by_name(name: str, corpus: str) -> Finding:
    """What the register says of a hub name, whatever its revision; upper and lower case are one, as on the hub."""
    name = name.partition("@")[0]
    if corpus not in CORPORA:
        return Finding(Heard.UNKNOWN)
    own = [entry for entry in entries() if entry.model.lower() == name.lower()]
    lines = [entry for entry in own if entry.corpus == corpus] or [entry for entry in own if entry.corpus == EVERY]
    found = [Finding(line.heard, line.model, line.source, line.says) for line in lines]
    inherited = [_by_name(base, corpus) for base in dict.fromkeys(entry.base for entry in own) if base]
    return _most([*found, *inherited]) if lines else Finding(Heard.UNKNOWN)


def _most(findings: Sequence[Finding]) -> Finding:
    """The finding that has heard most, the first of equals; unknown where there is none."""
    return max(findings, key=lambda finding: list(Heard).index(finding.heard), default=Finding(Heard.UNKNOWN))


def _in_folder(folder: Path, corpus: str) -> list[Finding]:
    """What the files of a folder tell; a model with a head of classes learnt somewhere that they do not tell."""
    saved = _json(folder / "model.json")
    about = saved.get("about")
    if isinstance(about, dict) and about.get("corpus") == corpus:
        return [Finding(Heard.LABELS, folder.name, str(folder), "trained by this toolkit on this corpus")]
    configuration = _json(folder / "config.json")
    bases = _base_models(folder / "README.md")
    names = [*_cached_name(folder), str(configuration.get("_name_or_path", "")), *bases]
    known = [name for name in names if name.lower() in {model.lower() for model in models()}]
    findings = [_by_name(name, corpus) for name in dict.fromkeys(known)]
    itself = bool(_cached_name(folder)) and bool(known)
    fine_tuned = bool(_CLASSIFIES.search(str(configuration.get("architectures", ""))) or saved or bases)
    return findings if itself or not fine_tuned else [*findings, Finding(Heard.UNKNOWN)]


def _cached_name(folder: Path) -> list[str]:
    """The hub name that the hub's own cache writes into its folders, `models--owner--name`."""
    parts = [part.split("--") for part in folder.resolve().parts if part.startswith("models--")]
    return ["/".join(part[1:]) for part in parts if len(part) == 3]


def _base_models(card: Path) -> list[str]:
    """The `base_model` of a model card's head: a name, or a list of names."""
    try:
        text = card.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []  # no card that could be read tells nothing
    head = text.split("\n---", 1)[0] if text.startswith("---") else ""
    found = _BASE.search(head + "\n")
    return re.findall(r"[\w.-]+/[\w.-]+", found[1]) if found else []


def _json(path: Path) -> Mapping[str, Any]:
    """A file's JSON object; empty where there is none to be read."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}  # a file that is missing or no JSON tells nothing of what was heard
    return value if isinstance(value, dict) else {}


def parse_heard(text: str) -> tuple[str, Heard]:
    """Read what a user says that a model has heard: `LEVEL` for every model, or `MODEL=LEVEL`.

    Raises
    ------
    PipelineError
        If the level is none.

    Examples
    --------
    >>> parse_heard("openai/whisper-tiny=no"), parse_heard("sound")
    (('openai/whisper-tiny', <Heard.NO: 'no'>), ('', <Heard.SOUND: 'sound'>))
    """
    model, _, level = text.rpartition("=")
    if level not in list(Heard):
        raise PipelineError(f"--heard {text}: expected {', '.join(Heard)}, or MODEL= before one of them")
    return model, Heard(level)


def finding_of(model: str | Path, corpus: str, told: Sequence[str] = ()) -> Finding:
    """What a model has heard of a corpus, as the user tells it, or else as the register has it.

    Parameters
    ----------
    model : str or Path
        Hub name or local folder.
    corpus : str
    told : sequence of str, default=()
        As `--heard` takes them; what names the model stands above what names none.

    Raises
    ------
    PipelineError
        If what is told cannot be read.

    Examples
    --------
    >>> finding_of("openai/whisper-tiny", "emodb", ["openai/whisper-tiny=no"]).says
    'told with --heard'
    """
    level = told_of(model, told)
    return heard(model, corpus) if level is None else Finding(level, str(model), "", "told with --heard")


def told_of(model: str | Path, told: Sequence[str]) -> Heard | None:
    """What a user tells of a model, by its name or of all; None where nothing.

    Examples
    --------
    >>> told_of("a/b", ["no", "c/d=labels"]), told_of("c/d", ["no", "c/d=labels"]), told_of("a/b", [])
    (<Heard.NO: 'no'>, <Heard.LABELS: 'labels'>, None)
    """
    levels = dict(parse_heard(text) for text in told)
    return levels.get(str(model), levels.get(""))


def marks_of(
    models: Sequence[str], corpus: str, told: Sequence[str] = (), *, synthetic: Sequence[str] = ("synthetic",)
) -> tuple[tuple[Flag, ...], tuple[str, ...]]:
    """The marks of a row on pretrained models, and the words for its description.

    Parameters
    ----------
    models : sequence of str
        Hub names or local folders; none where nothing pretrained is used.
    corpus : str
    told : sequence of str, default=()
        As `--heard` takes them.
    synthetic : sequence of str
        Corpora that are made here, which nobody can have heard.

    Returns
    -------
    flags : tuple of Flag
        That of the model which has heard most.
    about : tuple of str
        A sentence for each model that has heard something, or may have.

    Examples
    --------
    >>> marks_of(["openai/whisper-tiny"], "emodb")[0], marks_of(["facebook/wav2vec2-base"], "emodb")[0]
    ((<Flag.MAY_HAVE_HEARD: 'may have heard'>,), ())
    """
    if corpus in synthetic and not told:
        return (), ()
    findings = [finding_of(model, corpus, told) for model in models]
    most = _most(findings).heard if findings else Heard.NO
    return (FLAGS[most],) if most in FLAGS else (), tuple(
        _sentence(finding, corpus) for finding in findings if finding.heard in FLAGS
    )


def _sentence(finding: Finding, corpus: str) -> str:
    what = {
        Heard.LABELS: f"trained on labels of {corpus}",
        Heard.SOUND: f"trained on sound of {corpus}",
        Heard.UNKNOWN: f"whether it has heard {corpus} is not known",
    }[finding.heard]
    return f"{what} ({finding.source or finding.says or 'not in the register'})"
